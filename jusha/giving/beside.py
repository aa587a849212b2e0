"""One round of beside mode: read the folder, import what is new, lay side by side, publish.

A round reads every file whole and depends on nothing but the files, the settings and what was
published before; so it may be stopped anywhere and run again, and a file that was corrected or
taken away shows as a correction of every day that it changes.
"""

from collections.abc import Callable
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
    days_seen,
    lay_beside,
    place_of,
    table_of,
)
from jusha.giving.balance_chain import Chain
from jusha.giving.beside_settings import Beside, BesideRefusedError, Told, opening
from jusha.giving.gift_rows import Gift, GiftReader
from jusha.giving.import_gifts import Secrets, file_sha256, import_gifts
from jusha.giving.prepare_import import Step, prepare_import, progress
from jusha.giving.reconcile import Side, days_of, newest_only
from jusha.inbox.append import append
from jusha.inbox.envelopes import Instruction
from jusha.money.clock import day_text, local_day
from jusha.payments.bills.packed import open_plain
from jusha.payments.bills.records import FileRefusedError

LANE: Final = "import"
SETTLED_SECONDS: Final = 5
"""A file younger than this may still be on its way into the folder."""
UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".download")
PUBLISHED_SQL: Final = (Path(__file__).parent / "sql" / "published_accounts.sql").read_text()


class Published(NamedTuple):
    """What a day's newest table is: its entry's number, its hash and what it corrected, in hex."""

    number: int
    table: str
    corrects: str


class Read(msgspec.Struct):
    """What a round read: sources, pairs, goods tables, and files that were not taken whole."""

    sources: list[SourceSeen]
    pairs: list[PairSeen]
    files: dict[str, list[Path]]
    """By source: the files that were taken, in the order of SourceSeen.files."""
    replaced: int = 0
    """Lines of older files that newer files have as well."""
    waiting: list[str] = []
    """Files too young to be read."""
    refused: dict[str, str] = {}
    """By file: why it was not taken."""
    goods: dict[str, tuple[str, int]] = {}
    """By file: its hash and how many lines; listed, not tracked."""


Say = Callable[[str], None]


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
            f"settlement refused {refused[0].kind} {refused[0].code}: {refused[0].detail}"
        )
    return steps


def read_folder(beside: Beside, folder: Path, *, now: datetime) -> Read:
    """Read every file of every source, and lay the lists side by side. Writes nothing."""
    read = Read([], [], {})
    sides: dict[str, Side] = {}
    seen: dict[str, SourceSeen] = {}
    for told in beside.sources:
        name = told.source.name
        files = _files(folder, told.source.files, now, read)
        seen[name], sides[name] = _read_source(told, files, folder, now, read)
    read.sources = list(seen.values())
    for told in beside.sources:
        if other := told.source.beside:
            name = told.source.name
            read.pairs.append(lay_beside(seen[name], seen[other], sides[name], sides[other]))
    for goods in beside.settings.goods:
        for file in _files(folder, goods.files, now, read):
            read.goods[str(file.relative_to(folder))] = file_sha256(file), _lines(file)
    return read


def _files(folder: Path, pattern: str, now: datetime, read: Read) -> list[Path]:
    """The files of a pattern, oldest first; young ones are left for the next round."""
    found = []
    for file in folder.glob(pattern):
        if not file.is_file() or file.name.startswith((".", "~")):
            continue
        changed = file.stat().st_mtime
        if file.name.endswith(UNFINISHED) or abs(now.timestamp() - changed) < SETTLED_SECONDS:
            read.waiting.append(str(file.relative_to(folder)))
        else:
            found.append((changed, file.name, file))
    return [file for _, _, file in sorted(found)]


def fingerprint(beside: Beside, folder: Path, *, now: datetime) -> bytes:
    """Name all that a round depends on: files, settings, maps, and the last day that is due.

    Two rounds of one fingerprint would do the same, so the second need not run.
    """
    patterns = [told.source.files for told in beside.sources]
    patterns += [goods.files for goods in beside.settings.goods]
    seen = sha256(msgspec.json.encode(beside.settings))
    seen.update(str([told.map_sha256 for told in beside.sources]).encode())
    seen.update(str(last_due_day(now, beside.settings.publish_hour)).encode())
    for file in sorted({file for pattern in patterns for file in folder.glob(pattern)}):
        known = file.stat()
        young = abs(now.timestamp() - known.st_mtime) < SETTLED_SECONDS
        seen.update(f"{file}\n{known.st_size} {known.st_mtime_ns} {young}\n".encode())
    return seen.digest()


def _lines(file: Path) -> int:
    with open_plain(file) as opened:
        return sum(1 for _ in opened)


def _read_source(
    told: Told, files: list[Path], folder: Path, now: datetime, read: Read
) -> tuple[SourceSeen, Side]:
    side = Side()
    source = SourceSeen(told.source.name, told.given.currency, [], {}, {})
    taken = read.files.setdefault(told.source.name, [])
    met: dict[str, str] = {}
    for file in files:
        name = str(file.relative_to(folder))
        digest = file_sha256(file)
        if digest in met:
            read.refused[name] = f"the same file as {met[digest]}"
            continue
        met[digest] = name
        part = Side()
        try:
            source.files.append(_read_file(told, file, digest, len(taken), part, now))
        except FileRefusedError as refusal:
            read.refused[name] = str(refusal)
            continue
        taken.append(file)
        side.extend(part)
    side, replaced = newest_only(side, file_of=PLACE_BITS)
    read.replaced += replaced
    for day, (lines, total, where) in days_of(side, file_of=PLACE_BITS).items():
        source.days[day] = lines, total
        source.file_days[day] = where
    return source, side


def _read_file(
    told: Told, file: Path, digest: str, number: int, side: Side, now: datetime
) -> FileSeen:
    """Read one file to its end. Raises FileRefusedError."""
    gifts = left_out = lines = 0
    rejected: dict[str, int] = {}
    with open_plain(file) as opened:
        reader = GiftReader(opened, told.given, now_s=int(now.timestamp()), projects=None)
        chain = Chain(told.given, reader.header) if told.given.balance else None
        for cells, found in reader.with_cells():
            lines += 1
            if isinstance(found, Gift):
                gifts += 1
                place = place_of(number, found.line)
                side.add(found.external_id, amount=found.amount, at_s=found.at_s, place=place)
            elif found is None:
                left_out += 1
            else:
                rejected[found.reason] = rejected.get(found.reason, 0) + 1
            if chain and len(cells) == len(reader.header):
                chain.follow(reader.line, cells)
    breaks = [(gap.before, gap.line, gap.missing) for gap in chain.breaks] if chain else []
    steps = chain.steps if chain else 0
    return FileSeen(digest, lines, gifts, left_out, dict(sorted(rejected.items())), breaks, steps)


def import_new(
    connection: psycopg.Connection[Any],
    beside: Beside,
    read: Read,
    *,
    secrets: Secrets,
    now: datetime,
) -> dict[str, int]:
    """Append the gifts of every file that gives and was not imported before: file name -> gifts.

    Raises ImportRefusedError.
    """
    found = {}
    for told in beside.sources:
        for file in read.files[told.source.name] if told.gives else ():
            report = import_gifts(
                connection,
                file=file,
                map_file=told.map_file,
                secrets=secrets,
                now=now,
                checked=True,
            )
            if report.state == "imported":
                found[file.name] = report.appended
    return found


def publish_days(
    connection: psycopg.Connection[Any], beside: Beside, read: Read, *, now: datetime
) -> dict[str, str]:
    """Append the table of every day that is due and not published as it now is.

    Returns day -> hash of the table that it corrects, "" for a day's first. A table that was
    sent and is not settled yet is recognised by its instruction's id. Reads: tlog_table.
    Writes: inbox_row, inbox_lane.
    """
    settings = beside.settings
    known = published(connection, settings.charity)
    sent = {}
    for day in days_seen(read.sources):
        if day > last_due_day(now, settings.publish_hour):
            continue
        text = day_text(day)
        before = known.get(text)
        told: dict[str, Any] = {
            "charity": settings.charity,
            "sources": read.sources,
            "pairs": read.pairs,
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


def last_due_day(now: datetime, publish_hour: int) -> int:
    """The newest day whose accounts are due: yesterday from the hour on, till then one more."""
    at_s = int((now - timedelta(hours=publish_hour)).timestamp())
    return local_day(at_s) - 1
