"""What was written down of a giving day, and what follows from it by adding up.

It keeps no counters: whatever a cap, a window or a pool has used is added up anew, each time,
from all that was written down before. Shares no code with settlement or matching. Knows one
campaign with some channels, projects, pools and rules. Times are Unix seconds, amounts fen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

DAY, MINUTE, SHANGHAI = 86_400, 60, 8 * 3600
CLOSE, RETRO = "close", "retro"
Row = dict[str, Any]
"""One line of what is written down."""


@dataclass(frozen=True, kw_only=True)
class Gift:
    """A gift in a row of the inbox. `person` "" is nobody known; `row` and `place` are where."""

    at: int
    amount: int
    project: str
    channel: str
    person: str = ""
    paid_at: int = 0
    coupon: str = ""
    invite: int = 0
    row: int = 0
    place: int = 0
    digest: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Told:
    """An instruction: `kind` as in the inbox, `about` what it names."""

    at: int
    kind: str
    about: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What stood before the first event. `channels`: {code: (clock, most it may draw)}."""

    opens: int
    closes: int
    admitted: frozenset[str]
    channels: Mapping[str, tuple[str, int]]
    charities: Mapping[str, str]
    """By project."""
    pools: Mapping[str, tuple[int, str, int]]
    """{code: (money, where the rest goes, days of notice)}."""
    first: int
    """The number of the next entry."""
    surprises: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Secret times by their hash."""
    step: int = 2_000
    """How many claims or gifts one step of a closing takes."""


def sum_of(amounts: Iterable[int]) -> int:
    return sum(amounts)


def day_of(at: int) -> int:
    return (at + SHANGHAI) // DAY


def minute_of(at: int) -> int:
    return (at + SHANGHAI) % DAY // MINUTE


def slice_at(window: Row, at: int) -> int:
    """When the slice began in which a moment within the window lies: counted from the opening."""
    begins = day_of(at) * DAY - SHANGHAI + window["from_minute"] * MINUTE
    while begins + window["slice_minutes"] * MINUTE <= at:
        begins += window["slice_minutes"] * MINUTE
    return int(begins)


@dataclass
class Book:
    """All that was written down, in order, and what follows from it."""

    setting: Setting
    told: list[Row] = field(default_factory=list)

    def next(self) -> int:
        return self.setting.first + len(self.told)

    def write(self, kind: str, **row: Any) -> Row:
        self.told.append({"k": kind, "n": self.next()} | row)
        return self.told[-1]

    def of(self, kind: str, **like: Any) -> list[Row]:
        """All rows of a kind in which these things stand."""
        return [
            row
            for row in self.told
            if row["k"] == kind and all(row[name] == value for name, value in like.items())
        ]

    def gift(self, number: int) -> Row | None:
        found = self.of("don", n=number)
        return found[0] if found else None

    def is_whole(self, number: int) -> bool:
        return not self.of("refund", ref=number) and not self.of("clawback", ref=number)

    def refunded(self, number: int) -> int:
        return sum_of(row["amt"] for row in self.of("refund", ref=number))

    def decisions(self) -> Iterator[Row]:
        """Every match and claim that caps count: with the gift's leaf, and afterwards."""
        for don in self.of("don"):
            yield from don["m"]
        for step in self.of("share", slice=RETRO):
            yield from step["matched"]

    def counted(self, **like: Any) -> int:
        return sum_of(
            row["amt"] + row["c"]
            for row in self.decisions()
            if row["counts"] and all(row[name] == value for name, value in like.items())
        )

    def multiplied(self, number: int) -> bool:
        """Whether friends have earned a gift something: that happens once."""
        return any(
            row["for"] == number and row["amt"] > 0
            for don in self.of("don")
            if don["n"] != number
            for row in don["m"]
        )

    def money_of(self, number: int) -> list[Row]:
        """Every match that lies with one gift, whoever caused it and whenever."""
        found = [row for row in self.decisions() if row["for"] == number and row["amt"]]
        for step in self.of("share"):
            if "m" in step and step["slice"] != RETRO:
                found += [step | {"amt": amt} for n, amt in step["m"] if n == number]
        return found

    def steps(self, rule: str, slice_: object) -> list[Row]:
        return self.of("share", rule=rule, slice=slice_)

    def closings(self, pool: str) -> list[tuple[Row, int]]:
        """Every closing of a pool's claims: (its first step, what it holds or has paid)."""
        found = []
        for first in self.of("share", pool=pool):
            steps = self.steps(first["rule"], first["slice"])
            if first is not steps[0] or first["slice"] == RETRO:
                continue
            paid = sum(
                amt for step in steps for _, amt in (step["m"] if "m" in step else step["prj"])
            )
            found.append((first, paid if steps[-1]["left"] is not None else first["bud"]))
        return found

    def at_once(self, pool: str) -> list[Row]:
        return [row for row in self.decisions() if row["pool"] == pool and row["amt"]]

    def used_in_day(self, pool: str, day: int) -> int:
        rows = [row for row in self.at_once(pool) if row["slice"] != RETRO and row["day"] == day]
        held = [
            sum_
            for first, sum_ in self.closings(pool)
            if first["slice"] != CLOSE and day_of(first["slice"]) == day
        ]
        return sum_of(row["amt"] for row in rows) + sum(held)

    def used_in_slice(self, pool: str, begins: int) -> int:
        """What a slice of its own gave; slices that carry keep no account of their own."""
        rows = [row for row in self.at_once(pool) if row["own_slice"] == begins]
        held = [
            sum_
            for first, sum_ in self.closings(pool)
            if first["slice"] == begins and not self.rule(first["rule"])["terms"]["window"]["carry"]
        ]
        return sum_of(row["amt"] for row in rows) + sum(held)

    def used_late(self, pool: str, which: str) -> int:
        if which == RETRO:
            return sum_of(row["amt"] for row in self.at_once(pool) if row["slice"] == RETRO)
        return sum(sum_ for first, sum_ in self.closings(pool) if first["slice"] == CLOSE)

    def unreached(self, pool: str) -> list[Row]:
        """Rules for earlier gifts that were not decided to their end."""
        return [
            rule
            for rule in self.of("rule", pool=pool)
            if rule["terms"]["decided"] == RETRO
            and all(step["left"] is None for step in self.steps(rule["r"], RETRO))
        ]

    def closed(self, pool: str) -> bool:
        return bool(self.of("close", pool=pool))

    def available(self, pool: str) -> int:
        if self.closed(pool):
            return 0
        paid_in = self.setting.pools[pool][0] + sum_of(r["amt"] for r in self.of("pool", pool=pool))
        given = sum_of(row["amt"] for row in self.at_once(pool))
        return paid_in - given - sum(sum_ for _, sum_ in self.closings(pool))

    def returned(self, pool: str, until: int | None = None) -> int:
        """What refunds and claw-backs brought back, up to an entry."""
        rows = [*self.of("refund"), *self.of("clawback")]
        return sum_of(r["m"].get(pool, 0) for r in rows if until is None or r["n"] < until)

    def promised(self, pool: str, project: str) -> int:
        total = 0
        for don in self.of("don", prj=project):
            for row in self.money_of(don["n"]):
                total += row["amt"] if row["pool"] == pool else 0
        for kind in ("refund", "clawback"):
            for row in self.of(kind, prj=project):
                total -= row["m"].get(pool, 0)
        for step in self.of("share", pool=pool):
            total += sum(amt for code, amt in step.get("prj", []) if code == project)
        for row in self.of("close", pool=pool):
            total += sum(amt for code, amt in row["prj"] if code == project)
        return total

    def rule(self, name: str) -> Row:
        return self.of("rule", r=name)[0]

    def in_force(self, at: int) -> list[Row]:
        """The newest version of each code that has begun; the code that began first is first.

        A rule that reaches back has nothing to do with new gifts.
        """
        begun = sorted(
            (
                row
                for row in self.of("rule")
                if row["from"] <= at and row["terms"]["decided"] != RETRO
            ),
            key=lambda row: (row["from"], row["n"]),
        )
        codes = list(dict.fromkeys(row["code"] for row in begun))
        return [[row for row in begun if row["code"] == code][-1] for code in codes]
