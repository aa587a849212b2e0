"""What the oracle knows, and how money moves in it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from jusha.inbox.envelopes import Order
from tests.settlement.slow_lines import Entered, SlowLines
from tests.simulator.rules import NOT_BOUND

DAY: Final = 86_400
SHANGHAI: Final = 8 * 3600
SURPRISE: Final = -1
"""Stands for the day where a secret is not a seed but times."""
Body = dict[str, Any]
Told = dict[str, Any]


def seconds(minute: str) -> int:
    """Unix seconds of a UTC minute."""
    return int(datetime.strptime(minute, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC).timestamp())


def minute_of(at_s: int) -> str:
    """The UTC minute of Unix seconds."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%MZ")


class At(NamedTuple):
    """Where an envelope stands in the inbox, and its whole row."""

    lane: int
    n: int
    place: int
    received_us: int
    payload: bytes


@dataclass
class Books:
    """The books so far."""

    secrets: Mapping[bytes, bytes] = field(default_factory=dict)
    seeds: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """Hash by (rule code, day), and by (rule version, SURPRISE)."""
    revealed: set[bytes] = field(default_factory=set)
    drawn: tuple[int, int] = (0, 0)
    told: list[Told] = field(default_factory=list)
    channels: dict[str, Body] = field(default_factory=dict)
    channel_used: Counter[Any] = field(default_factory=Counter)
    charities: set[str] = field(default_factory=set)
    projects: dict[str, Body] = field(default_factory=dict)
    campaigns: dict[str, Body] = field(default_factory=dict)
    pools: dict[str, Body] = field(default_factory=dict)
    rules: list[Body] = field(default_factory=list)
    seen: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    paid: set[int] = field(default_factory=set)
    deeds: dict[int, Body] = field(default_factory=dict)
    come: dict[int, set[bytes]] = field(default_factory=dict)
    """Friends by the number of the gift that invited them."""
    used_coupons: set[tuple[str, int]] = field(default_factory=set)
    donated: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By (campaign, project)."""
    usage: Counter[tuple[str, int, bytes]] = field(default_factory=Counter)
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    windows: Counter[tuple[str, Any]] = field(default_factory=Counter)
    claims: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    """(rule version, slice, deed, place, amount)."""
    closed: set[tuple[str, int]] = field(default_factory=set)
    promised: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: dict[str, SlowLines] = field(default_factory=dict)
    """By project."""
    released: dict[tuple[str, str], Entered] = field(default_factory=dict)
    gifts: Counter[str] = field(default_factory=Counter)
    outcomes: dict[bytes, str] = field(default_factory=dict)
    stuck: int = 0
    cases: int = 0

    def _tell(self, kind: str, at_s: int, **shown: Any) -> int:
        self.told.append({"k": kind, "n": len(self.told), "t": minute_of(at_s), **shown})
        return len(self.told) - 1

    def window_left(self, rule: Body, key: Any) -> int:
        """What the budget of a rule's window leaves."""
        return int(rule["terms"]["window"]["budget"]) - self.windows[rule["pool"], key]

    def slice_left(self, rule: Body, day: int, slice_: int) -> int:
        """What a slice can still give; with carry, all slices so far together."""
        window = rule["terms"]["window"]
        if "slice_minutes" not in window:
            return NOT_BOUND
        budget = int(window["slice_budget"])
        if not window["carry"]:
            return budget - self.windows[rule["pool"], ("slice", slice_)]
        minute = (slice_ * 60 + SHANGHAI) % DAY // 60
        begun = (minute - window["from_minute"]) // window["slice_minutes"] + 1
        return int(begun * budget) - self.windows[rule["pool"], day]

    def _spend(self, rule: Body, day: Any, slice_: int, amount: int) -> None:
        """Take money out of a pool, its day and its slice."""
        self.pools[rule["pool"]]["available"] -= amount
        self.windows[rule["pool"], day] += amount
        window = rule["terms"]["window"]
        if "slice_minutes" in window and not window["carry"] and slice_:
            self.windows[rule["pool"], ("slice", slice_)] += amount

    def _match_made(self, number: int, place: int, rule: Body, amount: int) -> None:
        """Note a match on a deed, and the promise to its project."""
        deed = self.deeds[number]
        deed["matches"] = sorted([*deed["matches"], (place, rule["pool"], amount, rule["code"])])
        self.promised[rule["pool"], deed["project"]] += amount

    def _give_back(self, pool: str, project: str, amount: int) -> int:
        """Take part of a match back from a project; return what of it was spent."""
        if not self.pools[pool]["closed"]:
            self.pools[pool]["returned"] += amount
        if (pool, project) not in self.released:
            self.promised[pool, project] -= amount
            return 0
        if not amount:
            return 0
        return self.lines[project].give_back(self.released[pool, project], amount)
