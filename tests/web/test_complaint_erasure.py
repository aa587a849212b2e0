"""What reporters wrote goes: their contact at once, their words when the law lets go of them."""

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils.timezone import localdate, make_aware

from jusha.config.processes.jobs import let_go as daily
from jusha.giving.erase_again import erase_again
from jusha.oversight.answer import answer
from jusha.oversight.close import close
from jusha.oversight.forget import CONTACT_DAYS, erase_complaint, keep_until, let_go
from jusha.oversight.models import (
    ComplaintContact,
    ComplaintErased,
    ComplaintLetter,
    ComplaintStep,
    ComplaintWords,
)
from jusha.oversight.report import report
from jusha.people.models import Erasure
from jusha.people.rules import Office
from jusha.web.complaint_words import path_of
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in

NOW = datetime.now(UTC)


def taken_in() -> int:
    made = report(
        kind="money", about=f"/p/{BOOKS}", words="书没有送到。", contact="zhang@reporter.example",
        project=BOOKS, charity="shan", today=localdate(),
    )  # fmt: skip
    return int(made.pk)


def closed(site: Site, number: int) -> None:
    reviewer = officer(site, f"{uuid4().hex[:8]}@platform.example", Office.REVIEWER)
    answer(number, by=reviewer.pk, words="看过了。")
    close(number, by=reviewer.pk, finding="unfounded", words="没有发现。")


def what_is_left(number: int) -> tuple[int, int, int]:
    return (
        ComplaintContact.objects.filter(complaint=number).count(),
        ComplaintLetter.objects.filter(complaint=number).count(),
        ComplaintWords.objects.filter(complaint=number).count(),
    )


def test_contact_and_words_go_by_themselves_when_their_time_is_over(site: Site) -> None:
    ended, still_open = taken_in(), taken_in()
    closed(site, ended)
    last = keep_until(localdate(NOW))
    assert (last.year - localdate(NOW).year, last.month) == (2, localdate(NOW).month)
    assert let_go(NOW) == {"contacts": 0, "complaints": 0}
    daily(NOW + timedelta(days=CONTACT_DAYS + 1))
    assert what_is_left(ended) == (0, 0, 3)
    on_the_day = make_aware(datetime.combine(last, time(12)))
    assert let_go(on_the_day)["complaints"] == 0, "the last day is kept"
    assert let_go(on_the_day + timedelta(days=1))["complaints"] == 1
    assert what_is_left(ended) == (0, 0, 0)
    assert what_is_left(still_open) == (1, 0, 1), "an open complaint is needed"
    assert ComplaintStep.objects.filter(complaint=ended).count() == 3, "the facts stay"


def test_a_reporter_erases_and_nobody_reads_it_once_it_is_closed(site: Site) -> None:
    number = taken_in()
    page = site.client.get(path_of(number)).content.decode()
    assert "书没有送到。" in page
    assert site.client.post(f"/report/{number}/{'A' * 22}", {"erase": "1"}).status_code == 404
    assert not ComplaintErased.objects.exists(), "only by the secret address"
    assert site.client.post(path_of(number), {"erase": "1"}).status_code == 303
    assert what_is_left(number) == (0, 0, 1)
    reviewer = signed_in(officer(site, "r9@platform.example", Office.REVIEWER))
    desk = f"/desk/complaints/{number}"
    assert "书没有送到。" in reviewer.get(desk).content.decode(), "it has to be looked into"
    closed(site, number)
    assert what_is_left(number) == (0, 0, 3), "no letter to who is not reached any more"
    for client, path in ((reviewer, desk), (site.client, path_of(number))):
        html = client.get(path).content.decode()
        assert "书没有送到。" not in html
        assert "没有发现。" not in html
    late = make_aware(datetime.combine(keep_until(localdate()), time(12))) + timedelta(days=1)
    assert let_go(late)["complaints"] == 1
    assert not ComplaintErased.objects.exists()


def test_a_restored_backup_forgets_again(site: Site) -> None:
    number = taken_in()
    contact = ComplaintContact.objects.get(complaint=number)
    erase_complaint(number, now=NOW)
    Erasure.objects.all().delete()
    ComplaintErased.objects.all().delete()
    contact.save(force_insert=True)  # as a backup from before brings it back
    assert erase_again(settings.HOME) == 1
    assert what_is_left(number)[0] == 0
    assert ComplaintErased.objects.filter(pk=number).exists()
    assert erase_again(settings.HOME) == 0


@pytest.mark.parametrize("unknown", [0, 999_999])
def test_a_line_about_a_complaint_that_a_backup_lacks_is_passed_over(
    site: Site, unknown: int
) -> None:
    erase_complaint(unknown, now=NOW)
    assert not ComplaintErased.objects.exists()
