"""What can be known of the embedded PostgreSQL without starting it: addresses, sizes, places."""

import os
import stat
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from jusha.config.postgres import database_url, default_home, django_database
from jusha.config.postgres.account import Account
from jusha.config.postgres.engine import find_engine
from jusha.config.postgres.errors import (
    ClusterOfAnother,
    NoEngine,
    NotPrepared,
    UnknownRole,
    UnsafeFolder,
)
from jusha.config.postgres.passwords import obtain_password, password_file, store_password
from jusha.config.postgres.place import (
    SOCKET_PATH_BYTES_MAX,
    Place,
    find_place,
    make_private_folder,
    settle_place,
    write_record,
)
from jusha.config.postgres.tuning import GIB, MIB, configuration_text, settings_for
from jusha.config.postgres.urls import record_roles_made

EXTERNAL = "postgresql://keeper:k%40y@db.example:6432/giving?sslmode=require"


@pytest.fixture(autouse=True)
def _no_outer_database(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_SETTLE_URL", "DATABASE_WEB_URL", "JUSHA_HOME"):
        monkeypatch.delenv(name, raising=False)


def me() -> Account:
    return Account("me", os.geteuid(), os.getegid(), switched=False)


def settings(ram_bytes: int) -> dict[str, str]:
    return settings_for(
        ram_bytes=ram_bytes, socket=Path("/s"), log_folder=Path("/it's a\\log"), lz4=False
    )


def test_without_a_prepared_home_an_address_is_refused_but_settings_load(tmp_path: Path) -> None:
    with pytest.raises(NotPrepared):
        database_url("web", tmp_path)
    entry = django_database("web", tmp_path)
    assert entry["USER"] == "jusha_web"
    assert entry["PASSWORD"] == ""


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownRole):
        database_url("superuser", tmp_path)


def test_the_embedded_address_names_socket_role_and_password(tmp_path: Path) -> None:
    password = obtain_password(tmp_path, "settle")
    found = conninfo_to_dict(database_url("settle", tmp_path))
    assert found == {
        "user": "jusha_settle",
        "password": password,
        "dbname": "jusha",
        "host": str(find_place(tmp_path).socket),
        "port": "5432",
    }
    entry = django_database("settle", tmp_path)
    assert entry["HOST"] == found["host"]
    assert entry["PASSWORD"] == password
    assert entry["OPTIONS"] == {"application_name": "jusha-settle"}


def test_the_home_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_home().name == "var"
    monkeypatch.setenv("JUSHA_HOME", str(tmp_path))
    assert default_home() == tmp_path


def test_a_database_url_is_the_owners_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", EXTERNAL)
    assert database_url("owner", tmp_path) == EXTERNAL
    other = conninfo_to_dict(database_url("owner", tmp_path, database="test_giving"))
    assert other == conninfo_to_dict(EXTERNAL) | {"dbname": "test_giving"}


def test_other_roles_use_the_database_url_itself_until_their_role_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", EXTERNAL)
    password = obtain_password(tmp_path, "web")
    assert database_url("web", tmp_path) == EXTERNAL
    record_roles_made(tmp_path, EXTERNAL, {"web"})
    expected = conninfo_to_dict(EXTERNAL) | {"user": "jusha_web", "password": password}
    assert conninfo_to_dict(database_url("web", tmp_path)) == expected
    assert database_url("settle", tmp_path) == EXTERNAL
    # A role made on one server says nothing about another one.
    monkeypatch.setenv("DATABASE_URL", EXTERNAL.replace("db.example", "other.example"))
    assert "keeper" in database_url("web", tmp_path)


def test_a_roles_own_url_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", EXTERNAL)
    monkeypatch.setenv("DATABASE_WEB_URL", "postgresql://reader@replica/giving")
    assert database_url("web", tmp_path) == "postgresql://reader@replica/giving"
    assert database_url("settle", tmp_path) == EXTERNAL


def test_django_keeps_every_option_of_the_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", EXTERNAL + "&connect_timeout=7")
    entry = django_database("owner", tmp_path)
    assert (entry["NAME"], entry["USER"], entry["PASSWORD"]) == ("giving", "keeper", "k@y")
    assert (entry["HOST"], entry["PORT"]) == ("db.example", "6432")
    assert entry["OPTIONS"] == {
        "application_name": "jusha-owner",
        "sslmode": "require",
        "connect_timeout": "7",
    }


@pytest.mark.parametrize("host", ["[::1]", "db.example", "a,b"])
def test_rewriting_a_url_keeps_its_hosts(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://keeper@{host}/giving"
    monkeypatch.setenv("DATABASE_URL", url)
    found = conninfo_to_dict(database_url("owner", tmp_path, database="x"))
    assert found == conninfo_to_dict(url) | {"dbname": "x"}


def test_a_password_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = obtain_password(tmp_path, "web")
    assert len(first) >= 43
    assert obtain_password(tmp_path, "web") == first
    assert store_password(tmp_path, "web", "a latecomer's") == first
    file = password_file(tmp_path, "web")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_memory_settings_follow_the_machine_within_bounds() -> None:
    assert settings(24 * GIB)["shared_buffers"] == "3072MB"
    assert settings(1024 * GIB)["shared_buffers"] == "4096MB"
    assert settings(256 * MIB)["shared_buffers"] == "64MB"
    assert settings(256 * MIB)["work_mem"] == "4MB"


def test_durability_is_never_traded() -> None:
    found = settings(1 * GIB)
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        assert found[name] == "on"


def test_a_path_of_any_characters_is_written_safely() -> None:
    text = configuration_text(settings(1 * GIB))
    assert "log_directory = '/it''s a\\\\log'" in text
    assert text.endswith("include_if_exists 'local.conf'\n")


def test_the_socket_moves_to_a_short_folder_when_its_path_would_be_too_long() -> None:
    name = "/.s.PGSQL.5432"
    longest = Path("/" + "x" * (SOCKET_PATH_BYTES_MAX - len(name) - len("//run")))
    assert Place(longest, longest).socket == longest / "run"
    longer = longest.with_name(longest.name + "y")
    short = Place(longer, longer).socket
    assert short.parent == Path("/tmp")  # noqa: S108
    assert len(str(short) + name) < SOCKET_PATH_BYTES_MAX
    assert short != Place(longer / "other", longer / "other").socket


def test_the_socket_moves_when_libpq_would_misread_its_path() -> None:
    for path in (Path("/a,b"), Path("/善")):
        assert Place(path, path).socket.parent == Path("/tmp")  # noqa: S108


def test_a_private_folder_that_is_open_or_a_link_is_refused(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "good", me())
    make_private_folder(tmp_path / "good", me())
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "good")
    for name in ("open", "link"):
        with pytest.raises(UnsafeFolder):
            make_private_folder(tmp_path / name, me())


def test_a_home_that_moves_takes_its_cluster_along(tmp_path: Path) -> None:
    (tmp_path / "one" / "postgres").mkdir(parents=True)
    place = settle_place(tmp_path / "one", me())
    assert place.root == tmp_path / "one" / "postgres"
    (tmp_path / "one").rename(tmp_path / "two")
    assert find_place(tmp_path / "two").root == tmp_path / "two" / "postgres"


def test_a_copied_home_may_not_open_the_originals_fallback(tmp_path: Path) -> None:
    fallback = tmp_path / "fallback"
    fallback.mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "postgres").mkdir(parents=True)
    write_record(Place(tmp_path / "one", fallback))
    settle_place(tmp_path / "one", me())
    write_record(Place(tmp_path / "two", fallback))
    with pytest.raises(ClusterOfAnother):
        settle_place(tmp_path / "two", me())
    # Once the original is gone it was a move, not a copy.
    (tmp_path / "one").rename(tmp_path / "gone")
    assert settle_place(tmp_path / "two", me()).root == fallback


def test_a_folder_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoEngine):
        find_engine(tmp_path)


def test_programs_older_than_fifteen_are_refused(tmp_path: Path) -> None:
    old = tmp_path / "postgres"
    old.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    old.chmod(0o755)
    with pytest.raises(NoEngine, match="15 is the oldest"):
        find_engine(tmp_path)
