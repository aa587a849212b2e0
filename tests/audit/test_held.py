"""The audit says itself why money is held, that a gift could be booked, and where draws stand."""

from functools import partial
from typing import Any
from unittest import mock

import pytest

from jusha.settlement import decide
from jusha.settlement.audit_short import Short
from tests.audit.forge import Forger, rewrite_leaf, told, wrong
from tests.audit.week import HOUR, OPENS, Week, prepare
from tests.cast import BOB, BOOKS, WATER, House

REASONS = (
    "order-paid", "unknown-order", "wrong-amount", "wrong-asset", "wrong-project",
    "unknown-project", "project-gone", "wrong-payee", "asset-not-admitted",
    "project-not-admitted", "over-gift-limit", "over-minute-limit", "over-day-limit",
)  # fmt: skip
NARROW: dict[str, Any] = {
    "projects": [BOOKS], "gift_max": 900, "minute_max": 1_000, "day_max": 1_200,
}  # fmt: skip


def hold_for_every_reason(house: House) -> dict[str, int]:
    """Send deeds that are held, each for another reason, between gifts; {reason: its entry}."""
    house.furnish()
    for code, more in (("narrow", NARROW), ("yuan", {"day_max": 1_000})):
        rights = {"assets": ["CNY"], "clock": "receipt"} | more
        assert house.instruct("admit-channel", code=code, terms=rights)[0] == "done"
    orders = [house.order(500) for _ in range(5)]
    later = house.order(700)
    house.send(*orders, lane="web")
    house.give(500, "", order=orders[0].no)
    first = house.settlement.world.next_number
    house.send(house.deed(100, WATER, channel="narrow"))
    house.settle()
    assert house.instruct("close-project", code=WATER)[0] == "done"
    house.send(
        house.deed(500, "", order=orders[0].no),
        house.deed(700, "", order=later.no),
        house.deed(501, "", order=orders[1].no),
        house.deed(500, "", order=orders[2].no, asset="USD"),
        house.deed(500, WATER, order=orders[3].no),
        house.deed(100, "nowhere"),
        house.deed(100, WATER),
        house.deed(100, payee="he"),
        house.deed(100, asset="USD", channel="narrow"),
        house.deed(901, channel="narrow"),
        house.deed(900, BOOKS, BOB, channel="narrow"),
        house.deed(101, channel="narrow"),
        house.deed(100, channel="narrow"),
        house.deed(400, channel="yuan"),
        house.deed(600, channel="yuan"),
        house.deed(1, channel="yuan"),
    )
    house.settle()
    house.send(later, lane="web")
    house.give(700, "", order=later.no)
    return {e["why"]: e["n"] for e in house.entries()[first:] if e["k"] == "held"}


@pytest.fixture
def held(house: House) -> dict[str, int]:
    return hold_for_every_reason(house)


def test_every_reason_to_hold_money_is_found_again(house: House, held: dict[str, int]) -> None:
    assert held.keys() == {*REASONS}
    assert wrong(house) == []


def test_a_false_reason_is_named(house: House, held: dict[str, int], forger: Forger) -> None:
    reasons = dict(zip(held, [*list(held)[1:], next(iter(held))], strict=True))
    for reason, number in held.items():
        rewrite_leaf(forger, number, partial(_blame, reasons[reason]))
    found = {(f.where, f.expected, f.found) for f in wrong(house) if f.what == "held why"}
    assert found == {(f"entry {held[r]}", r, reasons[r]) for r in held}


def _blame(why: str, leaf: dict[str, Any]) -> None:
    leaf["why"] = why


def test_an_order_that_was_refused_first_is_unknown_until_it_is_taken(house: House) -> None:
    house.furnish()
    order = house.order(500, "late-project")
    house.send(order, lane="web")
    held = house.give(500, "", order=order.no)
    body: dict[str, Any] = {"code": "late-project", "charity": "shan", "running_permille": 0}
    assert house.instruct("open-project", **body)[0] == "done"
    house.send(order, lane="web")
    house.give(500, "", order=order.no)
    assert house.entries()[held]["why"] == "unknown-order"
    assert wrong(house) == []


@pytest.mark.parametrize("limit", ["gift", "minute", "day"])
def test_a_gift_beyond_the_rights_of_its_channel_is_named(
    house: House, forger: Forger, limit: str
) -> None:
    house.furnish()
    number = house.give(500)
    forger.execute(
        "UPDATE payments_channel SET terms = terms || jsonb_build_object(%s::text, 499)",
        (f"{limit}_max",),
    )
    found = wrong(house)
    assert f"settlement: gift in spite of: over-{limit}-limit" in told(found)
    assert house.entries()[number]["k"] == "don"


def test_a_gift_to_a_project_that_was_closed_is_named(house: House, forger: Forger) -> None:
    house.furnish()
    with mock.patch.object(decide, "disagreement", return_value=""):
        assert house.instruct("close-project", code=WATER)[0] == "done"
        house.give(300, WATER)
    assert told(wrong(house)) == {"settlement: gift in spite of: project-gone"}


def test_plain_gifts_go_the_short_way_through_the_audit(house: House) -> None:
    house.furnish()
    house.send(*(house.deed(100 + n, (BOOKS, WATER)[n % 2]) for n in range(40)))
    house.settle()
    results: list[object] = []
    check = Short.check

    def watched(short: Short, *envelope: Any) -> object:
        results.append(check(short, *envelope))
        return results[-1]

    with mock.patch.object(Short, "check", watched):
        house.check()
    assert results == [[]] * 40


def test_a_second_digest_of_one_row_is_an_entry_that_nothing_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    week, write = Week(house), decide.write_digest
    prepare(week)

    def write_each(world: Any, changes: Any, place: Any) -> None:
        world.drawn = (-1, -1)
        write(world, changes, place)

    monkeypatch.setattr(decide, "write_digest", write_each)
    at = OPENS + HOUR
    week.send(at, *(week.deed(at, 300 + n, BOOKS, BOB) for n in range(2)))
    draws = [e["n"] for e in house.entries() if e["k"] == "draw"]
    assert len(draws) == 2
    found = [f for f in wrong(house) if f.what == "entry that nothing asked for"]
    assert [f.where for f in found] == [f"entry {draws[1]}"]


def test_a_gift_that_stands_twice_in_the_replay_guard_is_named(
    house: House, forger: Forger
) -> None:
    house.furnish()
    number = house.give(500)
    forger.execute("ALTER TABLE giving_seen DROP CONSTRAINT IF EXISTS giving_seen_number_key")
    forger.execute(
        "INSERT INTO giving_seen (key, body, number) SELECT gen_random_uuid(), body, number"
        " FROM giving_seen WHERE number = %s", (number,),
    )  # fmt: skip
    assert "settlement: replay guard" in told(wrong(house))
