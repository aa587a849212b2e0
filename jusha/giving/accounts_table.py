"""The table of a day's accounts, as strangers read it (docs/log.md, `accounts`). Pure.

It names files by their hash and lines by their number, never an id, a name or a payer: whoever has
the file can find the line, nobody else learns more than amount, day and class.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from jusha.giving.reconcile import CAUSES, CLASSES, NONE, Difference, Reconciled, Side, reconcile
from jusha.money.clock import DAY_SECONDS, SHANGHAI_SHIFT_SECONDS, day_text

DIFFERENCES_MAX: Final = 20_000
"""So many are listed line by line; all are counted."""
PLACE_BITS: Final = 40
"""A line's place is file << PLACE_BITS | line."""


class FileSeen(msgspec.Struct, frozen=True):
    """One file of a source as it was read; `read` lines are gifts, left out or rejected."""

    sha256: str
    read: int
    gifts: int
    left_out: int
    rejected: dict[str, int]
    breaks: list[tuple[int, int, int]] = []
    """Balance breaks: line before, line behind, missing sum."""
    steps: int = 0
    """Steps of the balance that were checked; 0 where the file has no balance."""


class SourceSeen(msgspec.Struct):
    """All files of a source, and its gifts by Shanghai day: [lines, sum]."""

    name: str
    currency: str
    files: list[FileSeen]
    days: dict[int, tuple[int, int]]
    file_days: dict[int, set[int]]
    """By day: which of the files have a line of it."""


class PairSeen(msgspec.Struct):
    """One own list beside one bill."""

    here: SourceSeen
    there: SourceSeen
    lines_here: Side
    lines_there: Side
    found: Reconciled
    differences: dict[int, list[Difference]]
    """By the day of the line there, or else of the one here."""


def lay_beside(here: SourceSeen, there: SourceSeen, one: Side, other: Side) -> PairSeen:
    """Reconcile an own list with the bill it is laid beside."""
    found = reconcile(one, other)
    by_day: dict[int, list[Difference]] = {}
    for each in found.differences:
        side, index = (other, each.there) if each.there != NONE else (one, each.here)
        by_day.setdefault(_local(side.times[index]), []).append(each)
    return PairSeen(here, there, one, other, found, by_day)


def place_of(file: int, line: int) -> int:
    """Pack a line's file and number."""
    return file << PLACE_BITS | line


def days_seen(sources: Sequence[SourceSeen]) -> list[int]:
    """Every day that any source has a line of."""
    return sorted({day for source in sources for day in source.days})


def table_of(
    day: int,
    *,
    charity: str,
    sources: Sequence[SourceSeen],
    pairs: Sequence[PairSeen],
    corrects: str = "",
) -> bytes:
    """Write a day's table as canonical JSON; `corrects` is the hash of the one it replaces."""
    told: dict[str, Any] = {
        "day": day_text(day),
        "org": charity,
        "pairs": [_pair(day, pair) for pair in pairs],
        "sources": [_source(day, source) for source in sources if day in source.days],
    }
    if corrects:
        told["corrects"] = corrects
    return msgspec.json.encode(told, order="deterministic")


def _source(day: int, source: SourceSeen) -> dict[str, Any]:
    lines, total = source.days[day]
    files = [source.files[number] for number in sorted(source.file_days[day])]
    return {
        "name": source.name,
        "cur": source.currency,
        "lines": lines,
        "sum": total,
        "files": [msgspec.to_builtins(file) for file in files],
    }


def _pair(day: int, pair: PairSeen) -> dict[str, Any]:
    tallies = pair.found.days.get(day, {})
    of_day = pair.differences.get(day, [])
    return {
        "here": pair.here.name,
        "there": pair.there.name,
        "classes": {
            CLASSES[kind]: {"lines": t.lines, "here": t.here, "there": t.there}
            for kind, t in sorted(tallies.items())
        },
        "differences": [_difference(d, pair) for d in of_day[:DIFFERENCES_MAX]],
    }


def _local(at_s: int) -> int:
    return (at_s + SHANGHAI_SHIFT_SECONDS) // DAY_SECONDS


def _difference(difference: Difference, pair: PairSeen) -> dict[str, Any]:
    told: dict[str, Any] = {"class": CLASSES[difference.kind]}
    if difference.cause:
        told["cause"] = CAUSES[difference.cause]
    if difference.here != NONE:
        told["here"] = _line(difference.here, pair.lines_here, pair.here)
    if difference.there != NONE:
        told["there"] = _line(difference.there, pair.lines_there, pair.there)
    return told


def _line(index: int, side: Side, source: SourceSeen) -> dict[str, Any]:
    place = side.places[index]
    return {
        "file": source.files[place >> PLACE_BITS].sha256,
        "line": place & ((1 << PLACE_BITS) - 1),
        "amt": side.amounts[index],
        "day": day_text(_local(side.times[index])),
    }
