"""One round of beside mode: read the folder, import what is new, lay side by side, publish.

A round reads every file whole and depends on nothing but the files, the settings and what was
published before; so it may be stopped anywhere and run again, and a file that was corrected or
taken away shows as a correction of every day that it changes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from jusha.giving.accounts_table import (
    PLACE_BITS,
    FileSeen,
    PairSeen,
    SourceSeen,
    Unread,
    days_seen,
    lay_beside,
    place_of,
    table_of,
)
from jusha.giving.balance_chain import Chain
from jusha.giving.beside_settings import Beside, BesideRefusedError, Told, opening
from jusha.giving.gift_rows import Found, Gift, GiftReader, Refund
from jusha.giving.import_gifts import Secrets, file_sha256, import_gifts
from jusha.giving.prepare_import import Step, prepare_import, progress
from jusha.giving.reconcile import Side, days_of, newest_only
from jusha.giving.refund_lines import NO_GIFT, SENT, Back, Standing, newest_refunds
from jusha.giving.take_back import is_settled, take_back
from jusha.giving.unread_files import (
    NAMED_MAX,
    NOT_TAKEN,
    misplaced,
    unread,
    unread_files,
)
from jusha.inbox.append import append
from jusha.inbox.envelopes import Instruction
from jusha.money.clock import day_text, local_day
from jusha.payments.bills.packed import open_plain
from jusha.payments.bills.records import FileRefusedError, Rejected

LANE: Final = "import"
SETTLED_SECONDS: Final = 5
"""A file younger than this may still be on its way into the folder."""
TORN_SECONDS: Final = 120
"""The same for text that ends in the middle of a line: a slow copy stands still now and then."""
PACKED: Final = (b"PK", b"\x1f\x8b")
"""A torn ZIP, spreadsheet or gzip is known by its own end, and refused."""
COMPLAINTS_MAX: Final = 20
UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".download")
PUBLISHED_SQL: Final = (Path(__file__).parent / "sql" / "published_accounts.sql").read_text()


class Published(NamedTuple):
    """What a day's newest table is: its entry's number, its hash and what it corrected, in hex."""

    number: int
    table: str
    corrects: str


class Taken(NamedTuple):
    """A file that was read to its end, and what it looked like when it was."""

    file: Path
    looks: tuple[int, int]


class Read(msgspec.Struct):
    """What a round read: sources, pairs, goods tables, and files that were not taken whole."""

    sources: list[SourceSeen]
    pairs: list[PairSeen]
    files: dict[str, list[Taken]]
    """By source: the files that were taken, in the order of SourceSeen.files."""
    refunds: list[Back] = []
    """Lines that send gifts back, of sources that give; in order of time."""
    complaints: dict[str, list[Rejected]] = {}
    """By file: the first lines that were not taken. Not for the public: they quote the file."""
    replaced: int = 0
    """Lines of older files that newer files have as well."""
    waiting: list[str] = []
    """Files that may still be on their way."""
    refused: dict[str, str] = {}
    """By file: why it was not taken."""
    goods: dict[str, tuple[str, int]] = {}
    """By file: its hash and how many lines; listed, not tracked."""
    unread: list[Unread] = []
    """Files that no setting names, and those that were not taken."""
    unread_more: int = 0
    """How many more files no setting names."""


def open_all(connection: psycopg.Connection[Any], beside: Beside) -> list[Step]:
    """Append what opens the charity, its projects and channels, and say how far each is.

    Safe to repeat. Raises BesideRefusedError if settlement refused something.
    """
    settings = beside.settings
    steps: list[Step] = []
    for told in beside.sources:
        if told.gives:
            given = opening(told, settings)
            prepare_import(connection, given=given, by=settings.by, second=settings.second)
            steps += progress(connection, given=given)
    if refused := [step for step in steps if step.state == "refused"]:
        raise BesideRefusedError(
            f"结算没有接受 settlement refused {refused[0].kind} {refused[0].code}:"
            f" {refused[0].detail}"
        )
    return steps


def read_folder(beside: Beside, folder: Path, *, now: datetime) -> Read:
    """Read every file of every source, and lay the lists side by side. Writes nothing."""
    read = Read([], [], {})
    sides: dict[str, tuple[Side, Side]] = {}
    seen: dict[str, SourceSeen] = {}
    for told in beside.sources:
        name = told.source.name
        files = _files(folder, told.source.files, now, read)
        seen[name], *both = _read_source(told, files, folder, now, read)
        sides[name] = both[0], both[1]
    read.sources = list(seen.values())
    for told in beside.sources:
        if other := told.source.beside:
            name = told.source.name
            (here, back_here), (there, back_there) = sides[name], sides[other]
            pair = lay_beside(seen[name], seen[other], here, there)
            if told.given.refund:  # a list that has no way to name a refund says nothing of it
                pair.refunds = lay_beside(seen[name], seen[other], back_here, back_there)
            read.pairs.append(pair)
    for goods in beside.settings.goods:
        for file in _files(folder, goods.files, now, read):
            read.goods[str(file.relative_to(folder))] = file_sha256(file), _lines(file)
    nowhere, read.unread_more = unread_files(folder, _patterns(beside))
    read.unread += nowhere
    return read


def _patterns(beside: Beside) -> list[str]:
    """Every pattern of the settings that names files."""
    patterns = [told.source.files for told in beside.sources]
    return patterns + [goods.files for goods in beside.settings.goods]


def _files(folder: Path, pattern: str, now: datetime, read: Read) -> list[Path]:
    """The files of a pattern, oldest first; young ones are left for the next round."""
    found = []
    for file in folder.glob(pattern):
        if not file.is_file() or file.name.startswith((".", "~")):
            continue
        if _is_coming(file, now):
            read.waiting.append(str(file.relative_to(folder)))
        else:
            found.append((file.stat().st_mtime, file.name, file))
    return [file for _, _, file in sorted(found)]


def _is_coming(file: Path, now: datetime) -> bool:
    """Say whether a file may still be on its way: young, or young and torn."""
    age_s = abs(now.timestamp() - file.stat().st_mtime)
    if file.name.endswith(UNFINISHED) or age_s < SETTLED_SECONDS:
        return True
    if age_s >= TORN_SECONDS:
        return False
    with file.open("rb") as opened:
        if opened.read(2).startswith(PACKED):
            return False
        size = opened.seek(0, 2)
        opened.seek(max(size - 1, 0))
        return opened.read() != b"\n"


def _looks(file: Path) -> tuple[int, int]:
    """Size and time of a file: what changes while somebody writes it."""
    known = file.stat()
    return known.st_size, known.st_mtime_ns


def fingerprint(beside: Beside, folder: Path, *, now: datetime) -> bytes:
    """Name all that a round depends on: files, settings, maps, and the last day that is due.

    Two rounds of one fingerprint would do the same, so the second need not run.
    """
    patterns = _patterns(beside)
    seen = sha256(msgspec.json.encode(beside.settings))
    seen.update(str([told.map_sha256 for told in beside.sources]).encode())
    seen.update(str(last_due_day(now, beside.settings.publish_hour)).encode())
    files = {file for pattern in patterns for file in folder.glob(pattern)}
    for file in sorted(files.union(misplaced(folder, patterns)[:NAMED_MAX])):
        try:
            known = file.stat()
            coming = file.is_file() and _is_coming(file, now)
        except OSError as error:  # taken away this moment, or not to be opened: the round says so
            seen.update(f"{file}\n{type(error).__name__}\n".encode())
            continue
        seen.update(f"{file}\n{known.st_size} {known.st_mtime_ns} {coming}\n".encode())
    return seen.digest()


def _lines(file: Path) -> int:
    with open_plain(file) as opened:
        return sum(1 for _ in opened)


def _read_source(
    told: Told, files: list[Path], folder: Path, now: datetime, read: Read
) -> tuple[SourceSeen, Side, Side]:
    """Read a source: what was seen, its gifts, and its refunds by the gifts that they name."""
    side, backs = Side(), list[Back]()
    source = SourceSeen(told.source.name, told.given.currency, [], {}, {}, told.source.title)
    taken = read.files.setdefault(told.source.name, [])
    met: dict[str, str] = {}
    for file in files:
        name = str(file.relative_to(folder))
        looks = _looks(file)
        digest = file_sha256(file)
        if digest in met:
            read.refused[name] = (
                f"和 {met[digest]} 是同一份文件，不重复计算 the same file as {met[digest]}"
            )
            continue
        met[digest] = name
        part = _Part(told, len(taken))
        try:
            seen = part.read(file, digest, now)
        except FileRefusedError as refusal:
            read.refused[name] = str(refusal)
            read.unread.append(unread(file, folder, NOT_TAKEN))
            continue
        if _looks(file) != looks:  # somebody writes it this very moment
            read.waiting.append(name)
            continue
        source.files.append(seen)
        taken.append(Taken(file, looks))
        if part.complaints:
            read.complaints[name] = part.complaints
        side.extend(part.side)
        backs += part.backs
    side, replaced = newest_only(side, file_of=PLACE_BITS)
    read.replaced += replaced
    _find_days(source, side, backs, taken)
    if told.gives:
        read.refunds = newest_refunds([*read.refunds, *backs], file_of=PLACE_BITS)
    return source, side, _refund_side(backs)


def _refund_side(backs: list[Back]) -> Side:
    """The refund lines of one source as a side: named, as gifts are, by the gift's number."""
    side = Side()
    for back in newest_refunds(backs, file_of=PLACE_BITS):
        side.add(back.of, amount=back.amount, at_s=back.at_s, place=back.place)
    return side


def _find_days(source: SourceSeen, side: Side, backs: list[Back], taken: list[Taken]) -> None:
    """Say which days a source tells of, and which of its files tell of each.

    A file that names no day itself stands under the day on which it was laid in.
    """
    for day, (lines, total, where) in days_of(side, file_of=PLACE_BITS).items():
        source.days[day] = lines, total
        source.file_days[day] = where
    for back in backs:
        source.tell(local_day(back.at_s), back.place >> PLACE_BITS)
    for number, (file, given) in enumerate(zip(source.files, taken, strict=True)):
        if not file.gifts and not file.refunds:
            day = local_day(given.looks[1] // 10**9)
            source.files[number] = msgspec.structs.replace(file, laid=day_text(day))
            source.tell(day, number)


class _Part:
    """One file, read to its end."""

    def __init__(self, told: Told, number: int) -> None:
        self.told, self.number = told, number
        self.side, self.backs = Side(), list[Back]()
        self.complaints: list[Rejected] = []
        self.counts = {"read": 0, "gifts": 0, "refunds": 0, "left_out": 0}
        self.rejected: dict[str, int] = {}

    def read(self, file: Path, digest: str, now: datetime) -> FileSeen:
        """Read it. Raises FileRefusedError."""
        given = self.told.given
        with open_plain(file) as opened:
            reader = GiftReader(opened, given, now_s=int(now.timestamp()), projects=None)
            chain = Chain(given, reader.header) if given.balance else None
            for cells, found in reader.with_cells():
                self._take(found)
                if chain and len(cells) == len(reader.header):
                    chain.follow(reader.line, cells)
        breaks = [(gap.before, gap.line, gap.missing) for gap in chain.breaks] if chain else []
        counts = self.counts
        return FileSeen(
            digest,
            counts["read"],
            counts["gifts"],
            counts["left_out"],
            dict(sorted(self.rejected.items())),
            breaks,
            chain.steps if chain else 0,
            counts["refunds"],
        )

    def _take(self, found: Found) -> None:
        counts = self.counts
        counts["read"] += 1
        if isinstance(found, Gift):
            counts["gifts"] += 1
            place = place_of(self.number, found.line)
            self.side.add(found.external_id, amount=found.amount, at_s=found.at_s, place=place)
        elif found is None:
            counts["left_out"] += 1
        elif isinstance(found, Refund):
            counts["refunds"] += 1
            name, channel = self.told.source.name, self.told.given.channel
            place = place_of(self.number, found.line)
            self.backs.append(Back(name, channel, place, *found[1:]))
        else:
            self.rejected[found.reason] = self.rejected.get(found.reason, 0) + 1
            if len(self.complaints) < COMPLAINTS_MAX:
                self.complaints.append(found)


def import_new(
    connection: psycopg.Connection[Any],
    beside: Beside,
    read: Read,
    *,
    secrets: Secrets,
    now: datetime,
) -> dict[str, int]:
    """Append the gifts of every file that gives and was not imported before.

    Returns "source: file" -> gifts. A file that changed since it was read waits for the next round.
    Raises ImportRefusedError.
    """
    found = {}
    for told in beside.sources:
        for file, looks in read.files[told.source.name] if told.gives else ():
            if _looks(file) != looks:
                read.waiting.append(file.name)
                continue
            report = import_gifts(
                connection,
                file=file,
                map_file=told.map_file,
                secrets=secrets,
                now=now,
                checked=True,
            )
            if report.state == "imported":
                found[f"{told.source.name}: {file.name}"] = report.appended
    return found


def take_back_new(
    connection: psycopg.Connection[Any], beside: Beside, read: Read, *, secrets: Secrets
) -> list[Standing]:
    """Take back the gifts that refund lines name; say how each line stands."""
    told = beside.settings
    return take_back(
        connection,
        read.refunds,
        charity=told.charity,
        secret=secrets.dedupe,
        by=told.by,
        second=told.second,
    )


def waits(connection: psycopg.Connection[Any], standings: Sequence[Standing]) -> bool:
    """Say whether settlement has still to answer before refunds stand as they will."""
    if any(standing.state == SENT for standing in standings):
        return True
    missing = any(standing.state == NO_GIFT for standing in standings)
    return missing and not is_settled(connection)


def publish_days(
    connection: psycopg.Connection[Any],
    beside: Beside,
    read: Read,
    *,
    now: datetime,
    refunds: Sequence[Standing] = (),
) -> dict[str, str]:
    """Append the table of every day that is due and not published as it now is.

    A day with a refund that settlement has not answered waits. Raises TableTooLongError.
    Returns day -> hash of the table that it corrects, "" for a day's first. A table that was
    sent and is not settled yet is recognised by its instruction's id. Reads: tlog_table.
    Writes: inbox_row, inbox_lane.
    """
    settings = beside.settings
    known = published(connection, settings.charity)
    unanswered = {local_day(s.back.at_s) for s in refunds if s.state == SENT}
    sent = {}
    for day in days_seen(read.sources, read.unread):
        if day > last_due_day(now, settings.publish_hour) or day in unanswered:
            continue
        text = day_text(day)
        before = known.get(text)
        told: dict[str, Any] = {
            "charity": settings.charity,
            "sources": read.sources,
            "pairs": read.pairs,
            "refunds": refunds,
            "unread": read.unread,
        }
        table = table_of(day, **told, corrects=before.corrects if before else "")
        if before:
            if sha256(table).hexdigest() == before.table:
                continue
            table = table_of(day, **told, corrects=before.table)
        _send(connection, settings.charity, settings.by, text, table)
        sent[text] = before.table if before else ""
    return sent


def _send(
    connection: psycopg.Connection[Any], charity: str, by: str, day: str, table: bytes
) -> None:
    identity = sha256(b"accounts\n" + table).digest()[:16]
    body = {"charity": charity, "day": day, "table": table}
    append(
        connection,
        lane=LANE,
        envelopes=[Instruction(identity, "publish-accounts", by, body=body)],
    )


def published(connection: psycopg.Connection[Any], charity: str) -> dict[str, Published]:
    """The newest published table of each day. Reads: tlog_table."""
    rows = connection.execute(PUBLISHED_SQL, {"charity": charity}).fetchall()
    return {day: Published(number, table.hex(), old) for day, number, table, old in rows}


def without_files(known: dict[str, Published], read: Read) -> list[str]:
    """The published days of which no file in the folder tells any more; they stay as they are."""
    return sorted(known.keys() - {day_text(day) for day in days_seen(read.sources, read.unread)})


def not_due(read: Read, *, now: datetime, publish_hour: int) -> list[str]:
    """The days that the files tell of and whose accounts are published later."""
    last = last_due_day(now, publish_hour)
    return [day_text(day) for day in days_seen(read.sources) if day > last]


def last_due_day(now: datetime, publish_hour: int) -> int:
    """The newest day whose accounts are due: yesterday from the hour on, till then one more."""
    at_s = int((now - timedelta(hours=publish_hour)).timestamp())
    return local_day(at_s) - 1
