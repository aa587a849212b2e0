"""The match of one gift is held, let go or taken back; no pool releases past a hold."""

import pytest

from jusha.settlement.load import load_world
from tests.cast import BOB, BOOKS, CAROL, WATER, House, ratio
from tests.settlement.test_kinds import at, later, past


def over(house: House) -> None:
    """Let the notice run and close the pool."""
    assert house.instruct("begin-notice", pool="grove")[0] == "done"
    later(house, minutes=1)
    assert house.instruct("close-pool", pool="grove")[0] == "done"


def test_a_held_match_stops_the_release_of_its_project_alone(house: House) -> None:
    past(house, ratio(budget=1_000), notice_days=0)
    first = at(house, 400)
    at(house, 300, BOB, project=WATER)
    assert house.instruct("hold-match", second="", deed=first, reason="rapid.1")[0] == "done"
    assert house.instruct("hold-match", deed=first, reason="again")[0] == "nothing-to-change"
    over(house)
    assert house.instruct("release", pool="grove", project=BOOKS)[0] == "match-under-review"
    assert house.instruct("release", pool="grove", project=WATER)[0] == "done"
    assert house.instruct("let-match", second="", deed=first, reason="looked into")[0] == "done"
    assert house.instruct("let-match", deed=first, reason="again")[0] == "nothing-to-change"
    assert house.instruct("release", pool="grove", project=BOOKS)[0] == "done"
    told = [(e["ref"], e["st"]) for e in house.entries() if e["k"] == "review"]
    assert told == [(first, "open"), (first, "let")]
    house.check()


def test_a_claw_back_ends_the_hold_and_takes_the_match_out_of_the_release(house: House) -> None:
    past(house, ratio(budget=1_000), notice_days=0)
    bad = at(house, 400)
    at(house, 100, BOB)
    house.instruct("hold-match", deed=bad, reason="rapid.1")
    over(house)
    assert house.instruct("claw-back", deed=bad, reason="bought")[0] == "done"
    assert house.instruct("hold-match", deed=bad, reason="late")[0] == "nothing-to-change"
    assert house.instruct("let-match", deed=bad, reason="late")[0] == "nothing-to-change"
    assert house.instruct("release", pool="grove", project=BOOKS)[0] == "done"
    assert [e["amt"] for e in house.entries() if e["k"] == "release"] == [100]
    house.check()


def test_holds_are_known_again_after_a_restart(house: House) -> None:
    house.furnish()
    first, second = house.give(400), house.give(400, person=CAROL)
    house.instruct("hold-match", deed=first, reason="rapid.1")
    house.instruct("hold-match", deed=second, reason="rapid.1")
    house.instruct("let-match", deed=second, reason="looked into")
    again = load_world(house.settle_connection)
    assert again.reviews == house.settlement.world.reviews
    assert [deeds for deeds in again.reviews.values() if deeds] == [{first}]
    house.check()


@pytest.mark.parametrize("kind", ["hold-match", "let-match"])
def test_what_is_no_gift_has_no_match_to_hold(house: House, kind: str) -> None:
    house.furnish()
    assert house.instruct(kind, deed=0, reason="x")[0] == "unknown-deed"
    assert house.instruct(kind, deed=house.give(100), reason="")[0] == "bad-instruction"
