"""A lost cluster comes back from a backup and the archived log: to a moment, or to the end."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from jusha.config.postgres import Cluster, backup, database_url, prepare, recover, restore
from jusha.config.postgres.archive import SLOT, newest_segment, prune, restore_command, stream_run
from jusha.config.postgres.backup import first_segment
from jusha.config.postgres.errors import (
    ArchiveGap,
    ArchiveUnreadable,
    BranchIntoArchive,
    FolderTaken,
    TargetOutOfReach,
)
from jusha.config.postgres.place import find_place
from jusha.config.postgres.postmaster import find_postmaster
from jusha.config.postgres.recover import read_moment

PATIENCE_SECONDS = 60.0


class Lost:
    """A home with an archive and a backup, marks written before and after it, and its loss."""

    def __init__(self, base: Path) -> None:
        self.base, self.archive = base, base / "archive"
        self.home, self.saved = base / "home", base / "saved"
        prepare(self.home)
        self.put(1)
        backup(Cluster(self.home), self.saved)
        self.put(2)
        self.between = self.ask("SELECT clock_timestamp()")
        self.put(3)
        self.archived()

    def ask(self, query: str) -> Any:
        with Cluster(self.home).connect() as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]

    def put(self, n: int) -> None:
        with psycopg.connect(database_url("owner", self.home)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS mark (n int)")
            connection.execute("INSERT INTO mark VALUES (%s)", [n])

    def archived(self) -> str:
        """Close the segment that was written to last and wait until the archive has it."""
        with Cluster(self.home).connect() as connection:
            row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert row is not None
        name: str = row[0]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (self.archive / "wal" / name).exists():
            assert time.monotonic() < deadline, f"{name} is not archived"
            time.sleep(0.02)
        return name

    def streamed(self) -> None:
        """Wait until the stream has all that is flushed by now."""
        query = (
            "SELECT coalesce(max(restart_lsn), '0/0') >= pg_current_wal_flush_lsn()"
            f" FROM pg_replication_slots WHERE slot_name = '{SLOT}' AND active"
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ask(query):
            assert time.monotonic() < deadline, "the stream does not follow"
            time.sleep(0.02)

    def destroy(self) -> None:
        """Lose the cluster at once, with all that was not archived."""
        data = find_place(self.home).data
        server = find_postmaster(data)
        assert server is not None
        workers = psutil.Process(server.pid).children()
        os.kill(server.pid, signal.SIGKILL)
        psutil.wait_procs(workers)
        shutil.rmtree(data)

    def marks(self, home: Path) -> list[int]:
        with psycopg.connect(database_url("owner", home)) as connection:
            return [n for (n,) in connection.execute("SELECT n FROM mark ORDER BY n")]


@contextmanager
def streaming(lost: Lost) -> Iterator[None]:
    """Keep the stream's process running as the supervisor does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jusha.config.postgres.stream"],
        env=os.environ | {"JUSHA_HOME": str(lost.home)},
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lost]:
    base = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    base.chmod(0o755)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("JUSHA_ARCHIVE", str(base / "archive"))
    try:
        yield Lost(base)
    finally:
        for home in (base / "home", base / "other"):
            Cluster(home).stop()
            shutil.rmtree(find_place(home).root, ignore_errors=True)
        shutil.rmtree(base)


def test_a_lost_cluster_is_recovered_to_a_moment_and_then_to_the_end_of_the_archive(
    lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost.put(4)  # in no archived segment: the price of archiving whole segments only
    lost.destroy()
    cluster = Cluster(lost.home)
    with pytest.raises(BranchIntoArchive):
        restore(cluster, lost.saved, force=True)
    with pytest.raises(BranchIntoArchive):
        recover(cluster, lost.saved, archive=lost.archive, to=lost.between)
    monkeypatch.delenv("JUSHA_ARCHIVE")
    found = recover(cluster, lost.saved, archive=lost.archive, to=lost.between)
    assert lost.marks(lost.home) == [1, 2]
    assert found.newest_commit is not None
    assert found.newest_commit <= lost.between
    cluster.stop()
    with pytest.raises(FolderTaken):
        recover(cluster, lost.saved, archive=lost.archive)
    monkeypatch.setenv("JUSHA_ARCHIVE", str(lost.archive))
    newer = recover(cluster, lost.saved, archive=lost.archive, force=True)
    assert lost.marks(lost.home) == [1, 2, 3]
    assert newer.timeline > 1
    assert any("nothing behind" in check for check in newer.checks)
    lost.put(5)
    cluster.stop()
    cluster.start()
    assert lost.marks(lost.home) == [1, 2, 3, 5], "what was recovered is an ordinary cluster"


def test_what_was_recovered_archives_on_and_can_be_recovered_again(lost: Lost) -> None:
    lost.destroy()
    recover(Cluster(lost.home), lost.saved, archive=lost.archive)
    lost.put(6)
    lost.archived()
    other = lost.base / "other"
    recover(Cluster(other), lost.saved, archive=lost.archive)
    assert lost.marks(other) == [1, 2, 3, 6]


def test_a_segment_that_is_missing_in_the_middle_is_told_and_not_skipped(lost: Lost) -> None:
    lost.put(7)
    middle = lost.archived()
    lost.put(8)
    lost.archived()
    lost.destroy()
    (lost.archive / "wal" / middle).unlink()
    with pytest.raises(ArchiveGap, match="missing or damaged"):
        recover(Cluster(lost.home), lost.saved, archive=lost.archive)


def test_a_moment_out_of_reach_is_refused_before_and_behind(
    lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost.destroy()
    monkeypatch.delenv("JUSHA_ARCHIVE")
    cluster = Cluster(lost.home)
    early = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(TargetOutOfReach, match="the backup was taken at"):
        recover(cluster, lost.saved, archive=lost.archive, to=early)
    late = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(TargetOutOfReach, match="the archive ends before"):
        recover(cluster, lost.saved, archive=lost.archive, to=late)


def test_what_is_no_archive_is_refused_before_any_data_is_touched(lost: Lost) -> None:
    cluster = Cluster(lost.home)
    cluster.stop()
    with pytest.raises(ArchiveUnreadable):
        recover(cluster, lost.saved, archive=lost.base / "nothing", force=True)
    cluster.start()
    assert lost.marks(lost.home) == [1, 2, 3]


def test_the_archive_gives_up_only_what_no_kept_backup_needs(lost: Lost) -> None:
    backup(Cluster(lost.home), lost.base / "newer")
    first = first_segment(lost.base / "newer")
    lost.put(8)
    lost.archived()
    assert prune(lost.archive, before=first) > 0
    assert min(path.name for path in (lost.archive / "wal").iterdir()) >= first
    assert (newest_segment(lost.archive, below_timeline=2) or "") >= first
    lost.destroy()
    recover(Cluster(lost.home), lost.base / "newer", archive=lost.archive)
    assert lost.marks(lost.home) == [1, 2, 3, 8]


def test_what_was_streamed_is_recovered_and_the_stream_goes_on_behind_the_recovery(
    lost: Lost,
) -> None:
    with streaming(lost):
        lost.put(4)
        lost.streamed()
    lost.destroy()
    recover(Cluster(lost.home), lost.saved, archive=lost.archive)
    assert lost.marks(lost.home) == [1, 2, 3, 4], "no whole segment has the last of them"
    with streaming(lost):
        lost.put(5)
        lost.streamed()
    lost.destroy()
    recover(Cluster(lost.home), lost.saved, archive=lost.archive)
    assert lost.marks(lost.home) == [1, 2, 3, 4, 5]
    runs = sorted(path.name[:8] for path in (lost.archive / "stream").iterdir())
    assert runs == ["00000001", "00000002"], "a run for each server that streamed"


def test_a_run_is_continued_only_where_the_server_still_has_what_follows(tmp_path: Path) -> None:
    first, later = "000000010000000000000004", "000000010000000000000009"
    (tmp_path / "stream").mkdir()
    run = stream_run(tmp_path, goes_on_at=first)
    run.mkdir()
    assert stream_run(tmp_path, goes_on_at=first) == run
    assert stream_run(tmp_path, goes_on_at=later) == tmp_path / "stream" / later
    (run / f"{later}.partial").touch()
    assert stream_run(tmp_path, goes_on_at=later) == run
    assert stream_run(tmp_path, goes_on_at=f"00000002{first[8:]}").name.startswith("00000002")


def test_a_folder_with_blanks_and_percent_signs_is_a_folder_to_the_server() -> None:
    command = restore_command(Path("/a b/50%"))
    assert "'/a b/50%%'/wal/%f" in command
    assert command.count("'/a b/50%%'") == 3


def test_a_moment_is_read_with_its_zone_or_not_at_all() -> None:
    assert read_moment("latest") is None
    assert read_moment("2026-11-23T14:30:00+08:00") == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    assert read_moment("2026-11-23T06:30:00Z") == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        read_moment("2026-11-23T06:30:00")
