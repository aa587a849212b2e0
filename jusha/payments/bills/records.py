"""From the bytes of a file to records, one line at a time, in bounded memory. Pure.

A bad line never stops the rest: it comes out as a Rejected with its number and reason, and
reading goes on behind it. Nothing here depends on what the lines before held.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from jusha.money.assets import AMOUNT_MAX

LINE_BYTES_MAX: Final = 64 * 1024
RECORD_LINES_MAX: Final = 100
"""Lines that one quoted record may span; a stray quote costs its own line, not the file."""
DETAIL_CHARACTERS_MAX: Final = 60
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

FEN: Final = re.compile(r"[0-9]{1,30}")
YUAN: Final = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?")
THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


class FileRefusedError(Exception):
    """The file as a whole is not what it should be; Chinese, then English, say what was found."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}。 {en}")


class RowRefusedError(Exception):
    """One line cannot be taken; args are (reason, detail)."""

    @property
    def reason(self) -> str:
        """A short code; the room that asks has words for it."""
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
    """A line that was not taken."""

    line: int
    reason: str
    detail: str


class Lines:
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
    lines = Lines(file, encoding)
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
        except UnicodeDecodeError as error:
            if lines.first <= skip_lines:  # nobody reads it
                lines.done()
                continue
            yield Rejected(lines.give_back(), "bad-encoding", misplaced(error, delimiter))
        except csv.Error:
            yield Rejected(lines.give_back(), "bad-quoting", "")
        except RowRefusedError as refusal:
            yield Rejected(lines.give_back(), refusal.reason, "")
        else:
            record = Record(*lines.done(), cells)
            if cells:
                yield record


def read_lines(file: BinaryIO, *, encoding: str) -> Iterator[tuple[int, bytes, str] | Rejected]:
    """Decode a file line by line: (number, bytes without the end, text), blank lines left out."""
    lines = Lines(file, encoding)
    while True:
        try:
            text = next(lines)
        except StopIteration:
            return
        except UnicodeDecodeError as error:
            yield Rejected(lines.give_back(), "bad-encoding", misplaced(error, ","))
        except RowRefusedError as refusal:
            yield Rejected(lines.give_back(), refusal.reason, "")
        else:
            number, raw = lines.done()
            if raw.strip():
                yield number, raw, text.rstrip("\r\n")


def misplaced(error: UnicodeDecodeError, delimiter: str) -> str:
    """Say in which column of its line the first byte stands that is not in the encoding."""
    before = error.object[: error.start].count(delimiter.encode())
    return f"column {before + 1} is not {error.encoding}"


def amount_fen(text: str, *, unit: str, thousands_commas: bool = False) -> int:
    """Read an amount exactly, by digits alone: ("12.5", "yuan") is 1250 fen.

    Raises RowRefusedError for all that is not a plain number above zero: no signs, no
    exponents, no other digits than 0 to 9, no part of a fen.
    """
    if text.startswith(("-", "−", "－")):
        raise RowRefusedError("negative-amount", short(text))
    plain = text
    if thousands_commas and THOUSANDS.fullmatch(text):
        plain = text.replace(",", "")
    if unit == "fen":
        if not FEN.fullmatch(plain):
            raise RowRefusedError("bad-amount", short(text))
        amount = int(plain)
    else:
        found = YUAN.fullmatch(plain)
        decimals = (found[2] or "").rstrip("0") if found else ""
        if found is None or len(decimals) > len("00"):
            raise RowRefusedError("bad-amount", short(text))
        amount = int(found[1]) * 100 + int(f"{decimals:0<2}")
    if amount == 0:
        raise RowRefusedError("zero-amount")
    if amount > AMOUNT_MAX:
        raise RowRefusedError("amount-too-large", short(text))
    return amount


def short(text: str) -> str:
    """Show what was found, cut to a length fit for a message."""
    cut = text[:DETAIL_CHARACTERS_MAX]
    return repr(cut) + ("…" if len(text) > len(cut) else "")
