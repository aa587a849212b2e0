"""The way of a deed through settlement: gifts, matches, suspense, repeats, refunds."""

from typing import Any

import psycopg
import pytest

from jusha.config.postgres import database_url
from jusha.inbox.envelopes import NO_PERSON, Instruction
from jusha.settlement.fence import AlreadySettlingError, FencedOffError, take_over
from tests.cast import ALICE, BOB, BOOKS, WATER, House, ratio
from tests.home import HOME


def test_a_gift_is_booked_matched_and_written_into_the_log(house: House) -> None:
    house.furnish()
    number = house.give(2_000)
    leaf = house.entries()[number]
    assert leaf["k"] == "don"
    assert leaf["amt"] == 2_000
    assert leaf["m"] == [{"amt": 2_000, "by": "rule", "pool": "tree", "r": "R1.1"}]
    assert house.balance("charity:shan", "fund", BOOKS) == 2_000
    assert house.balance("charity:shan", "receivable", "partner") == 2_000
    assert house.balance("pool:tree", "promised", BOOKS) == 2_000
    assert house.balance("pool:tree", "available", "tree") == 10**8 - 2_000
    house.check()


def test_a_repeat_changes_nothing_even_in_the_same_batch(house: House) -> None:
    house.furnish()
    deed = house.deed(500)
    house.send(deed, deed)
    house.settle()
    before = len(house.entries())
    house.send(deed)
    house.settle()
    assert len(house.entries()) == before
    assert house.balance("charity:shan", "fund", BOOKS) == 500
    house.check()


def test_the_same_id_with_another_body_opens_a_case_and_books_nothing(house: House) -> None:
    house.furnish()
    house.send(house.deed(500, external="x"), house.deed(900, external="x"))
    house.settle()
    rows = house.web.execute("SELECT reason, detail FROM giving_case").fetchall()
    assert rows == [("same-id-other-body", {"amount": 900})]
    assert house.balance("charity:shan", "fund", BOOKS) == 500
    house.check()


def test_a_person_gets_no_more_than_the_day_cap_over_all_projects(house: House) -> None:
    house.furnish(rule=ratio(person_day_max=1_000))
    house.send(
        house.deed(800, BOOKS), house.deed(700, WATER), house.deed(700, WATER, BOB),
        house.deed(100, BOOKS),
    )  # fmt: skip
    house.settle()
    matches = [entry["m"][0] for entry in house.entries() if entry["k"] == "don"]
    assert [(m["amt"], m["by"]) for m in matches] == [
        (800, "rule"), (200, "person-day"), (700, "rule"), (0, "person-day"),
    ]  # fmt: skip
    house.check()


def test_a_pool_that_runs_dry_gives_its_last_fen_and_then_nothing(house: House) -> None:
    house.furnish(pool=1_500)
    for amount in (1_000, 1_000, 1_000):
        house.give(amount)
    matches = [entry["m"][0] for entry in house.entries() if entry["k"] == "don"]
    assert [(m["amt"], m["by"]) for m in matches] == [(1_000, "rule"), (500, "pool"), (0, "pool")]
    assert house.balance("pool:tree", "available", "tree") == 0
    house.check()


def test_a_daily_window_gives_its_budget_and_the_next_day_opens_anew(house: House) -> None:
    house.furnish(rule=ratio(budget=1_200), channel={"clock": "file"})
    first, second = 1_757_379_600, 1_757_379_600 + 86_400
    house.give(1_000, paid_at=first)
    house.give(1_000, paid_at=first + 60)
    house.give(1_000, paid_at=second)
    matches = [entry["m"][0] for entry in house.entries() if entry["k"] == "don"]
    assert [(m["amt"], m["by"]) for m in matches] == [
        (1_000, "rule"), (200, "window"), (1_000, "rule"),
    ]  # fmt: skip
    house.check()


def test_a_gift_without_a_person_gets_what_the_rule_says(house: House) -> None:
    house.furnish(rule=ratio(anonymous="none"))
    first = house.give(1_000, person=NO_PERSON)
    assert house.entries()[first]["m"][0]["by"] == "no-person"
    assert "tag" not in house.entries()[first]
    house.check()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"order": 1}, "unknown-order"),
        ({"project": "nowhere"}, "unknown-project"),
        ({"payee": "other"}, "wrong-payee"),
        ({"asset": "HKD"}, "asset-not-admitted"),
    ],
)
def test_authentic_money_that_does_not_agree_is_held_with_a_case(
    house: House, wrong: dict[str, Any], reason: str
) -> None:
    house.furnish()
    house.send(house.deed(700, **wrong))
    house.settle()
    entry = house.entries()[-1]
    assert (entry["k"], entry["why"]) == ("held", reason)
    asset = 3 if "asset" in wrong else 1
    assert house.balance("channel:partner", "suspense", "partner", asset) == 700
    assert house.web.execute("SELECT reason FROM giving_case").fetchall() == [(reason,)]
    house.check()


def test_an_order_is_paid_once_and_a_second_payment_is_held(house: House) -> None:
    house.furnish()
    order = house.order(3_000)
    house.send(order, lane="web")
    house.send(house.deed(3_000, "", order=order.no), house.deed(3_000, "", order=order.no))
    house.settle()
    paid, held = house.entries()[-2:]
    assert (paid["k"], paid["cm"]) == ("don", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert (held["k"], held["why"]) == ("held", "order-paid")
    house.check()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"amount": 2_999}, "wrong-amount"), ({"asset": "USD"}, "wrong-asset")],
)
def test_a_payment_unlike_its_order_is_held(
    house: House, wrong: dict[str, Any], reason: str
) -> None:
    house.furnish()
    order = house.order(3_000)
    house.send(order, lane="web")
    payment: dict[str, Any] = {"amount": 3_000, "project": "", "order": order.no} | wrong
    house.send(house.deed(**payment))
    house.settle()
    assert house.entries()[-1]["why"] == reason
    house.check()


def test_a_refund_returns_the_match_and_voids_both_lines(house: House) -> None:
    house.furnish()
    number = house.give(1_000)
    after = house.give(1_000, person=BOB)
    assert house.instruct("refund", deed=number, amount=333, reason="asked")[0] == "done"
    assert house.instruct("refund", deed=number, amount=667, reason="asked")[0] == "done"
    assert house.instruct("refund", deed=number, amount=1, reason="asked")[0] == (
        "more-than-is-left"
    )
    assert house.balance("pool:tree", "returned", "tree") == 1_000
    assert house.balance("charity:shan", "refundable", "partner") == 1_000
    assert house.balance("charity:shan", "fund", BOOKS) == 1_000
    voids = house.web.execute(
        "SELECT line, min(start), sum(length) FROM projects_void GROUP BY line ORDER BY line"
    ).fetchall()
    assert voids == [(1, 0, 920), (2, 0, 80)]
    kept = house.web.execute(
        "SELECT programme_at, running_at FROM giving_deed WHERE number = %s", (after,)
    ).fetchone()
    assert kept == (920, 80)
    house.check()


def test_a_refund_needs_two_persons(house: House) -> None:
    house.furnish()
    number = house.give(1_000)
    assert house.instruct("refund", second="li", deed=number, amount=1, reason="x")[0] == (
        "needs-two-persons"
    )


def test_what_a_rail_gave_back_is_owed_no_longer(house: House) -> None:
    house.furnish()
    number = house.give(1_000)
    told: dict[str, Any] = {"deed": number, "amount": 600, "reference": "50300"}
    assert house.instruct("refund-sent", **told)[0] == "more-than-is-owed"
    assert house.instruct("refund", deed=number, amount=900, reason="asked")[0] == "done"
    assert house.instruct("refund-sent", **told)[0] == "done"
    assert house.balance("charity:shan", "refundable", "partner") == 300
    assert house.balance("charity:shan", "receivable", "partner") == 400
    assert house.instruct("refund-sent", **told)[0] == "more-than-is-owed"
    assert house.entries()[-1] | {"n": 0, "t": ""} == {
        "k": "repaid",
        "amt": 600,
        "cur": "CNY",
        "ref": number,
        "n": 0,
        "t": "",
        "v": 1,
    }
    house.check()


def test_held_money_that_went_back_leaves_its_channels_book(house: House) -> None:
    house.furnish()
    house.send(house.deed(700, "nowhere"))
    house.settle()
    held = house.entries()[-1]["n"]
    book = "channel:partner"
    assert house.instruct("refund", deed=held, amount=700, reason="unknown project")[0] == "done"
    assert house.balance(book, "suspense-refundable", "partner") == 700
    assert house.instruct("refund-sent", deed=held, amount=700, reference="r")[0] == "done"
    assert house.balance(book, "suspense-refundable", "partner") == 0
    assert house.balance(book, "unidentified", "partner") == 0
    house.check()


def test_a_refund_and_its_delivery_may_stand_in_one_batch(house: House) -> None:
    house.furnish()
    number = house.give(1_000)
    refund = {"deed": number, "amount": 400, "reason": "asked"}
    sent = {"deed": number, "amount": 400, "reference": "r"}
    house.send(
        Instruction(bytes(15) + b"1", "refund", "li", "wang", refund),
        Instruction(bytes(15) + b"2", "refund-sent", "rail", "", sent),
        Instruction(bytes(15) + b"3", "refund-sent", "rail", "", sent),
    )
    house.settle()
    assert [entry["k"] for entry in house.entries()[-2:]] == ["refund", "repaid"]
    house.check()


@pytest.mark.parametrize("reference", ["", "x" * 65, "a\0b", 7, None])
def test_a_delivery_without_a_name_changes_nothing(house: House, reference: object) -> None:
    house.furnish()
    number = house.give(1_000)
    assert house.instruct("refund", deed=number, amount=400, reason="asked")[0] == "done"
    told: dict[str, Any] = {"deed": number, "amount": 400, "reference": reference}
    assert house.instruct("refund-sent", **told)[0] == "bad-instruction"
    assert house.balance("charity:shan", "refundable", "partner") == 400
    house.check()


def test_an_envelope_that_cannot_be_settled_is_parked_and_the_rest_goes_on(house: House) -> None:
    house.furnish()
    house.send(
        house.deed(100), house.deed(200, channel="never-admitted"), house.deed(300, person=ALICE)
    )
    done = house.settle()
    assert done.stuck == 1
    assert house.balance("charity:shan", "fund", BOOKS) == 400
    assert house.web.execute("SELECT place FROM settlement_stuck").fetchall() == [(1,)]
    house.check()


def test_a_check_that_fires_parks_its_envelope_alone(house: House) -> None:
    house.furnish()
    house.settlement.world.pools["tree"].available.credits -= 10**8  # a world gone wrong
    house.settlement.world.pools["tree"].available.debits -= 10**8
    house.send(house.deed(100), house.deed(300, person=BOB))
    done = house.settle()
    assert done.stuck == 0  # the world was read anew after the CHECK fired
    assert house.balance("charity:shan", "fund", BOOKS) == 400
    house.check()


def test_a_second_settlement_is_fenced_off(house: House) -> None:
    house.furnish()
    with psycopg.connect(database_url("settle", HOME, house.database)) as second:
        with pytest.raises(AlreadySettlingError):
            take_over(second, holder="second")
        house.settle_connection.execute("SELECT pg_advisory_unlock_all()")
        house.settle_connection.commit()
        take_over(second, holder="second")
    house.send(house.deed(100))
    with pytest.raises(FencedOffError):
        house.settle()


def test_money_of_another_currency_is_held_and_never_enters_a_line_of_yuan(house: House) -> None:
    house.furnish()
    house.send(house.deed(4_000, asset="USD"))
    number = house.give(1_000)
    assert house.entries()[number - 1]["why"] == "asset-not-admitted"
    line = house.web.execute(
        "SELECT programme_at FROM giving_deed WHERE number = %s", (number,)
    ).fetchone()
    assert line == (0,)
    house.check()


@pytest.mark.parametrize(
    "other", [{"person": BOB}, {"campaign": ""}, {"amount": 301}, {"invite": 7}]
)
def test_an_order_number_is_one_order_in_everything_it_agreed(
    house: House, other: dict[str, Any]
) -> None:
    house.furnish()
    first = house.order(300, no=7, person=ALICE)
    house.send(first, first, lane="web")
    house.settle()
    assert house.web.execute("SELECT count(*) FROM payments_order").fetchone() == (1,)
    again: dict[str, Any] = {"amount": 300, "no": 7, "person": ALICE} | other
    house.send(house.order(**again), lane="web")
    house.settle()
    codes = house.web.execute("SELECT code FROM settlement_outcome WHERE code <> 'done'").fetchall()
    assert codes == [("order-number-taken",)]
    house.check()
