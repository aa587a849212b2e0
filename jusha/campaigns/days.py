"""Invented giving days in the shapes of real ones, to try rules on before money depends on them.

Pure. What is known of 99公益日 2015-2024 stands in days.toml beside what had to be assumed.
A seed gives the same day on every machine: only random() is drawn from, which Python
keeps the same, and amounts come out of tables of whole fen.
"""

import math
import tomllib
from bisect import bisect_right
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

import msgspec

SECOND_US: Final = 1_000_000
MINUTE_SECONDS: Final = 60
DAY_SECONDS: Final = 86_400
ANONYMOUS: Final = -1
ALONE: Final = -1

HONEST: Final = 0
SPLITTER: Final = 1
"""One person, many tiny gifts: more than four a minute, which no hand does."""
REIMBURSED: Final = 2
"""Donate and be reimbursed: 1,000 yuan an account, all on one project (2021)."""
SNIPER: Final = 3
"""A script that gives in the first second of the window."""
GROUPS: Final = ("honest", "splitter", "reimbursed", "sniper")

ANONYMOUS_PERMILLE: Final = 30
AGAIN_PERMILLE: Final = 350
"""Of gifts that come from somebody who has given before on that day."""
SAME_PROJECT_PERMILLE: Final = 600
CAPTAIN_EVERY: Final = 150
"""Every so many gifts, somebody begins to invite friends."""
CAPTAINS_ACTIVE: Final = 200
INVITED_AFTER_US: Final = 60 * SECOND_US
"""Nobody answers an invitation sooner."""
PROJECTS_MIN: Final = 40
CHARITY_PROJECTS: Final = 4
"""2,300 organisations had 10,000 projects in 2023."""

BOT_PERMILLE: Final = {SPLITTER: 600, REIMBURSED: 150, SNIPER: 250}
"""How the gifts of bots are shared out: the larger a group's gift, the fewer of them."""
SPLITTER_AMOUNTS: Final = (100, 100, 100, 200)
SPLITTER_GIFTS: Final = 120
SPLITTER_EVERY_US: Final = 5 * SECOND_US
REIMBURSED_AMOUNT: Final = 100_000
REIMBURSED_FROM_US: Final = 120 * SECOND_US
REIMBURSED_FOR_US: Final = 90 * 60 * SECOND_US
SNIPER_AMOUNT: Final = 50_000

SIGMA: Final = 1.3
HEAPS: Final = {
    100: 34, 200: 14, 300: 6, 500: 26, 600: 5, 666: 5, 800: 6, 888: 4, 990: 6, 999: 3,
    1000: 60, 1800: 4, 1888: 2, 2000: 42, 3000: 12, 5000: 52, 5200: 3, 6600: 6, 8800: 6,
    9900: 6, 10_000: 72, 16_800: 2, 18_800: 3, 20_000: 36, 30_000: 12, 36_500: 2, 50_000: 26,
    52_000: 4, 66_600: 3, 88_800: 3, 99_900: 5, 100_000: 14, 200_000: 5, 300_000: 2,
    500_000: 3, 1_000_000: 2, 2_000_000: 1, 5_000_000: 1,
}  # fmt: skip
"""How much more often than others people give these amounts, in fen."""


class Span(NamedTuple):
    """Seconds of the local day, how many gifts in them, and their mean in fen."""

    from_second: int
    to_second: int
    gifts: int
    mean: int


class ShapeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One day as days.toml has it: times as a clock shows them, sums in fen."""

    opens: str
    pool: int
    projects: int
    invited_permille: int
    spans: list[tuple[str, str, int, int]]
    known_zh: str
    known_en: str
    assumed_zh: str
    assumed_en: str


class Shape(NamedTuple):
    """How one giving day runs; `told` holds what is known and what is assumed of it."""

    name: str
    spans: tuple[Span, ...]
    opens_second: int
    pool: int
    projects: int
    invited_permille: int
    told: ShapeRow

    @property
    def gifts(self) -> int:
        """How many gifts the whole day has."""
        return sum(span.gifts for span in self.spans)


class Given(NamedTuple):
    """One gift of a day: when (microseconds of the local day), what (fen), to which project.

    `donor` is ANONYMOUS or a number; `group` one of GROUPS by place; `invited_by` the place
    in the day of the gift whose donor invited, or ALONE; `channel` counts from 0.
    """

    at_us: int
    amount: int
    project: int
    donor: int
    group: int = HONEST
    invited_by: int = ALONE
    channel: int = 0


class Day(NamedTuple):
    """A day's gifts in the order of their times, and how many projects they may go to."""

    gifts: list[Given]
    projects: int

    @property
    def charities(self) -> int:
        """How many organisations the projects belong to (project p: p modulo charities)."""
        return max(self.projects // CHARITY_PROJECTS, 1)


class _Coming(NamedTuple):
    """A gift before it is known who gives to what; bots know both."""

    at_us: int
    group: int
    actor: int
    amount: int
    project: int


@cache
def shapes() -> dict[str, Shape]:
    """Read the shapes by the year they are named for."""
    text = files("jusha.campaigns").joinpath("days.toml").read_text("utf-8")
    rows = msgspec.convert(tomllib.loads(text), dict[str, ShapeRow])
    return {
        name: Shape(
            name,
            tuple(Span(_second(a), _second(b), gifts, mean) for a, b, gifts, mean in row.spans),
            _second(row.opens),
            row.pool,
            row.projects,
            row.invited_permille,
            row,
        )
        for name, row in rows.items()
    }


def _second(clock: str) -> int:
    """Read 10:00 or 10:00:03 as a second of the day; 24:00:00 is its end."""
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    return (hour * MINUTE_SECONDS + minute) * MINUTE_SECONDS + second


def generate(shape: Shape, *, scale: Fraction, seed: int, bots_permille: int = 0) -> Day:
    """Invent a day of this shape with `scale` times its gifts, donors and projects.

    Gifts a project and a person stay what they are in the whole day, so that caps mean what
    they mean there; pools and windows must be scaled with the day. `bots_permille` of the
    honest gifts are added for the three groups of bots together.
    """
    rng = Random(seed)  # noqa: S311 - a day to try rules on is to be repeated, not kept secret
    projects = max(int(shape.projects * scale), PROJECTS_MIN)
    coming = [each for span in shape.spans for each in _honest(rng, span, scale)]
    coming += _bots(rng, shape, projects, len(coming) * bots_permille // 1000)
    coming.sort()
    people = _People(rng, projects, shape.invited_permille)
    for each in coming:
        people.give(each)
    return Day(people.gifts, projects)


def _honest(rng: Random, span: Span, scale: Fraction) -> list[_Coming]:
    values, sums = amount_table(span.mean)
    start, length = span.from_second * SECOND_US, (span.to_second - span.from_second) * SECOND_US
    random, whole = rng.random, sums[-1]
    return [
        _Coming(
            start + int(random() * length),
            HONEST,
            ALONE,
            values[bisect_right(sums, int(random() * whole))],
            ALONE,
        )
        for _ in range(int(span.gifts * scale))
    ]


def _bots(rng: Random, shape: Shape, projects: int, gifts: int) -> list[_Coming]:
    """Let so many gifts come from the three groups; every actor has an account of its own."""
    opens_us, random = shape.opens_second * SECOND_US, rng.random
    bought, raced = projects // 3, projects // 3 + 1
    found: list[_Coming] = []
    for place in range(gifts * BOT_PERMILLE[SPLITTER] // 1000):
        actor, turn = divmod(place, SPLITTER_GIFTS)
        at_us = opens_us + turn * SPLITTER_EVERY_US + int(random() * SECOND_US)
        amount = SPLITTER_AMOUNTS[int(random() * len(SPLITTER_AMOUNTS))]
        found.append(_Coming(at_us, SPLITTER, actor, amount, actor % projects))
    for actor in range(gifts * BOT_PERMILLE[REIMBURSED] // 1000):
        at_us = opens_us + REIMBURSED_FROM_US + int(random() * REIMBURSED_FOR_US)
        found.append(_Coming(at_us, REIMBURSED, actor, REIMBURSED_AMOUNT, bought))
    for actor in range(gifts * BOT_PERMILLE[SNIPER] // 1000):
        at_us = opens_us + int(random() * SECOND_US)
        found.append(_Coming(at_us, SNIPER, actor, SNIPER_AMOUNT, raced))
    return found


class _People:
    """Who gives to what: newcomers, people who give again, friends who were invited."""

    def __init__(self, rng: Random, projects: int, invited_permille: int) -> None:
        self.gifts: list[Given] = []
        self._random = rng.random
        self._popularity = list(accumulate(10**9 // (rank + 3) for rank in range(projects)))
        self._invited_permille = invited_permille
        self._captains: list[int] = []
        self._accounts: dict[tuple[int, int], int] = {}
        self._donors = 0

    def give(self, coming: _Coming) -> None:
        """Let the next gift of the day come."""
        at_us, group, actor, amount, project = coming
        if group != HONEST:
            account = self._accounts.get((group, actor))
            if account is None:
                account = self._accounts[group, actor] = self._new_donor()
            self.gifts.append(Given(at_us, amount, project, account, group))
            return
        draw = int(self._random() * 1000)
        if draw < ANONYMOUS_PERMILLE:
            self.gifts.append(Given(at_us, amount, self._any_project(), ANONYMOUS))
            return
        if draw < ANONYMOUS_PERMILLE + AGAIN_PERMILLE and self.gifts:
            gift = self._again(at_us, amount)
        else:
            gift = self._newcomer(at_us, amount)
        if len(self.gifts) % CAPTAIN_EVERY == 0:
            self._captains = [*self._captains[1 - CAPTAINS_ACTIVE :], len(self.gifts)]
        self.gifts.append(gift)

    def _again(self, at_us: int, amount: int) -> Given:
        """Let somebody give again; whoever gave more often is likelier to."""
        earlier = self.gifts[int(self._random() * len(self.gifts))]
        same = int(self._random() * 1000) < SAME_PROJECT_PERMILLE
        project = earlier.project if same else self._any_project()
        if earlier.group != HONEST or earlier.donor == ANONYMOUS:
            return Given(at_us, amount, project, self._new_donor())
        return Given(at_us, amount, project, earlier.donor)

    def _newcomer(self, at_us: int, amount: int) -> Given:
        if self._captains and int(self._random() * 1000) < self._invited_permille:
            place = self._captains[int(self._random() * len(self._captains))]
            captain = self.gifts[place]
            if captain.at_us + INVITED_AFTER_US <= at_us:
                return Given(at_us, amount, captain.project, self._new_donor(), HONEST, place)
        return Given(at_us, amount, self._any_project(), self._new_donor())

    def _any_project(self) -> int:
        return bisect_right(self._popularity, int(self._random() * self._popularity[-1]))

    def _new_donor(self) -> int:
        self._donors += 1
        return self._donors - 1


@lru_cache(maxsize=64)
def amount_table(mean: int) -> tuple[list[int], list[int]]:
    """Return amounts in fen and the running sums of how often each is given.

    A lognormal spread around the mean, with heaps at the round and lucky sums that people
    like.
    """
    odd = {int(50 * 1.06**step) + step % 7 for step in range(150)}
    values = sorted(odd | HEAPS.keys())
    low, high = 0.0, 16.0
    for _ in range(50):
        middle = (low + high) / 2
        if _mean_of(values, _weights(values, middle)) < mean:
            low = middle
        else:
            high = middle
    return values, list(accumulate(_weights(values, high)))


def _weights(values: list[int], mu: float) -> list[int]:
    return [
        1 + int(10**6 * HEAPS.get(each, 1) * math.exp(-(((math.log(each) - mu) / SIGMA) ** 2) / 2))
        for each in values
    ]


def _mean_of(values: list[int], weights: list[int]) -> int:
    return sum(v * w for v, w in zip(values, weights, strict=True)) // sum(weights)
