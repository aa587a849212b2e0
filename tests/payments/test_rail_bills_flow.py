"""The next day's bill from the sandbox gateway: three planted differences, found and named."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jusha.config.postgres import database_url
from jusha.giving.rail_bills_fetch import RailBills
from jusha.giving.rail_bills_order import order_day
from jusha.giving.rail_bills_rules import today
from jusha.giving.send_refunds import Refunds
from tests.cast import House
from tests.giving.rail_bill_files import differences
from tests.home import HOME
from tests.payments.conftest import KEYS, MERCHANT, attempts, hurry
from tests.payments.rails.wechat.oracle import at
from tests.payments.test_rails_flow import ordered
from tests.sandbox.wechat.world import World, open_world

LATER_S = 36 * 3600
"""From any hour of a day to after ten o'clock of the next."""


class Shop:
    """A house, the gateway, and the payments process's three workers."""

    def __init__(self, house: House, world: World, folder: Path) -> None:
        self.house, self.world, self.folder = house, world, folder
        self.work = attempts(at(world))
        self.refunds = Refunds({"wechat": at(world)}, merchants_key=KEYS.merchants)
        self.later_s = 0
        self.day = today(int(time.time()))
        self.bills = self.worker()

    def worker(self) -> RailBills:
        return RailBills(
            {"wechat": at(self.world)},
            KEYS,
            connect=self.connect,
            folder=self.folder,
            clock=self.now,
            look_s=0,
        )

    def connect(self) -> Any:
        url = database_url("web", HOME, self.house.database)
        return closing(psycopg.connect(url, autocommit=True))

    def now(self) -> float:
        return time.time() + self.later_s

    def pay(self, amount: int, *, is_told: bool = True) -> tuple[int, str]:
        """Order and pay; the deed's number and the rail's transaction. Untold: no deed yet."""
        order = ordered(self.house, amount)
        hurry(self.house, self.work)
        transaction = self.world.pay(order, sub=MERCHANT)
        if is_told:
            hurry(self.house, self.work)
        return self.house.settlement.world.next_number - 1, transaction

    def tomorrow(self) -> None:
        """Let the gateway and the bills' clock go on to the next morning."""
        self.world.turn("clock", advance=LATER_S)
        self.later_s += LATER_S
        self.work_off()

    def work_off(self) -> None:
        """Do all that is due, and what follows from it."""
        for _ in range(6):
            moved = self.bills.round(self.house.web)
            while len(self.bills.flights):
                moved += self.bills.round(self.house.web)
            self.house.settle()
            if not moved:
                return

    def open(self) -> list[tuple[Any, ...]]:
        """What waits of the day; before midnight a gift may stand in the next bill."""
        found = differences(self.house.web, self.day)
        return [(kind, cause.replace("cut-off", ""), *sums) for kind, cause, *sums in found]

    def answers(self) -> dict[str, tuple[str, int | None]]:
        rows = self.house.web.execute(
            "SELECT kind, answer, answer_amount FROM jusha_raildifference"
        ).fetchall()
        return {kind: (answer, amount) for kind, answer, amount in rows}

    def bill(self) -> Any:
        return self.house.web.execute(
            "SELECT state, lines, file_hash, told FROM jusha_railbill WHERE day = %s", (self.day,)
        ).fetchone()


@pytest.fixture
def shop(paid_house: House, tmp_path: Path) -> Iterator[Shop]:
    with open_world(tmp_path) as world:
        shop = Shop(paid_house, world, tmp_path / "bills")
        yield shop
        shop.bills.flights.finish()


def test_three_planted_differences_are_found_by_name_and_nothing_else(shop: Shop) -> None:
    paid = [shop.pay(amount) for amount in (1_000, 2_000, 3_000, 4_000)]
    for kind, (_, transaction) in zip(("missing", "amount", "extra"), paid, strict=False):
        shop.world.turn("bill", kind=kind, transaction_id=transaction, fen=2_500)
    shop.tomorrow()
    assert shop.open() == [
        ("amount-differs", "", 2_500, 2_000),
        ("only-here", "", None, 1_000),
        ("only-there", "", 3_000, None),
    ]
    assert shop.answers() == {
        "amount-differs": ("paid", 2_000),
        "only-here": ("paid", 1_000),
        "only-there": ("no-order", None),
    }
    state, lines, known, _ = shop.bill()
    assert (state, lines) == ("read", 4)
    shop.house.web.execute("UPDATE jusha_railbill SET next_at = now()")
    shop.work_off()
    assert shop.bill()[2] == known
    assert len(shop.open()) == 3


def test_a_payment_that_nobody_told_us_of_becomes_a_deed_by_itself(shop: Shop) -> None:
    shop.pay(1_500)
    before, _ = shop.pay(700, is_told=False)
    shop.house.web.execute("UPDATE jusha_attempt SET next_at = NULL")  # nobody asks about it
    shop.tomorrow()
    assert shop.house.settlement.world.next_number - 1 == before + 1
    entry = shop.house.entries()[-1]
    assert (entry["k"], entry["amt"], entry["ch"]) == ("don", 700, "wechat")
    assert shop.open() == [("only-there", "", 700, None)]
    shop.later_s += 60
    shop.work_off()
    assert shop.open() == []
    assert differences(shop.house.web, shop.day, "gone") == [("only-there", "", 700, None)]
    steps = shop.house.web.execute(
        "SELECT did, reason FROM jusha_raildifferencestep ORDER BY id"
    ).fetchall()
    assert steps == [("found", ""), ("recorded", "paid"), ("gone", "")]


def test_refunds_on_the_bill_agree_with_those_that_were_sent(shop: Shop) -> None:
    deed, _ = shop.pay(2_000)
    body: dict[str, Any] = {"deed": deed, "amount": 500, "reason": "asked"}
    assert shop.house.instruct("refund", **body)[0] == "done"
    hurry(shop.house, shop.refunds)
    shop.world.turn("clock", advance=60)
    shop.world.tell()
    hurry(shop.house, shop.refunds)
    shop.tomorrow()
    assert shop.bill()[:2] == ("read", 2)
    assert shop.open() == []


def test_a_day_without_a_bill_is_empty_and_is_asked_again(shop: Shop) -> None:
    shop.tomorrow()
    assert shop.bill()[:2] == ("empty", 0)
    rows = shop.house.web.execute("SELECT state, next_at FROM jusha_railbill").fetchall()
    assert len(rows) in {6, 7}, "from ten o'clock on yesterday's is among them"
    assert {state for state, _ in rows} == {"empty"}
    assert all(next_at for _, next_at in rows)


def test_a_rail_that_is_away_stops_nothing_and_is_tried_again(shop: Shop) -> None:
    shop.pay(1_000)
    shop.later_s = LATER_S  # here it is tomorrow, at the gateway today: it says "not yet"
    shop.work_off()
    state, _, _, told = shop.bill()
    assert state in {"asked", "unread"}
    assert told
    shop.world.turn("clock", advance=LATER_S)
    shop.house.web.execute("UPDATE jusha_railbill SET next_at = now() WHERE next_at > now()")
    shop.work_off()
    assert shop.bill()[0] == "read"
    assert shop.open() == []


def test_what_is_kept_of_a_bill_names_no_payer(shop: Shop) -> None:
    _, transaction = shop.pay(1_000)
    left = shop.folder / "left by a crash"
    left.write_text("oUpF")
    shop.bills.flights.finish()
    shop.bills = shop.worker()
    shop.tomorrow()
    assert list(shop.folder.iterdir()) == []
    (text,) = shop.house.web.execute(
        "SELECT string_agg(l::text, ' ') FROM giving_rail_line l"
    ).fetchone() or ("",)
    assert str(MERCHANT) not in text
    assert transaction not in text
    assert "善款" not in text
    assert "oUpF" not in text


def test_an_account_that_cannot_be_opened_waits_and_the_process_goes_on(
    shop: Shop, owner: psycopg.Connection
) -> None:
    shop.pay(1_000)
    _, transaction = shop.pay(2_000)
    shop.world.turn("bill", kind="missing", transaction_id=transaction)
    owner.execute("UPDATE jusha_merchant SET sealed_token = decode('00', 'hex')")
    shop.tomorrow()
    assert [(kind, *sums) for kind, _, *sums in shop.open()] == [("only-here", None, 2_000)]
    assert shop.answers() == {"only-here": ("", None)}
    owner.execute("UPDATE jusha_merchant SET sealed_token = ''")
    shop.later_s += 7_200
    shop.work_off()
    assert shop.answers() == {"only-here": ("paid", 2_000)}


def test_a_bill_that_was_fetched_before_its_day_was_over_is_fetched_again(shop: Shop) -> None:
    shop.pay(1_000)
    shop.world.turn("clock", advance=LATER_S)  # at the gateway it is tomorrow, here it is not
    now = datetime.now(UTC).replace(microsecond=0)  # the worker's clock counts whole seconds
    order_day(shop.house.web, shop.day, now=now)
    shop.work_off()
    assert shop.bill()[:2] == ("read", 1)
    assert shop.open() == []
    shop.later_s = LATER_S
    shop.bills = shop.worker()
    shop.house.web.execute("UPDATE jusha_railbill SET told = 'before' WHERE day = %s", (shop.day,))
    shop.work_off()
    assert shop.bill()[:2] == ("read", 1)
    assert shop.bill()[3] == "", "it was asked for once more"
    assert shop.open() == []
