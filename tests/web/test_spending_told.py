"""您的 20 元到了: told once, when spending passes the end of a gift, to who wants to hear it."""

import json
from datetime import UTC, datetime
from typing import Any

from jusha.giving.donor_copy import Person, pieces
from jusha.giving.models import Deed
from jusha.giving.tell_donors import tell_arrived
from jusha.notices.models import Message
from jusha.people.accounts import open_account
from jusha.people.keep_orders import keep_orders
from jusha.people.models import UserAccount
from jusha.web.notice_words import letter, line
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.test_spending_desk import Desk


def given(site: Site, amount: int, address: str, project: str = BOOKS) -> tuple[UserAccount, int]:
    """An account that keeps a paid order; with the gift's number."""
    account = open_account(address)
    order = site.house.order(amount, project, campaign="")
    site.house.send(order, lane="web")
    number = site.house.give(amount, order=order.no, project="", campaign="")
    keep_orders(account, [order.no])
    return account, number


def spend(site: Site, amount: int, **more: str) -> int:
    told: dict[str, Any] = {"ref": "X1", "line": "programme", "what": "goods"} | more
    told |= {"words": bytes(32), "evidence": bytes(32)}
    code, number = site.house.instruct("spend", project=BOOKS, amount=amount, **told)
    assert code == "done"
    return number


def told(account: UserAccount) -> list[int]:
    found = Message.objects.filter(account=account.pk, kind="money-arrived").order_by("id")
    return [message.about for message in found]


def test_a_donor_is_told_once_when_the_last_fen_is_spent(site: Site) -> None:
    (mei, first), (bo, second) = (given(site, 1_000, f"{who}@example.org") for who in ("mei", "bo"))
    willing = [mei.pk, bo.pk]
    assert tell_arrived(site.house.web, willing) == 0
    spend(site, 919)
    assert tell_arrived(site.house.web, willing) == 0
    last = spend(site, 1)
    assert tell_arrived(site.house.web, willing) == 1
    assert (told(mei), told(bo)) == ([first], [])
    assert Message.objects.get(account=mei.pk).facts["expense"] == last
    assert tell_arrived(site.house.web, willing) == 0
    spend(site, 80, line="running")
    spend(site, 920)
    assert tell_arrived(site.house.web, willing) == 1
    assert told(bo) == [second]
    site.house.web.execute("DELETE FROM jusha_arrived")
    assert tell_arrived(site.house.web, willing) == 0


def test_who_does_not_want_to_hear_is_not_told_and_not_later_either(site: Site) -> None:
    mei, _ = given(site, 1_000, "mei@example.org")
    spend(site, 920)
    assert tell_arrived(site.house.web, []) == 0
    assert tell_arrived(site.house.web, [mei.pk]) == 0
    assert told(mei) == []


def test_what_went_back_is_not_waited_for(site: Site) -> None:
    mei, first = given(site, 1_000, "mei@example.org")
    bo, second = given(site, 1_000, "bo@example.org")
    for number, amount in ((first, 500), (second, 1_000)):
        site.house.instruct("refund", deed=number, amount=amount, reason="asked")
    given(site, 1_000, "li@example.org")
    spend(site, 460)
    assert tell_arrived(site.house.web, [mei.pk, bo.pk]) == 1
    assert told(mei) == [first]
    spend(site, 900)
    assert tell_arrived(site.house.web, [mei.pk, bo.pk]) == 0
    assert Message.objects.get(account=mei.pk).facts["amount"] == 500


def test_the_message_says_how_much_and_where(site: Site) -> None:
    desk = Desk(site)
    mei, number = given(site, 2_000, "mei@example.org")
    desk.ask(own="36.80")
    desk.press(desk.finance, "confirm")
    site.house.settle()
    assert tell_arrived(site.house.web, [mei.pk]) == 1
    message = Message.objects.get(account=mei.pk)
    said = line(message)
    assert said.title == "您的 20 元到了"
    assert "云南省怒江州：课外书 62 册" in said.body
    assert said.path == f"/d/{number}"
    assert "Your ¥20 have arrived" in letter(message).body


def test_a_donor_takes_along_what_the_money_was_spent_on(site: Site) -> None:
    desk = Desk(site)
    mei, number = given(site, 1_000, "mei@example.org")
    desk.ask(own="20.00", purpose="课外书 100 册")
    desk.press(desk.finance, "confirm")
    spend(site, 30, line="running")
    spend(site, 140, line="running")
    person = Person(mei, (), (Deed.objects.get(number=number).order_no,))
    copy = json.loads(b"".join(pieces(person, made_at=datetime(2026, 11, 23, tzinfo=UTC))))
    rows = [(row["line"], row["of_this_gift"], row["purpose"]) for row in copy["spending"]]
    assert rows == [("programme", "1.60", "课外书 100 册"), ("running", "0.10", None)]
