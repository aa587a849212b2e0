"""A stopped campaign goes back whole, once, whatever interrupts it; what cannot go back is said."""

import threading
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import django.db
import psycopg
import pytest
from django.core.management import CommandError, call_command

from jusha.config.postgres import database_url
from jusha.giving import refund_before, refund_campaign
from jusha.giving.models import RefundRun
from jusha.giving.refund_campaign import NotSettledError, RunRefusedError, send_back, stopped, sums
from tests.cast import BOB, BOOKS, WATER, House
from tests.giving.test_refund_cases import asked, decided, followed
from tests.home import HOME

NOW = datetime.now(UTC)
PEOPLE: dict[str, Any] = {"by": "li", "second": "wang"}
DECIDED = ("--by", "li", "--second", "wang", "--reason", "stopped by the bureau")


@pytest.fixture
def day(desk_house: House) -> House:
    """Five gifts of the day, one of them partly refunded before, and one outside the day."""
    house = desk_house
    for amount in (100, 200, 300):
        house.give(amount)
    house.give(400, WATER, BOB)
    partly = house.give(500)
    house.give(700, campaign="")
    assert house.instruct("refund", deed=partly, amount=120, reason="before")[0] == "done"
    return house


def close(house: House) -> int:
    """Close the day's projects; return the campaign's id."""
    for code in (BOOKS, WATER):
        assert house.instruct("close-project", code=code)[0] == "done"
    return stopped(house.web, "day", at=NOW)


class Settling:
    """Settles in a thread of its own for as long as it is asked to, as the process does."""

    def __init__(self, house: House) -> None:
        self.house, self.stop = house, threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        while not self.stop.is_set():
            self.house.settle()
            self.stop.wait(0.01)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def refunds(house: House) -> list[tuple[int, int]]:
    return [(e["ref"], e["amt"]) for e in house.entries() if e["k"] == "refund"]


def told(*args: str) -> str:
    out = StringIO()
    call_command("refund", "campaign", "day", *args, stdout=out)
    return out.getvalue()


def test_a_campaign_that_still_takes_gifts_is_not_sent_back(day: House) -> None:
    with pytest.raises(RunRefusedError, match="2 projects"):
        stopped(day.web, "day", at=NOW)
    with pytest.raises(RunRefusedError, match="no campaign"):
        stopped(day.web, "nowhere", at=NOW)
    assert stopped(day.web, "day", at=datetime(2100, 1, 1, tzinfo=UTC)), "its time is over"


def test_everything_that_is_left_goes_back_and_a_repeat_sends_nothing(
    day: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refund_campaign, "ROW_REFUNDS_MAX", 2)
    campaign = close(day)
    with Settling(day):
        run = send_back(day.web, campaign, **PEOPLE)
        again = send_back(day.web, campaign, **PEOPLE)
    assert (run.codes, run.amount) == ({"done": 5}, 1_380)
    assert (again.codes, again.amount) == ({}, 0)
    assert sorted(amount for _, amount in refunds(day)) == [100, 120, 200, 300, 380, 400]
    (channel,) = sums(day.web, campaign)
    assert (channel.given, channel.refunded, channel.owed) == (1_500, 1_500, 1_500)
    assert day.balance("pool:tree", "promised", BOOKS) == 0, "the match went home with it"
    assert day.balance("charity:shan", "fund", BOOKS) == 700, "the other gift stays"
    day.check()


def test_a_run_that_was_cut_off_goes_on_where_it_was(
    day: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refund_campaign, "ROW_REFUNDS_MAX", 2)
    campaign = close(day)
    with pytest.raises(NotSettledError, match="2 of 2"):
        send_back(day.web, campaign, **PEOPLE, wait_seconds=0)
    with pytest.raises(NotSettledError):  # settlement has not even seen the first row
        send_back(day.web, campaign, **PEOPLE, wait_seconds=0)
    with Settling(day):
        send_back(day.web, campaign, **PEOPLE)
    assert len(refunds(day)) == 6, "five, and the one before"
    assert sum(amount for _, amount in refunds(day)) == 1_500
    day.check()


def test_two_runs_at_once_send_each_gift_back_once(day: House) -> None:
    campaign = close(day)

    def run(connection: psycopg.Connection[Any]) -> None:
        send_back(connection, campaign, **PEOPLE)
        django.db.connection.close()  # this thread's own

    way = database_url("web", HOME, day.database)
    connections = [psycopg.connect(way, autocommit=True) for _ in range(2)]
    with Settling(day):
        threads = [threading.Thread(target=run, args=(each,)) for each in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for each in connections:
        each.close()
    assert len(refunds(day)) == 6
    day.check()


def test_a_case_that_waits_gives_way_and_one_that_was_confirmed_is_counted(day: House) -> None:
    gifts = [e["n"] for e in day.entries() if e["k"] == "don"]
    waits = asked(gifts[0], 100)
    decided_case = decided(gifts[1], 50)
    campaign = close(day)
    with Settling(day):
        send_back(day.web, campaign, **PEOPLE)
    assert followed(day, waits) == "overtaken"
    assert followed(day, decided_case) == "booked"
    assert sum(amount for ref, amount in refunds(day) if ref == gifts[1]) == 200
    day.check()


def test_gifts_whose_receipt_stands_wait_and_the_others_go(
    day: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(e["n"] for e in day.entries() if e["k"] == "don")
    monkeypatch.setattr(refund_before, "BEFORE_BOOKING", (lambda _planned: {first},))
    campaign = close(day)
    with Settling(day):
        run = send_back(day.web, campaign, **PEOPLE)
    assert run.codes == {"done": 4, "receipt-stands": 1}
    assert first not in {ref for ref, _ in refunds(day)}


def test_the_command_tells_before_it_acts_and_says_what_no_rail_sends(day: House) -> None:
    close(day)
    assert "left to refund 13.80" in told()
    assert refunds(day)[-1][1] == 120, "telling sends nothing"
    assert not RefundRun.objects.exists()
    with Settling(day):
        said = told(*DECIDED, "--residue-to", "shan")
    assert "booked 已记账: 5 refunds" in said
    assert "partner CNY: 5 gifts; given 15.00; left to refund 0.00" in said
    assert "owed 15.00" in said
    assert "NO RAIL sends this back by itself" in said
    assert "goes to shan (decided by li and wang)" in said
    assert "goes to shan" in told()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--by", "li", "--reason", "x"),
        ("--by", "li", "--second", "li", "--reason", "x"),
        ("--by", "li", "--second", "wang"),
        ("--by", "li", "--second", "wang", "--reason", "x" * 201),
        (*DECIDED, "--residue-to", "nowhere"),
    ],
)
def test_a_run_without_two_persons_a_reason_or_a_known_charity_sends_nothing(
    day: House, wrong: tuple[str, ...]
) -> None:
    close(day)
    with pytest.raises(CommandError, match="nothing was sent"):
        told(*wrong)
    assert len(refunds(day)) == 1
    assert not RefundRun.objects.exists()


def test_beside_another_platform_the_bills_tell_what_goes_back(day: House, settings: Any) -> None:
    close(day)
    settings.JUSHA_MODE = "beside"
    with pytest.raises(CommandError, match="the charity's bills"):
        told(*DECIDED)
    assert len(refunds(day)) == 1


def test_runs_cannot_be_changed_afterwards(day: House, owner: psycopg.Connection[Any]) -> None:
    close(day)
    with Settling(day):
        told(*DECIDED)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        owner.execute("UPDATE jusha_refundrun SET residue_to = 'other'")
