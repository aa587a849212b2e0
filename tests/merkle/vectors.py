"""Finds the test vectors made by others, which live beside the checkout and not in it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = (
    Path(os.environ.get("JUSHA_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    / "data"
    / "tlog"
)


def path(name: str) -> Path:
    """A vector file or folder; skips the test with the reason if the folder is not here."""
    if not FOLDER.is_dir():
        pytest.skip("the vectors are not beside the checkout (set JUSHA_SHARED to find them)")
    return FOLDER / name


def load(name: str) -> Any:
    """One JSON file of vectors."""
    return json.loads(path(name).read_text("utf-8"))


def load_lines(name: str) -> list[dict[str, Any]]:
    """One file of vectors with a JSON object a line."""
    return [json.loads(line) for line in path(name).read_text("utf-8").splitlines()]


def tessera() -> tuple[str, list[bytes]]:
    """The key and the checkpoints (sizes 0 to 15) of the tiny log that tessera wrote."""
    folder = path("tessera_log")
    checkpoints = [(folder / f"checkpoint.{size}").read_bytes() for size in range(16)]
    return (folder / "vkey.txt").read_text().strip(), checkpoints
