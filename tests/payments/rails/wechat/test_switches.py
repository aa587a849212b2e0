"""Each switch of the gateway, heard by our reader: refused for which reason, or the facts."""

import json
import time

import pytest

from jusha.payments.rails.facts import facts_bytes
from jusha.payments.rails.seam import Ask, Notice, NoticeRefusedError, Paid
from jusha.payments.rails.wechat.client import WeChat
from jusha.payments.rails.wechat.notice import Notices
from tests.payments.rails.wechat.oracle import ORDER, PAYEE, at, ear
from tests.sandbox.wechat.world import Heard, World

KEY = str(ORDER)


class Told:
    """An order that was paid, and everything the house heard of it."""

    def __init__(self, world: World, *, switch: str = "", **more: int) -> None:
        self.world, self.rail = world, at(world)
        self.ear: Notices = ear(self.rail)
        world.turn("clock", rate=0)
        ask = Ask(ORDER, 2_000, "CNY", PAYEE, "捐", int(time.time()) + 90_000, "native")
        self.rail.create(ask, key=KEY)
        if switch:
            world.turn("switch", name=switch, **more)
        world.pay(ORDER)

    def asked(self) -> Paid:
        found = self.rail.query(ORDER, PAYEE).paid
        assert found
        return found

    def read(self, heard: Heard) -> Notice:
        return self.ear.read(heard.headers, heard.body, now_s=time.time())

    def refused(self, heard: Heard) -> str:
        with pytest.raises(NoticeRefusedError) as error:
            self.read(heard)
        return error.value.why

    def later(self, seconds: int) -> int:
        self.world.turn("clock", advance=seconds)
        return self.world.tell()


def test_a_notice_and_a_query_say_the_same_facts(world: World) -> None:
    told = Told(world)
    assert told.world.tell() == 1
    notice = told.read(world.house.heard[0])
    assert notice.paid == told.asked()
    assert notice.paid
    assert facts_bytes(notice.paid) == facts_bytes(told.asked())


def test_late(world: World) -> None:
    told = Told(world, switch="late", value=3_600)
    assert (told.world.tell(), told.later(3_599), told.later(1)) == (0, 0, 1)
    assert told.read(world.house.heard[0]).paid == told.asked()


def test_lost(world: World) -> None:
    told = Told(world, switch="lost")
    assert told.later(86_400 * 2) == 0
    assert not world.house.heard
    assert told.asked().amount == 2_000, "the question finds it"


def test_repeated(world: World) -> None:
    told = Told(world, switch="repeated", value=3)
    while told.world.tell():
        pass
    heard = world.house.heard
    assert len(heard) == 4
    assert len({one.body for one in heard}) == 4, "sealed anew each time"
    assert {told.read(one) for one in heard} == {told.read(heard[0])}


def test_out_of_order(world: World) -> None:
    told = Told(world, switch="out-of-order")
    told.rail.refund(told.asked(), PAYEE, amount=2_000, reason="误", key=f"{KEY}-1")
    while told.later(10):
        pass
    first, second = (told.read(one) for one in world.house.heard)
    assert first == Notice(first.event, refund=f"{KEY}-1")
    assert second.paid == told.asked()


@pytest.mark.parametrize(
    ("switch", "why"),
    [("tampered", "unauthentic"), ("stale", "stale"), ("probe-signature", "unauthentic")],
)
def test_a_sending_that_is_refused_is_sent_again_right(world: World, switch: str, why: str) -> None:
    told = Told(world, switch=switch)
    world.house.statuses = [401]
    assert told.world.tell() == 1
    assert told.refused(world.house.heard[0]) == why
    assert (told.later(14), told.later(1)) == (0, 1)
    assert told.read(world.house.heard[1]).paid == told.asked()
    assert told.later(86_400) == 0


def test_wrong_amount(world: World) -> None:
    told = Told(world, switch="wrong-amount")
    told.world.tell()
    notice = told.read(world.house.heard[0])
    assert notice.paid == told.asked()._replace(amount=2_001)


def test_wrong_merchant(world: World) -> None:
    told = Told(world, switch="wrong-merchant")
    told.world.tell()
    notice = told.read(world.house.heard[0])
    assert notice.paid == told.asked()._replace(merchant="1999999999")


def test_wrong_app(world: World) -> None:
    told = Told(world, switch="wrong-app")
    told.world.tell()
    assert told.refused(world.house.heard[0]) == "unauthentic"


@pytest.mark.parametrize("outcome", ["success", "abnormal", "closed"])
def test_a_refund_that_ends_one_way_or_another(world: World, outcome: str) -> None:
    told = Told(world)
    world.turn("refunds", outcome=outcome, seconds=600)
    rail: WeChat = told.rail
    paid = told.asked()
    assert rail.refund(paid, PAYEE, amount=700, reason="误", key="r-1").state == "pending"
    assert told.later(599) == 1, "the payment's notice"
    assert rail.query_refund("r-1", paid, PAYEE).state == "pending"
    assert told.later(1) == 1
    ended = rail.query_refund("r-1", paid, PAYEE)
    assert ended.state == ("arrived" if outcome == "success" else "failed")
    assert (ended.at > 0) == (outcome == "success")
    assert told.read(world.house.heard[1]).refund == "r-1"
    kind = json.loads(world.house.heard[1].body)["event_type"]
    assert kind == f"REFUND.{outcome.upper()}"


def test_a_rotated_certificate_is_unknown_until_it_is_fetched(world: World) -> None:
    told = Told(world)
    with world.gateway.store.claim() as database:
        database.execute("UPDATE merchant SET verified_by = 'certificate'")
    serial = world.turn("rotate")["serial"]
    world.house.statuses = [401]
    told.world.tell()
    assert told.refused(world.house.heard[0]) == "unauthentic"
    pems = told.rail.certificates()  # asked for under the public key, which is still known
    fresh = type(told.rail.wire.platform).from_pems(certificates=pems)
    assert serial in fresh.ids
    told.ear.platform = fresh
    assert told.later(15) == 1
    assert told.read(world.house.heard[1]).paid == told.asked()
