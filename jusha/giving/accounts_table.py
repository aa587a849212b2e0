"""The table of a day's accounts, as strangers read it (docs/log.md, `accounts`). Pure.

It names files by their hash and lines by their number, never an id, a name or a payer: whoever has
the file can find the line, nobody else learns more than amount, day and class.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from jusha.giving.reconcile import CAUSES, CLASSES, NONE, Difference, Reconciled, Side, reconcile
from jusha.giving.refund_lines import Standing
from jusha.money.clock import day_text, local_day

LISTED_MAX: Final = 20_000
"""So many of a list's differences, refunds and breaks are listed line by line; all are counted."""
TABLE_BYTES_MAX: Final = 4 * 1024**2
"""A longer table is cut: fewer are listed, and it says how many are not."""
PLACE_BITS: Final = 40
"""A line's place is file << PLACE_BITS | line."""
LINE_MASK: Final = (1 << PLACE_BITS) - 1


class TableTooLongError(Exception):
    """A day's table is too long even with nothing listed line by line; the text says what to do."""


class FileSeen(msgspec.Struct, frozen=True):
    """One file of a source as it was read.

    Its `read` lines are gifts, refunds, left out or rejected.
    """

    sha256: str
    read: int
    gifts: int
    left_out: int
    rejected: dict[str, int]
    breaks: list[tuple[int, int, int]] = []
    """Balance breaks: line before, line behind, missing sum."""
    steps: int = 0
    """Steps of the balance that were checked; 0 where the file has no balance."""
    refunds: int = 0
    """Lines that send a gift back."""
    laid: str = ""
    """The day on which a file was laid in that names no day itself: it has no gift, no refund."""


class Unread(NamedTuple):
    """A file that was not read: its path below the folder, hash, day on which it was laid, why."""

    name: str
    sha256: str
    day: int
    why: str


class SourceSeen(msgspec.Struct):
    """All files of a source, and its gifts by Shanghai day: [lines, sum]."""

    name: str
    currency: str
    files: list[FileSeen]
    days: dict[int, tuple[int, int]]
    file_days: dict[int, set[int]]
    """By day: which of the files have a line of it."""
    title: str = ""
    """What the public reads instead of the name."""

    def tell(self, day: int, file: int) -> None:
        """Note that a file tells of a day, though none of its gifts is of that day."""
        self.days.setdefault(day, (0, 0))
        self.file_days.setdefault(day, set()).add(file)


class PairSeen(msgspec.Struct):
    """One own list beside one bill."""

    here: SourceSeen
    there: SourceSeen
    lines_here: Side
    lines_there: Side
    found: Reconciled
    differences: dict[int, list[Difference]]
    """By the day of the line there, or else of the one here."""
    refunds: "PairSeen | None" = None
    """The refund lines of both, by the number of the gift; None if the list names no refunds."""


def lay_beside(here: SourceSeen, there: SourceSeen, one: Side, other: Side) -> PairSeen:
    """Reconcile an own list with the bill it is laid beside."""
    found = reconcile(one, other)
    by_day: dict[int, list[Difference]] = {}
    for each in found.differences:
        side, index = (other, each.there) if each.there != NONE else (one, each.here)
        by_day.setdefault(local_day(side.times[index]), []).append(each)
    return PairSeen(here, there, one, other, found, by_day)


def place_of(file: int, line: int) -> int:
    """Pack a line's file and number."""
    return file << PLACE_BITS | line


def days_seen(sources: Sequence[SourceSeen], unread: Sequence[Unread] = ()) -> list[int]:
    """Every day that any source has a line of, or on which a file was laid that was not read."""
    days = {day for source in sources for day in source.days}
    return sorted(days.union(file.day for file in unread))


def table_of(
    day: int,
    *,
    charity: str,
    sources: Sequence[SourceSeen],
    pairs: Sequence[PairSeen],
    refunds: Sequence[Standing] = (),
    unread: Sequence[Unread] = (),
    corrects: str = "",
) -> bytes:
    """Write a day's table as canonical JSON; `corrects` is the hash of the one it replaces.

    Where it would be longer than TABLE_BYTES_MAX, fewer lines are listed. Raises
    TableTooLongError.
    """
    of_day = [s for s in refunds if local_day(s.back.at_s) == day]
    listed = LISTED_MAX
    while True:
        told: dict[str, Any] = {
            "day": day_text(day),
            "org": charity,
            "pairs": [_pair(day, pair, listed) for pair in pairs],
            "sources": [_source(day, source, listed) for source in sources if day in source.days],
        }
        if of_day:
            told["refunds"] = _refunds(of_day, sources, listed)
        if nowhere := [file for file in unread if file.day == day]:
            told["unread"] = [{"sha256": file.sha256, "why": file.why} for file in nowhere]
        if corrects:
            told["corrects"] = corrects
        table = msgspec.json.encode(told, order="deterministic")
        if len(table) <= TABLE_BYTES_MAX:
            return table
        if not listed:
            raise TableTooLongError(
                f"{day_text(day)} 的账不逐行列出也有 {len(table):,} 字节，至多"
                f" {TABLE_BYTES_MAX:,}：这一天的文件太多，请合并成一份，或把旧文件移出文件夹。"
                f" The accounts of {day_text(day)} take {len(table):,} bytes with no line listed;"
                f" a table has at most {TABLE_BYTES_MAX:,}. So many files tell of this day: lay in"
                " one file for many, or take the older ones out of the folder"
            )
        listed //= 2


def _source(day: int, source: SourceSeen, listed: int) -> dict[str, Any]:
    lines, total = source.days[day]
    files = [source.files[number] for number in sorted(source.file_days[day])]
    titled = {"title": source.title} if source.title else {}
    return titled | {
        "name": source.name,
        "cur": source.currency,
        "lines": lines,
        "sum": total,
        "files": [_file(file, listed) for file in files],
    }


def _file(file: FileSeen, listed: int) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(file)
    if not file.laid:
        del told["laid"]
    if len(file.breaks) > listed:
        told["breaks"] = file.breaks[:listed]
        told["breaks_more"] = len(file.breaks) - listed
    return told


def _refunds(
    of_day: Sequence[Standing], sources: Sequence[SourceSeen], listed: int
) -> dict[str, Any]:
    """Refund lines: by standing how many and how much, and line by line."""
    by_name = {source.name: source for source in sources}
    states: dict[str, dict[str, int]] = {}
    for each in of_day:
        sums = states.setdefault(each.state, {"lines": 0, "sum": 0})
        sums["lines"] += 1
        sums["sum"] += each.back.amount
    told: dict[str, Any] = {
        "states": states,
        "lines": [_refund(each, by_name[each.back.source]) for each in of_day[:listed]],
    }
    if len(of_day) > listed:
        told["more"] = len(of_day) - listed
    return told


def _refund(standing: Standing, source: SourceSeen) -> dict[str, Any]:
    back = standing.back
    told: dict[str, Any] = {
        "state": standing.state,
        "source": source.name,
        "file": source.files[back.place >> PLACE_BITS].sha256,
        "line": back.place & LINE_MASK,
        "amt": back.amount,
    }
    if standing.gift >= 0:
        told["ref"] = standing.gift
    if standing.refund >= 0:
        told["n"] = standing.refund
    return told


def _pair(day: int, pair: PairSeen, listed: int) -> dict[str, Any]:
    told = {"here": pair.here.name, "there": pair.there.name} | _laid(day, pair, listed)
    if pair.refunds and day in pair.refunds.found.days:
        told["refunds"] = _laid(day, pair.refunds, listed)
    return told


def _laid(day: int, pair: PairSeen, listed: int) -> dict[str, Any]:
    """How the lines of both sides stand: by class, and every difference."""
    tallies = pair.found.days.get(day, {})
    of_day = pair.differences.get(day, [])
    told: dict[str, Any] = {
        "classes": {
            CLASSES[kind]: {"lines": t.lines, "here": t.here, "there": t.there}
            for kind, t in sorted(tallies.items())
        },
        "differences": [_difference(d, pair) for d in of_day[:listed]],
    }
    if len(of_day) > listed:
        told["more"] = len(of_day) - listed
    return told


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
        "line": place & LINE_MASK,
        "amt": side.amounts[index],
        "day": day_text(local_day(side.times[index])),
    }
