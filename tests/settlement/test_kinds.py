"""Every kind of rule through settlement: what the leaf shows, what moves, what is kept back."""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jusha.matching.kinds.ask import pick
from jusha.merkle.encoding import encode64
from jusha.settlement.match import draw
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House, ratio

NOON = 1_757_390_400  # 2025-09-09 12:00 in Shanghai
DAY = "2025-09-09"
RAIL = {"clock": "file"}


def kind(name: str, budget: int = 10**9, **more: Any) -> dict[str, Any]:
    """Terms of a rule of one kind; `gives` takes the kind's own fields."""
    gives = {"kind": name} | more.pop("gives", {})
    return {"gives": gives, "window": {"budget": budget} | more.pop("window", {})} | more


def given(house: House, number: int) -> list[tuple[str, int, str]]:
    """(rule, amount, by) of each match in an entry."""
    return [(m["r"], m["amt"], m["by"]) for m in house.entries()[number].get("m", ())]


def campaign(house: House, code: str = "past", **more: Any) -> None:
    """A campaign that is over: everything about its days can be closed."""
    terms = {"opens": "2025-09-08T16:00Z", "closes": "2025-09-09T16:00Z", "channels": ["partner"]}
    assert house.instruct("open-campaign", code=code, terms=terms | more)[0] == "done"


def past(house: House, terms: dict[str, Any], *, pool: int = 10_000, **more: Any) -> None:
    """Furnish a house whose campaign `past` has one rule."""
    house.furnish(channel=RAIL)
    campaign(house)
    house.fund(pool, code="grove", campaign="past", **more)
    house.rule(terms, code="P1", from_="2025-09-08T16:00Z", pool="grove")


def later(house: House, **more: int) -> None:
    """Let time pass in the inbox: its rows are never received before the lane's last."""
    house.web.execute(
        "UPDATE inbox_lane SET last_received_at = greatest(last_received_at, now()) + %s"
        " WHERE name = 'console'",
        (timedelta(**more),),
    )


def at(house: House, amount: int, person: bytes = ALICE, minute: int = 0, **more: Any) -> int:
    """Give in the campaign that is over."""
    fields: dict[str, Any] = {"campaign": "past", "paid_at": NOON + 60 * minute} | more
    project = fields.pop("project", BOOKS)
    return house.give(amount, project, person, **fields)


@pytest.mark.parametrize(
    ("terms", "amount", "match"),
    [
        (kind("flat", gives={"amount": 99}), 500, 99),
        (kind("per-unit", gives={"unit": 1_000, "each": 100}), 3_999, 300),
        (kind("per-unit", gives={"unit": 1_000, "each": 100, "units_max": 2}), 3_999, 200),
        (kind("tier-bonus", gives={"tiers": [[100, 100], [1_000, 300]]}), 999, 99),
        (kind("tier-bonus", gives={"tiers": [[100, 100], [1_000, 300]]}), 1_000, 300),
    ],
)
def test_a_kind_gives_what_its_document_says(
    house: House, terms: dict[str, Any], amount: int, match: int
) -> None:
    house.furnish(rule=terms)
    assert given(house, house.give(amount)) == [("R1.1", match, "rule")]
    house.check()


def test_a_second_funder_fills_what_the_first_left_open(house: House) -> None:
    house.furnish(pool=1_000)
    house.fund(10_000, code="lake")
    house.rule(ratio(fills="R1"), code="R2", pool="lake")
    assert given(house, house.give(600)) == [("R1.1", 600, "rule"), ("R2.1", 0, "rule")]
    assert given(house, house.give(600)) == [("R1.1", 400, "pool"), ("R2.1", 200, "rule")]
    assert given(house, house.give(600)) == [("R1.1", 0, "pool"), ("R2.1", 600, "rule")]
    house.check()


def test_what_is_not_for_the_gift_alone_is_never_filled(house: House) -> None:
    house.furnish()
    house.rule(kind("lump-sum", gives={"threshold": 1_000, "amount": 5_000}), code="L1")
    body: dict[str, Any] = {"code": "R2", "pool": "tree", "from": "2020-01-01T00:00Z"}
    assert house.instruct("publish-rule", terms=ratio(fills="L1"), **body)[0] == "bad-rule"
    assert house.instruct("publish-rule", terms=ratio(fills="R1"), **body)[0] == "done"
    lump = kind("lump-sum", gives={"threshold": 50, "amount": 500})
    later_version = body | {"code": "R1", "from": "2020-01-03T00:00Z", "terms": lump}
    assert house.instruct("publish-rule", **later_version)[0] == "bad-rule"
    house.check()


def test_a_rule_that_gives_whole_matches_gives_none_when_money_is_short(house: House) -> None:
    house.furnish(pool=1_000, rule=ratio(exhaustion="whole"))
    assert given(house, house.give(600)) == [("R1.1", 600, "rule")]
    assert given(house, house.give(600)) == [("R1.1", 0, "pool")]
    assert given(house, house.give(400)) == [("R1.1", 400, "rule")]
    house.check()


def test_caps_over_campaign_project_and_charity_cut(house: House) -> None:
    caps = {"person_campaign": 1_000, "project": 1_500, "charity": 1_900}
    house.furnish(rule=kind("ratio", gives={"numerator": 1, "denominator": 1}, caps=caps),
                  channel=RAIL)  # fmt: skip
    day = 86_400
    assert given(house, house.give(700, paid_at=NOON)) == [("R1.1", 700, "rule")]
    assert given(house, house.give(700, paid_at=NOON + day)) == [("R1.1", 300, "person-campaign")]
    assert given(house, house.give(700, BOOKS, BOB, paid_at=NOON)) == [("R1.1", 500, "project")]
    assert given(house, house.give(700, WATER, BOB, paid_at=NOON)) == [("R1.1", 400, "charity")]
    house.check()


def test_a_coupon_doubles_one_gift_once(house: House) -> None:
    house.furnish()
    gives = {"count": 2, "permille": 1_000, "most": 300}
    house.rule(kind("coupon", gives=gives), code="C1")
    assert given(house, house.give(500)) == [("R1.1", 500, "rule")]
    first = house.give(500, coupon="C1.1")
    assert given(house, first) == [("R1.1", 500, "rule"), ("C1.1", 300, "rule")]
    assert house.entries()[first]["cpn"] == "C1.1"
    assert given(house, house.give(500, coupon="C1.1"))[1] == ("C1.1", 0, "coupon-used")
    assert len(given(house, house.give(500, coupon="C1.2"))) == 1  # two coupons: 0 and 1
    order = house.order(200, coupon="C1.0", person=BOB)
    house.send(order, lane="web")
    paid = house.give(200, "", order=order.no, person=BOB)
    assert given(house, paid)[1] == ("C1.1", 200, "rule")
    house.send(house.order(200, coupon="X9.0"), lane="web")
    house.settle()
    row = house.web.execute("SELECT code FROM settlement_outcome ORDER BY code DESC").fetchone()
    assert row == ("unknown-coupon",)
    house.check()


def test_a_lump_sum_comes_with_the_gift_that_crosses_the_threshold(house: House) -> None:
    house.furnish()
    house.rule(kind("lump-sum", gives={"threshold": 1_000, "amount": 5_000}), code="L1")
    assert len(given(house, house.give(999))) == 1
    assert given(house, house.give(1))[1] == ("L1.1", 5_000, "rule")
    assert len(given(house, house.give(999))) == 1
    house.check()


def test_invited_friends_multiply_the_first_gift(house: House) -> None:
    house.furnish()
    gives = {"on": "R1", "friends": 2, "low": 5, "high": 5}
    house.rule(kind("friends", gives=gives), code="F1")
    first = house.give(800)
    house.give(100, BOOKS, BOB, invite=first)
    house.give(100, BOOKS, BOB, invite=first)  # the same friend again
    house.give(100, WATER, CAROL, invite=first)  # another project
    last = house.give(100, BOOKS, CAROL, invite=first)
    entry = house.entries()[last]
    assert entry["inv"] == first
    assert entry["m"][1] == {"amt": 4_000, "by": "rule", "for": first, "pool": "tree", "r": "F1.1"}
    assert house.instruct("refund", deed=first, amount=800, reason="asked for")[0] == "done"
    assert house.entries()[-1]["m"] == [{"amt": 4_800, "pool": "tree"}]
    house.check()


def test_a_gift_is_multiplied_once_whatever_a_later_version_asks(house: House) -> None:
    house.furnish(channel=RAIL)
    gives = {"on": "R1", "friends": 1, "low": 2, "high": 2}
    house.rule(kind("friends", gives=gives), code="F1")
    later = kind("friends", gives=gives | {"friends": 2})
    house.rule(later, code="F1", from_="2025-09-09T05:00Z")
    first = house.give(800, paid_at=NOON)
    friend = house.give(100, BOOKS, BOB, invite=first, paid_at=NOON)
    assert given(house, friend)[1] == ("F1.1", 1_600, "rule")
    second = house.give(100, BOOKS, CAROL, invite=first, paid_at=NOON + 7_200)
    assert len(given(house, second)) == 1
    assert house.web.execute("SELECT count(*) FROM settlement_stuck").fetchone() == (0,)
    house.check()


def seeded(house: House, code: str, day: str) -> bytes:
    """Make a day's seed and commit to it."""
    seed = secrets.token_bytes(32)
    digest = house.settlement.world.secrets.keep(seed)  # type: ignore[attr-defined]
    outcome = house.instruct("commit-seed", rule=code, day=day, hash=digest)
    assert outcome[0] == "done", outcome
    return seed


def test_a_seed_serves_one_rule_and_one_day(house: House) -> None:
    house.furnish(rule=kind("random-range", gives={"low": 1, "high": 9}))
    digest = house.settlement.world.secrets.keep(secrets.token_bytes(32))  # type: ignore[attr-defined]
    body = {"rule": "R1", "day": "2098-01-01"}
    assert house.instruct("commit-seed", hash=digest, **body)[0] == "done"
    for other in ({"day": "2098-01-02"}, {"day": "2098-01-01"}):
        assert house.instruct("commit-seed", hash=digest, **(body | other))[0] == "seed-committed"
    assert house.instruct("commit-seed", hash=b"short", **body)[0] == "bad-hash"
    house.check()


def test_a_random_match_can_be_drawn_again_from_the_log(house: House) -> None:
    terms = kind("random-range", gives={"low": 100, "high": 900})
    house.furnish(rule=terms, channel={"clock": "rail"})
    unseeded = house.give(1_000)
    assert given(house, unseeded) == [("R1.1", 0, "no-seed")]
    campaign(house, "other", channels=["partner"], closes="2099-01-01T00:00Z")
    house.fund(10**6, code="grove", campaign="other")
    house.rule(terms, code="X1", pool="grove")
    today = house.web.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text").fetchone()
    assert today is not None
    seed = seeded(house, "X1", today[0])
    deed = house.deed(1_000, campaign="other")
    house.send(house.deed(1, campaign=""), deed)
    house.settle()
    *_, digest_entry, leaf = house.entries()
    row = house.web.execute("SELECT payload FROM inbox_row ORDER BY received_at DESC").fetchone()
    assert row is not None
    digest = hashlib.sha256(row[0]).digest()
    assert digest_entry["d"] == encode64(digest)
    assert leaf["i"] == 1
    permille = pick(draw(seed, digest, 1, "X1.1"), 100, 900)
    assert leaf["m"] == [{"amt": permille, "by": "rule", "pool": "grove", "r": "X1.1"}]
    assert house.instruct("reveal", secret=seed)[0] == "too-early"
    house.check()


def test_partners_gifts_never_meet_chance(house: House) -> None:
    house.furnish(rule=kind("random-range", gives={"low": 100, "high": 900}))
    assert given(house, house.give(1_000)) == [("R1.1", 0, "not-reconciled")]
    house.check()


def test_x_is_drawn_on_what_the_other_rule_gave(house: House) -> None:
    house.furnish(channel={"clock": "rail"})
    house.rule(kind("one-one-x", gives={"on": "R1", "low": 500, "high": 500}), code="X1")
    today = house.web.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text").fetchone()
    assert today is not None
    seeded(house, "X1", today[0])
    assert given(house, house.give(1_000)) == [("R1.1", 1_000, "rule"), ("X1.1", 500, "rule")]
    house.check()


def test_a_surprise_matches_only_within_its_secret_times(house: House) -> None:
    times = {"from": "2025-09-09T04:10Z", "salt": "00112233445566778899aabbccddeeff",
             "to": "2025-09-09T04:20Z"}  # fmt: skip
    secret = json.dumps(times, sort_keys=True, separators=(",", ":")).encode()
    digest = house.settlement.world.secrets.keep(secret)  # type: ignore[attr-defined]
    past(house, ratio() | {"window": {"budget": 10_000, "surprise": encode64(digest)}})
    assert [len(given(house, at(house, 100, minute=m))) for m in (9, 10, 19, 20)] == [0, 1, 1, 0]
    assert house.instruct("reveal", secret=b"something else")[0] == "unknown-secret"
    assert house.instruct("reveal", secret=secret)[0] == "done"
    assert house.entries()[-1]["s"] == encode64(secret)
    house.check()


def sliced(**more: Any) -> dict[str, Any]:
    """A rule that shares 300 fen a minute, or as told."""
    window = {"budget": 10_000, "slice_minutes": 1, "slice_budget": 300} | more.pop("window", {})
    return ratio(decided="slice", **more) | {"window": window}


def test_all_gifts_of_a_minute_share_its_money(house: House) -> None:
    past(house, sliced())
    first, second, third = (at(house, n, p) for n, p in ((100, ALICE), (200, BOB), (700, CAROL)))
    next_minute = at(house, 900, BOB, minute=1)
    leaf = house.entries()[first]["m"]
    assert leaf == [{"amt": 0, "by": "rule", "c": 100, "pool": "grove", "r": "P1.1"}]
    house.check()
    assert house.instruct("close-claims", rule="P1.1", slice="2025-09-09T04:00Z")[0] == "done"
    share = house.entries()[-1]
    assert (share["bud"], share["tot"], share["cnt"], share["left"]) == (1_000, 1_000, 3, 0)
    # from midnight on 720 minutes have left their money over, so the minute is not short
    assert share["m"] == [[first, 100], [second, 200], [third, 700]]
    assert house.instruct("close-claims", rule="P1.1", slice="2025-09-09T04:01Z")[0] == "done"
    assert house.entries()[-1]["m"] == [[next_minute, 900]]
    late = at(house, 500, CAROL)
    assert given(house, late) == [("P1.1", 0, "slice-closed")]
    house.check()


def test_a_short_minute_is_shared_pro_rata_to_the_fen(house: House) -> None:
    past(house, sliced(window={"carry": False}))
    numbers = [at(house, n, p) for n, p in ((100, ALICE), (100, BOB), (700, CAROL), (100, CAROL))]
    assert house.instruct("refund", deed=numbers[3], amount=1, reason="asked")[0] == "done"
    assert house.instruct("close-claims", rule="P1.1", slice="2025-09-09T04:00Z")[0] == "done"
    share = house.entries()[-1]
    assert (share["bud"], share["tot"], share["cnt"], share["left"]) == (300, 900, 3, 0)
    assert share["m"] == [[numbers[0], 34], [numbers[1], 33], [numbers[2], 233]]
    assert house.balance("pool:grove", "promised", BOOKS) == 300
    house.check()
    assert house.instruct("refund", deed=numbers[0], amount=100, reason="asked")[0] == "done"
    assert house.entries()[-1]["m"] == [{"amt": 34, "pool": "grove"}]
    house.check()


def test_a_closing_goes_on_in_steps_and_skips_what_was_refunded_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jusha.settlement.find_step.CLAIMS_A_STEP", 2)
    past(house, ratio(decided="close", budget=700), pool=700)
    numbers = [at(house, 200, person) for person in (ALICE, BOB, CAROL, ALICE, BOB)]
    assert house.instruct("close-claims", rule="P1.1")[0] == "done"
    house.check()
    assert house.instruct("refund", deed=numbers[2], amount=200, reason="asked")[0] == "done"
    for _ in range(3):
        assert house.instruct("close-claims", rule="P1.1")[0] == "done"
    shares = [e for e in house.entries() if e["k"] == "share"]
    assert [e["m"] for e in shares] == [
        [[numbers[0], 140], [numbers[1], 140]],
        [[numbers[3], 140], [numbers[4], 140]],
        [],
    ]
    assert shares[-1]["left"] == 140
    assert house.balance("pool:grove", "available", "grove") == 140
    house.check()


def test_quadratic_funding_weighs_donors_more_than_sums(house: House) -> None:
    past(house, kind("quadratic", budget=10_000, gives={"unit": 1}, decided="close"))
    at(house, 400, ALICE)
    at(house, 400, BOB)
    at(house, 1_600, CAROL, project=WATER)
    assert house.instruct("close-claims", rule="P1.1")[0] == "done"
    share = house.entries()[-1]
    assert share["prj"] == [[BOOKS, 40, 800, 800], [WATER, 40, 1_600, 0]]
    assert (share["bud"], share["left"]) == (10_000, 9_200)
    house.check()


def test_earlier_gifts_are_matched_by_a_rule_that_comes_later(house: House) -> None:
    past(house, ratio(budget=100), pool=10_000)
    first, second = at(house, 700), at(house, 700, BOB, minute=1)
    refunded = at(house, 700, CAROL, minute=2)
    assert house.instruct("refund", deed=refunded, amount=1, reason="asked")[0] == "done"
    at(house, 700, CAROL, minute=90)
    terms = ratio(
        decided="retro",
        since="2025-09-09T04:00Z",
        until="2025-09-09T05:00Z",
        budget=1_000,
        person_day_max=600,
    )
    soon = datetime.now(UTC) + timedelta(minutes=3)
    house.rule(terms, code="P2", from_=f"{soon:%Y-%m-%dT%H:%MZ}", pool="grove")
    assert house.instruct("close-claims", rule="P2.1")[0] == "too-early"
    later(house, minutes=4)
    assert house.instruct("close-claims", rule="P2.1")[0] == "done"
    share = house.entries()[-1]
    # the first gift had 100 of its donor's 600 already, the window has 1,000 for both
    assert share["m"] == [[first, 500, "person-day"], [second, 500, "window"]]
    assert share["left"] == 0
    assert house.instruct("refund", deed=second, amount=700, reason="asked")[0] == "done"
    assert house.entries()[-1]["m"] == [{"amt": 500, "pool": "grove"}]
    house.check()


def test_money_leaves_in_steps_by_two_persons(house: House) -> None:
    past(house, ratio(budget=1_000), on_return="sponsor", notice_days=0)
    first = at(house, 600)
    second = at(house, 300, BOB, project=WATER)
    assert house.instruct("claw-back", deed=second, reason="bought")[0] == "done"
    assert house.instruct("claw-back", deed=second, reason="bought")[0] == "nothing-to-change"
    assert house.instruct("freeze", project=BOOKS, reason="complaint")[0] == "done"
    assert given(house, at(house, 100, CAROL)) == [("P1.1", 0, "frozen")]
    assert house.instruct("close-pool", pool="grove")[0] == "notice-runs"
    assert house.instruct("begin-notice", pool="grove")[0] == "done"
    assert given(house, at(house, 100, CAROL)) == [("P1.1", 0, "closed")]
    house.check()
    later(house, minutes=1)
    assert house.instruct("close-pool", pool="grove")[0] == "done"
    assert house.balance("pool:grove", "unspent", "grove") == 10_000 - 600
    assert house.instruct("release", pool="grove", project=BOOKS)[0] == "project-frozen"
    assert house.instruct("thaw", project=BOOKS, reason="cleared")[0] == "done"
    one = house.instruct("release", second="", pool="grove", project=BOOKS)
    assert one[0] == "needs-two-persons"
    assert house.instruct("release", pool="grove", project=BOOKS)[0] == "done"
    assert house.instruct("release", pool="grove", project=WATER)[0] == "nothing-to-release"
    house.check()
    paid: dict[str, Any] = {"pool": "grove", "charity": "shan", "amount": 601, "how": "secured"}
    assert house.instruct("sponsor-paid", **paid)[0] == "more-than-is-due"
    assert house.instruct("sponsor-paid", **(paid | {"amount": 600}))[0] == "done"
    assert house.instruct("refund", deed=first, amount=300, reason="asked")[0] == "done"
    assert house.balance("charity:shan", "due-to-sponsor", BOOKS) == 300
    assert house.balance("pool:grove", "recoverable", BOOKS) == 300
    house.check()


def test_what_is_left_is_spread_where_the_pool_said_so(house: House) -> None:
    past(house, ratio(budget=1_000), pool=2_000, on_return="spread", notice_days=0)
    at(house, 600)
    at(house, 300, BOB, project=WATER)
    assert house.instruct("begin-notice", pool="grove")[0] == "done"
    later(house, minutes=1)
    assert house.instruct("close-pool", pool="grove")[0] == "done"
    close = house.entries()[-1]
    assert (close["rest"], close["prj"]) == (1_100, [[BOOKS, 733], [WATER, 367]])
    assert house.balance("pool:grove", "promised", BOOKS) == 1_333
    house.check()
