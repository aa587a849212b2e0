"""A backup is worth what its restore brings back."""

import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from jusha.config.postgres import (
    ROLES,
    Cluster,
    backup,
    database_url,
    prepare,
    read_backup,
    restore,
)
from jusha.config.postgres.errors import (
    ClusterNotRunning,
    ClusterRunning,
    DataMissing,
    FolderTaken,
    NoBackup,
    NotEmbedded,
    ToolFailed,
)
from jusha.config.postgres.place import find_place


@pytest.fixture(autouse=True)
def _no_outer_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture
def homes() -> Iterator[list[Path]]:
    """Two homes that PostgreSQL's own user can enter, removed with their clusters."""
    base = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    base.chmod(0o755)
    made = [base / "one", base / "two"]
    try:
        yield made
    finally:
        for home in made:
            Cluster(home).stop()
            shutil.rmtree(find_place(home).root, ignore_errors=True)
        shutil.rmtree(base)


def put(home: Path, n: int) -> None:
    with psycopg.connect(database_url("owner", home)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS mark (n int)")
        connection.execute("INSERT INTO mark VALUES (%s)", [n])


def marks(home: Path) -> list[int]:
    with psycopg.connect(database_url("owner", home)) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM mark ORDER BY n")]


def test_a_restore_brings_back_the_moment_of_the_backup_and_keeps_what_it_replaced(
    homes: list[Path], tmp_path: Path
) -> None:
    home = homes[0]
    prepare(home)
    put(home, 1)
    made = backup(Cluster(home), tmp_path / "saved")
    assert read_backup(tmp_path / "saved") == made
    assert stat.S_IMODE((tmp_path / "saved").stat().st_mode) == 0o700
    put(home, 2)
    cluster = Cluster(home)
    with pytest.raises(ClusterRunning):
        restore(cluster, tmp_path / "saved", force=True)
    cluster.stop()
    with pytest.raises(FolderTaken):
        restore(cluster, tmp_path / "saved")
    checks = restore(cluster, tmp_path / "saved", force=True)
    assert any(made.system_identifier in check for check in checks)
    assert marks(home) == [1]
    assert len(list(cluster.place.root.glob("data.before-*"))) == 1
    cluster.stop()
    cluster.start()
    assert marks(home) == [1]


def test_a_backup_starts_in_another_home_with_that_homes_passwords(
    homes: list[Path], tmp_path: Path
) -> None:
    prepare(homes[0])
    put(homes[0], 7)
    backup(Cluster(homes[0]), tmp_path / "saved")
    secrets = [path.read_text().strip() for path in (homes[0] / "secrets").iterdir()]
    for path in (tmp_path / "saved").rglob("*"):
        if path.is_file():
            assert not any(secret.encode() in path.read_bytes() for secret in secrets)
    restore(Cluster(homes[1]), tmp_path / "saved")
    assert marks(homes[1]) == [7]
    for role in ROLES:
        assert database_url(role, homes[1]) != database_url(role, homes[0])
        psycopg.connect(database_url(role, homes[1])).close()


def test_a_damaged_backup_is_refused_before_any_data_is_touched(
    homes: list[Path], tmp_path: Path
) -> None:
    home = homes[0]
    prepare(home)
    put(home, 1)
    backup(Cluster(home), tmp_path / "saved")
    damaged = tmp_path / "saved" / "base" / "PG_VERSION"
    damaged.write_text(damaged.read_text().replace("\n", " "))
    cluster = Cluster(home)
    cluster.stop()
    with pytest.raises(ToolFailed, match="PG_VERSION"):
        restore(cluster, tmp_path / "saved", force=True)
    cluster.start()
    assert marks(home) == [1]


def test_a_restore_cut_short_between_its_renames_is_noticed(homes: list[Path]) -> None:
    home = homes[0]
    prepare(home)
    cluster = Cluster(home)
    cluster.stop()
    cluster.place.data.rename(cluster.place.root / "data.before-20260909T000000Z")
    with pytest.raises(DataMissing, match=r"data\.before"):
        cluster.start()


def test_what_is_no_finished_backup_is_refused(homes: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "absent"):
        with pytest.raises(NoBackup):
            restore(Cluster(homes[0]), folder)


def test_a_backup_needs_a_running_server_and_a_new_folder(
    homes: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(ClusterNotRunning):
        backup(Cluster(homes[0]), tmp_path / "saved")
    with pytest.raises(FolderTaken):
        backup(Cluster(homes[0]), tmp_path)


def test_a_server_of_somebody_else_is_neither_saved_nor_restored(
    homes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://keeper@db.example/giving")
    with pytest.raises(NotEmbedded):
        backup(Cluster(homes[0]), tmp_path / "saved")
    with pytest.raises(NotEmbedded):
        restore(Cluster(homes[0]), tmp_path / "saved")
