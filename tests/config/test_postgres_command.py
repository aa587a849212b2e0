"""`jusha db` as a person meets it: a process, its words and its exit code."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from jusha.config.postgres import Cluster

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        cluster = Cluster(made)
        root = cluster.place.root
        cluster.stop()
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(made, ignore_errors=True)


def jusha_db(home: Path, *words: str, database_url: str = "") -> tuple[int, str]:
    env = os.environ | {"JUSHA_HOME": str(home), "DATABASE_URL": database_url}
    done = subprocess.run(
        [sys.executable, "-m", "jusha", "db", *words],
        cwd=REPO,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


@pytest.mark.drill
def test_a_day_with_the_database(home: Path, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved")
    assert jusha_db(home, "status")[0] == 3
    assert jusha_db(home, "start")[0] == 0
    code, said = jusha_db(home, "status")
    assert code == 0
    assert "answers  yes" in said
    url = jusha_db(home, "url", "--role", "web")[1].strip()
    with psycopg.connect(url) as connection:
        assert connection.info.user == "jusha_web"
    assert jusha_db(home, "ask", "SELECT 1 AS one, NULL AS none") == (0, "one\tnone\n1\t\n")
    code, said = jusha_db(home, "ask", "CREATE TABLE public.mine (n int)")
    assert (code, "permission denied" in said) == (1, True)
    code, said = jusha_db(home, "backup", saved)
    assert code == 0
    assert said.count("checked") == 2
    code, said = jusha_db(home, "restore", saved, "--force")
    assert code == 1
    assert "db stop" in said
    assert jusha_db(home, "stop")[0] == 0
    code, said = jusha_db(home, "restore", saved)
    assert code == 1
    assert "--force" in said
    code, said = jusha_db(home, "restore", saved, "--force")
    assert code == 0
    assert "public log" in said
    assert jusha_db(home, "stop")[0] == 0
    code, said = jusha_db(home, "status")
    assert code == 3
    assert "down" in said


def test_a_server_of_somebody_else_is_told_about_but_not_handled(
    home: Path, tmp_path: Path
) -> None:
    url = f"postgresql://keeper@/giving?host={home}"
    code, said = jusha_db(home, "status", database_url=url)
    assert code == 3
    assert "does not answer" in said
    for words in (["stop"], ["backup", str(tmp_path / "saved")], ["restore", str(tmp_path)]):
        code, said = jusha_db(home, *words, database_url=url)
        assert code == 1
        assert "DATABASE_URL" in said
    assert jusha_db(home, "url", database_url=url) == (0, url + "\n")
