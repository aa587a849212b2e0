"""Why a process does not do its work: one small file each, which the supervisor shows.

A process that stands still on purpose looks alive. JUSHA_HOME/run/<name>.json says what
holds it: {"code", "why", "at"}, code one of those explained in docs/operating.md. No
file means: nothing is wrong.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Final

import structlog

WHY_CHARS_MAX: Final = 500
log = structlog.get_logger("process")

REFUSING: Final = "refusing_to_settle"
"""Code of a database older than the published log; while it holds, the door stays closed."""


class Why:
    """What holds one process, told once and taken back when it is over."""

    def __init__(self, home: Path, name: str) -> None:
        self._path = why_file(home, name)
        self._told: tuple[str, str] | None = ("", "")  # unknown: a file may be left over

    def tell(self, code: str, why: str) -> bool:
        """Say what holds the process; True if that is news. Writes JUSHA_HOME/run/<name>.json.

        Where that cannot be written, the process's log says it.
        """
        why = " ".join(why.split())[:WHY_CHARS_MAX]
        if self._told == (code, why):
            return False
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps({"code": code, "why": why, "at": time.time()}))
            draft.replace(self._path)
        except OSError as error:  # a full disk must not end whoever has something to say
            log.error("why_unwritten", code=code, why=why, error=str(error))  # noqa: TRY400
            return True
        self._told = (code, why)
        return True

    def clear(self) -> None:
        """Say that the process does its work; costs nothing while nothing was wrong."""
        if self._told is not None:
            self._path.unlink(missing_ok=True)
            self._told = None


def why_file(home: Path, name: str) -> Path:
    """Where process `name` says what holds it."""
    return home / "run" / f"{name}.json"


def read_why(home: Path, name: str) -> dict[str, Any]:
    """What holds process `name`: {"code", "why", "at"}, or {} if nothing does."""
    try:
        found: dict[str, Any] = json.loads(why_file(home, name).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found
