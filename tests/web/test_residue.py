"""Residue of an unlawful fundraising: two persons, a document, the fen, the books, the pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils.timezone import localdate

from jusha.giving import residue as verb
from jusha.giving.audit import check as audit_of_gifts
from jusha.giving.models import HandPaid, RefundRun, Repaid
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_campaign import sums
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.residue_models import ResidueGift, ResidueOrder
from jusha.giving.residue_queries import open_gifts, orders_told
from jusha.giving.residue_rules import REFUSALS as CODES
from jusha.giving.residue_rules import (
    OpenGift,
    ResidueRefusedError,
    Said,
    Share,
    check,
    order_code,
    shares,
    words,
)
from jusha.giving.tell_donors import tell_donors
from jusha.notices.models import Message
from jusha.payments.models import Sending
from jusha.people.accounts import open_account
from jusha.people.keep_orders import keep_orders
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web.notice_words import line
from tests.audit.conftest import unfettered
from tests.cast import BOB, BOOKS, WATER
from tests.web.conftest import Site
from tests.web.join import paper
from tests.web.staff import officer, signed_in
from tests.web.test_refund_page import LI, WANG, Gift

WAY = "/desk/residue"
TODAY = localdate()


class Desk:
    """A day of two projects that was sent back whole; a tenth of it arrived."""

    def __init__(self, site: Site) -> None:
        self.site, house = site, site.house
        self.finance = signed_in(officer(site, "fin@platform.example", Office.FINANCE))
        self.reviewer = signed_in(officer(site, "rev@platform.example", Office.REVIEWER))
        assert house.instruct("admit-charity", code="lian")[0] == "done"
        self.gifts = [house.give(1_000), house.give(2_000, WATER, BOB), house.give(3_000)]
        for project in (BOOKS, WATER):
            assert house.instruct("close-project", code=project)[0] == "done"
        for deed, amount in zip(self.gifts, (1_000, 2_000, 3_000), strict=True):
            assert house.instruct("refund", deed=deed, amount=amount, reason="stopped")[0] == "done"
        sent: dict[str, Any] = {"deed": self.gifts[0], "amount": 600, "reference": "50300"}
        assert house.instruct("refund-sent", **sent)[0] == "done"
        RefundRun.objects.create(
            campaign="day", reason="民政局认定违法", by="li", second="wang", residue_to=""
        )

    def say(self, client: Client | None = None, **more: Any) -> int:
        said = {
            "do": "propose", "which": "day/shan/1", "authority": "某市民政局",
            "document": "民罚〔2026〕12号", "document_on": f"{TODAY - timedelta(days=2)}",
            "receiver": "lian", "reference": "2026112300017", "paid_on": f"{TODAY}",
            "paper": paper(),
        } | more  # fmt: skip
        return int((client or self.finance).post(WAY, said).status_code)

    def end(self, client: Client, do: str = "confirm", **more: str) -> int:
        number = Decision.objects.latest("id").pk
        return int(client.post(WAY, {"do": do, "decision": f"{number}"} | more).status_code)

    def sending(self, deed: int, state: str) -> Sending:
        entry = self.site.house.web.execute(
            "SELECT number FROM giving_refund WHERE deed = %s", (deed,)
        ).fetchone()
        assert entry is not None
        return Sending.objects.create(
            refund=entry[0], order_no=1, rail="wechat", key=f"k{deed}", state=state
        )


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_two_give_the_rest_to_the_named_charity_and_everybody_reads_where_it_went(
    desk: Desk,
) -> None:
    house = desk.site.house
    assert "54.00" in desk.finance.get(WAY).content.decode()
    assert desk.say() == 303
    assert desk.end(desk.finance) == 422, "one person alone"
    assert desk.end(desk.reviewer) == 303
    house.settle()
    order = ResidueOrder.objects.get()
    assert (order.gifts, order.amount, order.receiver) == (3, 5_400, "lian")
    entries = [e for e in house.entries() if e["k"] == "residue"]
    assert [(e["ref"], e["amt"], e["org"]) for e in entries] == [
        (desk.gifts[0], 400, "lian"), (desk.gifts[1], 2_000, "lian"), (desk.gifts[2], 3_000, "lian")
    ]  # fmt: skip
    (channel,) = sums(house.web, 1)
    assert channel.repaid + channel.residue == channel.refunded == channel.given == 6_000
    assert (channel.owed, channel.residue) == (0, 5_400)
    assert house.balance("charity:lian", "residue", "shan") == 5_400
    assert house.balance("charity:shan", "refundable", "partner") == 0
    (told,) = orders_told()
    assert (told.gifts, told.amount, told.unbooked) == (3, 5_400, 0)
    (books,) = orders_told(project=house.settlement.world.funds[BOOKS].project)
    assert (books.gifts, books.amount) == (2, 3_400)
    house.check()
    desk.site.publish()
    for path in (f"/p/{BOOKS}", f"/d/{desk.gifts[0]}", f"/d/{entries[0]['n']}"):
        page = desk.site.text(path)
        assert "民罚〔2026〕12号" in page, path
        assert "如果您就是捐赠人" in page, path
    plain = re.sub(r"<[^>]*>|\s", "", desk.site.text(f"/p/{BOOKS}"))
    assert re.search(r"2笔捐款的¥?34(\.00)?元?没能退到捐赠人手里", plain)
    assert "余款转交" in desk.site.text("/entries?kind=mended")
    assert desk.say() == 422, "nothing is left to give"


def test_what_a_rail_may_still_deliver_is_not_given_away(desk: Desk) -> None:
    first, second = desk.sending(desk.gifts[1], "pending"), desk.sending(desk.gifts[2], "failed")
    assert shares(open_gifts("day")) == [Share("shan", 1, 2, 3_400, 2_000)]
    HandPaid.objects.create(
        refund=second.pk, reference="2026112300018", paid_on=TODAY, proposed_by="li",
        proposed_at=datetime.now(UTC),
    )  # fmt: skip
    assert shares(open_gifts("day")) == [Share("shan", 1, 1, 400, 5_000)]
    HandPaid.objects.all().delete()
    assert desk.say() == 303
    Sending.objects.filter(pk=first.pk).update(state="failed")
    assert desk.end(desk.reviewer) == 422, "it is more by now than was transferred"
    assert not ResidueOrder.objects.exists()
    Sending.objects.filter(pk=first.pk).update(state="pending")
    assert desk.end(desk.reviewer) == 303
    second.refresh_from_db()
    assert second.state == "residue", "nobody tries it again"
    desk.site.house.settle()
    assert {e["ref"] for e in desk.site.house.entries() if e["k"] == "residue"} == {
        desk.gifts[0], desk.gifts[2]
    }  # fmt: skip
    assert not Repaid.objects.filter(deed=desk.gifts[1]).exists()
    desk.site.house.check()


def test_a_crash_leaves_nothing_and_a_repeat_does_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError

    assert desk.say() == 303
    number = Decision.objects.latest("id").pk
    reviewer = officer(desk.site, "rev2@platform.example", Office.REVIEWER).pk
    with monkeypatch.context() as patch:
        patch.setattr(verb, "append", crash)
        with pytest.raises(RuntimeError):
            verb.confirm_residue(number, by=reviewer)
    assert not ResidueOrder.objects.exists()
    assert not ResidueGift.objects.exists()
    monkeypatch.setattr(verb, "ROW_MAX", 2)
    verb.confirm_residue(number, by=reviewer)
    assert desk.end(desk.reviewer) == 422, "it has its end"
    desk.site.house.settle()
    assert len([e for e in desk.site.house.entries() if e["k"] == "residue"]) == 3
    desk.site.house.check()


@pytest.mark.parametrize(
    "wrong",
    [
        {"receiver": "shan"}, {"receiver": "nobody"}, {"document": ""}, {"authority": ""},
        {"document_on": f"{TODAY + timedelta(days=1)}"}, {"paid_on": "yesterday"},
        {"paid_on": f"{TODAY - timedelta(days=3)}"}, {"reference": "12"}, {"which": "day/lian/1"},
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_nothing_is_proposed(desk: Desk, wrong: dict[str, Any]) -> None:
    assert desk.say(**wrong) == 422
    assert not Decision.objects.exists()


def test_without_the_document_without_a_run_or_for_another_nothing_is_proposed(desk: Desk) -> None:
    assert desk.say(paper="") == 422
    assert desk.say(desk.reviewer) == 422, "finance proposes"
    RefundRun.objects.create(campaign="day", reason="x", by="a", second="b", residue_to="yuan")
    assert desk.say() == 422
    assert not Decision.objects.exists()


def test_the_database_writes_an_order_only_as_two_decided(desk: Desk) -> None:
    assert desk.say() == 303
    with pytest.raises(IntegrityError), transaction.atomic():
        ResidueOrder.objects.create(
            decision=Decision.objects.latest("id").pk, campaign="day", charity="shan",
            receiver="lian", asset=1, gifts=3, amount=5_400, authority="x", document="x",
            document_on=TODAY, reference="x", paid_on=TODAY,
        )  # fmt: skip
    assert desk.end(desk.reviewer) == 303
    for statement in (
        "UPDATE jusha_residueorder SET receiver = 'shan'", "DELETE FROM jusha_residuegift",
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE jusha_residueorder SET receiver = 'shan'",
        "UPDATE jusha_residuegift SET amount = amount - 1 WHERE amount = 400",
        "DELETE FROM jusha_residuegift WHERE amount = 400",
    ],
)
def test_the_audit_finds_an_order_that_says_other_than_the_books(desk: Desk, forged: str) -> None:
    assert (desk.say(), desk.end(desk.reviewer)) == (303, 303)
    desk.site.house.settle()
    desk.site.house.check()
    for owner in unfettered(desk.site.house.database):
        owner.execute(forged)
    found = {each.what for each in audit_of_gifts(desk.site.house.web)}
    assert found == {"residue is not what two decided"}


# --- pure ----------------------------------------------------------------------------------------

SAID = Said("某市民政局", " 民罚〔2026〕12号 ", TODAY, "lian", "2026112300017", TODAY)
SHARE = Share("shan", 1, 3, 5_400, 0)


def test_open_gifts_are_summed_by_charity_and_asset() -> None:
    rows = ("shan", 1, 5, "yes"), ("shan", 1, 7, ""), ("shan", 2, 9, "yes"), ("he", 1, 1, "yes")
    gifts = [OpenGift(n, 1, *row[:3], is_final=bool(row[3])) for n, row in enumerate(rows)]
    assert shares(gifts) == [
        Share("he", 1, 1, 1, 0), Share("shan", 1, 1, 5, 7), Share("shan", 2, 1, 9, 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "share", "named", "code"),
    [
        ({}, None, "", "nothing"),
        ({}, SHARE._replace(amount=0), "", "waits"),
        ({"receiver": "shan"}, SHARE, "", "same-charity"),
        ({}, SHARE, "yuan", "other-charity"),
        ({"authority": " "}, SHARE, "", "authority"),
        ({"document": "\t"}, SHARE, "", "document"),
        ({"document_on": None}, SHARE, "", "document-day"),
        ({"reference": "１２３４５"}, SHARE, "", "reference"),
        ({"paid_on": TODAY - timedelta(days=1)}, SHARE, "", "paid-day"),
    ],
)
def test_a_refusal_has_its_code(more: dict[str, Any], share: Any, named: str, code: str) -> None:
    with pytest.raises(ResidueRefusedError) as refused:
        check(SAID._replace(**more), share, named=named, today=TODAY)
    assert refused.value.code == code
    assert code in CODES


def test_the_words_in_the_log_are_those_of_the_page() -> None:
    plain = check(SAID, SHARE, named="lian", today=TODAY)
    assert plain.document == "民罚〔2026〕12号"
    order = {"authority": "甲", "receiver": "lian", "document": "乙", "document_on": "2026-11-21"}
    told = '{"authority":"甲","charity":"lian","document":"乙","on":"2026-11-21"}'
    assert words(order) == told.encode()
    assert order_code(7) == "R7"


# --- what donors are told ------------------------------------------------------------------------


def test_no_donor_is_told_that_it_came_back(site: Site) -> None:
    gift, account = Gift(site), open_account("mei@example.org")
    keep_orders(account, [gift.order])
    case = gift.ask()
    approve_refund(case.pk, LI)
    confirm_refund(case.pk, WANG)
    gift.follow()
    assert site.house.instruct("admit-charity", code="lian")[0] == "done"
    body: dict[str, Any] = {"deed": gift.deed, "amount": 3_500, "charity": "lian", "order": "R1"}
    assert site.house.instruct("residue", **body, words=bytes(32))[0] == "done"
    gift.follow()
    case.refresh_from_db()
    assert case.state == "undelivered"
    tell_donors(site.house.web)
    told = {m.kind: line(m) for m in Message.objects.filter(account=account.pk)}
    assert "refund-arrived" not in told
    assert told["refund-passed-on"].path == f"/d/{gift.deed}"
    assert "没能退到您手里" in told["refund-passed-on"].body
    with pytest.raises(AssertionError, match="residue is not what two decided"):
        site.house.check()  # the console wrote it, and no order of two is there
