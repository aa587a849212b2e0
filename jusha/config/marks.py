"""When a backup and an audit were last made here, and what came of it.

Both are commands that end; what they say must outlive them, so that a missing backup can be seen.
JUSHA_HOME/run/marks/<name>.json: {"at": Unix seconds, "wrong": count}.
"""

import json
import os
import time
from pathlib import Path
from typing import Final, NamedTuple

AUDIT: Final = "audit"
BACKUP: Final = "backup"


class Mark(NamedTuple):
    """When something was last done (Unix seconds, 0.0 for never), and how much was wrong."""

    at: float = 0.0
    wrong: int = 0


def set_mark(home: Path, name: str, *, wrong: int = 0) -> None:
    """Note that something was done now. Writes JUSHA_HOME/run/marks/<name>.json."""
    path = _path(home, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"at": time.time(), "wrong": wrong}))
    draft.replace(path)


def read_mark(home: Path, name: str) -> Mark:
    """What was noted last; Mark() if nothing was, or it cannot be read."""
    try:
        found = json.loads(_path(home, name).read_text())
        return Mark(float(found["at"]), int(found["wrong"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Mark()


def _path(home: Path, name: str) -> Path:
    return home / "run" / "marks" / f"{name}.json"
