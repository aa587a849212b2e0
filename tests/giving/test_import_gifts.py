"""A file's gifts come into the books exactly once, however often and wherever an import stops."""

import gzip
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jusha.config.postgres import database_url
from jusha.giving import import_gifts as module
from jusha.giving.gift_maps import GiftMap, read_map
from jusha.giving.import_gifts import (
    ImportRefusedError,
    ImportReport,
    Secrets,
    import_gifts,
)
from jusha.giving.prepare_import import (
    PreparationRefusedError,
    instruction_id,
    prepare_import,
    progress,
    wanted,
)
from jusha.inbox.append import append
from jusha.inbox.envelopes import Instruction
from jusha.inbox.keys import person_key
from jusha.payments.bills.records import FileRefusedError, Rejected
from tests.cast import House
from tests.home import HOME, REPO

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECRETS = Secrets(dedupe=b"d" * 32, person=b"p" * 32)
MAP = """
channel = "slips"
campaign = "spring"
[project]
code = "shan-well"
[id]
columns = ["slip"]
[time]
column = "time"
format = "iso"
timezone = "Asia/Shanghai"
[amount]
column = "yuan"
unit = "yuan"
[payer]
column = "who"
rail = "slips"
[open]
charity = "shan"
[[open.projects]]
code = "shan-well"
running_permille = 80
[open.campaign]
opens = "2025-12-31T16:00Z"
closes = "2026-05-31T16:00Z"
[open.pool]
code = "tree"
sponsor = "Tree Ltd"
amount = 1_000_000
how = "secured"
[open.rule]
code = "R1"
begins = "2025-12-31T16:00Z"
[open.rule.terms]
gives = {kind = "ratio", numerator = 1, denominator = 1}
caps = {person_day = 1_500}
[open.rule.terms.window]
from_minute = 0
to_minute = 1440
budget = 100_000
"""
HEAD = "slip,time,yuan,who\n"


class Desk:
    """An accountant's desk: a map, files, and a house that settles."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.map = folder / "slips.toml"
        self.map.write_text(MAP)
        self.rejected: list[Rejected] = []

    def prepare(self, by: str = "li", second: str = "wang") -> dict[str, str]:
        """Prepare and settle; return each thing's state."""
        given = read_map(self.map.read_bytes())
        prepare_import(self.house.web, given=given, by=by, second=second)
        self.house.settle()
        return {step.kind: step.state for step in progress(self.house.web, given=given)}

    def file(self, rows: str, name: str = "slips.csv") -> Path:
        """Lay a file on the desk."""
        path = self.folder / name
        path.write_text(HEAD + rows)
        return path

    def take(self, file: Path, **more: Any) -> ImportReport:
        """Import a file and settle it."""
        report = import_gifts(
            self.house.web,
            file=file,
            map_file=self.map,
            secrets=SECRETS,
            now=NOW,
            on_rejected=self.rejected.append,
            **more,
        )
        self.house.settle()
        return report

    def gifts(self) -> list[dict[str, Any]]:
        """The gifts in the log."""
        return [entry for entry in self.house.entries() if entry["k"] == "don"]

    def count(self, table: str) -> int:
        """Rows of a table."""
        row = self.house.web.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    return Desk(house, tmp_path)


def many(count: int) -> str:
    """Rows of 1.00 yuan each, a minute apart, nobody named."""
    return "".join(
        f"s-{i},2026-03-01T{i // 60 % 24:02d}:{i % 60:02d}:00,1.00,\n" for i in range(count)
    )


def test_a_files_gifts_are_settled_by_their_own_times_and_payers(desk: Desk) -> None:
    desk.prepare()
    rows = "a,2026-03-01T23:59:59,10.00,chen\nb,2026-03-02T00:00:00,10.00,chen\n"
    report = desk.take(desk.file(rows + "c,2026-03-02T00:01:00,10.00,chen\n"))
    assert (report.state, report.gifts, report.fen, report.appended) == ("imported", 3, 3000, 3)
    assert report.days == {"2026-03-01": (1, 1000), "2026-03-02": (2, 2000)}
    gifts = desk.gifts()
    assert [gift["t"] for gift in gifts] == [
        "2026-03-01T15:59Z", "2026-03-01T16:00Z", "2026-03-01T16:01Z",
    ]  # fmt: skip
    assert [gift["m"][0]["amt"] for gift in gifts] == [1000, 1000, 500], "a person's day is 15 yuan"
    assert desk.house.balance("charity:shan", "receivable", "slips") == 3000
    row = desk.house.web.execute("SELECT DISTINCT uuid_send(person) FROM giving_deed").fetchall()
    assert row == [(person_key(SECRETS.person, "slips", "chen"),)]
    desk.house.check()


def test_a_packed_file_is_read_like_a_plain_one(desk: Desk) -> None:
    desk.prepare()
    packed = desk.folder / "slips.csv.gz"
    packed.write_bytes(gzip.compress((HEAD + many(10)).encode()))
    assert desk.take(packed).gifts == 10
    assert len(desk.gifts()) == 10


def test_a_packed_file_that_was_cut_off_is_refused_and_goes_in_once_it_is_whole(
    desk: Desk,
) -> None:
    desk.prepare()
    whole = gzip.compress((HEAD + many(2500)).encode())
    packed = desk.folder / "slips.csv.gz"
    packed.write_bytes(whole[:-200])
    with pytest.raises(FileRefusedError, match="not whole"):
        desk.take(packed)
    packed.write_bytes(whole)
    desk.take(packed)
    assert len(desk.gifts()) == 2500
    assert desk.count("giving_case") == 0


def test_a_dry_run_reads_everything_and_writes_nothing(desk: Desk) -> None:
    report = desk.take(desk.file(many(5) + "x,yesterday,1,\n"), dry_run=True)
    assert (report.state, report.gifts, report.fen) == ("dry-run", 5, 500)
    assert report.rejected == {"bad-time": 1}
    assert "channel slips is not admitted yet" in report.not_ready
    assert (desk.count("jusha_import"), desk.count("inbox_row")) == (0, 0)
    desk.prepare()
    before = desk.count("inbox_row")
    report = desk.take(desk.file(many(5)), dry_run=True)
    assert (report.not_ready, desk.count("jusha_import")) == ("", 0)
    assert desk.count("inbox_row") == before


def test_bad_rows_are_told_with_line_and_reason_and_the_others_go_in(desk: Desk) -> None:
    desk.prepare()
    rows = (
        "a,2026-03-01T10:00:00,1.00,\nb,2026-03-01T10:00:00,-1.00,\nc,2026-03-01T10:00:00,1.00,\n"
    )
    report = desk.take(desk.file(rows))
    assert [(row.line, row.reason) for row in desk.rejected] == [(3, "negative-amount")]
    assert report.rejected == {"negative-amount": 1}
    assert len(desk.gifts()) == 2


def test_a_second_run_says_already_imported_and_even_again_changes_nothing(desk: Desk) -> None:
    desk.prepare()
    file = desk.file(many(1500))
    desk.take(file)
    rows = desk.count("inbox_row")
    second = desk.take(file)
    assert (second.state, second.gifts, second.appended) == ("already-imported", 1500, 0)
    assert desk.count("inbox_row") == rows
    third = desk.take(file, again=True)
    assert (third.state, third.appended) == ("imported", 1500)
    assert desk.count("inbox_row") == rows + 2
    assert len(desk.gifts()) == 1500
    assert desk.count("giving_case") == 0


def test_the_same_gifts_in_another_file_are_not_taken_twice(desk: Desk) -> None:
    desk.prepare()
    desk.take(desk.file(many(10)))
    desk.take(desk.file(many(12), "march.csv"))
    assert len(desk.gifts()) == 12
    assert desk.count("giving_case") == 0


def test_an_id_that_comes_back_with_another_amount_becomes_a_case(desk: Desk) -> None:
    desk.prepare()
    rows = "a,2026-03-01T10:00:00,1.00,\na,2026-03-01T10:00:00,9.00,\n"
    assert desk.take(desk.file(rows)).repeats == 1
    assert [gift["amt"] for gift in desk.gifts()] == [100]
    cases = desk.house.web.execute("SELECT reason FROM giving_case").fetchall()
    assert cases == [("same-id-other-body",)]


@pytest.mark.parametrize("stops_before_row", [1, 2, 3])
def test_an_import_that_stops_between_rows_goes_on_where_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stops_before_row: int
) -> None:
    desk.prepare()
    file = desk.file(many(2500))
    calls = 0

    def failing(*args: Any, **more: Any) -> tuple[int, int]:
        nonlocal calls
        calls += 1
        if calls == stops_before_row:
            raise ConnectionError("the cable")
        return append(*args, **more)

    with monkeypatch.context() as broken:
        broken.setattr(module, "append", failing)
        with pytest.raises(ConnectionError):
            desk.take(file)
    done = (stops_before_row - 1) * 1000
    report = desk.take(file)
    assert (report.went_on_from, report.appended) == (done, 2500 - done)
    assert (report.gifts, report.fen) == (2500, 250_000), "the report is of the whole file"
    assert len(desk.gifts()) == 2500
    row = desk.house.web.execute("SELECT sum(count) FROM inbox_row WHERE lane = 4").fetchone()
    assert row == (2500,), "no gift was appended twice"


def test_rows_and_progress_are_stored_together_or_not_at_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.prepare()
    file = desk.file(many(1200))
    with monkeypatch.context() as broken:
        broken.setattr(module, "ADVANCE_SQL", "SELECT 1/0")
        with pytest.raises(Exception, match="division by zero"):
            desk.take(file)
    assert desk.gifts() == [], "what was appended went with the progress that failed"
    desk.take(file)
    assert len(desk.gifts()) == 1200


def test_two_imports_of_one_file_do_not_both_go_on(desk: Desk) -> None:
    desk.prepare()
    file = desk.file(many(2000))
    other: list[ImportReport] = []

    def overtaken(_: ImportReport) -> None:
        if not other:
            other.append(ImportReport("imported", "", ""))
            desk.take(file)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "PROGRESS_RECORDS", 500)
        with pytest.raises(ImportRefusedError, match="another process"):
            desk.take(file, on_progress=overtaken)
    desk.house.settle()
    assert len(desk.gifts()) == 2000
    row = desk.house.web.execute("SELECT sum(count) FROM inbox_row WHERE lane = 4").fetchone()
    assert row == (2000,)


def test_gifts_without_a_place_to_go_are_refused_with_what_to_do(desk: Desk) -> None:
    file = desk.file(many(1))
    with pytest.raises(ImportRefusedError, match=r"channel slips is not admitted yet.*prepare"):
        desk.take(file)
    house = desk.house
    house.instruct("admit-channel", code="slips", terms={"assets": ["CNY"], "clock": "receipt"})
    with pytest.raises(ImportRefusedError, match="clock 'receipt'"):
        desk.take(file)
    desk.map.write_text(MAP.replace("slips", "forms"))
    terms = {"opens": "2026-01-01T00:00Z", "closes": "2026-02-01T00:00Z"}
    house.instruct("admit-channel", code="forms", terms={"assets": ["CNY"], "clock": "file"})
    with pytest.raises(ImportRefusedError, match="campaign spring does not exist"):
        desk.take(file)
    house.instruct("open-campaign", code="spring", terms=terms)
    with pytest.raises(ImportRefusedError, match="does not name channel forms"):
        desk.take(file)


def test_a_preparation_makes_everything_once_however_often_it_is_sent(desk: Desk) -> None:
    given = read_map(desk.map.read_bytes())
    for _ in range(2):  # the second before settlement has seen the first
        steps = prepare_import(desk.house.web, given=given, by="li", second="wang")
        assert {step.state for step in steps} == {"waiting"}
    states = desk.prepare()
    assert set(states.values()) == {"exists"}
    assert len(states) == 6
    assert desk.house.balance("pool:tree", "available", "tree") == 1_000_000
    assert len(desk.house.entries()) == 6
    assert len(prepare_import(desk.house.web, given=given, by="a", second="b")) == 6
    desk.house.settle()
    assert len(desk.house.entries()) == 6


def test_a_refused_preparation_says_why_and_is_tried_anew(desk: Desk) -> None:
    given = read_map(desk.map.read_bytes())
    project = {"code": "shan-well", "charity": "shan", "running_permille": 80}
    first = Instruction(first_id(given, "open-project"), "open-project", "li", "wang", project)
    desk.house.send(first, lane="console")  # before its charity is there
    desk.house.settle()
    steps = {step.kind: step for step in progress(desk.house.web, given=given)}
    assert (steps["open-project"].state, steps["open-campaign"].state) == ("refused", "waiting")
    assert "unknown-charity" in steps["open-project"].detail
    assert set(desk.prepare().values()) == {"exists"}


def first_id(given: GiftMap, kind: str) -> bytes:
    """The id that the first attempt at a thing has."""
    return instruction_id(next(want for want in wanted(given) if want.kind == kind), 0)


def test_one_person_alone_prepares_nothing(desk: Desk) -> None:
    with pytest.raises(PreparationRefusedError, match="two different persons"):
        desk.prepare(by="li", second="li")
    assert desk.house.entries() == []


@pytest.mark.drill
def test_an_import_killed_at_any_moment_loses_nothing_and_doubles_nothing(
    desk: Desk, database: str
) -> None:
    desk.prepare()
    file = desk.file(many(60_000))
    command = [sys.executable, "-m", "jusha", "import", "gifts", str(file), "--map", str(desk.map)]
    # The owner's connection serves for all where the database is somebody else's server.
    env = os.environ | {
        "DATABASE_URL": database_url("owner", HOME, database),
        "JUSHA_HOME": str(HOME),
    }
    kills = 0
    for aim in (1, 15, 40):
        running = subprocess.Popen(command, env=env, cwd=REPO, stdout=subprocess.DEVNULL)
        while running.poll() is None:
            row = desk.house.web.execute("SELECT max(rows_appended) FROM jusha_import").fetchone()
            if row and (row[0] or 0) >= aim * 1000:
                running.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        running.wait()
    subprocess.run(command, env=env, cwd=REPO, check=True, capture_output=True)
    desk.house.settle()
    assert kills > 0
    row = desk.house.web.execute("SELECT sum(count) FROM inbox_row WHERE lane = 4").fetchone()
    assert row == (60_000,)
    assert sum(gift["amt"] for gift in desk.gifts()) == 60_000 * 100


def test_the_real_file_is_settled_to_the_fen(house: House, shared: str, tmp_path: Path) -> None:
    source = Path(shared) / "data" / "wuhan_redcross" / "donations_qr_pos.csv.gz"
    if not source.is_file():
        pytest.skip(f"no real data at {source}")
    lines = gzip.decompress(source.read_bytes()).splitlines(keepends=True)
    part = lines[:1] + lines[50_800:51_000] + lines[-100:]  # the cut-off before midnight is in it
    file = tmp_path / "part.csv"
    file.write_bytes(b"".join(part))
    map_file = REPO / "maps" / "wuhan_redcross_qr_pos.toml"
    given = read_map(map_file.read_bytes())
    prepare_import(house.web, given=given, by="one", second="two")
    house.settle()
    report = import_gifts(house.web, file=file, map_file=map_file, secrets=SECRETS, now=NOW)
    house.settle()
    expected = sum(int(line.split(b",")[4]) for line in part[1:])
    assert (report.gifts, report.fen, report.rejected) == (300, expected, {})
    gifts = [entry for entry in house.entries() if entry["k"] == "don"]
    assert (len(gifts), sum(gift["amt"] for gift in gifts)) == (300, expected)
    house.check()
