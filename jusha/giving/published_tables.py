"""Tables of daily sums that somebody else published, read as they are. Pure.

A publisher's table may leave cells empty, skip days and contradict itself. It is shown, not
mended: what cannot be read exactly in fen is kept as text and takes part in no difference.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final, NamedTuple

from jusha.money.clock import day_number

NUMBER: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")


class PublishedRefusedError(Exception):
    """The table lacks a column that was asked for, or a day in it cannot be read."""


class Cell(NamedTuple):
    """One published number: its text, and its value if the text is exact (fen for money)."""

    text: str = ""
    value: int | None = None


@dataclass(frozen=True, slots=True)
class PublishedDay:
    """One line: the day as a number, and what was published of it."""

    day: int
    count: Cell
    sum: Cell
    cumulative: Cell


@dataclass(frozen=True, slots=True)
class Columns:
    """What the table's columns are called; "" where there is none."""

    day: str
    count: str = ""
    sum: str = ""
    cumulative: str = ""


def read_published(lines: Iterable[str], columns: Columns) -> list[PublishedDay]:
    """Read a CSV table with a header, money in yuan. Raises PublishedRefusedError."""
    reader = csv.DictReader(lines)
    header = list(reader.fieldnames or [])
    if lost := [name for name in astuple(columns) if name and name not in header]:
        raise PublishedRefusedError(
            f"the published table has no column {', '.join(lost)}; it has: {', '.join(header)}"
        )
    found = []
    for row in reader:
        text = row[columns.day].strip()
        try:
            day = day_number(text)
        except ValueError:
            raise PublishedRefusedError(
                f"line {reader.line_num}: {text!r} is not a day such as 2020-01-24"
            ) from None
        found.append(
            PublishedDay(
                day,
                _cell(row, columns.count, decimals=0),
                _cell(row, columns.sum, decimals=2),
                _cell(row, columns.cumulative, decimals=2),
            )
        )
    days = [line.day for line in found]
    if days != sorted(set(days)):
        raise PublishedRefusedError("the published table's days do not rise line by line")
    return found


def _cell(row: dict[str, str], column: str, *, decimals: int) -> Cell:
    text = (row.get(column) or "").strip() if column else ""
    number = NUMBER.fullmatch(text)
    part = (number[2] or "").rstrip("0") if number else ""
    if number is None or len(part) > decimals:
        return Cell(text)
    return Cell(text, int(number[1] + part.ljust(decimals, "0")))


def steps(lines: list[PublishedDay]) -> dict[int, int]:
    """By day, how far the cumulative sum rose since the line before; absent where unknown."""
    found = {}
    before: int | None = None
    for line in lines:
        now = line.cumulative.value
        if now is not None and before is not None:
            found[line.day] = now - before
        before = now
    return found
