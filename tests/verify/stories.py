"""Writes small logs by hand, without settlement: every number in them was worked out by a person.

A story is a list of entries with helpers for what every log begins with. Told truly it must be
equal; told with one lie the lie must be named.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.verify.logs import both_ways, canonical, write_log

OPENS, CLOSES = "2025-09-08T16:00Z", "2025-09-09T16:00Z"  # the Shanghai day 2025-09-09
DAY = "2025-09-09"
NOON = "2025-09-09T04:00Z"
BEFORE = "2025-09-08T10:00Z"
AFTER = "2025-09-09T17:00Z"

Entry = dict[str, Any]


def b64(data: bytes) -> str:
    """RFC 4648 section 4."""
    return base64.b64encode(data).decode()


def sha(data: bytes) -> str:
    """A SHA-256 as entries write it."""
    return b64(hashlib.sha256(data).digest())


def tag(name: str) -> str:
    """The tag of a donor of one project."""
    return b64(hashlib.sha256(name.encode()).digest()[:16])


def terms(kind: str, budget: int = 10**9, **more: Any) -> Entry:
    """A rule document; words of the document, its caps or its window change the defaults."""
    caps = {"charity": 0, "gift": 0, "person_campaign": 0, "person_day": 0, "project": 0}
    window = {
        "budget": budget, "carry": True, "from_minute": 0, "slice_budget": 0, "slice_minutes": 0,
        "surprise": "", "to_minute": 1440,
    }  # fmt: skip
    found: Entry = {
        "anonymous": "none", "caps": caps, "decided": "at-once", "exhaustion": "partial",
        "fills": "", "gift_min": 100, "gives": {"kind": kind}, "late_minutes": 11,
        "share": "claims", "since": "", "title_en": "", "title_zh": "", "until": "",
        "window": window,
    }  # fmt: skip
    for name, value in more.items():
        place = next((part for part in (caps, window, found) if name in part), found["gives"])
        place[name] = value
    return found


def ratio(**more: Any) -> Entry:
    """One to one."""
    return terms("ratio", numerator=1, denominator=1, **more)


class Story:
    """Entries written one after another."""

    def __init__(self, *, pool: int = 10**6, clock: str = "rail", **opening: Any) -> None:
        self.entries: list[Entry] = []
        self.add("channel", ch="bank", clock=clock, draw=opening.pop("draw", 0))
        self.add("charity", org="shan")
        for code in ("books", "water"):
            self.add("project", prj=code, org="shan", run=80, st="open")
        self.add("campaign", rd="day", chs=["bank"], **{"from": OPENS, "to": CLOSES})
        fields: Entry = {"back": "sponsor", "notice": 0, "how": "secured"} | opening
        self.add("pool", pool="tree", rd="day", amt=pool, cur="CNY", **fields)

    def add(self, kind: str, t: str = BEFORE, **fields: Any) -> int:
        """Write an entry and return its number."""
        self.entries.append({"k": kind, "n": len(self.entries), "t": t, "v": 1} | fields)
        return len(self.entries) - 1

    def rule(
        self,
        document: Entry,
        name: str = "R1.1",
        from_: str = OPENS,
        t: str = BEFORE,
        pool: str = "tree",
    ) -> int:
        """Publish a rule version."""
        more: Entry = {"from": from_, "h": sha(canonical(document)), "terms": document}
        return self.add("rule", t, r=name, pool=pool, rd="day", **more)

    def gift(self, amt: int, *m: Entry, name: str = "alice", t: str = NOON, **more: Any) -> int:
        """A gift with the matches it shows."""
        fields: Entry = {"amt": amt, "ch": "bank", "cur": "CNY", "prj": "books", "rd": "day"}
        if name:
            fields["tag"] = tag(f"{name} {more.get('prj', 'books')}")
        return self.add("don", t, **(fields | ({"m": list(m)} if m else {}) | more))

    def share(self, name: str, slice_: str, t: str = AFTER, **more: Any) -> int:
        """A step of a closing."""
        fields = {"pool": "tree", "rd": "day", "r": name, "slice": slice_} | more
        return self.add("share", t, **fields)

    def seal(self, **sums: tuple[int, int, int, int, int]) -> int:
        """Totals: gifts, given, matched, refunded, returned."""
        names = ("cnt", "don", "match", "refund", "back")
        table = {code: dict(zip(names, each, strict=True)) for code, each in sums.items()}
        return self.add("seal", AFTER, rd="day", sums=table)

    def check(self, folder: Path, tables: dict[bytes, bytes] | None = None) -> Entry:
        """Recompute it, the short way and the long one."""
        return both_ways(write_log(folder, [canonical(e) for e in self.entries], tables or {}))

    def told(self, folder: Path, tables: dict[bytes, bytes] | None = None) -> list[tuple[int, str]]:
        """The differences that the recomputation names."""
        found = self.check(folder, tables)
        return [(each["entry"], each["what"]) for each in found["differences"]]


def m(amt: int, by: str = "rule", r: str = "R1.1", **more: Any) -> Entry:
    """A match as a leaf shows it; `for` is written for_, rule S1 is of the pool oak."""
    more = {name.rstrip("_"): value for name, value in more.items()}
    return {"amt": amt, "by": by, "pool": "oak" if r == "S1.1" else "tree", "r": r} | more


def of(story: Story, kind: str, place: int = 0) -> Entry:
    """The entry of a kind at a place among its kind; -1 is the last."""
    return [e for e in story.entries if e["k"] == kind][place]


LATER = "2025-09-09T16:30Z"
SEED = bytes(range(32))
ROW = b"an inbox row"


def drawn(place: int, rule: str, seed: bytes = SEED) -> bytes:
    """16 bytes as docs/log.md has them."""
    message = hashlib.sha256(ROW).digest() + place.to_bytes(4, "big") + rule.encode()
    return hmac.digest(seed, message, "sha256")[:16]


def pick(draw: bytes, low: int, high: int) -> int:
    return low + (int.from_bytes(draw[8:], "big") * (high - low + 1) >> 64)


def chance_story() -> Story:
    """Random matches and X on a 1:1 rule, drawn under two seeds and revealed."""
    story = Story()
    story.rule(ratio(gift=400))
    story.rule(terms("random-range", low=100, high=900, chance=500), "N1.1")
    story.rule(terms("one-one-x", on="R1", low=200, high=800), "X1.1")
    story.add("seed", r="N1", day=DAY, h=sha(SEED))
    story.add("seed", r="X1", day=DAY, h=sha(SEED[::-1]))
    story.add("draw", NOON, d=sha(ROW))
    for place in range(6):
        lucky = drawn(place, "N1.1")
        hit = int.from_bytes(lucky[:8], "big") * 1000 >> 64 < 500
        x = pick(drawn(place, "X1.1", SEED[::-1]), 200, 800)
        story.gift(
            1_000, m(400, "gift"), m(pick(lucky, 100, 900) if hit else 0, r="N1.1"),
            m(400 * x // 1000, r="X1.1"), i=place,
        )  # fmt: skip
    story.add("reveal", LATER, h=sha(SEED), s=b64(SEED))
    story.add("reveal", LATER, h=sha(SEED[::-1]), s=b64(SEED[::-1]))
    story.gift(1_000, m(400, "gift"), m(0, "revealed", "N1.1"), m(0, "revealed", "X1.1"), i=6)
    return story


def friends_story() -> Story:
    """Two friends triple a gift's match; a refund takes both back; a third is too late."""
    story = Story()
    story.rule(ratio())
    story.rule(terms("friends", on="R1", friends=2, low=3, high=3), "I1.1")
    first = story.gift(500, m(500))
    story.gift(100, m(100), name="bob", inv=first)
    story.gift(100, m(100), m(1_500, r="I1.1", for_=first), name="carol", inv=first)
    story.gift(100, m(100), name="dave", inv=first)
    other = story.gift(300, m(300), name="dave")
    story.gift(100, m(100), name="bob", inv=other)
    story.add("refund", ref=other, amt=1, cur="CNY", m=[{"amt": 1, "pool": "tree"}])
    story.gift(100, m(100), m(0, "refunded", "I1.1", for_=other), name="carol", inv=other)
    story.add("refund", ref=first, amt=250, cur="CNY", m=[{"amt": 1_000, "pool": "tree"}])
    story.add("repaid", ref=first, amt=249, cur="CNY")
    story.add("repaid", ref=first, amt=1, cur="CNY")
    story.seal(books=(7, 1_300, 2_800, 251, 1_001))
    return story


def coupon_story() -> Story:
    """Coupons once each, a lump sum over a threshold, and a second rule that fills the first."""
    story = Story()
    story.rule(ratio(gift=200))
    story.rule(ratio(fills="R1"), "K1.1")
    story.rule(terms("coupon", count=2, permille=1_000, most=300), "C1.1")
    story.rule(terms("lump-sum", threshold=1_000, amount=5_000), "L1.1")
    two = m(200, "gift"), m(300, r="K1.1")
    none = [m(0, "no-person", name) for name in ("R1.1", "K1.1", "C1.1")]
    story.gift(500, *two, m(300, r="C1.1"), cpn="C1.1")
    story.gift(500, *none, m(5_000, r="L1.1"), cpn="C1.1", name="")
    story.gift(500, *two, m(0, "coupon-used", "C1.1"), cpn="C1.1")
    story.gift(500, *two, cpn="C1.2")
    story.seal(books=(4, 2_000, 6_800, 0, 0))
    return story


def slice_story() -> Story:
    """A minute of 300 for claims of 900, one of them refunded before and one between two steps."""
    story = Story()
    window: Entry = {"slice_minutes": 1, "slice_budget": 300, "carry": False}
    story.rule(ratio(decided="slice", **window))
    claims = ((100, "alice"), (100, "bob"), (700, "carol"), (100, "dave"))
    numbers = [story.gift(c, m(0, c=c), name=name) for c, name in claims]
    story.add("refund", ref=numbers[3], amt=1, cur="CNY")
    fixed: Entry = {"bud": 300, "cnt": 3, "tot": 900}
    story.share("R1.1", NOON, m=[[numbers[0], 34], [numbers[1], 33]], upto=numbers[1], **fixed)
    story.add("refund", ref=numbers[2], amt=700, cur="CNY")
    story.share("R1.1", NOON, m=[], upto=numbers[3], left=233, **fixed)
    story.add("refund", ref=numbers[0], amt=50, cur="CNY", m=[{"amt": 17, "pool": "tree"}])
    story.gift(100, m(0, "slice-closed"), name="dave")
    story.seal(books=(5, 1_100, 67, 751, 17))
    return story


def carry_story() -> Story:
    """Slices that carry: what a quiet minute left goes to the next, at once and shared."""
    story = Story()
    story.add("pool", pool="oak", rd="day", amt=10**6, cur="CNY", back="sponsor", notice=0,
              how="trusted")  # fmt: skip
    window: Entry = {"slice_minutes": 1, "slice_budget": 300, "from_minute": 720}
    story.rule(ratio(**window))
    story.rule(ratio(decided="slice", share="all", **window), "S1.1", pool="oak")
    one = story.gift(200, m(200), m(0, r="S1.1", c=200))
    two = story.gift(900, m(400, "slice"), m(0, r="S1.1", c=900), t="2025-09-09T04:01Z", name="bob")
    three = story.gift(400, m(300, "slice"), m(0, r="S1.1", c=400), t="2025-09-09T04:02Z")
    for slice_, number, claim, budget in (
        ("2025-09-09T04:01Z", two, 900, 600), (NOON, one, 200, 0),
        ("2025-09-09T04:02Z", three, 400, 300),
    ):  # fmt: skip
        share: Entry = {"bud": budget, "cnt": 1, "tot": claim, "upto": number, "left": 0}
        paid = [[number, budget]] if budget else []
        story.share("S1.1", slice_, m=paid, pool="oak", **share)
    return story


def close_story() -> Story:
    """Quadratic at close, claims shared at close, a match of earlier gifts, caps."""
    story = Story(pool=1_800)
    story.rule(terms("quadratic", unit=1, decided="close", budget=1_200), "Q1.1")
    story.rule(ratio(decided="close", budget=2_000, project=700), "A1.1")
    one = story.gift(400, m(0, r="Q1.1", c=400), m(0, r="A1.1", c=400))
    two = story.gift(400, m(0, r="Q1.1", c=400), m(0, "project", "A1.1", c=300), name="bob")
    three = story.gift(
        1_600, m(0, r="Q1.1", c=1_600), m(0, "project", "A1.1", c=700), name="carol", prj="water"
    )
    document = ratio(
        decided="retro", since=NOON, until=CLOSES, budget=500, gift=300, person_campaign=600
    )
    story.rule(document, "P1.1", from_="2025-09-09T16:20Z", t="2025-09-09T16:10Z")
    projects = [["books", 40, 800, 800], ["water", 40, 1_600, 0]]
    story.share("Q1.1", "close", bud=1_200, cnt=3, tot=2_400, prj=projects, left=400)
    earlier = [[one, 200, "person-campaign"], [two, 300, "gift"], [three, 0, "person-campaign"]]
    story.share("P1.1", "retro", bud=0, cnt=0, tot=0, m=earlier, upto=three, left=0)
    shares = [[one, 143], [two, 107], [three, 250]]
    story.share("A1.1", "close", bud=500, cnt=3, tot=1_400, m=shares, upto=three, left=0)
    story.add("refund", ref=one, amt=200, cur="CNY", m=[{"amt": 171, "pool": "tree"}])
    story.seal(books=(2, 800, 1_550, 200, 171), water=(1, 1_600, 250, 0, 0))
    return story


def surprise_story() -> Story:
    """A rule that speaks only within times that are revealed afterwards."""
    story = Story()
    secret = canonical({"from": "2025-09-09T04:10Z", "salt": "5a17", "to": "2025-09-09T04:20Z"})
    story.rule(ratio(surprise=sha(secret)))
    for minute in (9, 10, 19, 20):
        said = [m(100)] if 10 <= minute < 20 else []
        story.gift(100, *said, t=f"2025-09-09T04:{minute:02d}Z")
    story.add("reveal", LATER, h=sha(secret), s=b64(secret))
    story.gift(100, m(100), t="2025-09-09T04:19Z")
    story.gift(100, t="2025-09-09T04:20Z")
    return story


def money_story(back: str = "sponsor") -> Story:
    """Freeze, claw-back, notice, close, release, payment."""
    story = Story(pool=2_000, back=back)
    story.rule(ratio())
    first = story.gift(600, m(600))
    second = story.gift(300, m(300), name="bob", prj="water")
    bought = story.gift(500, m(500), name="carol")
    story.add("refund", ref=bought, amt=100, cur="CNY", m=[{"amt": 100, "pool": "tree"}])
    story.add("clawback", AFTER, ref=bought, m=[{"amt": 400, "pool": "tree"}])
    story.add("refund", ref=bought, amt=400, cur="CNY")
    story.add("freeze", AFTER, prj="books", st="frozen")
    story.gift(100, m(0, "frozen"))
    story.add("freeze", AFTER, prj="books", st="free")
    story.add("review", AFTER, ref=first, st="open")
    story.add("review", AFTER, ref=first, st="let")
    story.add("notice", AFTER, pool="tree", until=AFTER)
    story.gift(100, m(0, "closed"))
    if back == "sponsor":
        story.add("close", AFTER, pool="tree", rest=1_100, to="sponsor")
        shares = (0, 0)
    else:
        shares = (733, 367)
        pairs = [["books", 733], ["water", 367]]
        story.add("close", AFTER, pool="tree", rest=1_100, to="projects", prj=pairs)
    story.add("release", AFTER, pool="tree", org="shan", prj="books", amt=600 + shares[0])
    story.add("paid", AFTER, pool="tree", org="shan", amt=500, how="secured")
    story.add("refund", AFTER, ref=first, amt=300, cur="CNY", m=[{"amt": 300, "pool": "tree"}])
    story.add("refund", AFTER, ref=second, amt=300, cur="CNY", m=[{"amt": 300, "pool": "tree"}])
    matched = (4, 1_300, 1_100 + shares[0], 800, 800), (1, 300, 300 + shares[1], 300, 300)
    story.seal(books=matched[0], water=matched[1])
    return story


def caps_story() -> Story:
    """Caps of a person over two days, and of a charity; the day's tables fence persons in."""
    story = Story()
    story.entries[4] |= {"to": "2025-09-11T16:00Z"}
    story.rule(ratio(person_campaign=1_000, charity=1_900))
    story.gift(700, m(700))
    story.gift(700, m(300, "person-campaign"), t="2025-09-10T04:00Z")
    story.gift(700, m(700), name="bob", prj="water", t="2025-09-10T04:00Z")
    story.gift(700, m(200, "charity"), name="bob")
    return story


STORIES: dict[str, Callable[[], Story]] = {
    "chance": chance_story,
    "friends": friends_story,
    "coupon": coupon_story,
    "slice": slice_story,
    "carry": carry_story,
    "close": close_story,
    "surprise": surprise_story,
    "money": money_story,
    "spread": lambda: money_story("spread"),
    "caps": caps_story,
}
