"""The same SQL on PostgreSQL 15, the oldest version we promise."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jusha.config.postgres import Cluster, database_url, prepare
from tests.cast import BOB, WATER, House, ratio
from tests.conftest import MIGRATE

BINARIES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def old_house() -> Iterator[House]:
    """A house on a cluster of version 15; `.ci/run` installs the binaries."""
    if not (BINARIES / "initdb").exists():
        pytest.skip(f"no PostgreSQL 15 at {BINARIES}")
    home = Path(tempfile.mkdtemp(prefix="jusha-15-"))
    home.chmod(0o755)
    prepare(home, binaries=BINARIES)
    try:
        subprocess.run(
            [sys.executable, "-c", MIGRATE],
            env=os.environ | {"DATABASE_URL": database_url("owner", home)},
            check=True,
            capture_output=True,
        )
        house = House("jusha", home)
        yield house
        house.close()
    finally:
        Cluster(home, binaries=BINARIES).stop()
        shutil.rmtree(home, ignore_errors=True)


def test_the_way_of_a_deed_is_the_same_on_version_15(old_house: House) -> None:
    version = old_house.web.execute("SHOW server_version_num").fetchone()
    assert version is not None
    assert version[0].startswith("15")
    old_house.furnish(pool=2_500, rule=ratio(person_day_max=1_500))
    order = old_house.order(1_000)
    old_house.send(order, lane="web")
    old_house.send(
        old_house.deed(1_000, "", order=order.no),
        old_house.deed(1_000, WATER),
        old_house.deed(2_000, WATER, BOB),
        old_house.deed(1, order=7),
    )
    old_house.settle()
    entries = old_house.entries()
    given = [entry for entry in entries if entry["k"] == "don"]
    assert [(e["m"][0]["amt"], e["m"][0]["by"]) for e in given] == [
        (1_000, "rule"),
        (500, "person-day"),
        (1_000, "pool"),
    ]
    refund = {"deed": given[0]["n"], "amount": 400, "reason": "asked"}
    assert old_house.instruct("refund", **refund)[0] == "done"
    assert old_house.instruct("seal", campaign="day")[0] == "done"
    old_house.check()
