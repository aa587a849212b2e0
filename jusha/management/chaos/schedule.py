"""A seed becomes a schedule: every kind of fault in a drawn order, some at the same time."""

import random
from dataclasses import dataclass
from typing import Final

from jusha.management.chaos.faults import Fault

FIRST_S: Final = 3.0
GAPS_S: Final = (3.0, 11.0)
OVERLAP: Final = 0.25
"""Share of the faults that begin while the one before them still lasts."""


@dataclass(slots=True)
class Planned:
    """One fault of a schedule, in seconds since the load began; `chance` seeds its details."""

    fault: Fault
    begins_s: float
    ends_s: float
    chance: int

    def __str__(self) -> str:
        """Tell it in one line."""
        return f"{self.begins_s:6.1f} to {self.ends_s:6.1f} s  {self.fault.name}"


def draw(faults: list[Fault], *, seed: int, seconds: float) -> list[Planned]:
    """Draw a schedule that fills `seconds`; no kind comes again before all others had their turn.

    Equal arguments give an equal schedule.
    """
    chance = random.Random(seed)  # noqa: S311 - a drill, not a secret
    planned: list[Planned] = []
    bag: list[Fault] = []
    at = FIRST_S
    while True:
        bag = bag or chance.sample(faults, len(faults))
        # Near the end, the next one that still fits.
        fault = next((each for each in bag if at + each.seconds[1] <= seconds), None)
        if fault is None:
            return planned
        bag.remove(fault)
        ends = at + chance.uniform(*fault.seconds)
        planned.append(Planned(fault, round(at, 1), round(ends, 1), chance.getrandbits(32)))
        if chance.random() < OVERLAP:
            at += chance.uniform(0, ends - at)
        else:
            at = max(each.ends_s for each in planned) + chance.uniform(*GAPS_S)
