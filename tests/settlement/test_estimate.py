"""An estimate is settlement: in memory and on PostgreSQL the same gifts get the same matches."""

import secrets
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.campaigns.days import (
    ALONE,
    ANONYMOUS,
    GROUPS,
    HONEST,
    Given,
    amount_table,
    generate,
    shapes,
)
from jusha.campaigns.rules import CampaignTerms
from jusha.matching.rules import RuleTerms
from jusha.money.clock import minute_seconds
from jusha.payments.rules import ChannelTerms
from jusha.settlement import closing, estimate, find_step
from jusha.settlement.changes import Changes
from jusha.settlement.estimate_day import Candidate, RuleNotTakenError, Scene
from jusha.settlement.estimate_day import estimate as try_rules
from jusha.settlement.estimate_figures import figures, gini, spread
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House, ratio
from tests.settlement.mirror import mirror

PAST = {"opens": "2025-09-08T16:00Z", "closes": "2025-09-09T16:00Z"}
NOON = 1_757_390_400
DAY = "2025-09-09"
START = minute_seconds(PAST["opens"])


def kind(name: str, gives: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Terms of a rule of one kind with enough money."""
    return {"gives": {"kind": name} | gives, "window": {"budget": 10**6}} | more


def furnish(house: House, **rules: dict[str, Any]) -> None:
    """A campaign of one past day, whose claims can be closed at once, with these rules."""
    house.furnish(channel={"clock": "file"})
    terms = PAST | {"channels": ["partner"]}
    assert house.instruct("open-campaign", code="past", terms=terms)[0] == "done"
    house.fund(5_000, code="grove", campaign="past")
    for code, terms in rules.items():
        house.rule(terms, code=code, from_=PAST["opens"], pool="grove")


def give_all(house: House) -> None:
    """A morning: three people, two projects, somebody anonymous, more than one gift a row."""
    for minute in range(4):
        people = (
            (ALICE, BOOKS, 700),
            (BOB, WATER, 333),
            (CAROL, BOOKS, 101),
            (bytes(16), BOOKS, 90),
        )
        house.send(
            *(
                house.deed(
                    amount + minute, project, who, campaign="past", paid_at=NOON + 60 * minute
                )
                for who, project, amount in people
            )
        )
    house.settle()


def shares(done: list[Changes]) -> int:
    """How many later matches a mirror saw."""
    return sum(len(changes.later_matches) for changes in done)


def test_first_come_with_every_cap_comes_out_the_same(house: House) -> None:
    caps = {"gift": 500, "person_day": 900, "person_campaign": 1_000, "project": 1_900}
    furnish(house, P1=ratio(caps=caps), P2=kind("flat", {"amount": 99}, fills="P1"))
    give_all(house)
    assert sum(len(changes.matches) for changes in mirror(house)) > 5


def test_a_shared_minute_comes_out_the_same_to_the_fen(house: House) -> None:
    window = {"budget": 3_000, "slice_minutes": 1, "slice_budget": 250, "carry": False}
    furnish(house, P1=ratio(decided="slice") | {"window": window})
    give_all(house)
    for minute in range(4):
        body = {"rule": "P1.1", "slice": f"2025-09-09T04:0{minute}Z"}
        assert house.instruct("close-claims", **body)[0] == "done"
    assert shares(mirror(house)) == 12


def test_a_close_in_many_steps_comes_out_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_step, "CLAIMS_A_STEP", 5)
    monkeypatch.setattr(estimate, "CLAIMS_A_STEP", 5)
    furnish(house, P1=ratio(decided="close", budget=2_777))
    give_all(house)
    assert house.instruct("close-claims", rule="P1.1")[0] == "done"
    carols = house.settlement.world.next_number - 3
    assert house.instruct("refund", deed=carols, amount=50, reason="asked for")[0] == "done"
    for _ in range(3):
        assert house.instruct("close-claims", rule="P1.1")[0] == "done"
    assert shares(mirror(house)) == 11


def test_projects_share_by_their_donors_the_same(house: House) -> None:
    furnish(house, P1=kind("quadratic", {"unit": 1}, decided="close"))
    give_all(house)
    assert house.instruct("close-claims", rule="P1.1")[0] == "done"
    assert shares(mirror(house)) == 1  # the other project has a lone donor: nothing to weigh


def test_friends_and_coupons_come_out_the_same(house: House) -> None:
    furnish(
        house,
        P1=ratio(numerator=1, denominator=10),
        C1=kind("coupon", {"count": 3, "permille": 500, "most": 100}),
        L1=kind("lump-sum", {"threshold": 1_000, "amount": 70}),
        F1=kind("friends", {"on": "P1", "friends": 2, "low": 4, "high": 4}),
    )
    at = {"campaign": "past", "paid_at": NOON}
    first = house.give(800, BOOKS, ALICE, coupon="C1.0", **at)
    house.give(100, BOOKS, BOB, invite=first, **at)
    house.give(100, BOOKS, CAROL, invite=first, coupon="C1.0", **at)
    assert house.instruct("claw-back", deed=first, reason="bought")[0] == "done"
    mirror(house)


def test_draws_come_out_the_same(house: House) -> None:
    house.furnish(channel={"clock": "rail"})
    house.rule(kind("one-one-x", {"on": "R1", "low": 100, "high": 900}), code="X1")
    today = house.web.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text").fetchone()
    assert today is not None
    digest = house.settlement.world.secrets.keep(secrets.token_bytes(32))  # type: ignore[attr-defined]
    assert house.instruct("commit-seed", rule="X1", day=today[0], hash=digest)[0] == "done"
    house.send(*(house.deed(1_000 + n, BOOKS, (ALICE, BOB)[n % 2]) for n in range(6)))
    house.settle()
    mirror(house)


def test_rules_for_earlier_gifts_come_out_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_step, "GIFTS_A_STEP", 4)
    monkeypatch.setattr(estimate, "GIFTS_A_STEP", 4)
    furnish(house)
    give_all(house)
    soon = house.web.execute(
        "SELECT to_char(date_trunc('minute', now() AT TIME ZONE 'UTC') + '2 min',"
        ' \'YYYY-MM-DD"T"HH24:MI"Z"\')'
    ).fetchone()
    assert soon is not None
    terms = ratio(decided="retro", since="2025-09-09T04:01Z", until="2025-09-09T04:03Z")
    house.rule(terms | {"caps": {"person_campaign": 900}}, code="P9", from_=soon[0], pool="grove")
    monkeypatch.setattr(closing, "due_s", lambda *_: 0)
    for _ in range(3):
        assert house.instruct("close-claims", rule="P9.1")[0] == "done"
    assert shares(mirror(house)) == 6


RAIL = [("rail", ChannelTerms(("CNY",), "rail"))]


def scene(gifts: list[Given], *, pool: int = 10**9, projects: int = 4) -> Scene:
    """These gifts on the past day."""
    return Scene(
        gifts,
        [(f"p{n}", f"c{n % 2}") for n in range(projects)],
        RAIL,
        CampaignTerms(PAST["opens"], PAST["closes"]),
        START,
        1,
        pool,
        7,
    )


def candidate(*rules: dict[str, Any]) -> Candidate:
    """Rules R1, R2 and so on, tried together."""
    return Candidate(
        "tried",
        tuple((f"R{n}", terms_of(each)) for n, each in enumerate(rules, 1)),
    )


def terms_of(raw: dict[str, Any]) -> RuleTerms:
    return msgspec.convert(raw, RuleTerms)


gifts_of_a_day = st.lists(
    st.builds(
        Given,
        at_us=st.integers(0, 86_399_999_999),
        amount=st.integers(1, 50_000),
        project=st.integers(0, 3),
        donor=st.integers(ANONYMOUS, 6),
        group=st.integers(0, len(GROUPS) - 1),
        invited_by=st.just(ALONE),
        channel=st.just(0),
    ),
    min_size=1,
    max_size=30,
).map(sorted)

CANDIDATES = {
    "at once": candidate(ratio()),
    "slices": candidate(
        ratio(decided="slice")
        | {"window": {"budget": 60_000, "slice_minutes": 60, "slice_budget": 2_500}}
    ),
    "close": candidate(ratio(decided="close", budget=40_000)),
    "quadratic": candidate(kind("quadratic", {"unit": 1}, decided="close")),
    "random": candidate(kind("random-range", {"low": 0, "high": 900, "chance": 500})),
    "earlier": candidate(
        ratio(decided="retro", since=PAST["opens"], until=PAST["closes"], budget=30_000)
    ),
    "two": candidate(ratio(budget=9_000), kind("flat", {"amount": 500}, fills="R1")),
}


@pytest.mark.parametrize("name", CANDIDATES)
@settings(max_examples=30)
@given(gifts=gifts_of_a_day, pool=st.integers(1, 200_000))
def test_no_candidate_gives_more_than_the_pool_and_nothing_is_lost(
    name: str, gifts: list[Given], pool: int
) -> None:
    tried = scene(gifts, pool=pool)
    outcome = try_rules(tried, CANDIDATES[name])
    assert sum(outcome.matched) == sum(outcome.project_matched)
    assert outcome.left[-1] == pool - sum(outcome.matched) >= 0
    assert outcome.left[0] == pool
    assert len(outcome.left) == 24 * 60 + 2
    found = figures(tried, outcome, opens_s=0)
    assert sum(row.matched for row in found.groups) == sum(outcome.matched)
    for rows in (found.when, found.bands):  # of people alone
        assert sum(row.matched for row in rows) == found.groups[HONEST].matched
    assert sum(found.matched_bins) == sum(outcome.matched)
    assert sum(found.projects.matched) == sum(outcome.matched)


def test_the_first_gift_that_money_fell_short_for_is_named_by_its_second() -> None:
    gifts = [Given(second * 1_000_000, 600, 0, second) for second in (5, 70, 75)]
    outcome = try_rules(scene(gifts, pool=1_000), candidate(ratio()))
    assert list(outcome.matched) == [600, 400, 0]
    assert outcome.dry_s == {"pool": 70}
    assert outcome.left[:3] == [1_000, 400, 0]
    assert outcome.by == {"rule": 1, "pool": 2}


def test_slices_are_closed_when_they_are_due_and_those_of_the_evening_after_midnight() -> None:
    window = {"budget": 10**6, "slice_minutes": 1, "slice_budget": 300, "carry": False}
    rule = candidate(ratio(decided="slice") | {"window": window})
    gifts = [
        Given(minute * 60_000_000 + n, 200, 0, n) for minute in (0, 5, 1_439) for n in range(3)
    ]
    outcome = try_rules(scene(gifts), rule)
    assert list(outcome.matched) == [100] * 9
    assert [(s.from_s, s.claims, s.claimed, s.paid) for s in outcome.shared] == [
        (0, 3, 600, 300),
        (300, 3, 600, 300),
        (1_439 * 60, 3, 600, 300),
    ]


def test_a_friend_multiplies_the_gift_that_invited() -> None:
    gifts = [
        Given(0, 1_000, 1, 0),
        Given(1, 100, 1, 1, HONEST, 0),
        Given(2, 100, 1, 2, HONEST, 0),
    ]
    rules = candidate(ratio(), kind("friends", {"on": "R1", "friends": 2, "low": 3, "high": 3}))
    assert list(try_rules(scene(gifts), rules).matched) == [4_000, 100, 100]


def test_a_rule_that_settlement_refuses_is_refused_with_its_words() -> None:
    with pytest.raises(RuleNotTakenError, match="leans on"):
        try_rules(scene([Given(0, 1, 0, 0)]), candidate(ratio(fills="R9")))


def test_an_estimate_says_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    gifts = [Given(minute * 60_000_000, 100, 0, 0) for minute in range(5)]
    try_rules(scene(gifts), candidate(ratio()), lambda done, of: told.append((done, of)))
    assert told == [(n, 5) for n in range(1, 6)]


@pytest.mark.parametrize("year", shapes())
def test_a_day_has_its_shape_and_is_the_same_for_the_same_seed(year: str) -> None:
    shape = shapes()[year]
    scale = Fraction(3_000, shape.gifts)
    day = generate(shape, scale=scale, seed=3, bots_permille=50)
    assert day == generate(shape, scale=scale, seed=3, bots_permille=50)
    assert day.gifts != generate(shape, scale=scale, seed=4, bots_permille=50).gifts
    honest = [gift for gift in day.gifts if gift.group == HONEST]
    assert abs(len(honest) - 3_000) <= len(shape.spans)
    for span in shape.spans:
        inside = [g for g in honest if span.from_second <= g.at_us // 10**6 < span.to_second]
        assert abs(len(inside) - int(span.gifts * scale)) <= 1
    assert [gift.at_us for gift in day.gifts] == sorted(gift.at_us for gift in day.gifts)
    assert {gift.group for gift in day.gifts} == set(range(len(GROUPS)))
    assert all(0 <= gift.project < day.projects and gift.amount > 0 for gift in day.gifts)
    for place, gift in enumerate(day.gifts):
        if gift.invited_by != ALONE:
            captain = day.gifts[gift.invited_by]
            assert gift.invited_by < place
            assert (captain.project, captain.donor != gift.donor) == (gift.project, True)


@pytest.mark.parametrize("mean", [1_700, 3_000, 8_050])
def test_amounts_heap_at_round_sums_around_the_mean(mean: int) -> None:
    values, sums = amount_table(mean)
    weights = [after - before for before, after in zip([0, *sums], sums, strict=False)]
    found = sum(v * w for v, w in zip(values, weights, strict=True)) / sums[-1]
    assert abs(found - mean) < mean / 100
    weight = dict(zip(values, weights, strict=True))
    assert weight[1_000] > 3 * weight[999]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
def test_the_gini_coefficient_is_the_mean_difference(values: list[int]) -> None:
    whole = sum(values)
    pairs = sum(abs(a - b) for a in values for b in values)
    wanted = Fraction(pairs, 2 * len(values) * whole) * 1000 if whole else 0
    assert gini(values) == wanted // 1


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=60))
def test_tenths_hold_everything_and_grow(pairs: list[tuple[int, int]]) -> None:
    found = spread(pairs)
    assert sum(found.given) == sum(gave for gave, _ in pairs)
    assert sum(found.matched) == sum(got for _, got in pairs)
    if len(pairs) % 10 == 0:
        assert list(found.given) == sorted(found.given)
