"""An explanation comes to what the log says, with every bound as it stood at that moment."""

import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from jusha.config.postgres import database_url
from jusha.merkle.encoding import decode64, encode64
from jusha.settlement import explain as module
from jusha.settlement.explain import Explanation, NoGiftError, Verdict, explain
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House, ratio
from tests.home import HOME
from tests.settlement.test_kinds import at, kind, past, seeded, sliced


@pytest.fixture
def lived(house: House, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """A house whose database Django reads, as the pages do."""
    found = conninfo_to_dict(database_url("web", HOME, house.database))
    default = connections["default"]
    with django_db_blocker.unblock():
        default.close()
        before = dict(default.settings_dict)
        default.settings_dict.update(
            NAME=found["dbname"], USER=found["user"], PASSWORD=found.get("password", "")
        )
        yield house
        default.close()
        default.settings_dict.update(before)


def verdict(number: int, rule: str = "R1.1") -> Verdict:
    return next(each for each in explain(number).verdicts if each.rule.name == rule)


def bounds(found: Verdict) -> dict[str, tuple[int | None, int | None, int | None]]:
    return {bound.code: (bound.allowed, bound.limit, bound.used) for bound in found.bounds}


def decided(found: Verdict) -> list[str]:
    return [bound.code for bound in found.bounds if bound.decided]


def test_a_gift_is_explained_with_the_room_it_found(lived: House) -> None:
    caps: dict[str, Any] = {
        "gift": 900,
        "person_day": 2_000,
        "person_campaign": 5_000,
        "project": 7_000,
        "charity": 9_000,
    }
    lived.furnish(pool=10_000, rule=ratio(budget=8_000) | {"caps": caps})
    lived.give(700)
    lived.give(300, WATER)
    lived.give(800, person=BOB)
    number = lived.give(1_000)
    lived.give(600)
    found = verdict(number)
    assert (found.said, found.amount, found.by, found.asked) == ("matched", 900, "gift", 1_000)
    assert decided(found) == ["gift"]
    assert bounds(found) == {
        "rule": (1_000, None, None),
        "gift": (900, None, None),
        "person-day": (1_000, 2_000, 1_000),
        "person-campaign": (4_000, 5_000, 1_000),
        "project": (5_500, 7_000, 1_500),
        "charity": (7_200, 9_000, 1_800),
        "window": (6_200, 8_000, 1_800),
        "pool": (8_200, None, None),
    }
    assert found.agrees


@pytest.mark.parametrize(
    ("rule", "pool", "by"),
    [
        (ratio(person_day_max=1_500), 10**6, "person-day"),
        (ratio(budget=1_500), 10**6, "window"),
        (ratio(), 1_500, "pool"),
        (ratio() | {"caps": {"person_campaign": 1_500}}, 10**6, "person-campaign"),
        (ratio() | {"caps": {"project": 1_500}}, 10**6, "project"),
        (ratio() | {"caps": {"charity": 1_500}}, 10**6, "charity"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_the_bound_that_decided_is_the_smallest_and_named(
    lived: House, rule: dict[str, Any], pool: int, by: str
) -> None:
    lived.furnish(pool=pool, rule=rule)
    lived.give(1_000)
    cut, empty = lived.give(1_000), lived.give(1_000)
    for number, left in ((cut, 500), (empty, 0)):
        found = verdict(number)
        assert (found.by, found.amount, found.agrees) == (by, left, True)
        assert decided(found) == [by]
        assert bounds(found)[by][0] == left


def test_a_channel_counts_what_it_drew_in_other_campaigns_too(lived: House) -> None:
    lived.furnish(channel={"draw_max": 1_500})
    terms: dict[str, Any] = {"opens": "2020-01-01T00:00Z", "closes": "2099-01-01T00:00Z"}
    terms["channels"] = ["partner"]
    assert lived.instruct("open-campaign", code="night", terms=terms)[0] == "done"
    lived.fund(10**6, code="sea", campaign="night")
    lived.rule(ratio(), code="N1", pool="sea")
    lived.give(1_000, campaign="night")
    found = verdict(lived.give(1_000))
    assert (found.by, found.amount, found.agrees) == ("channel", 500, True)
    assert bounds(found)["channel"] == (500, 1_500, 1_000)
    told: dict[str, Any] = {"channel": "partner", "day": "2026-01-31", "amount": 1_200}
    assert lived.instruct("reconciled", **told)[0] == "done"
    again = verdict(lived.give(2_000))
    assert (again.by, again.amount, again.agrees) == ("channel", 1_200, True)
    assert bounds(again)["channel"] == (1_200, 1_500, 300)


def test_a_gift_that_no_rule_may_match_says_why_and_shows_no_bounds(lived: House) -> None:
    lived.furnish()
    found = verdict(lived.give(99))
    assert (found.said, found.by, found.bounds, found.asked) == ("not", "too-small", (), None)


def test_rules_see_what_the_ones_before_them_took_from_the_same_gift(lived: House) -> None:
    lived.furnish(pool=3_000, rule=ratio(gift_max=600))
    terms = ratio(numerator=2) | {"fills": "R1", "caps": {"person_day": 1_900}}
    lived.rule(terms, code="R2")
    number = lived.give(1_000)
    first, second = verdict(number), verdict(number, "R2.1")
    assert (first.amount, second.amount, second.by) == (600, 1_300, "person-day")
    assert second.ask is not None
    assert (second.asked, second.ask.filled) == (1_400, 600)
    assert bounds(second)["person-day"] == (1_300, 1_900, 600)
    assert bounds(second)["pool"] == (2_400, None, None)
    assert first.agrees
    assert second.agrees


def test_only_the_version_in_force_at_that_minute_is_explained(lived: House) -> None:
    lived.furnish()
    before = lived.give(1_000)
    lived.rule(ratio(numerator=2), from_="2090-01-01T00:00Z")
    after = lived.give(1_000)
    for number in (before, after):
        assert [each.rule.name for each in explain(number).verdicts] == ["R1.1"]


def test_refunds_and_claw_backs_are_told_with_their_entries(lived: House) -> None:
    lived.furnish()
    number = lived.give(1_000)
    _, refund = lived.instruct("refund", deed=number, amount=400, reason="asked")
    _, back = lived.instruct("claw-back", deed=number, reason="fraud")
    found = explain(number)
    assert found.refunds == ((refund, 400, 400),)
    assert found.claw_back == (back, 600)
    assert verdict(lived.give(100)).agrees


def test_what_is_no_gift_has_nothing_to_explain(lived: House) -> None:
    lived.furnish()
    held = lived.give(1_000, "no-such-project")
    for number, what in ((0, "channel"), (held, "held"), (999, "")):
        with pytest.raises(NoGiftError) as refusal:
            explain(number)
        assert refusal.value.kind == what


def test_a_gift_outside_any_campaign_meets_no_rule(lived: House) -> None:
    lived.furnish()
    assert explain(lived.give(1_000, campaign="")).verdicts == ()


def test_a_page_adds_up_only_so_far_and_says_so(
    lived: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived.furnish()
    lived.give(500)
    number = lived.give(1_000)
    monkeypatch.setattr(module, "NEAR", 1)
    near = explain(number, everything=False)
    assert not near.whole
    assert near.verdicts[0].bounds == ()
    assert near.verdicts[0].asked == 1_000
    assert explain(number).whole


SILENT: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"kind": "coupon", "count": 2, "permille": 1_000, "most": 900}, {}, "no-coupon"),
    (
        {"kind": "coupon", "count": 2, "permille": 1_000, "most": 900},
        {"coupon": "R2.7"},
        "coupon-beyond",
    ),
    ({"kind": "lump-sum", "threshold": 5_000, "amount": 900}, {}, "threshold-ahead"),
    ({"kind": "friends", "on": "R1", "friends": 2, "low": 2, "high": 2}, {}, "no-invitation"),
)


@pytest.mark.parametrize(("gives", "more", "reason"), SILENT)
def test_a_rule_that_did_not_concern_the_gift_says_why(
    lived: House, gives: dict[str, Any], more: dict[str, Any], reason: str
) -> None:
    lived.furnish(channel={"clock": "rail"})
    lived.rule(ratio() | {"gives": gives}, code="R2")
    found = verdict(lived.give(1_000, **more), "R2.1")
    assert (found.said, found.silent) == ("silent", reason)


def test_a_threshold_says_what_came_together(lived: House) -> None:
    lived.furnish()
    lump = {"kind": "lump-sum", "threshold": 1_500, "amount": 900}
    lived.rule(ratio() | {"gives": lump}, code="R2")
    ahead, crossing, past = (lived.give(1_000) for _ in range(3))
    assert verdict(ahead, "R2.1").facts == {"before": 0, "after": 1_000, "threshold": 1_500}
    found = verdict(crossing, "R2.1")
    assert (found.said, found.amount, found.asked, found.agrees) == ("matched", 900, 900, True)
    assert verdict(past, "R2.1").silent == "threshold-passed"


def test_a_coupon_is_explained_by_its_arithmetic_and_used_once(lived: House) -> None:
    lived.furnish()
    coupon = {"kind": "coupon", "count": 9, "permille": 500, "most": 300}
    lived.rule(ratio() | {"gives": coupon}, code="R2")
    first, again = (lived.give(1_000, coupon="R2.3") for _ in range(2))
    found = verdict(first, "R2.1")
    assert (found.amount, found.asked, found.by, found.agrees) == (300, 300, "rule", True)
    assert verdict(again, "R2.1").by == "coupon-used"


def test_friends_multiply_an_earlier_gift_and_both_say_so(lived: House) -> None:
    lived.furnish(channel={"clock": "rail"}, rule=ratio(person_day_max=10_000))
    gives = {"kind": "friends", "on": "R1", "friends": 2, "low": 3, "high": 3}
    lived.rule(ratio() | {"gives": gives}, code="R2")
    inviting = lived.give(1_000)
    first = lived.give(200, person=BOB, invite=inviting)
    second = lived.give(200, person=CAROL, invite=inviting)
    waiting = verdict(first, "R2.1")
    assert (waiting.silent, waiting.facts["come"], waiting.facts["wanted"]) == (
        "friends-count", 1, 2
    )  # fmt: skip
    found = verdict(second, "R2.1")
    assert (found.amount, found.asked, found.for_number) == (3_000, 3_000, inviting)
    person = next((b for b in found.bounds if b.code == "person-day"), None)
    assert person is None or person.used is None  # another donor's sums stay unsaid
    later = [each for each in explain(inviting).verdicts if each.later]
    assert [(each.later, each.amount) for each in later] == [("friends", 3_000)]
    assert explain(inviting).matched == 4_000
    # What the friends earned counts for the donor who invited, from that moment on.
    after = verdict(lived.give(1_000))
    assert bounds(after)["person-day"] == (6_000, 10_000, 4_000)
    assert after.agrees


def test_no_person_key_and_no_other_donor_is_in_an_explanation(lived: House) -> None:
    lived.furnish(rule=ratio(person_day_max=10_000))
    lived.give(500, person=BOB)
    found: Explanation = explain(lived.give(1_000))
    text = repr(found)
    for key in (ALICE, BOB):
        assert key.hex() not in text
        assert str(key) not in text


def test_every_gift_of_a_random_house_is_decided_the_same_again(lived: House) -> None:
    chance = random.Random(7)
    caps = {"person_day": 3_000, "person_campaign": 6_000, "project": 9_000, "charity": 14_000}
    lived.furnish(
        pool=18_000, rule=ratio(budget=16_000) | {"caps": caps}, channel={"draw_max": 17_000}
    )
    more = {"gives": {"kind": "per-unit", "unit": 300, "each": 200}, "exhaustion": "whole"}
    lived.rule(ratio(budget=15_000) | more, code="R2")
    tier = {"kind": "tier-bonus", "tiers": [[400, 500], [900, 700]]}
    lived.rule(ratio(budget=15_000) | {"gives": tier, "fills": "R2"}, code="R3")
    people = itertools.cycle((ALICE, BOB, CAROL, bytes(16)))
    numbers = [
        lived.give(chance.randrange(90, 1_400), chance.choice((BOOKS, WATER)), next(people))
        for _ in range(40)
    ]
    shown = {entry["n"]: entry for entry in lived.entries()}
    seen = set()
    for number in numbers:
        for leaf, found in zip(shown[number]["m"], explain(number).verdicts, strict=True):
            assert (found.rule.name, found.amount, found.by) == (leaf["r"], leaf["amt"], leaf["by"])
            assert found.agrees, (number, found)
            seen.add(found.by)
    assert {"rule", "person-day", "no-person", "window"} <= seen


def later(house: House, owner: psycopg.Connection[Any], seconds: int) -> None:
    """Let time pass: rows that are appended from now on were received so much later."""
    owner.execute(
        "UPDATE inbox_lane SET last_received_at ="
        " greatest(last_received_at, clock_timestamp()) + make_interval(secs => %s)",
        (seconds,),
    )


def test_a_claim_waits_then_shows_its_share_to_the_fen(lived: House) -> None:
    past(lived, sliced(window={"carry": False}), pool=10_000)
    first, second = at(lived, 100, ALICE), at(lived, 100, BOB)
    third = at(lived, 700, CAROL)
    waiting = verdict(first, "P1.1")
    assert (waiting.said, waiting.claim, waiting.agrees) == ("claimed", 100, True)
    assert waiting.share is not None
    assert (waiting.share.state, waiting.share.due) == ("waiting", "2025-09-09T04:12Z")
    assert "pool" not in bounds(waiting)
    assert lived.instruct("close-claims", rule="P1.1", slice="2025-09-09T04:00Z")[0] == "done"
    shares = []
    for number, paid, one_more in ((first, 34, True), (second, 33, False), (third, 233, False)):
        share = verdict(number, "P1.1").share
        assert share is not None
        assert (share.state, share.paid, share.one_more) == ("paid", paid, one_more)
        assert (share.budget, share.total, share.count) == (300, 900, 3)
        assert share.floor + share.one_more == paid
        shares.append(share)
    assert (shares[0].floor, shares[0].remainder) == (33, 300)
    assert (shares[0].cut_remainder, shares[0].cut_number) == (300, first)
    assert explain(first).matched == 34


def test_a_closing_under_way_says_whose_turn_has_not_come_and_what_is_void(
    lived: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jusha.settlement.find_step.CLAIMS_A_STEP", 2)
    past(lived, ratio(decided="close", budget=700), pool=700)
    numbers = [at(lived, 200, person) for person in (ALICE, BOB, CAROL, ALICE, BOB)]
    assert lived.instruct("close-claims", rule="P1.1")[0] == "done"
    states = [found.state for n in numbers if (found := verdict(n, "P1.1").share)]
    assert states == ["paid", "paid", "paying", "paying", "paying"]
    assert lived.instruct("refund", deed=numbers[2], amount=200, reason="asked")[0] == "done"
    for _ in range(3):
        lived.instruct("close-claims", rule="P1.1")
    states = [found.state for n in numbers if (found := verdict(n, "P1.1").share)]
    assert states == ["paid", "paid", "void", "paid", "paid"]


def test_what_slices_set_aside_is_gone_for_the_gifts_behind_them(lived: House) -> None:
    past(lived, sliced(window={"carry": False, "budget": 1_000}), pool=10_000)
    lived.rule(ratio(budget=1_000), code="P1", from_="2025-09-09T04:04Z", pool="grove")
    at(lived, 800, ALICE)
    assert lived.instruct("close-claims", rule="P1.1", slice="2025-09-09T04:00Z")[0] == "done"
    found = verdict(at(lived, 900, BOB, minute=5), "P1.2")
    assert (found.amount, found.by, found.agrees) == (700, "window", True)
    assert bounds(found)["window"] == (700, 1_000, 300)
    assert bounds(found)["pool"] == (9_700, None, None)


@pytest.mark.parametrize(("carry", "left"), [(1, 720 * 300 + 300 - 400), (0, 100)])
def test_a_rule_at_once_within_slices_shows_what_its_slice_had_left(
    lived: House, carry: int, left: int
) -> None:
    terms = ratio(10**6)
    terms["window"] |= {"slice_minutes": 1, "slice_budget": 300, "carry": carry == 1}
    past(lived, terms, pool=10**6)
    at(lived, 200, ALICE, minute=-1)
    at(lived, 200, ALICE)
    found = verdict(at(lived, 500, BOB), "P1.1")
    assert bounds(found)["slice"][0] == left
    assert (found.amount, found.by) == ((500, "rule") if carry else (100, "slice"))
    assert found.agrees


def test_a_surprise_is_kept_secret_until_the_log_has_it(lived: House) -> None:
    times = {"from": "2025-09-09T04:10Z", "salt": "AAAA", "to": "2025-09-09T04:20Z"}
    secret = json.dumps(times, sort_keys=True, separators=(",", ":")).encode()
    digest = lived.settlement.world.secrets.keep(secret)  # type: ignore[attr-defined]
    past(lived, ratio() | {"window": {"budget": 10_000, "surprise": encode64(digest)}})
    outside, inside = at(lived, 100, minute=9), at(lived, 100, minute=10)
    found = verdict(outside, "P1.1")
    assert found.silent == "surprise-secret"
    assert "04:10" not in repr(explain(outside))
    assert verdict(inside, "P1.1").amount == 100
    _, entry = lived.instruct("reveal", secret=secret)
    found = verdict(outside, "P1.1")
    assert found.silent == "outside-surprise"
    assert found.facts == {"from": times["from"], "to": times["to"], "entry": entry}


@pytest.mark.parametrize("chance", [1000, 1])
def test_a_draw_shows_its_grounds_at_once_and_the_number_when_the_seed_is_revealed(
    lived: House, owner: psycopg.Connection[Any], chance: int
) -> None:
    gives = {"low": 100, "high": 900, "chance": chance}
    lived.furnish(rule=kind("random-range", gives=gives), channel={"clock": "rail"})
    today = owner.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text").fetchone()
    assert today is not None
    seed = seeded(lived, "R1", today[0])
    lived.send(lived.deed(1, campaign=""), lived.deed(1_000))
    lived.settle()
    number = lived.settlement.world.next_number - 1
    leaf = lived.entries()[number]
    found = verdict(number)
    assert found.drawn is not None
    assert (found.drawn.place, found.drawn.digest_entry) == (1, number - 1)
    assert found.drawn.digest == lived.entries()[number - 1]["d"]
    assert decode64(found.drawn.seed) == hashlib.sha256(seed).digest()
    assert (found.drawn.secret, found.drawn.picked, found.asked) == ("", None, None)
    assert found.agrees
    later(lived, owner, 2 * 86_400)
    assert lived.instruct("reveal", secret=seed)[0] == "done"
    found = verdict(number)
    assert found.drawn is not None
    assert found.agrees
    assert found.asked == leaf["m"][0]["amt"]
    if chance == 1000:
        assert found.asked == found.drawn.picked
        assert found.drawn.hit is True
    else:
        assert (found.drawn.hit, found.drawn.picked) == (False, None)


def test_a_rule_that_reached_back_is_told_and_counts_from_then_on(
    lived: House, owner: psycopg.Connection[Any]
) -> None:
    past(lived, ratio(budget=9_000, person_day_max=2_000), pool=10_000)
    first = at(lived, 700)
    before = at(lived, 400)
    terms = ratio(decided="retro", since="2025-09-09T04:00Z", until="2025-09-09T05:00Z")
    soon = owner.execute(
        "SELECT to_char((now() + interval '5 minutes') AT TIME ZONE 'UTC',"
        ' \'YYYY-MM-DD"T"HH24:MI"Z"\')'
    ).fetchone()
    assert soon is not None
    lived.rule(terms | {"caps": {"gift": 300}}, code="P2", from_=soon[0], pool="grove")
    later(lived, owner, 600)
    assert lived.instruct("close-claims", rule="P2.1")[0] == "done"
    reached = [each for each in explain(first).verdicts if each.later]
    assert [(each.later, each.amount, each.by) for each in reached] == [("retro", 300, "gift")]
    assert explain(first).matched == 1_000
    assert bounds(verdict(before, "P1.1"))["person-day"] == (1_300, 2_000, 700)
    found = verdict(at(lived, 900), "P1.1")
    assert bounds(found)["person-day"] == (300, 2_000, 1_700)
    assert bounds(found)["pool"] == (10_000 - 1_700, None, None)
    assert bounds(found)["window"] == (9_000 - 1_100, 9_000, 1_100)
    assert (found.amount, found.by, found.agrees) == (300, "person-day", True)
