"""From the bytes of a file to gifts and rejected rows, one row at a time. Pure.

A bad row never stops the rest: it comes out as a Rejected with its line and reason, and
reading goes on with the next line. Nothing here depends on what the rows before held.
"""

import csv
import hashlib
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final, NamedTuple

from jusha.giving.gift_maps import FilterPart, GiftMap
from jusha.inbox.envelopes import CODE
from jusha.money.assets import AMOUNT_MAX

LINE_BYTES_MAX: Final = 64 * 1024
RECORD_LINES_MAX: Final = 100
"""Lines that one quoted record may span; a stray quote costs its own line, not the file."""
ID_CHARACTERS_MAX: Final = 200
ID_JOIN: Final = "|"
"""Stands between the columns of an id that has several."""
DETAIL_CHARACTERS_MAX: Final = 60
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)

FEN: Final = re.compile(r"[0-9]{1,30}")
YUAN: Final = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?")
THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")

REASONS: Final = {
    "bad-encoding": "the line's bytes are not in the map's encoding",
    "bad-quoting": "quotes do not close, or stand where none may",
    "line-too-long": f"longer than {LINE_BYTES_MAX} bytes or {RECORD_LINES_MAX} lines",
    "wrong-field-count": "not as many fields as the header",
    "no-id": "an id column is empty",
    "id-too-long": f"the id is longer than {ID_CHARACTERS_MAX} characters",
    "bad-time": "the time does not have the map's format",
    "time-in-future": "the time is later than this moment",
    "bad-amount": "the amount is not a plain number in the map's unit",
    "negative-amount": "below zero: a refund is not a gift",
    "zero-amount": "nothing was given",
    "amount-too-large": f"more than {AMOUNT_MAX} fen",
    "unknown-project": "the project is not open here, or the map has no code for the word",
}
"""Every reason for which a row may be rejected, in words."""


class FileRefusedError(Exception):
    """The file as a whole does not fit the map: no header, or a column is not there."""


class RowRefusedError(Exception):
    """One row cannot become a gift; args are (reason, detail)."""

    @property
    def reason(self) -> str:
        """One of REASONS."""
        return str(self.args[0])

    @property
    def detail(self) -> str:
        """What was found, shortened; "" where it could name a person."""
        return str(self.args[1]) if len(self.args) > 1 else ""


class Record(NamedTuple):
    """One record of the file: the number of its first line, its bytes, its fields."""

    line: int
    raw: bytes
    cells: list[str]


class Rejected(NamedTuple):
    """A row that did not become a gift."""

    line: int
    reason: str
    detail: str


class Gift(NamedTuple):
    """A row that did: time in Unix seconds, amount in fen, body = SHA-256 of its bytes."""

    line: int
    external_id: str
    at_s: int
    amount: int
    project: str
    payer: str
    body: bytes


class _Lines:
    """Hands decoded lines to the CSV reader and remembers the bytes that a record took."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self.file = file
        self.encoding = encoding
        self.first = 1
        self.taken: list[bytes] = []
        self.waiting: deque[bytes] = deque()
        start = file.readline(LINE_BYTES_MAX + 1)
        if start:
            self.waiting.append(start.removeprefix(BYTE_ORDER_MARK))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self.waiting.popleft() if self.waiting else self.file.readline(LINE_BYTES_MAX + 1)
        if not raw:
            raise StopIteration
        self.taken.append(raw)
        if len(raw) > LINE_BYTES_MAX:
            self._skip_rest(raw)
            raise RowRefusedError("line-too-long")
        if len(self.taken) > RECORD_LINES_MAX:
            raise RowRefusedError("line-too-long")
        return raw.decode(self.encoding)

    def _skip_rest(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self.file.readline(LINE_BYTES_MAX)

    def done(self) -> tuple[int, bytes]:
        """Close a record: the number of its first line, its bytes without the line's end."""
        line, raw = self.first, b"".join(self.taken)
        self.first += len(self.taken)
        self.taken = []
        return line, raw.removesuffix(b"\n").removesuffix(b"\r")

    def give_back(self) -> int:
        """Give up the first line taken, and read those behind it again; return its number."""
        line = self.first
        self.waiting.extendleft(reversed(self.taken[1:]))
        self.first += 1
        self.taken = []
        return line


def read_records(
    file: BinaryIO, *, encoding: str, delimiter: str, skip_lines: int
) -> Iterator[Record | Rejected]:
    """Cut a file in CSV records (RFC 4180), blank lines left out.

    A record that cannot be read gives up one line and reading goes on behind it.
    """
    lines = _Lines(file, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            if lines.first <= skip_lines:
                next(lines)
                lines.done()
                continue
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            if lines.first <= skip_lines:  # nobody reads it
                lines.done()
                continue
            yield Rejected(lines.give_back(), "bad-encoding", "")
        except csv.Error:
            yield Rejected(lines.give_back(), "bad-quoting", "")
        except RowRefusedError as refusal:
            yield Rejected(lines.give_back(), refusal.reason, "")
        else:
            record = Record(*lines.done(), cells)
            if cells:
                yield record


class GiftReader:
    """Reads gifts as one map says. Make one a file; the header is read at once.

    `projects` are the codes open here, or None to take any well-formed code. Raises
    FileRefusedError.
    """

    def __init__(
        self, file: BinaryIO, given: GiftMap, *, now_s: int, projects: frozenset[str] | None
    ) -> None:
        self.map = given
        self.now_s = now_s
        self.projects = projects
        self.zone = given.zone
        self.records = read_records(
            file,
            encoding=given.encoding,
            delimiter=given.delimiter,
            skip_lines=given.skip_lines,
        )
        self.header = given.header or self._read_header()
        place = {name: number for number, name in enumerate(self.header)}
        lost = [name for name in given.columns if name not in place]
        twice = [name for name in given.columns if self.header.count(name) > 1]
        if lost or twice:
            what = f"has no column {', '.join(lost)}" if lost else f"has twice {', '.join(twice)}"
            raise FileRefusedError(f"the file {what}; its columns: {', '.join(self.header)}")
        self.ids = [place[name] for name in given.id.columns]
        self.time = place[given.time.column]
        self.amount = place[given.amount.column]
        self.project = place.get(given.project.column, -1)
        self.payer = place[given.payer.column] if given.payer else -1
        self.keep = [(place[part.column], _values(part)) for part in given.keep]
        self.drop = [(place[part.column], _values(part)) for part in given.drop]

    def _read_header(self) -> list[str]:
        first = next(self.records, None)
        if not isinstance(first, Record):
            why = first.reason if first else "empty"
            raise FileRefusedError(f"the file has no header that can be read ({why})")
        return [cell.strip() for cell in first.cells]

    def __iter__(self) -> Iterator[Gift | Rejected | None]:
        """Every record in its order: a gift, why not, or None where the map leaves it out."""
        for _, found in self.with_cells():
            yield found

    def with_cells(self) -> Iterator[tuple[list[str], Gift | Rejected | None]]:
        """As iterating, each with the record's fields; [] where it could not be cut in fields."""
        for record in self.records:
            if isinstance(record, Rejected):
                yield [], record
                continue
            try:
                yield record.cells, self.gift(record)
            except RowRefusedError as refusal:
                yield record.cells, Rejected(record.line, refusal.reason, refusal.detail)

    def gift(self, record: Record) -> Gift | None:
        """Read one record. Raises RowRefusedError."""
        cells = [cell.strip() for cell in record.cells]
        if len(cells) != len(self.header):
            detail = f"{len(cells)} fields, the header has {len(self.header)}"
            raise RowRefusedError("wrong-field-count", detail)
        if any(cells[place] not in values for place, values in self.keep):
            return None
        if any(cells[place] in values for place, values in self.drop):
            return None
        return Gift(
            record.line,
            self._external_id(cells),
            self._at(cells[self.time]),
            amount_fen(
                cells[self.amount],
                unit=self.map.amount.unit,
                thousands_commas=self.map.amount.thousands_commas,
            ),
            self._project(cells),
            cells[self.payer] if self.payer >= 0 else "",
            hashlib.sha256(record.raw).digest(),
        )

    def _external_id(self, cells: list[str]) -> str:
        parts = [cells[place] for place in self.ids]
        if not all(parts):
            raise RowRefusedError("no-id")
        found = ID_JOIN.join(parts)
        if len(found) > ID_CHARACTERS_MAX:
            raise RowRefusedError("id-too-long", f"{len(found)} characters")
        return found

    def _at(self, text: str) -> int:
        pattern = self.map.time.format
        try:
            if pattern == "iso":
                moment = datetime.fromisoformat(text)
            else:
                moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a zone follows
        except ValueError:
            raise RowRefusedError("bad-time", _short(text)) from None
        if moment.tzinfo is None:
            if self.zone is None:
                raise RowRefusedError("bad-time", f"{_short(text)} names no time zone")
            moment = moment.replace(tzinfo=self.zone)
        at_s = (moment - EPOCH) // SECOND
        if at_s <= 0:
            raise RowRefusedError("bad-time", _short(text))
        if at_s > self.now_s:
            raise RowRefusedError("time-in-future", _short(text))
        return at_s

    def _project(self, cells: list[str]) -> str:
        if self.project < 0:
            return self.map.project.code
        word = cells[self.project]
        code = self.map.project.codes.get(word, "") if self.map.project.codes else word
        known = code in self.projects if self.projects is not None else CODE.fullmatch(code)
        if not known:
            raise RowRefusedError("unknown-project", _short(word))
        return code


def amount_fen(text: str, *, unit: str, thousands_commas: bool = False) -> int:
    """Read an amount exactly, by digits alone: ("12.5", "yuan") is 1250 fen.

    Raises RowRefusedError for all that is not a plain number above zero: no signs, no
    exponents, no other digits than 0 to 9, no part of a fen.
    """
    if text.startswith(("-", "−", "－")):
        raise RowRefusedError("negative-amount", _short(text))
    plain = text
    if thousands_commas and THOUSANDS.fullmatch(text):
        plain = text.replace(",", "")
    if unit == "fen":
        if not FEN.fullmatch(plain):
            raise RowRefusedError("bad-amount", _short(text))
        amount = int(plain)
    else:
        found = YUAN.fullmatch(plain)
        decimals = (found[2] or "").rstrip("0") if found else ""
        if found is None or len(decimals) > len("00"):
            raise RowRefusedError("bad-amount", _short(text))
        amount = int(found[1]) * 100 + int(f"{decimals:0<2}")
    if amount == 0:
        raise RowRefusedError("zero-amount")
    if amount > AMOUNT_MAX:
        raise RowRefusedError("amount-too-large", _short(text))
    return amount


def _values(part: FilterPart) -> frozenset[str]:
    return frozenset(part.values)


def _short(text: str) -> str:
    cut = text[:DETAIL_CHARACTERS_MAX]
    return repr(cut) + ("…" if len(text) > len(cut) else "")
