"""A match is the smallest bound, named by the first that small; terms without sense are named."""

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.matching.kinds import Kind
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.coupon import Coupon
from jusha.matching.kinds.flat import Flat
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.kinds.one_one_x import OneOneX
from jusha.matching.kinds.quadratic import Quadratic
from jusha.matching.kinds.random_range import RandomRange
from jusha.matching.kinds.ratio import Ratio
from jusha.matching.rules import (
    BOUNDS,
    BY,
    BY_NUMBER,
    MONEY_BOUNDS,
    NOT_MATCHED,
    UNBOUNDED,
    Caps,
    Room,
    RuleTerms,
    Surprise,
    Window,
    check_terms,
    document,
    draws,
    leans_on,
    match_gift,
    slice_room,
    slice_start,
    terms_hash,
)
from tests.matching import oracles

FREE = Room()
ONE_TO_ONE = Ratio(1, 1)
HASH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
ROOMS = st.integers(-200, 3_000) | st.just(UNBOUNDED)
DECIDED = st.sampled_from(["at-once", "slice", "close"])


def terms(gives: Kind = ONE_TO_ONE, **more: Any) -> RuleTerms:
    window = more.pop("window", {"budget": 10**9})
    caps = Caps(**more.pop("caps", {}))
    return RuleTerms(gives=gives, window=Window(**window), caps=caps, **more)


def decide(rule: RuleTerms, amount: int, room: Room = FREE, **more: Any) -> tuple[int, str]:
    ask = Ask(amount, more.pop("given", {}), more.pop("filled", 0))
    minute, has_person = more.pop("minute", 0), more.pop("has_person", True)
    return match_gift(rule, ask, minute, room, has_person=has_person, **more)


@given(
    amount=st.integers(100, 5_000),
    numerator=st.integers(1, 5),
    denominator=st.integers(1, 5),
    gift_cap=st.integers(0, 3_000),
    room=st.builds(Room, ROOMS, ROOMS, ROOMS, ROOMS, ROOMS, ROOMS, ROOMS, ROOMS),
    decided=DECIDED,
    exhaustion=st.sampled_from(["partial", "whole"]),
)
def test_a_match_is_the_smallest_bound_of_a_slow_oracle(
    amount: int,
    numerator: int,
    denominator: int,
    gift_cap: int,
    room: Room,
    decided: Any,
    exhaustion: Any,
) -> None:
    rule = terms(
        Ratio(numerator, denominator),
        caps={"gift": gift_cap},
        decided=decided,
        exhaustion=exhaustion,
    )
    fields = msgspec.structs.asdict(room)
    bounds = {name.replace("_", "-"): left for name, left in fields.items()}
    if gift_cap:
        bounds["gift"] = gift_cap
    wanted = oracles.smallest_bound(
        oracles.ratio(amount, numerator, denominator),
        bounds,
        all_or_nothing=exhaustion == "whole",
        decides_money=decided == "at-once",
    )
    assert decide(rule, amount, room) == wanted


@given(amount=st.integers(0, 300), minute=st.integers(0, 1439), has_person=st.booleans(),
       begins=st.integers(0, 1438), lasts=st.integers(1, 1440), hindered=st.sampled_from(
           ["", "refunded", "no-seed", "slice-closed"]))  # fmt: skip
def test_why_a_gift_is_not_matched_is_the_first_reason_that_holds(
    amount: int, minute: int, *, has_person: bool, begins: int, lasts: int, hindered: str
) -> None:
    ends = min(begins + lasts, 1440)
    rule = terms(window={"budget": 10**9, "from_minute": begins, "to_minute": ends}, gift_min=100)
    holds = {
        "outside-window": minute < begins or minute >= ends,
        "too-small": amount < 100,
        "no-person": not has_person,
        hindered: bool(hindered),
    }
    reason = next((each for each in NOT_MATCHED if holds.get(each)), "")
    wanted = (0, reason) if reason else (amount, "rule")
    more: Any = {"minute": minute, "has_person": has_person, "hindered": hindered}
    assert decide(rule, amount, **more) == wanted


def test_bounds_and_reasons_stand_in_their_published_order() -> None:
    assert BOUNDS == oracles.BOUNDS_IN_ORDER
    assert set(oracles.MONEY) == MONEY_BOUNDS
    assert NOT_MATCHED == (
        "closed", "not-admitted", "frozen", "outside-window", "too-small", "no-person",
        "refunded", "not-reconciled", "no-seed", "revealed", "coupon-used", "slice-closed",
    )  # fmt: skip
    assert set(BY) == {*BOUNDS, *NOT_MATCHED, "share"}
    assert len(BY) == len(set(BY))


def test_reasons_have_stable_numbers() -> None:
    assert BY_NUMBER == {
        "rule": 0, "gift": 1, "person-day": 2, "channel": 3, "window": 4, "pool": 5,
        "closed": 6, "not-admitted": 7, "outside-window": 8, "too-small": 9, "no-person": 10,
        "person-campaign": 11, "project": 12, "charity": 13, "slice": 14, "share": 15,
        "frozen": 16, "refunded": 17, "not-reconciled": 18, "no-seed": 19, "revealed": 20,
        "coupon-used": 21, "slice-closed": 22,
    }  # fmt: skip


def test_a_gift_without_a_person_is_matched_where_the_rule_says_so() -> None:
    assert decide(terms(), 500, has_person=False) == (0, "no-person")
    assert decide(terms(anonymous="gift"), 500, has_person=False) == (500, "rule")
    capped = terms(anonymous="gift", caps={"gift": 300})
    assert decide(capped, 500, has_person=False) == (300, "gift")


def test_a_lump_sum_asks_for_no_person_and_no_smallest_gift_and_knows_no_gift_cap() -> None:
    rule = terms(LumpSum(10_000, 5_000), caps={"gift": 10})
    assert decide(rule, 1, has_person=False) == (5_000, "rule")
    assert decide(rule, 1, Room(pool=4_000), has_person=False) == (4_000, "pool")


def test_room_that_a_new_version_took_away_gives_nothing_rather_than_less() -> None:
    assert decide(terms(), 500, Room(person_day=-5)) == (0, "person-day")
    assert decide(terms(), 500, Room(window=-5)) == (0, "window")


def test_at_exhaustion_a_rule_gives_a_part_or_nothing() -> None:
    for bound in ("window", "slice", "pool"):
        room = Room(**{bound: 300})
        assert decide(terms(), 500, room) == (300, bound)
        assert decide(terms(exhaustion="whole"), 500, room) == (0, bound)
        assert decide(terms(exhaustion="whole"), 300, room) == (300, "rule")
    # A cap still cuts: it is not the money that fell short.
    assert decide(terms(exhaustion="whole"), 500, Room(project=300)) == (300, "project")
    assert decide(terms(exhaustion="whole"), 500, Room(project=300, pool=299)) == (0, "pool")


def test_a_claim_is_cut_by_caps_and_not_by_money() -> None:
    empty = Room(window=0, slice=0, pool=0)
    assert decide(terms(decided="close"), 500, empty) == (500, "rule")
    assert decide(terms(decided="slice"), 500, empty) == (500, "rule")
    assert decide(terms(decided="close"), 500, Room(charity=20, pool=0)) == (20, "charity")


@given(
    amount=st.integers(100, 2_000),
    lefts=st.lists(st.integers(0, 800), min_size=1, max_size=5),
)
def test_funders_in_order_give_what_those_before_them_left_open(
    amount: int, lefts: list[int]
) -> None:
    """Each funder promises 1:1 together with those before it, as far as its money goes."""
    wanted, filled, open_ = [], 0, amount
    given_: list[int] = []
    for place, left in enumerate(lefts):
        rule = terms(fills=f"R{place - 1}" if place else "")
        sum_, _ = decide(rule, amount, Room(pool=left), filled=filled)
        given_.append(sum_)
        filled += sum_
        wanted.append(min(left, open_))
        open_ -= wanted[-1]
    assert given_ == wanted
    assert sum(given_) == min(amount, sum(lefts))


def test_the_second_funder_gives_nothing_where_the_first_gave_more_than_its_rule() -> None:
    half = terms(Ratio(1, 2), fills="R1")
    assert decide(half, 1_000, filled=800) == (0, "rule")
    assert decide(half, 1_000, filled=450) == (50, "rule")


SLICES: Any = {"budget": 10**9, "from_minute": 540, "to_minute": 600, "slice_minutes": 7}


@given(
    begins=st.integers(0, 1_400),
    size=st.integers(1, 30),
    at=st.integers(0, 39),
    budget=st.integers(1, 50),
    gave=st.lists(st.integers(0, 60), min_size=40, max_size=40),
)
def test_what_a_slice_can_give_is_found_by_laying_slices_side_by_side(
    begins: int, size: int, at: int, budget: int, gave: list[int]
) -> None:
    """`gave`: what each of the minutes since the window opened has given."""
    minute = begins + at
    slices, first = [], begins
    while first <= minute:
        slices.append(range(first, first + size))
        first += size
    by_slice = [sum(gave[m - begins] for m in own if m <= minute) for own in slices]
    carrying = Window(10**9, begins, 1440, size, budget)
    closed = Window(10**9, begins, 1440, size, budget, carry=False)
    used = {"used_slice": by_slice[-1], "used_day": sum(by_slice)}
    assert slice_start(carrying, minute) == slices[-1].start
    assert slice_room(closed, minute, **used) == budget - by_slice[-1]
    assert slice_room(carrying, minute, **used) == budget * len(slices) - sum(by_slice)


def test_quiet_minutes_are_not_lost_where_slices_carry() -> None:
    used = {"used_slice": 0, "used_day": 100}
    carrying, closed = Window(**SLICES, slice_budget=300), Window(**SLICES, slice_budget=300,
                                                                  carry=False)  # fmt: skip
    assert slice_room(carrying, 540, used_slice=100, used_day=100) == 200
    assert slice_room(carrying, 554, **used) == 800
    assert slice_room(closed, 554, **used) == 300


def test_a_surprise_covers_its_minutes_and_not_the_last() -> None:
    surprise = Surprise("2026-09-09T13:09Z", "2026-09-09T13:12Z", "c2FsdA==")
    begins = 1_788_959_340
    covered = [surprise.covers(begins + 60 * n) for n in range(-1, 4)]
    assert covered == [False, True, True, True, False]
    written = json.loads(msgspec.json.encode(surprise))
    assert written == {"from": surprise.from_, "to": surprise.to, "salt": "c2FsdA=="}


RETRO = {"decided": "retro", "since": "2026-09-09T00:00Z", "until": "2026-09-10T00:00Z"}
CUT = {"slice_minutes": 5, "slice_budget": 100}


@pytest.mark.parametrize(
    ("gives", "more", "why"),
    [
        (Ratio(0, 1), {}, "a ratio needs two positives"),
        (ONE_TO_ONE, {"window": {"budget": 1, "from_minute": 10, "to_minute": 10}}, "one day"),
        (ONE_TO_ONE, {"window": {"budget": 1, "from_minute": -1}}, "one day"),
        (ONE_TO_ONE, {"window": {"budget": 1, "to_minute": 1441}}, "one day"),
        (ONE_TO_ONE, {"window": {"budget": -1}}, "negative"),
        (ONE_TO_ONE, {"window": {"budget": 1, "slice_minutes": -1, "slice_budget": 1}}, "negative"),
        (ONE_TO_ONE, {"window": {"budget": 1, "slice_minutes": 1, "slice_budget": -1}}, "negative"),
        (ONE_TO_ONE, {"gift_min": -1}, "negative"),
        *((ONE_TO_ONE, {"caps": {name: -1}}, "negative") for name in Caps.__struct_fields__),
        (
            ONE_TO_ONE,
            {"window": CUT | {"budget": 1, "from_minute": 10, "to_minute": 14}},
            "a slice lies within its window",
        ),
        (ONE_TO_ONE, {"window": {"budget": 1, "slice_minutes": 5}}, "minutes and a budget"),
        (ONE_TO_ONE, {"window": {"budget": 1, "slice_budget": 5}}, "minutes and a budget"),
        (ONE_TO_ONE, {"decided": "slice"}, "needs slices"),
        (ONE_TO_ONE, {"decided": "close", "window": CUT | {"budget": 1}}, "slices belong"),
        (ONE_TO_ONE, RETRO | {"window": CUT | {"budget": 1}}, "slices belong"),
        (ONE_TO_ONE, {"late_minutes": 10}, "waits 11 minutes"),
        (ONE_TO_ONE, RETRO | {"since": ""}, "says from when until when"),
        (ONE_TO_ONE, RETRO | {"until": ""}, "says from when until when"),
        (ONE_TO_ONE, RETRO | {"decided": "at-once"}, "says from when until when"),
        (ONE_TO_ONE, RETRO | {"decided": "close"}, "says from when until when"),
        (ONE_TO_ONE, RETRO | {"until": RETRO["since"]}, "ends before it begins"),
        (ONE_TO_ONE, {"share": "all"}, "can share everything"),
        (ONE_TO_ONE, RETRO | {"share": "all"}, "can share everything"),
        (ONE_TO_ONE, {"window": {"budget": 1, "surprise": "AAAA"}}, "SHA-256"),
        (ONE_TO_ONE, {"window": {"budget": 1, "surprise": "no base64"}}, "SHA-256"),
        (ONE_TO_ONE, {"window": {"budget": 1, "surprise": HASH + "\n"}}, "SHA-256"),
        (Quadratic(), {}, "quadratic funding is decided at close"),
        (Quadratic(), {"decided": "close", "share": "all"}, "quadratic funding"),
        (Quadratic(), {"decided": "close", "fills": "R1"}, "quadratic funding"),
        *(
            (Quadratic(), {"decided": "close", "caps": {name: 1}}, "quadratic funding")
            for name in ("person_day", "person_campaign", "project", "charity")
        ),
        *(
            (gives, {"decided": decided} | cut, "this kind is decided at once")
            for gives in (
                RandomRange(1, 2),
                OneOneX("R1", 1, 2),
                Friends("R1", 1, 1, 2),
                Coupon(1, 1, 1),
                LumpSum(1, 1),
            )
            for decided, cut in (
                ("close", {}),
                ("slice", {"window": CUT | {"budget": 1}}),
            )
        ),
        (LumpSum(1, 1), RETRO, "this kind is decided at once"),
        (ONE_TO_ONE, {"decided": "close", "fills": "R1"}, "fills another is decided at once"),
        (ONE_TO_ONE, RETRO | {"fills": "R1"}, "fills another is decided at once"),
    ],
)
def test_terms_that_mean_nothing_are_named(gives: Kind, more: dict[str, Any], why: str) -> None:
    assert why in check_terms(terms(gives, **more))


@pytest.mark.parametrize(
    ("gives", "more"),
    [
        (ONE_TO_ONE, {}),
        (Flat(99), {"anonymous": "gift", "exhaustion": "whole"}),
        (ONE_TO_ONE, {"window": CUT | {"budget": 1}}),
        (ONE_TO_ONE, {"window": CUT | {"budget": 1, "from_minute": 5, "to_minute": 10}}),
        (ONE_TO_ONE, {"window": CUT | {"budget": 1, "carry": False}, "decided": "slice"}),
        (ONE_TO_ONE, {"window": CUT | {"budget": 1}, "decided": "slice", "share": "all"}),
        (ONE_TO_ONE, {"decided": "close", "share": "all"}),
        (ONE_TO_ONE, RETRO),
        (ONE_TO_ONE, {"fills": "R1", "late_minutes": 60}),
        (Quadratic(100), {"decided": "close", "caps": {"gift": 5_000}}),
        (RandomRange(100, 300, 50), {"window": {"budget": 1, "surprise": HASH}}),
    ],
)
def test_terms_that_mean_something_are_taken(gives: Kind, more: dict[str, Any]) -> None:
    assert check_terms(terms(gives, **more)) == ""


def test_a_rule_names_those_it_leans_on() -> None:
    assert leans_on(terms()) == set()
    assert leans_on(terms(fills="R1")) == {"R1"}
    assert leans_on(terms(OneOneX("R2", 1, 2), fills="R1")) == {"R1", "R2"}
    assert leans_on(terms(Friends("R2", 10, 3, 10))) == {"R2"}


def test_only_what_is_left_to_chance_is_drawn() -> None:
    drawn = (RandomRange(5, 5), OneOneX("R1", 1, 1), Friends("R1", 10, 3, 10))
    assert all(draws(terms(gives)) for gives in drawn)
    settled = (ONE_TO_ONE, Flat(1), Coupon(1, 1, 1), LumpSum(1, 1), Friends("R1", 10, 3, 3))
    assert not any(draws(terms(gives)) for gives in settled)


def test_the_document_shows_every_field_and_its_hash_is_of_its_canonical_json() -> None:
    rule = terms(Friends("R1", 10, 3, 10), title_zh="好友助力", title_en="Friends")
    shown = document(rule)
    assert set(shown) == set(RuleTerms.__struct_fields__)
    assert set(shown["window"]) == set(Window.__struct_fields__)
    assert set(shown["caps"]) == set(Caps.__struct_fields__)
    assert shown["gives"] == {"kind": "friends", "on": "R1", "friends": 10, "low": 3, "high": 10}
    assert msgspec.convert(shown, RuleTerms) == rule
    raw = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    digest = hashlib.sha256(raw).digest()
    assert terms_hash(rule) == msgspec.to_builtins(digest)
    assert terms_hash(terms()) != terms_hash(terms(gift_min=101))


@pytest.mark.parametrize(
    ("where", "name"), [((), "more"), (("window",), "more"), (("caps",), "more")]
)
def test_an_unknown_word_in_a_rule_is_refused(where: tuple[str, ...], name: str) -> None:
    shown = document(terms())
    inner = shown
    for key in where:
        inner = inner[key]
    inner[name] = 1
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(shown, RuleTerms)
