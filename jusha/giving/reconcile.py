"""Two lists of the same money laid side by side, line by line. Pure.

*Here* is the charity's own list, *there* is what the rail or the bank says (R-PAY-4). Every line of
both sides comes out in exactly one class, and a line is paired once. Lines are paired by their id:
first where amount and day agree too, then where the amount does, then the rest. Ids that occur more
than once are paired as often as both sides have them.

A cause is named only where the two lines themselves show it; there is no likeness and no score.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jusha.money.clock import DAY_SECONDS, SHANGHAI_SHIFT_SECONDS

Ints = NDArray[np.int64]
KEY_BYTES: Final = 16
PARTS: Final = 16
"""Shares of ids that are paired one after the other, to bound memory."""
CLASSES: Final = ("matched", "day-differs", "amount-differs", "only-here", "only-there")
MATCHED, DAY_DIFFERS, AMOUNT_DIFFERS, ONLY_HERE, ONLY_THERE = range(len(CLASSES))
CAUSES: Final = (
    "", "cut-off", "repeated", "no-list", "ten-times", "hundred-times", "digits-swapped",
)  # fmt: skip
UNKNOWN, CUT_OFF, REPEATED, NO_LIST, TEN_TIMES, HUNDRED_TIMES, DIGITS_SWAPPED = range(len(CAUSES))
"""What the lines themselves show:

cut-off: the days follow one another, and the earlier time is in the last half hour of its day;
repeated: the same id is paired already, this is one line more;
no-list: the other side has no line at all of this day;
ten-times, hundred-times: one amount is so many times the other (a zero too many, fen for yuan);
digits-swapped: the amounts differ by two neighbouring digits changing places.
"""
CUT_OFF_SECONDS: Final = 1800
NONE: Final = -1


class Side:
    """One list, line after line: names by hash, amounts in the smallest unit, Unix seconds.

    `place` is the caller's own number for a line (file and line, packed).
    """

    def __init__(self) -> None:
        self.keys = bytearray()
        self.amounts = array("q")
        self.times = array("q")
        self.places = array("q")

    def add(self, name: str, *, amount: int, at_s: int, place: int) -> None:
        """Take one line."""
        self.keys += blake2b(name.encode(), digest_size=KEY_BYTES).digest()
        self.amounts.append(amount)
        self.times.append(at_s)
        self.places.append(place)

    def extend(self, other: "Side") -> None:
        """Take all lines of another list behind one's own."""
        self.keys += other.keys
        self.amounts += other.amounts
        self.times += other.times
        self.places += other.places

    def __len__(self) -> int:
        return len(self.amounts)


def newest_only(side: Side, *, file_of: int) -> tuple[Side, int]:
    """Keep, of every id, only the lines of the newest file that has it; say how many went.

    Files overlap, and a corrected file comes behind the one that it corrects. A line's file is
    its place >> `file_of`; higher is newer.
    """
    if not len(side):
        return side, 0
    places = np.frombuffer(side.places, dtype=np.int64)
    files = places >> file_of
    if files.min() == files.max():
        return side, 0
    names = _names(_keys(side))
    newest = np.zeros(int(names.max()) + 1, dtype=np.int64)
    np.maximum.at(newest, names, files)
    kept = np.flatnonzero(files == newest[names])
    left = Side()
    keys = np.frombuffer(bytes(side.keys), dtype=f"V{KEY_BYTES}")
    left.keys = bytearray(keys[kept].tobytes())
    left.amounts = array("q", np.frombuffer(side.amounts, dtype=np.int64)[kept].tobytes())
    left.times = array("q", np.frombuffer(side.times, dtype=np.int64)[kept].tobytes())
    left.places = array("q", places[kept].tobytes())
    return left, len(side) - len(left)


def days_of(side: Side, *, file_of: int) -> dict[int, tuple[int, int, set[int]]]:
    """Add up a list by Shanghai day: lines, sum, and which files have a line of that day."""
    days = (np.array(side.times, dtype=np.int64) + SHANGHAI_SHIFT_SECONDS) // DAY_SECONDS
    amounts = np.array(side.amounts, dtype=np.int64)
    files = np.array(side.places, dtype=np.int64) >> file_of
    found = {}
    for day in np.unique(days).tolist():
        here = days == day
        found[day] = int(here.sum()), int(amounts[here].sum()), set(np.unique(files[here]).tolist())
    return found


def _names(halves: NDArray[np.uint64]) -> Ints:
    """Number the names: equal keys get one number, from 1."""
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    ordered = halves[order]
    fresh = np.ones(len(order), dtype=np.int64)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    names: Ints = np.empty(len(order), dtype=np.int64)
    names[order] = np.cumsum(fresh)
    return names


class Difference(NamedTuple):
    """Lines that do not simply match: indices into the two sides, -1 where there is none."""

    kind: int
    cause: int
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one day and class: how many lines, and what they come to on each side."""

    lines: int
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """All lines classed. A pair's day is that of the line there."""

    days: dict[int, dict[int, Tally]]
    differences: list[Difference]


def reconcile(here: Side, there: Side) -> Reconciled:
    """Pair two lists and class every line of both.

    Lines are paired by id alone, so the lists are laid side by side in PARTS shares of ids, one
    after the other: a share's working columns are all that is held at once. The order of lines
    decides only which of several lines with the same id, amount and day is paired with which.
    """
    keys = np.concatenate([_keys(side) for side in (here, there)])
    amount = np.concatenate([np.frombuffer(s.amounts, dtype=np.int64) for s in (here, there)])
    at = np.concatenate([np.frombuffer(s.times, dtype=np.int64) for s in (here, there)])
    at += SHANGHAI_SHIFT_SECONDS
    listed = [set(np.unique(part // DAY_SECONDS).tolist()) for part in np.split(at, [len(here)])]
    share = keys[:, 0] % PARTS
    found = Reconciled({}, [])
    for number in range(PARTS):
        index = np.flatnonzero(share == number)
        if len(index):
            lines = _Lines(index, keys, amount, at, len(here))
            classes = _classes(lines)
            _add_days(found.days, lines, classes)
            found.differences.extend(_differences(lines, classes, listed))
    found.differences.sort()
    days = {day: dict(sorted(found.days[day].items())) for day in sorted(found.days)}
    return Reconciled(days, found.differences)


def _keys(side: Side) -> NDArray[np.uint64]:
    return np.frombuffer(bytes(side.keys), dtype=np.uint64).reshape(-1, 2)


class _Lines:
    """One share of both lists in columns, here before there; ids as small numbers from 1."""

    def __init__(
        self, index: Ints, keys: NDArray[np.uint64], amount: Ints, at: Ints, first_there: int
    ) -> None:
        self.index = index
        self.first_there = first_there
        self.name = _names(keys[index])
        self.side: Ints = (index >= first_there).astype(np.int64)
        self.amount: Ints = amount[index]
        self.at: Ints = at[index]
        self.day: Ints = self.at // DAY_SECONDS

    def place(self, line: int) -> int:
        """The index of a line on its own side; NONE stays NONE."""
        if line == NONE:
            return NONE
        place = int(self.index[line])
        return place - self.first_there if self.side[line] else place


class _Class(NamedTuple):
    kind: int
    here: Ints
    there: Ints


def _classes(lines: _Lines) -> list[_Class]:
    """Pair what agrees in most, then in less; what is left stands alone."""
    pairs = []
    left = np.arange(len(lines.side))
    for columns in (
        (lines.name, lines.amount, lines.day),
        (lines.name, lines.amount),
        (lines.name,),
    ):
        found, left = _pair(left, lines.side, columns)
        pairs.append(found)
    classes = [
        _Class(kind, pair[:, 0], pair[:, 1])
        for kind, pair in zip((MATCHED, DAY_DIFFERS, AMOUNT_DIFFERS), pairs, strict=True)
    ]
    alone = np.full(len(left), NONE)
    is_here = lines.side[left] == 0
    classes.append(_Class(ONLY_HERE, left[is_here], alone[is_here]))
    classes.append(_Class(ONLY_THERE, alone[~is_here], left[~is_here]))
    return classes


def _pair(left: Ints, side: Ints, columns: tuple[Ints, ...]) -> tuple[Ints, Ints]:
    """Pair what agrees in all columns, the nth of one side with the nth of the other.

    Returns the pairs [here, there] and what is still alone.
    """
    picked = [column[left] for column in columns]
    sides = side[left]
    order = np.lexsort((left, sides, *reversed(picked)))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = False
    for column in picked:
        fresh[1:] |= column[order][1:] != column[order][:-1]
    group = np.cumsum(fresh)
    run = fresh.copy()
    run[1:] |= sides[order][1:] != sides[order][:-1]
    starts = np.flatnonzero(run)
    rank = np.arange(len(order)) - starts[np.cumsum(run) - 1] if len(order) else order
    again = np.lexsort((sides[order], rank, group))
    group, rank, placed = group[again], rank[again], left[order][again]
    met = (group[1:] == group[:-1]) & (rank[1:] == rank[:-1])
    at = np.flatnonzero(met)
    pairs = np.stack([placed[at], placed[at + 1]], axis=1)
    alone = np.ones(len(placed), dtype=bool)
    alone[at] = alone[at + 1] = False
    return pairs, np.sort(placed[alone])


def _add_days(found: dict[int, dict[int, Tally]], lines: _Lines, classes: list[_Class]) -> None:
    for each in classes:
        of_day = lines.day[each.here if each.kind == ONLY_HERE else each.there]
        days, place = np.unique(of_day, return_inverse=True)
        for day, *sums in zip(
            days.tolist(),
            np.bincount(place, minlength=len(days)).tolist(),
            _sums(lines.amount, each.here, place, len(days)),
            _sums(lines.amount, each.there, place, len(days)),
            strict=True,
        ):
            kinds = found.setdefault(day, {})
            before = kinds.get(each.kind, Tally(0, 0, 0))
            kinds[each.kind] = Tally(
                before.lines + sums[0], before.here + sums[1], before.there + sums[2]
            )


def _sums(amount: Ints, index: Ints, place: Ints, days: int) -> list[int]:
    """Add up amounts by day, exactly; 0 for the side that a class does not have."""
    sums = np.zeros(days, dtype=np.int64)
    if len(index) and index[0] != NONE:
        np.add.at(sums, place, amount[index])
    return [int(value) for value in sums]


def _differences(
    lines: _Lines, classes: list[_Class], listed: list[set[int]]
) -> Iterator[Difference]:
    paired = np.zeros(int(lines.name.max()) + 1, dtype=bool)
    for each in classes[: AMOUNT_DIFFERS + 1]:
        paired[lines.name[each.here]] = True
    for each in classes[DAY_DIFFERS:]:
        for here, there in zip(each.here.tolist(), each.there.tolist(), strict=True):
            cause = _cause(lines, each.kind, here, there, paired, listed)
            yield Difference(each.kind, cause, lines.place(here), lines.place(there))


def _cause(
    lines: _Lines, kind: int, here: int, there: int, paired: NDArray[Any], listed: list[set[int]]
) -> int:
    if kind == DAY_DIFFERS:
        return cut_off(int(lines.at[here]), int(lines.at[there]))
    if kind == AMOUNT_DIFFERS:
        return slip(int(lines.amount[here]), int(lines.amount[there]))
    alone = here if kind == ONLY_HERE else there
    if paired[lines.name[alone]]:
        return REPEATED
    other = listed[1 if kind == ONLY_HERE else 0]
    return NO_LIST if int(lines.day[alone]) not in other else UNKNOWN


def cut_off(one: int, other: int) -> int:
    """Say whether two times of one gift lie on both sides of a midnight that only just passed.

    Local seconds. A list that names only the day has its beginning as time.
    """
    early, late = min(one, other), max(one, other)
    follows = late // DAY_SECONDS - early // DAY_SECONDS == 1
    return CUT_OFF if follows and early % DAY_SECONDS >= DAY_SECONDS - CUT_OFF_SECONDS else UNKNOWN


def slip(one: int, other: int) -> int:
    """Name how two different amounts look like one, from their digits alone."""
    small, large = min(one, other), max(one, other)
    if large == small * 100:
        return HUNDRED_TIMES
    if large == small * 10:
        return TEN_TIMES
    a, b = str(one), str(other)
    if len(a) == len(b):
        apart = [n for n in range(len(a)) if a[n] != b[n]]
        if len(apart) == 2 and apart[1] - apart[0] == 1:  # noqa: PLR2004 - two digits
            first, second = apart
            if a[first] == b[second] and a[second] == b[first]:
                return DIGITS_SWAPPED
    return UNKNOWN
