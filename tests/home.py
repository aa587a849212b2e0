"""Loaded before Django's settings: gives the tests a home and a PostgreSQL of their own."""

import gc
import hashlib
import os
import shutil
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ROOM_BYTES = 4 * 1024**3


def home() -> Path:
    """A folder in memory where there is room, else `var/test`.

    A database is 850 files, and each test makes one and drops it. To make a file ext4 looks past
    every one that was just deleted: half of a run's time went there (perf, 2026-11-24).
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return REPO / "var" / "test"
    return MEMORY / f"jusha-test-{hashlib.sha256(str(REPO).encode()).hexdigest()[:12]}"


HOME = home()
SHARED = Path(os.environ.get("JUSHA_SHARED", REPO.parent / "shared"))

os.environ["JUSHA_HOME"] = str(HOME)
os.environ.pop("DATABASE_URL", None)

from jusha.config.postgres import Cluster, prepare  # noqa: E402 - reads the environment set above

gc.set_threshold(100_000, 20, 100)
"""The tests' processes live long and hold much that stays: looking through it took a tenth."""

QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "512MB",
    "shared_buffers": "64MB",
}
"""Each test makes a database and drops it, and a drop waits for the disk. What is off guards
against a machine that loses power, not against a server that is killed. Few buffers stay warm:
among gigabytes of them each new database would lie in memory that nobody has touched."""

prepare(HOME)
with Cluster(HOME).connect("postgres") as admin:
    for setting, value in QUICK.items():
        admin.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
    admin.execute("SELECT pg_reload_conf()")
    (buffers,) = admin.execute("SHOW shared_buffers").fetchone() or ("",)
if buffers != QUICK["shared_buffers"] and "PYTEST_XDIST_WORKER" not in os.environ:
    Cluster(HOME).stop()
    prepare(HOME)
