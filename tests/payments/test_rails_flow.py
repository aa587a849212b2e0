"""From an order to a refund that arrived, before the real wire of the sandbox gateway."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jusha.giving.send_refunds import Refunds
from jusha.payments.attempt import Attempts, ask_soon, show_on
from jusha.payments.rails.seam import RailRefusedError
from tests.cast import ALICE, House
from tests.payments.conftest import KEYS, MERCHANT, attempts, hurry
from tests.payments.rails.wechat.oracle import at
from tests.sandbox.wechat.world import World, open_world

ATTEMPT_SQL = "SELECT state, told, payable, client_ip FROM jusha_attempt WHERE order_no = %s"
SENDING_SQL = "SELECT state, told, key FROM jusha_sending ORDER BY refund"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as opened:
        yield opened


def ordered(house: House, amount: int = 2_000, **more: Any) -> int:
    order = house.order(amount, campaign="rails", **more)
    house.send(order, lane="web")
    house.settle()
    show_on(house.web, order_no=order.no, rail="wechat", way="native", back="")
    return order.no


def attempt(house: House, order_no: int) -> Any:
    return house.web.execute(ATTEMPT_SQL, (order_no,)).fetchone()


def test_an_order_gets_a_code_and_a_lost_notice_is_made_up_for_by_a_question(
    paid_house: House, world: World
) -> None:
    work = attempts(at(world))
    order = ordered(paid_house)
    hurry(paid_house, work)
    state, told, payable, _ = attempt(paid_house, order)
    assert (state, told) == ("ready", "")
    assert payable["code"].startswith(world.address)
    assert world.pay(order, sub=MERCHANT)
    hurry(paid_house, work)
    assert attempt(paid_house, order)[0] == "paid"
    entry = paid_house.entries()[-1]
    assert (entry["k"], entry["amt"], entry["ch"]) == ("don", 2_000, "wechat")
    assert paid_house.balance("charity:shan", "receivable", "wechat") == 2_000
    ask_soon(paid_house.web, order_no=order)
    hurry(paid_house, work)
    assert paid_house.balance("charity:shan", "receivable", "wechat") == 2_000


def test_a_refund_goes_back_by_its_route_and_is_told_to_settlement_once(
    paid_house: House, world: World
) -> None:
    work, refunds = (
        attempts(at(world)),
        Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants),
    )
    order = ordered(paid_house)
    hurry(paid_house, work)
    world.pay(order, sub=MERCHANT)
    hurry(paid_house, work)
    deed = paid_house.settlement.world.next_number - 1
    for amount in (500, 1_500):
        body: dict[str, Any] = {"deed": deed, "amount": amount, "reason": "asked"}
        assert paid_house.instruct("refund", **body)[0] == "done"
    assert paid_house.balance("charity:shan", "refundable", "wechat") == 2_000
    hurry(paid_house, refunds)
    world.turn("clock", advance=60)
    world.tell()
    hurry(paid_house, refunds)
    rows = paid_house.web.execute(SENDING_SQL).fetchall()
    assert [row[0] for row in rows] == ["booked", "booked"]
    assert all(row[2].startswith(f"{order}-") for row in rows)
    assert paid_house.balance("charity:shan", "refundable", "wechat") == 0
    assert paid_house.balance("charity:shan", "receivable", "wechat") == 0
    assert sorted(e["amt"] for e in paid_house.entries() if e["k"] == "repaid") == [500, 1_500]
    hurry(paid_house, Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants))
    assert len([e for e in paid_house.entries() if e["k"] == "repaid"]) == 2


class Turned(NamedTuple):
    """A rail that refuses to be asked about anything, as after a key was changed."""

    name: str = "wechat"

    def query(self, *_: object) -> Any:
        raise RailRefusedError("NO_AUTH")


def test_a_refund_under_way_ends_by_the_rails_own_word_alone(
    paid_house: House, world: World
) -> None:
    """Told as failed it would be paid once more by hand, and then arrive."""
    order = ordered(paid_house)
    work = attempts(at(world))
    hurry(paid_house, work)
    world.pay(order, sub=MERCHANT)
    hurry(paid_house, work)
    deed = paid_house.settlement.world.next_number - 1
    paid_house.instruct("refund", deed=deed, amount=2_000, reason="asked")
    refunds = Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants)
    for _ in range(2):
        refunds.round(paid_house.web)
        while len(refunds.flights):
            refunds.round(paid_house.web)
    assert (paid_house.web.execute(SENDING_SQL).fetchone() or ("",))[0] == "pending"
    refused = Refunds({"wechat": Turned()}, merchants_key=KEYS.merchants)  # type: ignore[dict-item]
    hurry(paid_house, refused)
    assert (paid_house.web.execute(SENDING_SQL).fetchone() or ())[:2] == ("pending", "NO_AUTH")
    world.turn("clock", advance=60)
    world.tell()
    hurry(paid_house, Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants))
    assert (paid_house.web.execute(SENDING_SQL).fetchone() or ("",))[0] == "booked"
    assert paid_house.balance("charity:shan", "refundable", "wechat") == 0


def test_a_refund_that_was_never_handed_over_is_refused_at_once(
    paid_house: House, world: World
) -> None:
    order = ordered(paid_house)
    work = attempts(at(world))
    hurry(paid_house, work)
    world.pay(order, sub=MERCHANT)
    hurry(paid_house, work)
    deed = paid_house.settlement.world.next_number - 1
    paid_house.instruct("refund", deed=deed, amount=2_000, reason="asked")
    hurry(paid_house, Refunds({"wechat": Turned()}, merchants_key=KEYS.merchants))  # type: ignore[dict-item]
    assert (paid_house.web.execute(SENDING_SQL).fetchone() or ())[:2] == ("failed", "NO_AUTH")


def test_a_refund_that_the_rail_cannot_deliver_stays_owed_and_says_so(
    paid_house: House, world: World
) -> None:
    work, refunds = (
        attempts(at(world)),
        Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants),
    )
    order = ordered(paid_house)
    hurry(paid_house, work)
    world.pay(order, sub=MERCHANT)
    hurry(paid_house, work)
    deed = paid_house.settlement.world.next_number - 1
    world.turn("refunds", outcome="abnormal", seconds=0)
    paid_house.instruct("refund", deed=deed, amount=2_000, reason="asked")
    hurry(paid_house, refunds)
    world.turn("clock", advance=60)
    world.tell()
    hurry(paid_house, refunds)
    state, told, _ = paid_house.web.execute(SENDING_SQL).fetchone() or ("", "", "")
    assert (state, told) == ("failed", "undeliverable")
    assert paid_house.balance("charity:shan", "refundable", "wechat") == 2_000


def test_a_gift_without_a_route_is_not_sent_anywhere(paid_house: House, world: World) -> None:
    refunds = Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants)
    deed = paid_house.give(700, person=ALICE, channel="wechat", campaign="rails")
    paid_house.instruct("refund", deed=deed, amount=700, reason="asked")
    hurry(paid_house, refunds)
    rows = paid_house.web.execute(SENDING_SQL).fetchall()
    assert [row[:2] for row in rows] == [("failed", "no-route")]


def test_a_charity_without_an_account_at_the_rail_is_told_before_anything_is_asked(
    paid_house: House, world: World, owner: Any
) -> None:
    owner.execute("DELETE FROM jusha_merchant")
    order = ordered(paid_house)
    hurry(paid_house, attempts(at(world)))
    assert attempt(paid_house, order)[:2] == ("refused", "no-merchant")
    assert world.state()["orders"] == []


def test_an_order_that_may_be_paid_outlives_a_rail_that_is_away(
    paid_house: House, world: World
) -> None:
    order = ordered(paid_house)
    hurry(paid_house, attempts(at(world)))
    assert world.pay(order, sub=MERCHANT)
    hurry(paid_house, Attempts({}, KEYS))
    assert attempt(paid_house, order)[:2] == ("ready", "no-rail")
    hurry(paid_house, attempts(at(world)))
    assert attempt(paid_house, order)[0] == "paid"
    assert paid_house.balance("charity:shan", "receivable", "wechat") == 2_000


def test_a_rail_that_is_not_there_shows_no_order(paid_house: House) -> None:
    order = ordered(paid_house)
    hurry(paid_house, Attempts({}, KEYS))
    assert attempt(paid_house, order)[:2] == ("refused", "no-rail")


def test_a_charitys_broken_token_stops_its_own_orders_and_refunds_and_nothing_else(
    paid_house: House, world: World, owner: Any
) -> None:
    work = attempts(at(world))
    shown, order = ordered(paid_house), ordered(paid_house)
    hurry(paid_house, work)
    world.pay(order, sub=MERCHANT)
    hurry(paid_house, work)
    deed = paid_house.settlement.world.next_number - 1
    paid_house.instruct("refund", deed=deed, amount=2_000, reason="asked")
    owner.execute("UPDATE jusha_merchant SET sealed_token = decode('00', 'hex')")
    late = ordered(paid_house)
    hurry(paid_house, work, Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants))
    assert attempt(paid_house, shown)[:2] == ("ready", "token-unreadable")
    assert attempt(paid_house, late)[:2] == ("refused", "token-unreadable")
    assert paid_house.web.execute(SENDING_SQL).fetchone()[1] == "token-unreadable"  # type: ignore[index]
    owner.execute("UPDATE jusha_merchant SET sealed_token = ''")
    hurry(paid_house, Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants))
    world.turn("clock", advance=60)
    world.tell()
    hurry(paid_house, Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants))
    assert paid_house.balance("charity:shan", "refundable", "wechat") == 0


def test_the_pages_cannot_say_where_money_goes(paid_house: House) -> None:
    with pytest.raises(Exception, match="permission denied"):
        paid_house.web.execute("UPDATE jusha_merchant SET merchant = '1'")


def test_an_order_that_nobody_pays_is_closed_at_the_rail(paid_house: House, world: World) -> None:
    work = attempts(at(world))
    order = ordered(paid_house)
    hurry(paid_house, work)
    paid_house.web.execute(
        "UPDATE jusha_attempt SET ask = jsonb_set(ask, '{expires_at}', '1000000000')"
    )
    hurry(paid_house, work)
    assert attempt(paid_house, order)[0] == "closed"
    assert world.state()["orders"][0]["state"] == "CLOSED"


def test_the_payers_address_is_forgotten_when_the_rail_has_answered(
    paid_house: House, world: World
) -> None:
    order = paid_house.order(2_000, campaign="rails")
    paid_house.send(order, lane="web")
    paid_house.settle()
    asked: dict[str, Any] = {"order_no": order.no, "rail": "wechat", "way": "h5", "back": ""}
    show_on(paid_house.web, client_ip="192.0.2.7", **asked)
    assert attempt(paid_house, order.no)[3] == "192.0.2.7"
    hurry(paid_house, attempts(at(world)))
    assert attempt(paid_house, order.no)[0] == "ready"
    assert attempt(paid_house, order.no)[3] == ""
