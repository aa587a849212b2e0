"""Giving days drawn by chance: rules of all kinds, and what happens under them.

Pools and caps are small, so that every bound cuts something. A plan is drawn without numbers;
a Stream writes it out twice, as rows of the inbox and as the events of the slow oracle.
"""

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, encode
from jusha.inbox.keys import deed_key
from jusha.merkle.commitment import canonical_json
from jusha.merkle.encoding import encode64
from jusha.money.clock import day_text, minute_text
from tests.cast import ALICE, BOB, BOOKS, CAROL, SECRET, WATER
from tests.settlement import oracle_rules as oracle
from tests.settlement.oracle_book import (
    CLOSE,
    DAY,
    MINUTE,
    RETRO,
    Gift,
    Setting,
    Told,
    day_of,
    minute_of,
    slice_at,
)

RICE = "he-rice"
OPENS = 1_788_912_000  # 2026-09-09 08:00 in Shanghai
CLOSES = OPENS + 36 * 3600
BEFORE = OPENS - 2 * 3600
DAYS = tuple(day_of(OPENS + n * DAY) for n in range(2))
PERSONS = {"alice": ALICE, "bob": BOB, "carol": CAROL, "": NO_PERSON}
CHANNELS = {"partner": ("receipt", 0), "rail": ("rail", 2_500), "book": ("file", 3_000),
            "odd": ("receipt", 0)}  # fmt: skip
PROJECTS = {BOOKS: "shan", WATER: "shan", RICE: "he"}
POOLS = {"tree": (3_000, "sponsor", 0), "lake": (1_500, "spread", 1), "hill": (1_500, "sponsor", 0)}
STEP = 3
NEAR = 8
"""A plan names so many of the gifts before its row, the latest as 1, and some within its row."""
SURPRISE = canonical_json(
    {"from": minute_text(OPENS + 600), "salt": encode64(bytes(32)), "to": minute_text(OPENS + 7200)}
)
SURPRISES = {encode64(hashlib.sha256(SURPRISE).digest()): (OPENS + 600, OPENS + 7200)}
Step = tuple[str, dict[str, Any]]
Rules = list[tuple[str, str, list[dict[str, Any]]]]
"""(code, pool, documents of its versions)."""


def seed(code: str, day: int) -> bytes:
    return hashlib.sha256(f"seed {code} {day}".encode()).digest()


def few(*values: int) -> st.SearchStrategy[int]:
    return st.sampled_from(values)


@st.composite
def windows(draw: st.DrawFn, *, cut: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"budget": draw(few(700, 1_500, 10**6))}
    if draw(st.booleans()):
        found |= {"from_minute": draw(few(0, 485)), "to_minute": draw(few(600, 1_100, 1_440))}
    if cut:
        found |= {"slice_minutes": draw(few(20, 45)), "slice_budget": draw(few(150, 400))}
        found["carry"] = draw(st.booleans())
    return found


@st.composite
def plain_kinds(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["ratio", "ratio", "flat", "per-unit", "tier-bonus"]))
    if kind == "ratio":
        return {"kind": kind, "numerator": draw(few(1, 2, 3)), "denominator": draw(few(1, 2, 7))}
    if kind == "flat":
        return {"kind": kind, "amount": draw(few(99, 300))}
    if kind == "per-unit":
        return {"kind": kind, "unit": 150, "each": 50, "units_max": draw(few(0, 3))}
    return {"kind": kind, "tiers": [[100, 200], [300, 300], [500, 1_100]]}


@st.composite
def kinds_at_once(draw: st.DrawFn, on: list[str], *, friends: bool) -> dict[str, Any]:
    names = ["plain", "plain", "random-range", "coupon", "lump-sum"]
    names += ["one-one-x"] if on else []
    names += ["friends"] * 3 if on and friends else []
    kind = draw(st.sampled_from(names))
    if kind == "random-range":
        return {"kind": kind, "low": 100, "high": 1_500, "chance": draw(few(400, 1_000))}
    if kind == "coupon":
        return {"kind": kind, "count": 3, "permille": 1_000, "most": draw(few(150, 900))}
    if kind == "lump-sum":
        return {"kind": kind, "threshold": draw(few(600, 1_200)), "amount": draw(few(200, 900))}
    if kind == "one-one-x":
        return {"kind": kind, "on": draw(st.sampled_from(on)), "low": 0, "high": 1_300}
    if kind == "friends":
        high = draw(few(2, 4))
        number = draw(few(1, 2))
        return {"kind": kind, "on": draw(st.sampled_from(on)), "friends": number, "low": 2,
                "high": high}  # fmt: skip
    return draw(plain_kinds())


@st.composite
def documents(
    draw: st.DrawFn, on: list[str], fillable: list[str], decided: str, *, friends: bool, cut: bool
) -> dict[str, Any]:
    """One version of a rule; `on` are the codes it may lean on, `cut`: whether it has slices."""
    quadratic = decided == CLOSE and draw(st.integers(0, 2)) == 0
    caps = {name: draw(few(0, 0, 400, 900)) for name in ("gift", "person_day", "person_campaign",
                                                        "project", "charity")}  # fmt: skip
    found: dict[str, Any] = {
        "decided": decided,
        "window": draw(windows(cut=cut)),
        "caps": {name: most * (1 + (name == "charity")) for name, most in caps.items()},
        "gift_min": draw(few(0, 100, 100, 200)),
        "anonymous": draw(st.sampled_from(["none", "gift"])),
        "exhaustion": draw(st.sampled_from(["partial", "partial", "whole"])),
    }
    if decided == "at-once":
        found["gives"] = draw(kinds_at_once(on, friends=friends))
        found["fills"] = draw(st.sampled_from(["", "", *fillable]))
    else:
        found["gives"] = draw(plain_kinds())
    if quadratic:
        found |= {"gives": {"kind": "quadratic", "unit": draw(few(1, 10))},
                  "caps": {"gift": draw(few(0, 400))}}  # fmt: skip
    elif decided in {"slice", CLOSE}:
        found["share"] = draw(st.sampled_from(["claims", "claims", "all"]))
    if decided == RETRO:
        found |= {"since": minute_text(OPENS), "until": minute_text(OPENS + 20 * 3600)}
    if decided in {"at-once", "slice"} and draw(st.integers(0, 4)) == 0:
        found["window"]["surprise"] = next(iter(SURPRISES))
    return found


@st.composite
def rule_sets(draw: st.DrawFn, times: list[str]) -> Rules:
    """Up to five rules of one or two versions; the first is decided at once.

    One may be cut in slices: it has the pool "hill" for itself.
    """
    found: Rules = []
    on: list[str] = []
    fillable: list[str] = []
    friends = False
    for code in "ABCDE"[: draw(st.integers(1, 5))]:
        decided = "at-once" if not found else draw(st.sampled_from(times))
        taken = any(pool == "hill" for _, pool, _ in found)
        decided = "at-once" if taken and decided == "slice" else decided
        cut = decided == "slice"
        cut |= not taken and decided == "at-once" and draw(st.integers(0, 4)) == 0
        one = documents(on, fillable, decided, friends=not friends, cut=cut)
        versions = [draw(one) for _ in range(draw(few(1, 1, 2)))]
        friends |= any(each["gives"]["kind"] == "friends" for each in versions)
        pool = "hill" if cut else draw(st.sampled_from(["tree", "tree", "lake"]))
        found.append((code, pool, versions))
        if decided == "at-once":
            on.append(code)
            gives = {each["gives"]["kind"] for each in versions}
            fillable += [] if gives & {"friends", "lump-sum"} else [code]
    return found


@st.composite
def company(draw: st.DrawFn) -> Rules:
    """Rules that lean on one another and on other gifts, with caps on persons."""

    def document(gives: dict[str, Any]) -> dict[str, Any]:
        caps = {name: draw(few(0, 0, 700)) for name in ("person_day", "person_campaign")}
        return {"decided": "at-once", "window": {"budget": 10**6}, "caps": caps, "gives": gives}

    def invited() -> dict[str, Any]:
        found = {"kind": "friends", "on": "A", "friends": draw(few(1, 2, 3)), "low": 2}
        return document(found | {"high": draw(few(2, 4))})

    ratio = {"kind": "ratio", "numerator": 1, "denominator": 2}
    drawn = {"kind": "random-range", "low": 500, "high": 1_500}
    first = [document(draw(st.sampled_from([ratio, ratio, drawn]))) for _ in range(draw(few(1, 2)))]
    more = [
        document({"kind": "one-one-x", "on": "A", "low": 0, "high": 900}),
        document({"kind": "coupon", "count": 2, "permille": 1_000, "most": 300}),
        document(ratio) | {"fills": "A"},
    ]
    last = draw(st.sampled_from(more))
    return [("A", "tree", first), ("B", "tree", [invited(), invited()]), ("C", "lake", [last])]


@st.composite
def gifts_of_friends(draw: st.DrawFn) -> Step:
    """Gifts of three persons who invite one another, mostly to one project."""
    kind, step = draw(gifts())
    return kind, step | {
        "project": draw(st.sampled_from([BOOKS, BOOKS, BOOKS, WATER])),
        "person": draw(st.sampled_from(["alice", "bob", "carol"])),
        "amount": draw(few(100, 200, 300, 500)),
        "channel": draw(st.sampled_from(["partner", "rail", "rail", "rail", "book"])),
        "back": draw(few(0, 60)),
        "invite": draw(few(1, 2, 3, 4, NEAR + 1, NEAR + 2, NEAR + 3)),
    }


@st.composite
def gifts(draw: st.DrawFn) -> Step:
    channel = draw(st.sampled_from(["partner"] * 6 + ["rail"] * 8 + ["book"] * 4 + ["odd"]))
    coupon = draw(st.sampled_from(["", "", *(f"{c}.{n}" for c in "ABC" for n in (0, 1, 7))]))
    return "give", {
        "amount": draw(few(50, 100, 200, 200, 300, 500, 500, 1_000)),
        "project": draw(st.sampled_from([BOOKS, BOOKS, BOOKS, BOOKS, WATER, RICE])),
        "person": draw(st.sampled_from(["alice", "alice", "bob", "bob", "carol", "carol", ""])),
        "channel": channel,
        "back": draw(few(0, 0, 60, 300, 300, 5_000)),
        "coupon": coupon,
        "invite": draw(st.integers(0, NEAR + 3)),
    }


@st.composite
def acts(draw: st.DrawFn, *, freezing: bool = True) -> Step:
    """Something that is not a gift."""
    kinds = ["refund"] * 4 + ["claw-back"] * 2 + ["thaw", "fund-pool", "reveal", "close", "close"]
    kind = draw(st.sampled_from([*kinds, "freeze"] if freezing else kinds))
    return kind, {
        "deed": draw(st.integers(1, NEAR + 3)),
        "amount": draw(few(50, 100, 200, 333)),
        "project": draw(st.sampled_from([BOOKS, WATER])),
        "pool": draw(st.sampled_from(["tree", "lake"])),
        "code": draw(st.sampled_from("ABCDE")),
        "day": draw(st.sampled_from(DAYS)),
    }


Plan = list[tuple[int, list[Step]]]
"""Rows of the inbox: (minutes since the row before, what is in it)."""


@st.composite
def plans(draw: st.DrawFn, *, friends: bool = False) -> Plan:
    """Rows while the campaign is open: mostly gifts, and second versions of rules."""
    found: Plan = []
    gift = gifts_of_friends() if friends else gifts()
    one = st.one_of(*[gift] * 8, acts(freezing=not friends))
    for _ in range(draw(st.integers(3, 9))):
        steps = draw(st.lists(one, min_size=2, max_size=7))
        if draw(st.integers(0, 3)) == 0:
            steps.insert(draw(st.integers(0, len(steps))), ("next-version", {}))
        found.append((draw(few(1, 2, 2, 11, 25, 90, 400)), steps))
    return found


@dataclass
class Stream:
    """A plan written out twice: as inbox rows, and as the events of the oracle."""

    setting: Setting
    rules: Rules
    rows: list[tuple[int, list[Envelope]]] = field(default_factory=list)
    events: list[Gift | Told] = field(default_factory=list)
    published: dict[str, int] = field(default_factory=dict)
    last_from: dict[str, int] = field(default_factory=dict)
    gifts: list[int] = field(default_factory=list)
    next: int = 0
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def instruct(self, at: int, kind: str, body: dict[str, Any], **about: Any) -> Instruction:
        self.events.append(Told(at=at, kind=kind, about=about))
        return Instruction(next(self.ids).to_bytes(16, "big"), kind, "li", "wang", body)

    def row(self, at: int, envelopes: list[Envelope]) -> None:
        """Put a row into the inbox; only now is it known what its gifts' draws depend on."""
        if not envelopes:
            return
        digest, number = hashlib.sha256(encode(envelopes)).digest(), len(self.rows) + 1
        self.rows.append((at, envelopes))
        first = len(self.events) - len(envelopes)
        for place, event in enumerate(self.events[first:]):
            if isinstance(event, Gift):
                where = {"row": number, "place": place, "digest": digest}
                self.events[first + place] = Gift(**(vars(event) | where))
        book = oracle.settle(self.setting, self.events)
        self.gifts, self.next = [don["n"] for don in book.of("don")][::-1], book.next()

    def number(self, near: int) -> int:
        """Read how a plan names a gift: see NEAR; 0 is none."""
        if near > NEAR:
            return self.next + near - NEAR - 1
        return self.gifts[near - 1] if 0 < near <= len(self.gifts) else 0

    def publish(self, at: int, *, from_: int, code: str) -> Envelope | None:
        """Publish the next version of a rule, if it has one."""
        _, pool, versions = next(rule for rule in self.rules if rule[0] == code)
        version = self.published.get(code, 0)
        if version == len(versions):
            return None
        from_ = max(from_, self.last_from.get(code, 0) + MINUTE)
        self.published[code], self.last_from[code] = version + 1, from_
        terms = versions[version]
        body = {"code": code, "pool": pool, "from": minute_text(from_), "terms": terms}
        plain = dict(terms)
        if terms["decided"] == RETRO:
            plain |= {"since": OPENS, "until": OPENS + 20 * 3600}
        about: dict[str, Any] = {"code": code, "pool": pool, "terms": plain, "from": from_}
        return self.instruct(at, "publish-rule", body, **about)

    def give(self, at: int, step: dict[str, Any]) -> Envelope:
        external = f"gift-{next(self.ids)}"
        paid_at = at - step["back"] if step["channel"] in {"rail", "book"} else 0
        invite = self.number(step["invite"])
        gift = Gift(
            at=at, amount=step["amount"], project=step["project"], channel=step["channel"],
            person=step["person"], paid_at=paid_at, coupon=step["coupon"], invite=invite,
        )  # fmt: skip
        self.events.append(gift)
        return Deed(
            channel=gift.channel,
            key=deed_key(SECRET, gift.channel, external),
            body=hashlib.sha256(external.encode()).digest(),
            asset="CNY",
            amount=gift.amount,
            project=gift.project,
            campaign="day",
            person=PERSONS[gift.person],
            paid_at=gift.paid_at,
            coupon=gift.coupon,
            invite=invite,
        )

    def act(self, at: int, kind: str, step: dict[str, Any]) -> list[Envelope]:
        if kind == "give":
            return [self.give(at, step)]
        if kind == "next-version":
            soon = at // MINUTE * MINUTE + 2 * MINUTE
            codes = [code for code, _, _ in self.rules]
            found = (self.publish(at, from_=soon, code=code) for code in codes)
            return [envelope for envelope in found if envelope]
        if kind == "close":
            return self.close(at, step["code"])
        if kind in {"refund", "claw-back"}:
            body = {"deed": self.number(step["deed"]), "reason": "asked"}
            body |= {"amount": step["amount"]} if kind == "refund" else {}
        elif kind in {"freeze", "thaw"}:
            body = {"project": step["project"], "reason": "asked"}
        elif kind == "fund-pool":
            body = {"code": step["pool"], "campaign": "day", "sponsor": "Tree Ltd",
                    "amount": step["amount"], "how": "secured"}  # fmt: skip
            return [self.instruct(at, kind, body, pool=step["pool"], amount=step["amount"])]
        elif kind == "reveal":
            body = {"secret": seed(step["code"], step["day"])}
        else:
            body = {"pool": step["pool"]}
        return [self.instruct(at, kind, body, **body)]

    def close(self, at: int, code: str) -> list[Envelope]:
        """Take a step of every closing that a rule may have."""
        steps: list[Envelope] = []
        rule = next((rule for rule in self.rules if rule[0] == code), None)
        for version, terms in enumerate(rule[2] if rule else (), 1):
            name = f"{code}.{version}"
            slices = self.slices(terms) if terms["decided"] == "slice" else [0]
            for begins in slices:
                shown = minute_text(begins) if begins else ""
                body = {"rule": name, "slice": shown}
                steps.append(self.instruct(at, "close-claims", body, rule=name, slice=begins))
        return steps

    def slices(self, terms: dict[str, Any]) -> list[int]:
        window = oracle.full(terms)["window"]
        found = {
            slice_at(window, at)
            for at in (oracle.when(self.setting, e) for e in self.events if isinstance(e, Gift))
            if window["from_minute"] <= minute_of(at) < window["to_minute"]
        }
        return sorted(found)


def write_out(setting: Setting, rules: Rules, plan: Plan, after: Plan) -> Stream:
    """Publish, commit, give, close and settle up."""
    stream = Stream(setting, rules)
    at = BEFORE
    late = {code for code, _, versions in rules if versions[0]["decided"] == RETRO}
    codes = [code for code, _, _ in rules if code not in late]
    first = [stream.publish(at, from_=BEFORE - DAY, code=code) for code in codes]
    stream.row(at, [envelope for envelope in first if envelope])
    commits: list[Envelope] = []
    for code, day in itertools.product("ABCDE", DAYS):
        versions = next((versions for name, _, versions in rules if name == code), [])
        if not versions or not oracle.is_drawn(versions[0]["gives"]):
            continue
        if (code, day) == ("C", DAYS[1]):  # one that was forgotten
            continue
        body = {
            "rule": code,
            "day": day_text(day),
            "hash": hashlib.sha256(seed(code, day)).digest(),
        }
        about = {"code": code, "day": day, "secret": seed(code, day)}
        commits.append(stream.instruct(at, "commit-seed", body, **about))
    if commits:
        stream.row(at, commits)
    at = OPENS - 2 * MINUTE
    for minutes, steps in plan:
        at += minutes * MINUTE + 7
        stream.row(at, [each for kind, step in steps for each in stream.act(at, kind, step)])
    at = max(at, CLOSES + 12 * MINUTE)
    first = [stream.publish(at, from_=at // MINUTE * MINUTE + 120, code=code) for code in late]
    stream.row(at, [envelope for envelope in first if envelope])
    for minutes, steps in after:
        at += minutes * MINUTE
        stream.row(at, [each for kind, step in steps for each in stream.act(at, kind, step)])
    return stream


def ending() -> Plan:
    """All claims paid in several steps, notices, closings; refunds in between come from a plan."""
    closes: list[Step] = [("close", {"code": code}) for code in "ABCDE"]
    pools: list[Step] = [("begin-notice", {"pool": pool}) for pool in POOLS]
    over: list[Step] = [("close-pool", {"pool": pool}) for pool in POOLS]
    return [(0, closes), (5, closes), *[(1, closes)] * 8, (1, pools), (1, over), (1_500, over)]
