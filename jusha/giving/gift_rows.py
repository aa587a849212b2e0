"""From the bytes of a file to gifts, refunds and rejected rows, one row at a time. Pure.

A bad row never stops the rest: it comes out as a Rejected with its line and reason, and
reading goes on with the next line. Nothing here depends on what the rows before held.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final, NamedTuple

from jusha.giving.gift_maps import FilterPart, GiftMap, RefundPart
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
BATCH_CHARACTERS_MAX: Final = 64
HEADER_CHARACTERS_MAX: Final = 600
REMEMBERED_MAX: Final = 1 << 17
"""A day has 86,400 seconds; so many texts of times, and of amounts, are read once."""
MINUS: Final = ("-", "−", "－")
DAMAGED: Final = "\ufffd"
MOJIBAKE: Final = "锟斤拷"
"""What lost characters look like when they are saved once more."""
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
    "negative-amount": "below zero: a refund is not a gift; the map's [refund] can take it",
    "zero-amount": "nothing was given",
    "amount-too-large": f"more than {AMOUNT_MAX} fen",
    "number-shortened": "the spreadsheet keeps 15 digits of a number: this one had more",
    "no-batch": "the batch column is empty, or longer than 64 characters",
    "no-reference": "it names no order, and the map leaves such money to the account's owner",
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
    also: tuple[str, ...] = ()
    """Other numbers that the donor may know it by."""
    batch: str = ""
    remark: str = ""
    """What the payer of a transfer wrote; nothing keeps it."""
    account: str = ""
    """To which a transfer came."""


class Refund(NamedTuple):
    """A row that sends back (part of) a gift: `of` is the gift's id or another name of it."""

    line: int
    external_id: str
    of: str
    at_s: int
    amount: int


Found = Gift | Refund | Rejected | None
"""What a row is: a gift, a refund, not taken, or left out by the map."""


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
            raise _wrong_header(self.header, given, lost, twice)
        self._find_places(place)

    def _find_places(self, place: dict[str, int]) -> None:
        """Keep where in a record the map's columns stand."""
        given = self.map
        self.ids = [place[name] for name in given.id.columns]
        self.also = [place[name] for name in given.id.also]
        self.times = [place[name] for name in given.time.columns]
        self.moments: dict[str, int] = {}
        self.amount = place[given.amount.column]
        self.amounts: dict[str, int] = {}
        self.project = place.get(given.project.column, -1)
        self.payer = place[given.payer.column] if given.payer else -1
        self.batch = place[given.batch.column] if given.batch else -1
        told = given.transfer
        self.remarks = [place[name] for name in told.columns] if told else []
        self.account = place[told.account_column] if told and told.account_column else -1
        self.keep = [(place[part.column], _values(part)) for part in given.keep]
        self.drop = [(place[part.column], _values(part)) for part in given.drop]
        self.refunds = _Refunds(given.refund, place) if given.refund else None

    def __iter__(self) -> Iterator[Found]:
        """Every record in its order: a gift, a refund, why not, or None where it is left out."""
        for _, found in self.with_cells():
            yield found

    def with_cells(self) -> Iterator[tuple[list[str], Found]]:
        """As iterating, each with the record's fields; [] where it could not be cut in fields.

        Behind the last, raises FileRefusedError where the file's own sums are not its lines'.
        """
        for record in self.statement.records:
            self.line = record.line
            if isinstance(record, Rejected):
                yield [], record
                continue
            try:
                yield record.cells, self.row(record)
            except RowRefusedError as refusal:
                yield record.cells, Rejected(record.line, refusal.reason, refusal.detail)
        self.statement.check()
        self.closing.close()

    def row(self, record: Record) -> Gift | Refund | None:
        """Read one record. Raises RowRefusedError."""
        cells = [cell.strip() for cell in record.cells]
        if len(cells) != len(self.header):
            detail = f"{len(cells)} fields, the header has {len(self.header)}"
            raise RowRefusedError("wrong-field-count", detail)
        if self.refunds and self.refunds.is_one(cells, self.amount):
            return self._refund(record.line, cells, self.refunds)
        if any(cells[place] not in values for place, values in self.keep):
            return None
        if any(cells[place] in values for place, values in self.drop):
            return None
        return Gift(
            record.line,
            self._external_id(cells),
            self._at(cells),
            self._fen(cells[self.amount], self.amount),
            self._project(cells),
            cells[self.payer] if self.payer >= 0 else "",
            hashlib.sha256(record.raw).digest(),
            tuple(cells[place] for place in self.also if cells[place]) if self.also else (),
            self._batch(cells[self.batch]) if self.batch >= 0 else "",
            " ".join(cells[place] for place in self.remarks) if self.remarks else "",
            self._account(cells) if self.map.transfer else "",
        )

    def _batch(self, text: str) -> str:
        if not 0 < len(text) <= BATCH_CHARACTERS_MAX:
            raise RowRefusedError("no-batch", short(text))
        return text

    def _account(self, cells: list[str]) -> str:
        assert self.map.transfer is not None
        text = cells[self.account] if self.account >= 0 else self.map.transfer.account
        return "".join(text.split())

    def _refund(self, line: int, cells: list[str], told: "_Refunds") -> Refund | None:
        """Read a line that sends money back; its sign, if it has one, says nothing more."""
        if any(cells[place] in values for place, values in told.drop):
            return None
        of = [cells[place] for place in told.of]
        own = [cells[place] for place in told.id]
        if not all(of) or not all(own):
            raise RowRefusedError("no-id", "a refund needs its own number and its gift's")
        place = told.amount if told.amount >= 0 else self.amount
        return Refund(
            line,
            ID_JOIN.join(own)[:ID_CHARACTERS_MAX],
            ID_JOIN.join(of)[:ID_CHARACTERS_MAX],
            self._at(cells),
            self._fen(cells[place].lstrip("".join(MINUS)), place),
        )

    def _fen(self, text: str, place: int) -> int:
        """Read an amount; those that come often are remembered."""
        amount = self.amounts.get(text)
        if amount is None:
            told = self.map.amount
            try:
                amount = amount_fen(text, unit=told.unit, thousands_commas=told.thousands_commas)
            except RowRefusedError as refusal:
                raise RowRefusedError(
                    refusal.reason, f"{self.header[place]} {refusal.detail}".strip()
                ) from None
            if len(self.amounts) < REMEMBERED_MAX:
                self.amounts[text] = amount
        return amount

    def _external_id(self, cells: list[str]) -> str:
        parts = [cells[place] for place in self.ids]
        if not all(parts):
            raise RowRefusedError("no-id", self.header[self.ids[parts.index("")]])
        found = ID_JOIN.join(parts)
        if DAMAGED in found:
            raise RowRefusedError("bad-encoding", self.header[self.ids[0]])
        if len(found) > ID_CHARACTERS_MAX:
            raise RowRefusedError("id-too-long", f"{len(found)} characters")
        return f"{found}{ID_JOIN}{self._place(found)}" if self.map.id.count_equals else found

    def _place(self, found: str) -> int:
        """Count the lines that have this id: the first is 1."""
        name = hashlib.blake2b(found.encode(), digest_size=12).digest()
        self.met[name] = self.met.get(name, 0) + 1
        return self.met[name]

    def _at(self, cells: list[str]) -> int:
        """Read the time; a day has few different ones, so they are remembered."""
        text = " ".join(cells[place] for place in self.times)
        at_s = self.moments.get(text)
        if at_s is None:
            try:
                at_s = self._moment(text)
            except (ValueError, OverflowError):
                columns = " ".join(self.header[place] for place in self.times)
                raise RowRefusedError("bad-time", f"{columns} {short(text)}") from None
            if len(self.moments) < REMEMBERED_MAX:
                self.moments[text] = at_s
        if at_s > self.now_s:
            raise RowRefusedError("time-in-future", short(text))
        return at_s

    def _moment(self, text: str) -> int:
        """Turn a time into Unix seconds. Raises ValueError."""
        pattern = self.map.time.format
        if pattern == "iso":
            moment = datetime.fromisoformat(text)
        else:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a zone follows
        if moment.tzinfo is None:
            if self.zone is None:
                message = "it names no time zone"
                raise ValueError(message)
            moment = moment.replace(tzinfo=self.zone)
        at_s = (moment - EPOCH) // SECOND
        if at_s <= 0:
            message = "before 1970"
            raise ValueError(message)
        return at_s

    def _project(self, cells: list[str]) -> str:
        if self.project < 0:
            return self.map.project.code
        word = cells[self.project]
        code = self.map.project.codes.get(word, "") if self.map.project.codes else word
        known = code in self.projects if self.projects is not None else CODE.fullmatch(code)
        if not known:
            raise RowRefusedError("unknown-project", f"{self.header[self.project]} {short(word)}")
        return code


class _Refunds:
    """Where a map's refunds stand in a record, and which records are refunds."""

    def __init__(self, given: RefundPart, place: dict[str, int]) -> None:
        self.state = place[given.column] if given.column else -1
        self.values = frozenset(given.values)
        self.of = [place[name] for name in given.of]
        self.id = [place[name] for name in given.id]
        self.amount = place[given.amount] if given.amount else -1
        self.drop = [(place[part.column], _values(part)) for part in given.drop]

    def is_one(self, cells: list[str], amount: int) -> bool:
        """Say whether a record sends money back: by its word, else by its sign."""
        if self.state >= 0:
            return cells[self.state] in self.values
        return cells[amount].startswith(MINUS)


def _wrong_header(
    header: list[str], given: GiftMap, lost: list[str], twice: list[str]
) -> FileRefusedError:
    """The refusal of a file whose columns are not those of its map."""
    hint_zh, hint = misread(header, given) if lost else ("", "")
    what_zh = f"没有这些列：{'、'.join(lost)}" if lost else f"这些列出现两次：{'、'.join(twice)}"
    what = f"has no column {', '.join(lost)}" if lost else f"has twice {', '.join(twice)}"
    columns = shown(header)
    return FileRefusedError(
        f"文件{what_zh}。文件的列是：{columns}{hint_zh}",
        f"the file {what}; its columns: {columns}{hint}",
    )


def misread(header: list[str], given: GiftMap) -> tuple[str, str]:
    """Say in which encoding the header would have the map's columns, if it is another.

    In Chinese and in English; two empty texts if it is none.
    """
    text = ",".join(header)
    for wrong, right in (("gb18030", "utf-8"), ("utf-8", "gb18030"), ("latin-1", "gb18030")):
        try:
            other = text.encode(wrong).decode(right)
        except UnicodeError:
            continue
        if other != text and any(name in other for name in given.columns):
            return (
                f"。按 {right} 读是：{other}。请在对照表里写 encoding = {right!r}",
                f". Read as {right} they would be: {other}. Set encoding = {right!r} in the map",
            )
    if DAMAGED in text or MOJIBAKE in text:
        return (
            "。文字在另存时已经丢失，请用下载的原文件",
            ". The characters were lost when it was saved anew: use the file as downloaded",
        )
    return "", ""


def shown(header: list[str]) -> str:
    """A header for a message: an odd file's may be as long as a line."""
    text = ", ".join(header)
    return text[:HEADER_CHARACTERS_MAX] + ("…" if len(text) > HEADER_CHARACTERS_MAX else "")


def _values(part: FilterPart) -> frozenset[str]:
    return frozenset(part.values)
