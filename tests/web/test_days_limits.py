"""What a giving day may not become: an excluded charity's, unsaid, unkept, half a rehearsal."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from jusha.campaigns.day_models import CampaignWords
from jusha.campaigns.day_queries import promises
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.tell import tell
from jusha.people.models import Decision
from jusha.web.desk.day_decide import history
from tests.cast import BOOKS, WATER
from tests.web.join import paper
from tests.web.test_days import WORDS, Desk, desk, times

__all__ = ["desk"]
PEOPLE = "/desk/days/people"
JOIN: dict[str, Any] = {"do": "apply", "charity": "shan", "project": [BOOKS]}


def _exclude(desk: Desk, *, in_days: int = 0) -> None:
    begins = timezone.localdate() + timedelta(days=in_days)
    said: dict[str, Any] = {
        "charity": "shan",
        "begins": begins,
        "ends": begins + timedelta(days=300),
    }
    desk.post("rev", PEOPLE, do="exclude", words="刷捐", **said)
    desk.confirm("op", PEOPLE)


def _sign(desk: Desk) -> None:
    desk.post("op", PEOPLE, do="pact", words_zh="不刷捐。", words_en="No fake gifts.")
    desk.confirm("rev", PEOPLE)
    desk.post("li", "/desk/join", do="sign", charity="shan", version="1")


def _in_ten_days() -> dict[str, Any]:
    at = timezone.localtime() + timedelta(days=10)
    return {
        "opens": f"{at:%Y-%m-%dT%H:%M}",
        "closes": f"{at + timedelta(days=1):%Y-%m-%dT%H:%M}",
    }


def test_an_excluded_charity_is_in_no_emergency_venue(desk: Desk) -> None:
    said: dict[str, Any] = WORDS | {"code": "flood", "projects": f"{BOOKS} {WATER}", "days": "7"}
    desk.post("op", "/desk/days/emergency", **said)
    text = desk.text("rev", "/desk/days/at/flood")
    assert "书香进山 · 善小基金会" in text, "the second person sees whose projects they are"
    _exclude(desk)
    flood = Decision.objects.get(kind="campaign-open", end__isnull=True).pk
    assert Campaign.objects.get(code="flood").projects.count() == 0
    desk.post("rev", "/desk/days/at/flood", status=422, do="confirm", number=flood)
    answer = desk.post("op", "/desk/days/emergency", status=422, **(said | {"code": "flood-2"}))
    assert "机构暂停参加的期限" in answer.content.decode()
    assert not Terms.objects.filter(code__startswith="flood").exists()


def test_an_exclusion_that_begins_later_meets_a_day_that_comes_later(desk: Desk) -> None:
    _sign(desk)
    desk.write("later", **_in_ten_days())
    desk.write("first", **_in_ten_days())
    desk.post("li", "/desk/join", campaign="first", **JOIN)
    desk.confirm("rev", PEOPLE)
    assert Campaign.objects.get(code="first").projects.count() == 1
    desk.post("li", "/desk/join", campaign="later", **JOIN)
    waiting = Decision.objects.latest("id").pk
    _exclude(desk, in_days=1)
    assert Campaign.objects.get(code="first").projects.count() == 0, "it is off every draft"
    desk.post("rev", PEOPLE, status=422, do="confirm", number=waiting)
    again = desk.post("li", "/desk/join", status=422, campaign="first", **JOIN)
    assert "机构暂停参加的期限" in again.content.decode()
    first = Campaign.objects.get(code="first")
    first.projects.set(Campaign.objects.get(code="day").projects.all())
    answer = desk.post("op", "/desk/days/at/first", status=422, do="open")
    assert "机构暂停参加的期限" in answer.content.decode()


def test_promises_of_a_pool_wait_one_by_one_and_fall_due_one_by_one(desk: Desk) -> None:
    desk.write("fest")
    desk.open("fest")
    path, today = "/desk/days/at/fest/pools", timezone.localdate()
    said: dict[str, Any] = {
        "do": "fund", "pool": "bao", "sponsor": "Bao Ltd", "amount": "100.00", "how": "trusted",
        "due_on": today.isoformat(), "notice_days": "0", "on_return": "sponsor",
    }  # fmt: skip
    desk.post("op", path, paper=paper(), **said)
    more = {"sponsor": "Other Ltd", "amount": "999.00"}
    answer = desk.post("op", path, status=422, paper=paper(), **(said | more))
    assert "已经有一个同样的提议" in answer.content.decode()
    desk.confirm("fin", path)
    later = today + timedelta(days=3000)
    assert promises(["bao"], today=today)["bao"].promised == 10_000
    desk.post("op", path, paper=paper(), **(said | {"amount": "7.00", "due_on": later}))
    desk.confirm("fin", path)
    stands = promises(["bao"], today=today)["bao"]
    assert (stands.promised, stands.due_on) == (10_700, today)


def test_a_decision_of_several_instructions_is_done_when_all_of_them_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("fest")
    desk.write("fest-sea", "fest", title_zh="海边会场")

    def taken(found: Any, told: Any, **more: Any) -> None:
        told[1][1]["code"] = "day"
        tell(found, told, **more)

    monkeypatch.setattr("jusha.campaigns.open_day.tell", taken)
    desk.open("fest")
    (ended,) = history(["campaign-open"], "fest")
    assert (ended.state, ended.words != "") == ("refused", True)
    assert Terms.objects.filter(code="fest").exists()
    assert not Terms.objects.filter(code="fest-sea").exists()


def test_the_page_of_an_opened_campaign_stays_and_every_version_of_it_is_kept(desk: Desk) -> None:
    desk.write("fest")
    desk.open("fest")
    desk.post("op", "/desk/days/at/fest/edit", **(WORDS | {"story_zh": "换了。"}))
    kept = CampaignWords.objects.filter(campaign="fest").order_by("id")
    assert [each.page["story_zh"] for each in kept] == ["第一段。", "换了。"]
    writers = {each.written_by for each in kept}
    assert None not in writers
    assert len(writers) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        kept.delete()
    with pytest.raises(IntegrityError, match="taken away"), transaction.atomic():
        Campaign.objects.get(code="fest").delete()
    desk.write("draft")
    assert Campaign.objects.get(code="draft").delete()[0] == 1


def test_a_rehearsal_with_venues_does_not_become_a_real_day(desk: Desk) -> None:
    desk.write("try", is_rehearsal="1", title_zh="试一试")
    desk.write("try-v", "try", title_zh="彩排会场")
    answer = desk.post("op", "/desk/days/at/try/edit", status=422, **(WORDS | times()))
    assert "彩排的只能放进彩排的" in answer.content.decode()
    with pytest.raises(IntegrityError, match="rehearsals as venues"), transaction.atomic():
        Campaign.objects.filter(code="try").update(is_rehearsal=False)
