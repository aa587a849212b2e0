"""A charity's people hear of the end of their certificate: once for each day, also late."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from jusha.charities.rules import Role
from jusha.charities.tell_expiry import tell_expiry
from jusha.config.postgres import database_url
from jusha.giving.tell_donors import tell_certificate_ended
from jusha.notices.models import Message
from jusha.notices.rules import CERTIFICATE_ENDED, KINDS, Consent
from jusha.people.accounts import open_account
from jusha.people.keep_orders import keep_orders
from jusha.web.notice_words import letter
from tests.cast import BOOKS
from tests.home import HOME
from tests.web.conftest import CERTIFICATE_SQL, Site
from tests.web.staff import member
from tests.web.test_messages import donor

LAST = date(2027, 6, 30)
DAYS = (60, 30, 7, 0)


def at(left: int) -> datetime:
    """Noon in Shanghai, so many days before the last day."""
    return datetime(LAST.year, LAST.month, LAST.day, 4, tzinfo=UTC) - timedelta(days=left)


def certify(site: Site, last: date) -> None:
    with psycopg.connect(database_url("owner", HOME, site.house.database)) as owner:
        owner.execute(CERTIFICATE_SQL, (date(2024, 1, 1), last))


@pytest.fixture
def people(site: Site) -> Site:
    certify(site, LAST)
    for name in ("li", "wang"):
        member(site, f"{name}@shan.example", Role.VIEWER)
    return site


def test_each_day_is_told_once_and_none_before(people: Site) -> None:
    told = {left: tell_expiry(at(left), DAYS) for left in (61, 60, 59, 30, 29, 7, 1, 0, -1)}
    assert told == {61: 0, 60: 2, 59: 0, 30: 2, 29: 0, 7: 2, 1: 0, 0: 2, -1: 0}
    assert tell_expiry(at(60), DAYS) == 0


def test_a_day_on_which_nothing_ran_is_made_up_for(people: Site) -> None:
    assert tell_expiry(at(20), DAYS) == 2
    assert tell_expiry(at(-2), DAYS) == 2
    assert tell_expiry(at(-8), DAYS) == 0
    assert Message.objects.count() == 4


def test_who_has_renewed_is_told_nothing(people: Site) -> None:
    certify(people, date(2032, 1, 1))
    assert tell_expiry(at(7), DAYS) == 0


def test_the_letter_says_what_ends_and_where_to_renew(people: Site) -> None:
    tell_expiry(at(7), DAYS)
    message = Message.objects.latest("id")
    assert message.mail_at is not None
    said = letter(message)
    assert "2027-06-30" in said.subject
    assert "善小基金会" in said.subject
    assert "/desk/charities/shan" in said.body


def test_donors_hear_once_that_the_certificate_has_ended(people: Site) -> None:
    account, _number = donor(people)
    donor(people)
    gone, back = donor(people, address="back@example.org")
    people.house.instruct("refund", deed=back, amount=2_000, reason="asked")
    web = people.house.web
    assert tell_certificate_ended(web, LAST) == 0, "its last day belongs to it"
    assert tell_certificate_ended(web, LAST + timedelta(days=1)) == 1
    assert tell_certificate_ended(web, LAST + timedelta(days=2)) == 0
    message = Message.objects.get(account=account.pk, kind=CERTIFICATE_ENDED)
    said = letter(message)
    assert "善小基金会" in said.subject
    assert "2027-06-30" in said.body
    assert "不受影响" in said.body
    assert message.mail_at is not None
    assert KINDS[CERTIFICATE_ENDED] is Consent.SERVICE
    assert not Message.objects.filter(account=gone.pk, kind=CERTIFICATE_ENDED).exists()
    people.house.check()


def test_of_a_renewed_certificate_or_a_project_that_is_over_no_donor_hears(people: Site) -> None:
    donor(people)
    people.house.instruct("close-project", code=BOOKS)
    web = people.house.web
    assert tell_certificate_ended(web, LAST + timedelta(days=1)) == 0
    certify(people, LAST + timedelta(days=5))
    people.house.instruct("open-project", code="again", charity="shan", running_permille=0)
    order = people.house.order(2_000, "again", campaign="")
    people.house.send(order, lane="web")
    people.house.give(2_000, order=order.no, project="", campaign="")
    keep_orders(open_account("mei@example.org"), [order.no])
    assert tell_certificate_ended(web, LAST + timedelta(days=2)) == 0, "the newer one runs"
    assert tell_certificate_ended(web, LAST + timedelta(days=6)) == 1, "an ending of its own"


def test_an_end_of_long_ago_is_not_told(people: Site) -> None:
    donor(people)
    assert tell_certificate_ended(people.house.web, LAST + timedelta(days=8)) == 0
