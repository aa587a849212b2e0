"""A refund from the donor's wish to the wallet, before the real wire of the sandbox gateway."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from jusha.giving.models import RefundCase
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_ask import open_dispute
from jusha.giving.refund_campaign import send_back, stopped, sums
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.send_refunds import Refunds
from tests.cast import BOOKS, WATER, House
from tests.giving.conftest import django_at
from tests.giving.test_refund_campaign import NOW, PEOPLE, Settling
from tests.giving.test_refund_cases import DUE, LI, WANG, decided, followed
from tests.payments.conftest import KEYS, MERCHANT, attempts, hurry
from tests.payments.rails.wechat.oracle import at
from tests.payments.test_rails_flow import ordered
from tests.sandbox.wechat.world import World, open_world


class Shop:
    """The house, the rail and the payments process's two workers."""

    def __init__(self, house: House, world: World) -> None:
        self.house, self.world = house, world
        self.work = attempts(at(world))
        self.refunds = Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants)

    def pay(self, amount: int) -> int:
        """Order and pay at the rail; return the deed's number."""
        order = ordered(self.house, amount)
        hurry(self.house, self.work)
        assert self.world.pay(order, sub=MERCHANT)
        hurry(self.house, self.work)
        return self.house.settlement.world.next_number - 1

    def later(self) -> None:
        """Let the rail do what it was asked, and hear of it."""
        hurry(self.house, self.refunds)
        self.world.turn("clock", advance=60)
        self.world.tell()
        hurry(self.house, self.refunds)

    def state(self, case: RefundCase) -> str:
        return followed(self.house, case)

    def owed(self) -> int:
        return self.house.balance("charity:shan", "refundable", "wechat")


@pytest.fixture
def shop(
    paid_house: House, tmp_path: Path, settings: Any, django_db_blocker: DjangoDbBlocker
) -> Iterator[Shop]:
    settings.HOME = tmp_path
    with open_world(tmp_path) as world, django_at(paid_house, django_db_blocker):
        yield Shop(paid_house, world)


def test_a_wish_that_two_let_through_comes_back_by_its_own_route(shop: Shop) -> None:
    deed = shop.pay(2_000)
    case = decided(deed, 800)
    assert shop.state(case) == "booked"
    hurry(shop.house, shop.refunds)
    assert shop.state(case) in {"sent", "arrived"}
    shop.later()
    assert (shop.state(case), shop.owed()) == ("arrived", 0)
    rest = decided(deed, 1_200)
    assert shop.state(rest) == "booked"
    shop.later()
    assert (shop.state(rest), shop.owed()) == ("arrived", 0)
    assert shop.house.balance("charity:shan", "receivable", "wechat") == 0


def test_what_cannot_be_delivered_is_said_and_owed_until_it_is_paid_by_hand(shop: Shop) -> None:
    deed = shop.pay(2_000)
    shop.world.turn("refunds", outcome="abnormal", seconds=0)
    case = decided(deed, 2_000)
    assert shop.state(case) == "booked"
    shop.later()
    assert (shop.state(case), shop.owed()) == ("undelivered", 2_000)
    sent: dict[str, Any] = {"deed": deed, "amount": 2_000, "reference": "bank transfer 1"}
    assert shop.house.instruct("refund-sent", **sent)[0] == "done"
    assert (shop.state(case), shop.owed()) == ("arrived", 0)


def test_a_chargeback_sends_nothing_to_the_rail(shop: Shop) -> None:
    case = open_dispute(
        deed=shop.pay(2_000), amount=2_000, reason="chargeback", reference="CB", due_at=DUE,
        actor=LI,
    )  # fmt: skip
    approve_refund(case.pk, LI)
    confirm_refund(case.pk, WANG)
    assert shop.state(case) == "arrived"
    shop.later()
    assert shop.house.web.execute("SELECT count(*) FROM jusha_sending").fetchone() == (0,)
    assert shop.owed() == 0


def test_a_stopped_campaign_comes_back_to_everybody_and_says_what_did_not(shop: Shop) -> None:
    for amount in (100, 250):
        shop.pay(amount)
    lost = shop.house.give(400, channel="wechat", campaign="rails")  # no order: no way back
    for code in (BOOKS, WATER):
        assert shop.house.instruct("close-project", code=code)[0] == "done"
    campaign = stopped(shop.house.web, "rails", at=NOW)
    with Settling(shop.house):
        run = send_back(shop.house.web, campaign, **PEOPLE)
    assert (run.codes, run.amount) == ({"done": 3}, 750)
    shop.later()
    (told,) = sums(shop.house.web, campaign)
    assert (told.repaid, told.owed, told.failed) == (350, 400, 400)
    assert shop.house.entries()[lost]["amt"] == 400
