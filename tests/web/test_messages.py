"""Messages: told once behind the log, sent to who may be sent to, written by two at the desk."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from jusha.giving.models import HandPaid
from jusha.giving.tell_donors import send_broadcasts, tell_donors
from jusha.notices.broadcast import NotBroadcastError, confirm, propose, withdraw
from jusha.notices.carriers import Words
from jusha.notices.models import Broadcast, Message
from jusha.notices.rules import ARRIVED, KINDS, MAIL_TRIES_MAX, Consent, check_text
from jusha.notices.send import send_due
from jusha.payments.models import Sending
from jusha.people.accounts import open_account
from jusha.people.keep_orders import keep_orders
from jusha.people.models import UserAccount
from jusha.web.notice_words import letter, line
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import member, signed_in

NOW = datetime(2026, 9, 9, 8, 0, tzinfo=UTC)


class Post:
    """Keeps what it carries; refuses as told."""

    name = "post"

    def __init__(self, refuses: int = 0) -> None:
        self.carried: list[tuple[str, Words, str]] = []
        self.refuses = refuses

    def carry(self, address: str, words: Words, *, key: str) -> None:
        if self.refuses:
            self.refuses -= 1
            raise ConnectionRefusedError
        self.carried.append((address, words, key))


def donor(
    site: Site, amount: int = 2_000, address: str = "mei@example.org"
) -> tuple[UserAccount, int]:
    """An account that keeps a paid order; with the gift's number."""
    account = open_account(address)
    order = site.house.order(amount, campaign="")
    site.house.send(order, lane="web")
    number = site.house.give(amount, order=order.no, project="", campaign="")
    keep_orders(account, [order.no])
    return account, number


def send(post: Post, *, now: datetime = NOW + timedelta(days=400), may: bool = True) -> int:
    return send_due(
        post,
        address_of=lambda _: "mei@example.org",
        may_send=lambda _account, _consent: may,
        words_of=letter,
        now=now,
    )


def test_what_happened_to_a_gift_is_told_once_however_often_it_is_looked_for(site: Site) -> None:
    account, number = donor(site)
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    assert tell_donors(site.house.web) == 2
    assert tell_donors(site.house.web) == 0
    kinds = list(
        Message.objects.filter(account=account.pk).order_by("id").values_list("kind", flat=True)
    )
    assert kinds == ["gift-received", "refund-booked"]
    site.house.web.execute("DELETE FROM jusha_told")
    assert tell_donors(site.house.web) == 0


def test_a_gift_that_no_account_keeps_is_told_to_nobody(site: Site) -> None:
    site.house.give(2_000)
    assert tell_donors(site.house.web) == 0


def test_a_yuan_makes_no_letter_and_a_refund_does(site: Site) -> None:
    _, number = donor(site)
    tell_donors(site.house.web)
    post = Post()
    assert send(post) == 0
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    tell_donors(site.house.web)
    assert send(post) == 1
    assert send(post) == 0
    address, words, key = post.carried[0]
    assert address == "mei@example.org"
    assert key == f"notice-{Message.objects.get(kind='refund-booked').pk}"
    assert words.subject == "5 元的退款已记账"
    assert "is booked" in words.body


def test_returned_money_is_told_with_who_returned_it(site: Site) -> None:
    """The rail's word is only told where the rail said it."""
    _, deed = donor(site)
    for key, how in (("1-2", "rail"), ("bank-0017", "bank"), ("typed", "")):
        site.house.instruct("refund", deed=deed, amount=100, reason="asked")
        refund = site.house.settlement.world.next_number - 1
        Sending.objects.create(
            refund=refund, order_no=1, rail="wechat", key=key if how == "rail" else f"1-{refund}"
        )
        if how == "bank":
            HandPaid.objects.create(
                refund=refund, reference=key, paid_on=NOW.date(), proposed_by="li",
                proposed_at=NOW, confirmed_by="wang", confirmed_at=NOW,
            )  # fmt: skip
        site.house.instruct("refund-sent", deed=deed, amount=100, reference=key)
    tell_donors(site.house.web)
    found = list(Message.objects.filter(kind="refund-arrived").order_by("about"))
    assert [each.facts.get("by", "") for each in found] == ["rail", "bank", ""]
    rail, bank, typed = (line(each).body for each in found)
    assert "支付方说" in rail
    assert "银行转账" in bank
    assert "支付方" not in bank + typed
    assert "银行" not in typed


def test_a_letter_that_does_not_leave_is_tried_again_ever_more_slowly_and_then_left(
    site: Site,
) -> None:
    _, number = donor(site)
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    tell_donors(site.house.web)
    now, waits = NOW + timedelta(days=400), []
    for _ in range(MAIL_TRIES_MAX):
        assert send(Post(refuses=1), now=now) == 0
        due = Message.objects.get(kind="refund-booked").mail_at
        assert due is not None
        waits.append((due - now).total_seconds())
        now = due
    assert waits == [120, 240, 480, 960, 1920, 3840]
    assert send(Post(refuses=1), now=now) == 0
    assert Message.objects.get(kind="refund-booked").mail_at is None


def test_who_withdrew_meanwhile_gets_no_letter_of_progress(site: Site) -> None:
    account, _ = donor(site)
    Message.objects.create(account=account.pk, kind="broadcast", about=1, facts={}, mail_at=NOW)
    post = Post()
    assert send(post, may=False) == 0
    assert post.carried == []
    assert Message.objects.get(kind="broadcast").mail_at is None


def test_a_broadcast_needs_two_persons_and_reaches_who_agreed_and_still_gives(site: Site) -> None:
    given, _ = donor(site)
    back, number = donor(site, address="back@example.org")
    site.house.instruct("refund", deed=number, amount=2_000, reason="asked")
    silent, _ = donor(site, address="silent@example.org")
    row = propose(charity="shan", project=BOOKS, text=" 书到了 ", by="li")
    with pytest.raises(NotBroadcastError, match="same-person"):
        confirm(row.pk, charities=("shan",), second="li", now=NOW)
    with pytest.raises(NotBroadcastError, match="not-waiting"):
        confirm(row.pk, charities=("other",), second="wang", now=NOW)
    assert send_broadcasts(site.house.web, [given.pk, back.pk]) == 0
    confirm(row.pk, charities=("shan",), second="wang", now=NOW)
    with pytest.raises(NotBroadcastError):
        withdraw(row.pk, charities=("shan",))
    assert send_broadcasts(site.house.web, [given.pk, back.pk]) == 1
    assert send_broadcasts(site.house.web, [given.pk, back.pk]) == 0
    told = Message.objects.filter(kind="broadcast")
    assert [each.account for each in told] == [given.pk]
    assert told[0].facts["text"] == "书到了"
    assert Broadcast.objects.get(pk=row.pk).count == 1
    assert silent.pk != given.pk


@pytest.mark.parametrize("text", ["", "  ", "字" * 501])
def test_an_empty_or_endless_text_is_no_broadcast(text: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        check_text(text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_words_in_both_languages_and_leads_somewhere(site: Site, kind: str) -> None:
    facts = {
        "deed": 1,
        "amount": 2_000,
        "order": 202611220000000001,
        "project": BOOKS,
        "text": "好",
        "charity": "shan",
        "name": "善小基金会",
        "report": "progress",
        "due": "2026-12-01",
        "until": "2027-01-01",
        "state": "admitted",
        "rail": "bank",
        "since": "2026-12-01T00:00:00+00:00",
        "day": "2026-12-01",
        "news": [["shan", 2, "新书到了"]],
    }
    leads = {
        ARRIVED: "/d/1",
        "refund-passed-on": "/d/1",
        "report-due": "/desk/disclosures",
        "report-late": "/desk/disclosures",
        "certificate-ends": "/desk/charities/shan",
        "certificate-ended": "/charity/shan",
        "application-ended": "/join",
        "payee-change": "/desk/payees",
        "followed-news": "/charity/shan/official",
    }
    message = Message(account=UserAccount().pk, kind=kind, about=1, facts=facts)
    assert line(message).title
    assert line(message).path == leads.get(kind, "/o/202611220000000001")
    assert letter(message).body.count("http") == 2
    assert KINDS[kind] in set(Consent)


def test_the_page_lists_what_is_new_and_then_calls_it_read(site: Site) -> None:
    account, _ = donor(site)
    tell_donors(site.house.web)
    client = signed_in(account)
    assert "1 条新的" in site.get("/mine", client=client).content.decode()
    assert "收到了您的" in site.get("/mine/messages", client=client).content.decode()
    assert "条新的" not in site.get("/mine", client=client).content.decode()
    assert Client().get("/mine/messages").status_code == 302


def press(client: Client, **form: Any) -> Any:
    return client.post("/desk/broadcasts", form)


def test_at_the_desk_one_writes_and_another_sends(site: Site) -> None:
    from jusha.charities.rules import Role  # noqa: PLC0415 - after the site's settings

    writer = signed_in(member(site, "li@example.org", Role.PROGRAMME))
    sender = signed_in(member(site, "wang@example.org", Role.PROGRAMME))
    assert press(writer, project=BOOKS, text="书到了").status_code == 303
    number = str(Broadcast.objects.get().pk)
    refused = press(writer, number=number, confirm="1")
    assert refused.status_code == 422
    assert "两个人" in refused.content.decode()
    assert "1" in site.get("/desk", client=sender).content.decode()
    assert press(sender, number=number, confirm="1").status_code == 303
    assert press(sender, number=number, confirm="1").status_code == 422
    viewer = signed_in(member(site, "see@example.org", Role.VIEWER))
    assert press(viewer, project=BOOKS, text="x").status_code == 200
    assert Broadcast.objects.count() == 1
    assert press(writer, project="another", text="x").status_code == 422
