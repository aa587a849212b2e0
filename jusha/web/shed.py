"""The level at which things are let go now, as a file that every process of this machine reads.

`run/shed.json` is the governor's (the teller's process writes it each second); `run/switch.json`
is a person's: a level that holds until it is given back. Both are files because they must work
while the database does not.
"""

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.conf import settings

from jusha.web.shed_rules import Level

LOOK_SECONDS: Final = 0.5
STALE_SECONDS: Final = 60
"""A level that nobody measured for so long is nobody's."""
CHANGES_KEPT: Final = 50


class Switch(NamedTuple):
    """What a person set: a level, who, and when."""

    level: Level
    by: str
    at: datetime


class Told(NamedTuple):
    """What the governor told last: the level, since when, why, and the changes before."""

    level: Level
    since: datetime
    by: str
    load: dict[str, int | None]
    changes: list[dict[str, Any]]


class _Seen:
    """What this process read last, and when."""

    level = Level.NOTHING
    until = 0.0
    folder = Path()


def level() -> Level:
    """What is let go now; nothing where nobody told lately. Reads files, twice a second at most.

    While nobody measures, a person's switch holds by itself.
    """
    now = time.monotonic()
    if now >= _Seen.until or _Seen.folder != _folder():
        _Seen.level = _level()
        _Seen.until, _Seen.folder = now + LOOK_SECONDS, _folder()
    return _Seen.level


def _level() -> Level:
    found = told()
    if found is not None and _is_fresh():
        return found.level
    held = switch()
    return held.level if held else Level.NOTHING


def _is_fresh() -> bool:
    """Whether the governor wrote lately: it does each second."""
    try:
        return time.time() - (_folder() / "shed.json").stat().st_mtime < STALE_SECONDS
    except OSError:
        return False


def forget() -> None:
    """Look again at the next question."""
    _Seen.until = 0.0


def told() -> Told | None:
    """What the governor wrote last; None before its first word, or where it is unreadable."""
    try:
        found = json.loads((_folder() / "shed.json").read_bytes())
        return Told(
            Level(found["level"]),
            datetime.fromtimestamp(found["since"], UTC),
            str(found["by"]),
            dict(found["load"]),
            list(found["changes"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tell(found: Told) -> None:
    """Write the level for every process. Raises OSError."""
    _write(
        "shed.json",
        {
            "level": int(found.level),
            "since": int(found.since.timestamp()),
            "by": found.by,
            "load": found.load,
            "changes": found.changes[:CHANGES_KEPT],
        },
    )


def switch() -> Switch | None:
    """What a person set; None while the governor decides alone."""
    try:
        found = json.loads((_folder() / "switch.json").read_bytes())
        at = datetime.fromtimestamp(found["at"], UTC)
        return Switch(Level(found["level"]), str(found["by"]), at)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def set_switch(to: Level | None, *, by: str, now: datetime) -> None:
    """Hold a level until it is given back; None gives it back to the governor. Raises OSError."""
    if to is None:
        with contextlib.suppress(FileNotFoundError):
            (_folder() / "switch.json").unlink()
        return
    _write("switch.json", {"level": int(to), "by": by, "at": int(now.timestamp())})


def _write(name: str, found: dict[str, Any]) -> None:
    path = _folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{name}.{os.getpid()}")
    draft.write_text(json.dumps(found), "utf-8")
    draft.replace(path)


def _folder() -> Path:
    return Path(settings.HOME) / "run"
