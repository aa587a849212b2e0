"""Import a file of gifts given elsewhere: rows become deeds of an offline channel, in the inbox.

The file's progress is stored in the transaction that appends its rows, so a stopped import
goes on where it was and nothing is lost or doubled. Behind that stands the replay guard:
the same (channel, external id) never makes a second deed, however often it comes.
"""

import hashlib
from array import array
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from jusha.giving.file_lines import Line, keep_lines, result_line, transfer_line
from jusha.giving.gift_maps import GiftMap, read_map
from jusha.giving.gift_rows import Found, Gift, GiftReader, Refund
from jusha.inbox.append import append
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope
from jusha.inbox.keys import deed_key, person_key
from jusha.money.clock import day_text, local_day
from jusha.payments.bank_account import payees
from jusha.payments.bills.packed import open_plain
from jusha.payments.bills.records import Rejected

LANE: Final = "import"
ROW_ENVELOPES_MAX: Final = 1_000
PROGRESS_RECORDS: Final = 10_000
SQL: Final = Path(__file__).parent / "sql"
OPEN_SQL: Final = (SQL / "what_is_open.sql").read_text()
BEGIN_SQL: Final = (SQL / "begin_import.sql").read_text()
ADVANCE_SQL: Final = (SQL / "advance_import.sql").read_text()
NAME_SQL: Final = (SQL / "name_gifts.sql").read_text()


UNDER_WAY: Final = (
    "另一个进程正在导入这个文件，请等它完成",
    "another process is importing this file: let it finish",
)
TODO: Final = (
    "；结算进程运行后，用 jusha import prepare 建立对照表 [open] 里写的内容",
    "; `jusha import prepare` makes what the map's [open] names, once settlement runs",
)


class ImportRefusedError(Exception):
    """The import may not begin or go on; Chinese, then English, say what to do about it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}。 {en}")


class Secrets(msgspec.Struct, frozen=True):
    """The installation's secrets that name ids and payers (people.vault)."""

    dedupe: bytes
    person: bytes


class ImportReport(msgspec.Struct):
    """What one run read, over the whole file, and what it appended itself. Amounts in fen."""

    state: Literal["dry-run", "imported", "already-imported"]
    file_sha256: str
    map_sha256: str
    records: int = 0
    """Records read, the header left out."""
    gifts: int = 0
    fen: int = 0
    references: dict[str, int] = {}
    """Of transfers: how many remarks name one order (found), none, mistyped or several."""
    left_out: int = 0
    """Records that the map's keep and drop leave out."""
    refunds: int = 0
    """Records that send a gift back; the import itself takes nothing back."""
    rejected: dict[str, int] = {}
    """By reason."""
    repeats: int = 0
    """Gifts whose id stood in the file before: settlement takes the first of each."""
    days: dict[str, tuple[int, int]] = {}
    """By Shanghai day: how many gifts, how many fen."""
    went_on_from: int = 0
    """Records that an earlier run had done."""
    appended: int = 0
    """Gifts that this run appended to the inbox."""
    not_ready: str = ""
    """Why a run that is not dry would be refused; only a dry run goes on regardless."""


RejectedSink = Callable[[Rejected], None]
ProgressSink = Callable[[ImportReport], None]


class _Run:
    """One pass over the file: counts everything, and appends what is new."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        given: GiftMap,
        secrets: Secrets,
        report: ImportReport,
    ) -> None:
        self.connection = connection
        self.map = given
        self.secrets = secrets
        self.report = report
        self.import_id = 0
        self.stored_records = 0
        self.again = False
        self.waiting: list[Envelope] = []
        self.names: list[tuple[str, str]] = []
        self.lines: list[Line] = []
        self.payees: dict[str, str] = {}
        self.hashes = array("Q")
        self.day_of: dict[int, tuple[int, int]] = {}

    def line(self, gift: Gift) -> Line | None:
        """Write a gift as the envelope that settlement reads; None where it is left out."""
        keys = {"deed_secret": self.secrets.dedupe, "person_secret": self.secrets.person}
        if self.map.kind == "transfers":
            return transfer_line(gift, self.map, payees=self.payees, **keys)
        if self.map.kind == "results":
            return result_line(gift, self.map, **keys)
        payer = self.map.payer
        deed = Deed(
            channel=self.map.channel,
            key=deed_key(self.secrets.dedupe, self.map.channel, gift.external_id),
            body=gift.body,
            asset="CNY",
            amount=gift.amount,
            project=gift.project,
            campaign=self.map.campaign,
            person=person_key(self.secrets.person, payer.rail, gift.payer)
            if payer and gift.payer
            else NO_PERSON,
            paid_at=gift.at_s,
        )
        return Line(deed, "", "", "", gift.at_s)

    def count(self, found: Found, on_rejected: RejectedSink) -> Line | None:
        """Count one record; return what goes into the inbox if it is a gift."""
        report = self.report
        report.records += 1
        if found is None:
            report.left_out += 1
            return None
        if isinstance(found, Refund):
            report.refunds += 1
            return None
        line = self.line(found) if isinstance(found, Gift) else None
        if isinstance(found, Gift) and line is None:
            found = Rejected(found.line, "no-reference", f"{found.amount} fen")
        if isinstance(found, Rejected) or line is None:
            assert isinstance(found, Rejected)
            report.rejected[found.reason] = report.rejected.get(found.reason, 0) + 1
            on_rejected(found)
            return None
        report.gifts += 1
        report.fen += found.amount
        if line.read:
            report.references[line.read] = report.references.get(line.read, 0) + 1
        day = local_day(found.at_s)
        gifts, fen = self.day_of.get(day, (0, 0))
        self.day_of[day] = (gifts + 1, fen + found.amount)
        self.hashes.append(int.from_bytes(line.deed.key[8:], "big"))
        return line

    def wait(self, line: Line, also: tuple[str, ...]) -> None:
        """Keep a deed, and its gift's other names, for the next storing."""
        self.waiting.append(line.deed)
        if self.map.kind != "gifts":
            self.lines.append(line)
        for name in also:
            key = deed_key(self.secrets.dedupe, self.map.channel, name)
            self.names.append((key.hex(), line.deed.key.hex()))

    def add_up(self) -> None:
        """Fill in what is known only when the file has been read to its end."""
        self.report.days = {day_text(day): sums for day, sums in sorted(self.day_of.items())}
        keys = np.frombuffer(self.hashes, dtype=np.uint64)
        self.report.repeats = len(keys) - len(np.unique(keys))

    def store(self, *, finished: bool) -> None:
        """Append what waits and the progress with it, in one transaction.

        A crash before the commit leaves neither, a crash behind it both; the next run
        reads the progress and begins with the record after it.
        """
        with self.connection.transaction():
            if self.waiting:
                append(self.connection, lane=LANE, envelopes=self.waiting)
            keep_lines(self.connection, self.map.channel, self.lines)
            if self.names:
                keys, gifts = zip(*self.names, strict=True)
                self.connection.execute(NAME_SQL, {"keys": list(keys), "gifts": list(gifts)})
            moved = self.connection.execute(
                ADVANCE_SQL,
                {
                    "id": self.import_id,
                    "appended": len(self.waiting),
                    "report": Jsonb(msgspec.to_builtins(self.report)),
                    "finished": finished,
                    "from_records": self.stored_records,
                    "again": self.again,
                },
            )
            if moved.rowcount != 1:
                raise ImportRefusedError(*UNDER_WAY)
        self.again = False
        self.report.appended += len(self.waiting)
        self.stored_records = self.report.records
        self.waiting, self.names, self.lines = [], [], []


def import_gifts(
    connection: psycopg.Connection[Any],
    *,
    file: Path,
    map_file: Path,
    secrets: Secrets,
    now: datetime,
    dry_run: bool = False,
    again: bool = False,
    checked: bool = False,
    on_rejected: RejectedSink = lambda _: None,
    on_progress: ProgressSink = lambda _: None,
) -> ImportReport:
    """Append every gift of a file to the inbox, each once, and report on every record.

    Needs an autocommit connection. `dry_run` reads everything and writes nothing; `again`
    begins a finished file anew (ids that settlement has seen change nothing); `checked`: the
    caller has read the file to its end already. Each run
    reads the whole file, so its report is complete even where an earlier run stopped.

    Raises MapRefusedError, FileRefusedError, ImportRefusedError. Reads: payments_channel,
    campaigns_terms, projects_fund, jusha_import, jusha_bankaccount. Writes: jusha_import,
    giving_name, jusha_fileline, inbox_row, inbox_lane.
    """
    raw_map = map_file.read_bytes()
    given = read_map(raw_map)
    report = ImportReport(
        "dry-run" if dry_run else "imported",
        file_sha256=file_sha256(file),
        map_sha256=hashlib.sha256(raw_map).hexdigest(),
    )
    projects = None
    try:
        projects = check_open(connection, given)
    except ImportRefusedError as refusal:
        if not dry_run:
            raise
        report.not_ready = str(refusal)
    run = _Run(connection, given, secrets, report)
    run.payees = check_accounts(connection, given)
    if not dry_run and not _begin(run, file.name, again=again):
        return _already(connection, report)
    if given.form != "csv" and not dry_run and not checked:
        check_file(file, given, now=now)
    with open_plain(file) as opened:
        reader = GiftReader(opened, given, now_s=int(now.timestamp()), projects=projects)
        _read_all(run, reader, dry_run=dry_run, on_rejected=on_rejected, on_progress=on_progress)
    return report


def _read_all(
    run: _Run,
    reader: GiftReader,
    *,
    dry_run: bool,
    on_rejected: RejectedSink,
    on_progress: ProgressSink,
) -> None:
    for found in reader:
        line = run.count(found, on_rejected)
        new = not dry_run and run.report.records > run.report.went_on_from
        if line is not None and isinstance(found, Gift) and new:
            run.wait(line, found.also)
            if len(run.waiting) == ROW_ENVELOPES_MAX:
                run.store(finished=False)
        if run.report.records % PROGRESS_RECORDS == 0:
            on_progress(run.report)
    run.add_up()
    if not dry_run:
        if run.report.records < run.report.went_on_from:
            raise ImportRefusedError(
                "文件比已经导入的部分还短", "the file is shorter than what was imported of it"
            )
        run.store(finished=True)


def check_open(connection: psycopg.Connection[Any], given: GiftMap) -> frozenset[str]:
    """Return the open projects the map may use. Raises ImportRefusedError with what to do."""
    row = connection.execute(
        OPEN_SQL,
        {
            "channel": given.channel,
            "campaign": given.campaign,
            "projects": given.project_codes,
        },
    ).fetchone()
    assert row is not None
    clock, channels, projects = row
    if given.currency != "CNY":
        raise ImportRefusedError(
            f"文件的币种是 {given.currency}，只有人民币记为捐赠",
            f"the file is in {given.currency}: only yuan become gifts",
        )
    if clock is None:
        raise ImportRefusedError(
            f"渠道 {given.channel} 还没有登记{TODO[0]}",
            f"channel {given.channel} is not admitted yet{TODO[1]}",
        )
    if clock != "file":
        raise ImportRefusedError(
            f"渠道 {given.channel} 的时钟是 {clock!r}：文件里的捐赠要用时钟为 'file' 的单独渠道",
            f"channel {given.channel} has the clock {clock!r}: a file's gifts need a channel of"
            " their own with the clock 'file'",
        )
    if given.campaign and channels is None:
        raise ImportRefusedError(
            f"活动 {given.campaign} 还不存在{TODO[0]}",
            f"campaign {given.campaign} does not exist yet{TODO[1]}",
        )
    if given.campaign and given.channel not in channels:
        raise ImportRefusedError(
            f"活动 {given.campaign} 没有写上渠道 {given.channel}：只有活动写明的渠道才能从文件导入",
            f"campaign {given.campaign} does not name channel {given.channel}: a campaign admits"
            " files only from channels that it names",
        )
    if lost := [code for code in given.project_codes if code not in projects]:
        raise ImportRefusedError(
            f"项目 {'、'.join(lost)} 没有开放{TODO[0]}",
            f"project {', '.join(lost)} is not open{TODO[1]}",
        )
    return frozenset(projects)


def check_accounts(connection: psycopg.Connection[Any], given: GiftMap) -> dict[str, str]:
    """Return charities by their published accounts, for transfers; else {}.

    Raises ImportRefusedError for a file that is no gifts', or an account that is not published.
    Reads: jusha_bankaccount.
    """
    if given.kind == "remittance":
        raise ImportRefusedError(
            "汇款汇总不是捐赠，请用 jusha remittances 读取",
            "a remittance is no gift: `jusha remittances` reads it",
        )
    if given.transfer is None:
        return {}
    found = payees(connection)
    account = "".join(given.transfer.account.split())
    if account and account not in found:
        raise ImportRefusedError(
            f"账户 {account} 还没有公布：由两人用 jusha account CHARITY 设定",
            f"account {account} is not published: `jusha account CHARITY` sets it, by two persons",
        )
    return found


def _begin(run: _Run, name: str, *, again: bool) -> bool:
    """Find where to go on; False if the file was imported to its end before."""
    row = run.connection.execute(
        BEGIN_SQL,
        {"file": run.report.file_sha256, "map": run.report.map_sha256, "name": name},
    ).fetchone()
    if row is None:  # another process began it this very moment
        raise ImportRefusedError(*UNDER_WAY)
    run.import_id, _, stored, finished_at = row
    run.stored_records = stored["records"]
    if finished_at is not None:
        run.again = again
        return again
    run.report.went_on_from = run.stored_records
    return True


def _already(connection: psycopg.Connection[Any], report: ImportReport) -> ImportReport:
    """Return what the import that finished had to say."""
    row = connection.execute(
        "SELECT report FROM jusha_import WHERE file_hash = %s AND map_hash = %s",
        (report.file_sha256, report.map_sha256),
    ).fetchone()
    assert row is not None
    stored = msgspec.convert(row[0], ImportReport)
    return msgspec.structs.replace(stored, state="already-imported", appended=0)


def file_sha256(file: Path) -> str:
    """SHA-256 of the file as it lies there, packed or not: what `sha256sum FILE` prints."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def check_file(file: Path, given: GiftMap, *, now: datetime) -> None:
    """Read a file to its end, so that one cut short is refused before its first row is stored.

    Raises FileRefusedError.
    """
    with open_plain(file) as opened:
        for _ in GiftReader(opened, given, now_s=int(now.timestamp()), projects=None):
            pass
