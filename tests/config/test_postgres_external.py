"""A server that somebody else runs: roles are made there where that is allowed, and only then.

The other server is an embedded one of another home, reached only by its URL.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from jusha.config.postgres import Cluster, database_url, prepare, server_version
from jusha.config.postgres.urls import with_changes


@pytest.fixture(scope="module")
def keeper_url() -> Iterator[str]:
    """The URL of a user who may create roles and owns the database giving."""
    home = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    home.chmod(0o755)
    cluster = Cluster(home)
    cluster.start()
    try:
        with cluster.connect() as connection:
            connection.execute("CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'kept'")
            connection.execute("CREATE ROLE lodger LOGIN PASSWORD 'lodged'")
            connection.execute("CREATE DATABASE giving OWNER keeper")
            connection.execute("REVOKE ALL ON DATABASE giving FROM PUBLIC")
            connection.execute("GRANT CONNECT ON DATABASE giving TO lodger")
        query = urlencode({"host": cluster.place.socket, "port": 5432})
        yield f"postgresql://keeper:kept@/giving?{query}"
    finally:
        cluster.stop()
        shutil.rmtree(cluster.place.root)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def _roles_of_no_home(keeper_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts on a server that has never seen Jusha."""
    for name in ("DATABASE_SETTLE_URL", "DATABASE_WEB_URL"):
        monkeypatch.delenv(name, raising=False)
    with psycopg.connect(keeper_url, autocommit=True) as connection:
        for role in ("jusha_settle", "jusha_web"):
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(f"REVOKE ALL ON DATABASE giving FROM {role}".encode())
                connection.execute(f"DROP ROLE {role}".encode())


def user_of(url: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_user").fetchone()
    assert row is not None
    return row[0]


def test_roles_are_made_on_a_server_that_allows_it(
    keeper_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", keeper_url)
    prepare(tmp_path)
    prepare(tmp_path)
    assert user_of(database_url("owner", tmp_path)) == "keeper"
    assert user_of(database_url("settle", tmp_path)) == "jusha_settle"
    assert user_of(database_url("web", tmp_path)) == "jusha_web"
    assert not (tmp_path / "postgres").exists()


def test_a_user_who_may_not_create_roles_serves_for_all(
    keeper_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lodger = with_changes(keeper_url, user="lodger", password="lodged")
    monkeypatch.setenv("DATABASE_URL", lodger)
    prepare(tmp_path)
    for role in ("owner", "settle", "web"):
        assert user_of(database_url(role, tmp_path)) == "lodger"


def test_the_roles_of_another_home_keep_their_passwords(
    keeper_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", keeper_url)
    prepare(tmp_path / "first")
    prepare(tmp_path / "second")
    assert user_of(database_url("web", tmp_path / "first")) == "jusha_web"
    assert user_of(database_url("web", tmp_path / "second")) == "keeper"
    # The way for a second machine: carry the secrets over.
    shutil.copytree(tmp_path / "first" / "secrets", tmp_path / "third" / "secrets")
    prepare(tmp_path / "third")
    assert user_of(database_url("web", tmp_path / "third")) == "jusha_web"


def test_a_server_is_asked_for_its_version(keeper_url: str) -> None:
    version = server_version(keeper_url)
    assert version is not None
    assert int(version.split(".")[0]) >= 15
    assert server_version(with_changes(keeper_url, password="wrong")) is None
