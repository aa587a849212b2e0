"""What is let go under load, in which order, and when. Pure.

Everything that is let go is told by files that stay as they are; intake and settlement are no part
of the list. A level stands for all steps up to it. Load is measured against one threshold a level:
the level rises one step at a time while load stays, and falls one step at a time, later, once load
is well below the threshold that brought it, so that it does not swing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """What is let go; each includes those before it."""

    NOTHING = 0
    WALL = 1
    """Names on the wall: none are added, none looked for."""
    RANKINGS = 2
    CURVE = 3
    """The big screen's curve, provinces, names and pools; its totals go on."""
    SNAPSHOTS = 4
    """Home, campaigns and projects are files of some seconds ago, without the database."""
    DONATE_ONLY = 5
    """The same pages are a light one: the way to giving, and nothing else."""


STEPS: Final = len(Level) - 1
UP_SECONDS: Final = 3
"""So long the load stays before one more thing is let go."""
DOWN_SECONDS: Final = 30
"""So long the load is well below before one thing comes back."""
CALM: Final = 50
"""Well below: under so many hundredths of the threshold."""
Thresholds = tuple[int, int, int, int, int]


class ThresholdsError(ValueError):
    """Five whole numbers above 0, each larger than the one before, are needed."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured. None where nobody is there to ask: letting go of things helps nobody then.

    But for the database: without it, pages can only be files.
    """

    settling_s: int | None
    """Age of the oldest inbox row that is not settled, in seconds; None: no database."""
    door_waiting: int | None
    """Envelopes that wait for their commit at the door."""
    web_ms: int | None
    """How long the pages' server took for a small file, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From which load on each level is wanted, one threshold a level."""

    settling_s: Thresholds = (5, 10, 20, 40, 80)
    door_waiting: Thresholds = (2_000, 5_000, 10_000, 20_000, 40_000)
    web_ms: Thresholds = (250, 500, 1_000, 2_000, 4_000)


@dataclass(frozen=True, slots=True)
class State:
    """Where the governor stands: its level, and since when load asks for another; seconds."""

    level: Level = Level.NOTHING
    since_s: int = 0
    above_s: int | None = None
    below_s: int | None = None


def thresholds(text: str) -> Thresholds:
    """Read "5,10,20,40,80". Raises ThresholdsError."""
    try:
        found = tuple(int(each) for each in text.split(","))
    except ValueError as error:
        raise ThresholdsError(text) from error
    if len(found) != STEPS or found[0] < 1 or list(found) != sorted(set(found)):
        raise ThresholdsError(text)
    return found[0], found[1], found[2], found[3], found[4]


def wanted(load: Load, limits: Limits, *, hundredths: int = 100) -> Level:
    """The level that a load asks for, by its worst measure; thresholds taken at `hundredths`."""
    if load.settling_s is None:
        return Level.SNAPSHOTS
    pairs: Sequence[tuple[int | None, Thresholds]] = (
        (load.settling_s, limits.settling_s),
        (load.door_waiting, limits.door_waiting),
        (load.web_ms, limits.web_ms),
    )
    return Level(max(_reached(value, each, hundredths) for value, each in pairs))


def _reached(value: int | None, limits: Thresholds, hundredths: int) -> int:
    if value is None:
        return 0
    return sum(value * 100 >= limit * hundredths for limit in limits)


def follow(state: State, load: Load, limits: Limits, *, now_s: int) -> State:
    """The state after one more look; at most one step up or down."""
    if wanted(load, limits) > state.level:
        above = now_s if state.above_s is None else state.above_s
        if now_s - above >= UP_SECONDS:
            return State(Level(state.level + 1), now_s, above_s=now_s)
        return replace(state, above_s=above, below_s=None)
    if state.level and wanted(load, limits, hundredths=CALM) < state.level:
        below = now_s if state.below_s is None else state.below_s
        if now_s - below >= DOWN_SECONDS:
            return State(Level(state.level - 1), now_s, below_s=now_s)
        return replace(state, above_s=None, below_s=below)
    return replace(state, above_s=None, below_s=None)
