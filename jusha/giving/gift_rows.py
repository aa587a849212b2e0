"""From the bytes of a file to gifts and rejected rows, one row at a time. Pure.

A bad row never stops the rest: it comes out as a Rejected with its line and reason, and
reading goes on with the next line. Nothing here depends on what the rows before held.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final, NamedTuple

from jusha.giving.gift_maps import FilterPart, GiftMap
from jusha.inbox.envelopes import CODE
from jusha.money.assets import AMOUNT_MAX
from jusha.payments.bills.records import (
    LINE_BYTES_MAX,
    RECORD_LINES_MAX,
    FileRefusedError,
    Record,
    Rejected,
    RowRefusedError,
    amount_fen,
    short,
)
from jusha.payments.bills.statement import open_statement

ID_CHARACTERS_MAX: Final = 200
ID_JOIN: Final = "|"
"""Stands between the columns of an id that has several."""
HEADER_CHARACTERS_MAX: Final = 600
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)

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
    "number-shortened": "the spreadsheet keeps 15 digits of a number: this one had more",
    "unknown-project": "the project is not open here, or the map has no code for the word",
}
"""Every reason for which a row may be rejected, in words."""


class Gift(NamedTuple):
    """A row that did: time in Unix seconds, amount in fen, body = SHA-256 of its bytes."""

    line: int
    external_id: str
    at_s: int
    amount: int
    project: str
    payer: str
    body: bytes


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
        self.closing = ExitStack()
        self.statement = self.closing.enter_context(
            open_statement(
                file,
                form=given.form,
                encoding=given.encoding,
                delimiter=given.delimiter,
                skip_lines=given.skip_lines,
                header=given.header,
                sheet=given.sheet,
            )
        )
        self.header = self.statement.header
        self.met: dict[bytes, int] = {}
        self.line = 0
        """The line that was handed out last."""
        place = {name: number for number, name in enumerate(self.header)}
        lost = [name for name in given.columns if name not in place]
        twice = [name for name in given.columns if self.header.count(name) > 1]
        if lost or twice:
            what = f"has no column {', '.join(lost)}" if lost else f"has twice {', '.join(twice)}"
            raise FileRefusedError(f"the file {what}; its columns: {shown(self.header)}")
        self.ids = [place[name] for name in given.id.columns]
        self.time = place[given.time.column]
        self.amount = place[given.amount.column]
        self.project = place.get(given.project.column, -1)
        self.payer = place[given.payer.column] if given.payer else -1
        self.keep = [(place[part.column], _values(part)) for part in given.keep]
        self.drop = [(place[part.column], _values(part)) for part in given.drop]

    def __iter__(self) -> Iterator[Gift | Rejected | None]:
        """Every record in its order: a gift, why not, or None where the map leaves it out."""
        for _, found in self.with_cells():
            yield found

    def with_cells(self) -> Iterator[tuple[list[str], Gift | Rejected | None]]:
        """As iterating, each with the record's fields; [] where it could not be cut in fields.

        Behind the last, raises FileRefusedError where the file's own sums are not its lines'.
        """
        for record in self.statement.records:
            self.line = record.line
            if isinstance(record, Rejected):
                yield [], record
                continue
            try:
                yield record.cells, self.gift(record)
            except RowRefusedError as refusal:
                yield record.cells, Rejected(record.line, refusal.reason, refusal.detail)
        self.statement.check()
        self.closing.close()

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
        return f"{found}{ID_JOIN}{self._place(found)}" if self.map.id.count_equals else found

    def _place(self, found: str) -> int:
        """Count the lines that have this id: the first is 1."""
        name = hashlib.blake2b(found.encode(), digest_size=12).digest()
        self.met[name] = self.met.get(name, 0) + 1
        return self.met[name]

    def _at(self, text: str) -> int:
        pattern = self.map.time.format
        try:
            if pattern == "iso":
                moment = datetime.fromisoformat(text)
            else:
                moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a zone follows
        except ValueError:
            raise RowRefusedError("bad-time", short(text)) from None
        if moment.tzinfo is None:
            if self.zone is None:
                raise RowRefusedError("bad-time", f"{short(text)} names no time zone")
            moment = moment.replace(tzinfo=self.zone)
        at_s = (moment - EPOCH) // SECOND
        if at_s <= 0:
            raise RowRefusedError("bad-time", short(text))
        if at_s > self.now_s:
            raise RowRefusedError("time-in-future", short(text))
        return at_s

    def _project(self, cells: list[str]) -> str:
        if self.project < 0:
            return self.map.project.code
        word = cells[self.project]
        code = self.map.project.codes.get(word, "") if self.map.project.codes else word
        known = code in self.projects if self.projects is not None else CODE.fullmatch(code)
        if not known:
            raise RowRefusedError("unknown-project", short(word))
        return code


def shown(header: list[str]) -> str:
    """A header for a message: an odd file's may be as long as a line."""
    text = ", ".join(header)
    return text[:HEADER_CHARACTERS_MAX] + ("…" if len(text) > HEADER_CHARACTERS_MAX else "")


def _values(part: FilterPart) -> frozenset[str]:
    return frozenset(part.values)
