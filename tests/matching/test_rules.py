"""A match is the smallest bound, named by the first that small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.matching.rules import (
    BOUNDS,
    BY,
    BY_NUMBER,
    NOT_MATCHED,
    UNBOUNDED,
    DayWindow,
    Room,
    RuleTerms,
    check_terms,
    match_gift,
)

ROOM = st.integers(0, 3_000) | st.just(UNBOUNDED)


def terms(**more: object) -> RuleTerms:
    fields: dict[str, object] = {
        "kind": "ratio",
        "numerator": 1,
        "denominator": 1,
        "window": DayWindow(0, 1440, 10**9),
    }
    return RuleTerms(**(fields | more))  # type: ignore[arg-type]


@given(
    amount=st.integers(100, 5_000),
    numerator=st.integers(1, 5),
    denominator=st.integers(1, 5),
    gift_max=st.integers(0, 3_000),
    room=st.builds(Room, ROOM, ROOM, ROOM, ROOM),
)
def test_a_match_equals_the_smallest_bound_of_a_slow_oracle(
    amount: int, numerator: int, denominator: int, gift_max: int, room: Room
) -> None:
    rule = terms(numerator=numerator, denominator=denominator, gift_max=gift_max)
    bounds = {
        "rule": amount * numerator // denominator,
        "gift": gift_max or UNBOUNDED,
        "person-day": room.person_day,
        "channel": room.channel,
        "window": room.window,
        "pool": room.pool,
    }
    smallest = min(bounds.values())
    wanted = (smallest, next(name for name in BOUNDS if bounds[name] == smallest))
    assert match_gift(rule, amount, 0, room, has_person=True) == wanted


@pytest.mark.parametrize(
    ("more", "amount", "minute", "has_person", "by"),
    [
        ({"window": DayWindow(540, 1440, 1)}, 500, 539, True, "outside-window"),
        ({}, 99, 0, True, "too-small"),
        ({}, 500, 0, False, "no-person"),
    ],
)
def test_a_gift_outside_the_rule_gets_nothing_and_its_reason(
    more: dict[str, object], amount: int, minute: int, *, has_person: bool, by: str
) -> None:
    room = Room(UNBOUNDED, UNBOUNDED, UNBOUNDED, UNBOUNDED)
    assert match_gift(terms(**more), amount, minute, room, has_person=has_person) == (0, by)


def test_room_that_a_new_version_took_away_gives_nothing_rather_than_less() -> None:
    room = Room(-5, UNBOUNDED, UNBOUNDED, UNBOUNDED)
    assert match_gift(terms(), 500, 0, room, has_person=True) == (0, "person-day")


@pytest.mark.parametrize(
    "more",
    [
        {"numerator": 0},
        {"denominator": -1},
        {"window": DayWindow(10, 10, 1)},
        {"window": DayWindow(0, 1441, 1)},
        {"gift_max": -1},
    ],
)
def test_terms_that_mean_nothing_are_named(more: dict[str, object]) -> None:
    assert check_terms(terms()) == ""
    assert check_terms(terms(**more))


def test_reasons_have_stable_numbers() -> None:
    assert BY == BOUNDS + NOT_MATCHED
    assert BY_NUMBER == {
        "rule": 0,
        "gift": 1,
        "person-day": 2,
        "channel": 3,
        "window": 4,
        "pool": 5,
        "closed": 6,
        "not-admitted": 7,
        "outside-window": 8,
        "too-small": 9,
        "no-person": 10,
    }
