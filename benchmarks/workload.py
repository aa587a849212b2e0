"""The one workload that all sides of a benchmark settle.

It is a giving day in small: one hot matching pool, half of all gifts to one project, and amounts
as people give them. Gifts run into the bounds on purpose: a settlement that is fast only while
nothing binds has proved nothing.
"""

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TypeAlias

Gift: TypeAlias = tuple[str, int, int, int, int]
"""(external id, project index, person index, amount in fen, second since the first day began)."""

DAY_SECONDS = 86_400
HOT_PROJECT_INDEX = 0
HOT_PROJECT_SHARE = 0.5
KEEN_SHARE = 0.1  # this part of the gifts comes from
KEEN_PERSONS = 0.01  # this part of the persons: they are the ones who meet the cap of a day
PERSON_DAY_CAP_FEN = 100_00
# Weights of a hundred. The mean is near 20 yuan; one gift alone never passes the cap of a day.
AMOUNTS_FEN = {
    1_00: 22,
    2_00: 7,
    5_00: 11,
    6_66: 3,
    9_90: 5,
    10_00: 18,
    20_00: 10,
    30_00: 4,
    50_00: 9,
    66_00: 2,
    99_00: 2,
    100_00: 7,
}
WINDOW_TENTHS_OF_DEMAND = 8  # a day's budget runs dry before the day ends
POOL_TENTHS_OF_WINDOWS = 9  # and the pool before the last day's budget does


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A seeded stream of gifts and the bounds it runs into; equal fields give equal gifts.

    The gifts are spread evenly over the days, so the shape (which bounds bind, and when) is the
    same for a thousand gifts as for ten million. Times never go back. ``prefix`` starts every
    external id: two workloads with different prefixes share no id.
    """

    seed: int = 99
    gifts_total: int = 300_000
    days: int = 3
    projects: int = 1_000
    persons: int = 200_000
    prefix: str = "42000"
    project_cap_fen: int = 0
    """What one project can have matched in all; 0 means no such bound."""

    @property
    def person_day_cap_fen(self) -> int:
        """What one person can have matched on one day, in fen."""
        return PERSON_DAY_CAP_FEN

    @property
    def window_budget_fen(self) -> int:
        """What the campaign matches on one day at most, in fen."""
        weighed = sum(fen * weight for fen, weight in AMOUNTS_FEN.items())
        demand = weighed * self.gifts_total // (sum(AMOUNTS_FEN.values()) * self.days)
        return demand * WINDOW_TENTHS_OF_DEMAND // 10

    @property
    def pool_fen(self) -> int:
        """What the sponsor has given for all days together, in fen."""
        return self.window_budget_fen * self.days * POOL_TENTHS_OF_WINDOWS // 10

    def gifts(self) -> Iterator[Gift]:
        """All gifts in order of arrival; one call costs nothing, a gift about 2 µs."""
        chance = random.Random(self.seed).random  # noqa: S311 - a benchmark, not a secret
        amounts = list(AMOUNTS_FEN)
        bounds = list(accumulate(AMOUNTS_FEN.values()))
        keen = max(1, int(self.persons * KEEN_PERSONS))
        span = self.days * DAY_SECONDS
        for number in range(self.gifts_total):
            cold = chance() >= HOT_PROJECT_SHARE and self.projects > 1
            project = 1 + int(chance() * (self.projects - 1)) if cold else HOT_PROJECT_INDEX
            person = int(chance() * (keen if chance() < KEEN_SHARE else self.persons))
            amount = amounts[bisect(bounds, chance() * bounds[-1])]
            second = number * span // self.gifts_total
            # The form of a rail's transaction number: a prefix, what spreads, a running number.
            spread = int(chance() * 1e9)
            yield f"{self.prefix}{number:014d}{spread:09d}", project, person, amount, second

    def batches(self, *, size: int) -> Iterator[list[Gift]]:
        """The gifts cut into lists of ``size`` (the last may be shorter)."""
        stream = self.gifts()
        while batch := list(islice(stream, size)):
            yield batch


def day_of(second: int) -> int:
    """The day, from 0, that a second of a workload falls on."""
    return second // DAY_SECONDS
