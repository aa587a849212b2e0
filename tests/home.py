"""Loaded before Django's settings: gives the tests a home and a PostgreSQL of their own."""

import os
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
HOME = REPO / "var" / "test"
SHARED = Path(os.environ.get("JUSHA_SHARED", REPO.parent / "shared"))

os.environ["JUSHA_HOME"] = str(HOME)
os.environ.pop("DATABASE_URL", None)

from jusha.config.postgres import prepare  # noqa: E402 - reads the environment set above

prepare(HOME)
