"""A stranger recomputes every kind of rule and entry, and names the lie in each."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jusha.matching import kinds as ours
from jusha.matching.kinds import shares as our_shares
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.quadratic import matches as our_quadratic
from tests.verify.logs import canonical
from tests.verify.stories import (
    AFTER,
    CLOSES,
    DAY,
    NOON,
    SEED,
    STORIES,
    Entry,
    Story,
    b64,
    caps_story,
    chance_story,
    m,
    of,
    ratio,
    sha,
    slice_story,
    surprise_story,
    tag,
    terms,
)
from verify import recompute

# --- formulas -------------------------------------------------------------------------------------

WORKED: list[tuple[Entry, int, int]] = [
    ({"kind": "ratio", "numerator": 1, "denominator": 3}, 1_000, 333),
    ({"kind": "flat", "amount": 99}, 100_000, 99),
    ({"kind": "per-unit", "unit": 1_000, "each": 100, "units_max": 0}, 3_999, 300),
    ({"kind": "per-unit", "unit": 1_000, "each": 100, "units_max": 2}, 3_999, 200),
    ({"kind": "tier-bonus", "tiers": [[100, 100], [1_000, 300]]}, 99, 0),
    ({"kind": "tier-bonus", "tiers": [[100, 100], [1_000, 300]]}, 999, 99),
    ({"kind": "tier-bonus", "tiers": [[100, 100], [1_000, 300]]}, 1_000, 300),
    ({"kind": "coupon", "count": 3, "permille": 500, "most": 400}, 700, 350),
    ({"kind": "coupon", "count": 3, "permille": 500, "most": 400}, 7_000, 400),
    ({"kind": "lump-sum", "threshold": 1, "amount": 5_000}, 1, 5_000),
]


@pytest.mark.parametrize(("gives", "amount", "match"), WORKED)
def test_a_kind_gives_what_was_worked_out(gives: Entry, amount: int, match: int) -> None:
    assert recompute.formula(gives)(amount, 0, b"") == match


CHANCES: list[Entry] = [
    {"kind": "random-range", "low": 100, "high": 900, "chance": 400},
    {"kind": "one-one-x", "on": "R1", "low": 0, "high": 1_000},
    {"kind": "friends", "on": "R1", "friends": 2, "low": 3, "high": 10},
]


@pytest.mark.parametrize("gives", [each for each, _, _ in WORKED] + CHANCES)
def test_two_independent_implementations_give_the_same(gives: Entry) -> None:
    chance = random.Random(7)
    kind: Any = msgspec.convert(gives, ours.Kind)
    for _ in range(200):
        amount, base, draw = (
            chance.randint(1, 10**6),
            chance.randint(0, 10**5),
            chance.randbytes(16),
        )
        ask = Ask(amount, {"R1": base}, draw=draw, base=base)
        given = recompute.formula(json.loads(json.dumps(gives)))(amount, base, draw)
        assert given == ours.KINDS[type(kind)](kind, ask)


def test_shares_and_squares_are_the_same_twice() -> None:
    chance = random.Random(8)
    for _ in range(200):
        claims = [(n, chance.randint(1, 50)) for n in range(chance.randint(1, 12))]
        budget = chance.randint(0, 100)
        assert recompute.split_evenly(claims, budget) == dict(our_shares.pro_rata(claims, budget))
        roots = [(v := chance.randint(1, 40), chance.randint(v, v * v)) for _ in claims]
        votes, spent = [v for v, _ in roots], [s for _, s in roots]
        unit = chance.choice([1, 100])
        assert recompute.quadratic(budget, unit, roots) == our_quadratic(budget, unit, votes, spent)


# --- stories told truly, and with one lie each ----------------------------------------------------


@pytest.mark.parametrize("name", STORIES)
def test_a_true_story_is_equal(name: str, tmp_path: Path) -> None:
    found = STORIES[name]().check(tmp_path)
    assert (found["differences"], found["waiting"]) == ([], [])


Change = Callable[[Story], Entry]
"""Tells a lie in a story and returns the entry that must be named."""


def changed(kind: str, place: int = 0, **fields: Any) -> Change:
    """Another value for fields of one entry."""

    def change(story: Story) -> Entry:
        entry = of(story, kind, place)
        entry |= fields
        return entry

    return change


def matched(place: int, match: int, **fields: Any) -> Change:
    """Another match of one gift."""

    def change(story: Story) -> Entry:
        entry = of(story, "don", place)
        entry["m"][match] |= fields
        return entry

    return change


def edited(place: int, **fields: Any) -> Change:
    """Another rule document under the old hash."""

    def change(story: Story) -> Entry:
        entry = of(story, "rule", place)
        entry["terms"] |= fields
        return entry

    return change


def republished(place: int, document: Entry) -> Change:
    """Another rule document with its own hash."""

    def change(story: Story) -> Entry:
        entry = of(story, "rule", place)
        entry |= {"terms": document, "h": sha(canonical(document))}
        return entry

    return change


def without(kind: str, place: int, field: str) -> Change:
    """An entry without one of its fields."""

    def change(story: Story) -> Entry:
        entry = of(story, kind, place)
        del entry[field]
        return entry

    return change


def silent(place: int) -> Change:
    """A gift without its last match."""

    def change(story: Story) -> Entry:
        entry = of(story, "don", place)
        entry["m"].pop()
        return entry

    return change


def left_out(kind: str, place: int = 0) -> Change:
    """An entry silently replaced by a harmless one."""

    def change(story: Story) -> Entry:
        entry = of(story, kind, place)
        number = entry["n"]
        story.entries[number] = {"k": "charity", "n": number, "org": "x", "t": NOON, "v": 1}
        return story.entries[number]

    return change


def review_what_went_back(story: Story) -> Entry:
    """A review of a gift whose match was taken back."""
    entry = of(story, "review")
    entry["ref"] = of(story, "clawback")["ref"]
    return entry


LIES: dict[str, tuple[str, Change, str]] = {
    "an edited rule document": ("chance", edited(0, gift_min=99), "does not hash to h"),
    "a rule of no kind": ("chance", republished(0, terms("bribe")), "kind 'bribe'"),
    "a rule with a word more": (
        "chance", republished(0, ratio() | {"secretly": 1}), "terms of another form",
    ),
    "low above high": (
        "chance", republished(1, terms("random-range", low=9, high=1, chance=1)), "low is above",
    ),
    "a slice that is not waited for": (
        "slice", republished(0, ratio(decided="slice", slice_minutes=1, slice_budget=300,
                                      late_minutes=10)), "late_minutes is 10",
    ),
    "a rule that leans on nothing": (
        "friends", republished(1, terms("friends", on="R9", friends=2, low=3, high=3)),
        "the rule R9 that it leans on",
    ),
    "a wrong draw": ("chance", matched(0, 1, amt=999), "match by N1.1"),
    "a wrong X": ("chance", matched(2, 2, amt=1), "match by X1.1"),
    "a draw from another place": ("chance", changed("don", 1, i=9), "match by"),
    "a place used twice": ("chance", changed("don", 3, i=2), "its place 2 in its row is wrong"),
    "a draw from another row": ("chance", changed("draw", d=sha(b"another")), "… match by N1.1"),
    "a draw after its reveal": ("chance", matched(6, 1, amt=400, by="rule"), "0 by revealed"),
    "a reveal that does not hash": ("chance", changed("reveal", s=b64(SEED[:-1])), "hash to h"),
    "a reveal of nothing": (
        "chance", changed("reveal", s=b64(b"x"), h=sha(b"x")), "nothing was committed",
    ),
    "a reveal within the day": ("chance", changed("reveal", t=CLOSES), "before it was over"),
    "a seed without its hour": ("chance", changed("seed", 0, day="2025-09-08"), "… 0 by no-seed"),
    "one seed for two rules": ("chance", changed("seed", 1, h=sha(SEED)), "serves another rule"),
    "a seed for a rule without chance": ("chance", changed("seed", 0, r="R1"), "draws nothing"),
    "a rule that is silent about a friend": (
        "friends", silent(2), "not as shown",
    ),
    "a friend who came before": (
        "friends", changed("don", 3, tag=tag("bob books")), "no new friend",
    ),
    "a friend of oneself": ("friends", changed("don", 1, tag=tag("alice books")), "no new friend"),
    "a friend in another project": ("friends", changed("don", 1, prj="water"), "no new friend"),
    "a match multiplied too often": ("friends", matched(2, 1, amt=2_000), "1500 by rule, not 2000"),
    "a match for another gift": ("friends", matched(2, 1, **{"for": 9}), "for the gift 9"),
    "a multiplied match not returned": (
        "friends", changed("refund", 1, m=[{"amt": 250, "pool": "tree"}]), "returns {'tree': 1000}",
    ),
    "more repaid than refunded": (
        "friends", changed("repaid", 1, amt=2), "249 + 2 repaid of 250 refunded",
    ),
    "repaid in another currency": ("friends", changed("repaid", 0, cur="USD"), "no gift of USD"),
    "a gift repaid that was not refunded": (
        "friends", changed("repaid", 0, ref=9), "249 repaid of 0 refunded",
    ),
    "a coupon used twice": ("coupon", matched(2, 2, amt=300, by="rule"), "0 by coupon-used"),
    "a coupon that does not exist": ("coupon", changed("don", 3, cpn="C1.1"), "not as shown"),
    "a coupon of no rule": ("coupon", changed("don", 3, cpn="Z1.1"), "is of no rule"),
    "a coupon spelled oddly": ("coupon", changed("don", 3, cpn="C1.02"), "is of no rule"),
    "a lump sum not crossed": ("coupon", changed("don", 1, amt=499), "not as shown"),
    "a fill that fills what is full": ("coupon", matched(0, 1, amt=500), "300 by rule, not 500"),
    "an anonymous gift matched": ("coupon", matched(1, 0, amt=200, by="gift"), "0 by no-person"),
    "a swapped share": (
        "slice", changed("share", m=[[7, 33], [8, 34]]), "[7, 34] is right, [7, 33] is shown",
    ),
    "a share for nobody's claim": (
        "slice", changed("share", m=[[7, 34], [6, 33]]), "6 has no claim here",
    ),
    "a slice over its budget": ("slice", changed("share", bud=301), "the budget is 300, not 301"),
    "claims counted wrong": ("slice", changed("share", cnt=4), "(300, 4, 900)"),
    "a share of refunded money": (
        "slice", changed("share", 1, m=[[9, 233]], left=0), "[9, 233] is too much",
    ),
    "money kept back": ("slice", changed("share", 1, left=232), "233 is left, not 232"),
    "a slice shared at once": ("slice", changed("share", t="2025-09-09T04:11Z"), "shared before"),
    "a slice without end": ("slice", changed("share", 0, left=233), "left out: [9]"),
    "a share that goes back": ("slice", changed("share", 1, upto=7), "upto goes back"),
    "a claim after its slice": (
        "slice", changed("don", 4, m=[m(0, c=100)]), "0 by slice-closed",
    ),
    "a claim too high": ("slice", matched(0, 0, c=101), "100 by rule, not 101"),
    "a claim paid at once": ("slice", matched(0, 0, amt=100), "a claim of a rule"),
    "a returned share too high": (
        "slice", changed("refund", 2, m=[{"amt": 34, "pool": "tree"}]), "returns {'tree': 17}",
    ),
    "a sliced pool with two rules": (
        "carry", changed("rule", 1, pool="tree"), "cut in slices serves one rule",
    ),
    "an at-once slice overrun": ("carry", matched(1, 0, amt=401), "400 by slice, not 401"),
    "a shared slice overrun": ("carry", changed("share", 2, bud=301), "the budget is 300, not 301"),
    "a project with another vote": (
        "close", changed("share", prj=[["books", 41, 800, 800], ["water", 40, 1_600, 0]]),
        "projects differ",
    ),
    "a project left out": (
        "close", changed("share", prj=[["books", 40, 800, 800]]), "left out",
    ),
    "an earlier gift left out": (
        "close", changed("share", 1, m=[[8, 200, "person-campaign"], [9, 300, "gift"]]),
        "gifts differ",
    ),
    "an earlier gift matched too high": (
        "close",
        changed("share", 1, m=[[8, 200, "person-campaign"], [9, 301, "gift"],
                               [10, 0, "person-campaign"]]), "match of 9",
    ),
    "a cap overrun": ("close", matched(1, 1, c=400, by="rule"), "300 by project, not 400 by rule"),
    "a charity cap overrun": ("caps", matched(3, 0, amt=300), "200 by charity, not 300"),
    "a person over the campaign": (
        "caps", matched(1, 0, amt=700, by="rule"), "one tag had 700 of 1000 in the campaign",
    ),
    "a person cut to nothing": ("caps", matched(0, 0, amt=0, by="person-campaign"), "… 700"),
    "a rule silent in its surprise": (
        "surprise", without("don", 1, "m"), "is silent within its surprise",
    ),
    "a rule that speaks outside its surprise": (
        "surprise", changed("don", 3, m=[m(100)]), "speaks outside its surprise",
    ),
    "a surprise forgotten": ("surprise", changed("don", 5, m=[m(100)]), "not as shown"),
    "a frozen project matched": ("money", matched(3, 0, amt=100, by="rule"), "0 by frozen"),
    "a match in the notice": ("money", matched(4, 0, amt=100, by="rule"), "0 by closed"),
    "a project frozen twice": ("money", changed("freeze", 1, st="frozen"), "frozen already"),
    "a clawback that returns too much": (
        "money", changed("clawback", m=[{"amt": 500, "pool": "tree"}]), "returns {'tree': 400}",
    ),
    "a clawback of no gift": ("money", changed("clawback", ref=0), "entry 0 is no gift"),
    "a refund after a clawback": (
        "money", changed("refund", 1, m=[{"amt": 100, "pool": "tree"}]), "returns {}",
    ),
    "a release past a review": (
        "money", left_out("review", 1), "… matches to it are under review",
    ),
    "a review begun twice": ("money", changed("review", 1, st="open"), "it is open already"),
    "a review after a clawback": ("money", review_what_went_back, "taken back before"),
    "a notice too short": ("money", changed("notice", until=NOON), "the notice is not 0 days"),
    "a notice in the campaign": (
        "money", changed("notice", t=NOON, until=NOON), "the campaign is still open",
    ),
    "a rest too large": ("money", changed("close", rest=1_101), "the rest is 1100, not 1101"),
    "a rest for the wrong": (
        "money", changed("close", to="projects", prj=[["books", 1_100]]), "it goes to sponsor",
    ),
    "a rest spread unevenly": (
        "spread", changed("close", prj=[["books", 734], ["water", 366]]), "projects differ",
    ),
    "a forged release": ("money", changed("release", amt=601), "600 is promised, 601 released"),
    "a release to another charity": ("money", changed("release", org="oak"), "is shan's"),
    "a release before the close": ("money", left_out("close"), "… the pool is not closed"),
    "a payment of more than is due": ("money", changed("paid", amt=601), "601 paid, 600 is due"),
    "a payment out of nothing": ("money", changed("paid", how="trusted"), "0 is trusted"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_found_and_named(name: str, tmp_path: Path) -> None:
    """A text that begins with … may be told of any entry."""
    story, change, said = LIES[name]
    lying = STORIES[story]()
    named = change(lying)["n"]
    told = lying.told(tmp_path)
    anywhere = said.startswith("… ")
    found = [number for number, text in told if said.removeprefix("… ") in text]
    assert found if anywhere else named in found, told


def test_what_no_seed_or_share_has_settled_yet_waits_and_is_not_wrong(tmp_path: Path) -> None:
    story = chance_story()
    del story.entries[-3:]
    found = story.check(tmp_path / "chance")
    assert (found["equal"], found["waiting"]) == (
        True, [f"6 matches by {code} on {DAY}, for its seed" for code in ("N1", "X1")],
    )  # fmt: skip
    story = slice_story()
    del story.entries[-5:]
    found = story.check(tmp_path / "slice")
    assert (found["equal"], found["waiting"]) == (
        True, [f"4 claims by R1.1, for their shares ({NOON})"],
    )  # fmt: skip
    story = surprise_story()
    del story.entries[-3:]
    found = story.check(tmp_path / "surprise")
    assert (found["equal"], found["waiting"]) == (
        True, ["gifts of 4 minutes, for the surprise of R1.1"],
    )  # fmt: skip
    said = recompute.in_words(found)
    assert any("waits for later entries: gifts of 4 minutes" in line for line in said)


Tables = dict[bytes, bytes]


def sealed(story: Story, tables: Tables, day: str, *rows: int) -> None:
    """Seal a day with a table of these sums."""
    table = canonical(
        sorted([hashlib.sha256(bytes([n])).hexdigest()[:32], r] for n, r in enumerate(rows))
    )
    digest = hashlib.sha256(table).digest()
    tables[digest] = table
    story.add("seal", AFTER, rd="day", day=day, sums=of(story, "seal")["sums"],
              persons={"cnt": len(rows), "h": b64(digest), "sum": sum(rows)})  # fmt: skip


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (((700, 200), (700, 300)), ""),
        (((700, 200), (1_000,)), ""),
        (((500, 400), (500, 500)), "do not fit"),
        (((900,), (1_000,)), "one person has"),
    ],
)
def test_persons_of_a_campaign_are_fenced_in_by_the_tables_of_its_days(
    tmp_path: Path, days: tuple[tuple[int, ...], ...], said: str
) -> None:
    story, tables = caps_story(), Tables()
    of(story, "rule")["terms"]["caps"]["person_campaign"] = (
        999 if said == "one person has" else 1_000
    )
    story.entries[6]["h"] = sha(canonical(of(story, "rule")["terms"]))
    story.seal(books=(3, 2_100, 1_200, 0, 0), water=(1, 700, 700, 0, 0))
    for day, rows in zip((DAY, "2025-09-10"), days, strict=True):
        sealed(story, tables, day, *rows)
    told = story.told(tmp_path, tables)
    assert any(said in text for _, text in told) if said else told == []


def test_a_person_cut_over_the_campaign_whom_no_days_can_be_is_named(tmp_path: Path) -> None:
    story, tables = Story(), Tables()
    story.entries[4] |= {"to": "2025-09-11T16:00Z"}
    story.rule(ratio(person_campaign=1_000))
    story.gift(700, m(700))
    story.gift(700, m(200, "person-campaign"), t="2025-09-10T04:00Z")
    story.seal(books=(2, 1_400, 900, 0, 0))
    sealed(story, tables, DAY, 700)
    found = story.check(tmp_path / "one", tables)
    assert (found["equal"], found["days_not_sealed"]) == (True, ["day 2025-09-10"])
    sealed(story, tables, "2025-09-10", 200)
    assert story.told(tmp_path / "two", tables) == [
        (
            story.entries[-1]["n"],
            "persons of day: 1 tags of books were cut at 1000, all days leave them 900",
        )
    ]


def test_a_days_table_counts_claims_too(tmp_path: Path) -> None:
    story, tables = Story(), Tables()
    story.rule(ratio(decided="close"))
    story.gift(700, m(0, c=700))
    story.seal(books=(1, 700, 0, 0, 0))
    sealed(story, tables, DAY, 700)
    assert story.told(tmp_path, tables) == []
