"""The files of numbers that live: JUSHA_HOME/live/, beside the signed log and never in it.

For each thing that is told: `<name>.json` for programs and for the teller's own memory, and
`<name>.<language>.html`, a fragment that pages put in place. Each appears whole or not at all; a
dead teller leaves them as they are, with an as of that grows old.
"""

import json
import os
import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.utils.safestring import SafeString

from jusha.web.numbers import Correction, Told

FOLDER: Final = "live"
CODE: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?"
LIST: Final = r"(?:project|charity|team|company|province)-(?:amount|gifts|persons|heads)"
NAME: Final = re.compile(
    rf"(?:today|[cst]/{CODE}|r/{CODE}(?:\.{LIST})?)"
    r"\.(?:json|(?:[a-z]{2}(?:-[a-z]{2,8})?)\.html)",
    re.ASCII,
)

log = structlog.get_logger("live")


def folder() -> Path:
    """Where the files are."""
    return Path(settings.HOME) / FOLDER


def fragment_name(name: str, language: str) -> str:
    """The file of a fragment: today.zh-hans.html, c/<code>.en.html."""
    return f"{name}.{language}.html"


def campaign_name(code: str) -> str:
    """What a campaign's files are called."""
    return f"c/{code}"


def ranking_name(code: str, of: str = "") -> str:
    """What a campaign's rankings are called; `of` names one list: project-amount."""
    return f"r/{code}.{of}" if of else f"r/{code}"


def screen_name(code: str) -> str:
    """What a campaign's big screen is called: curve, provinces, names, pools."""
    return f"s/{code}"


def total_name(code: str) -> str:
    """What the big screen's totals are called; the teller writes them, whatever is let go."""
    return f"t/{code}"


def read(name: str) -> Told | None:
    """What was told last under a name; None if nothing was, or nothing readable."""
    try:
        found = json.loads((folder() / f"{name}.json").read_bytes())
        corrected = found["correction"]
        return Told(
            found["name"],
            _moment(found["at"]),
            {str(key): int(value) for key, value in found["numbers"].items()},
            Correction(_moment(corrected["since"]), corrected["before"]) if corrected else None,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("live_file_unreadable", name=name, error=type(error).__name__)
        return None


def read_fragment(name: str, language: str) -> SafeString:
    """A fragment as it was written last, for a page's first view; empty if there is none."""
    try:
        return SafeString((folder() / fragment_name(name, language)).read_text("utf-8"))
    except OSError:
        return SafeString("")


def as_json(told: Told, **more: Any) -> bytes:
    """The JSON of what is told: Unix seconds, the same as a time, numbers, a correction or null.

    `more` stands beside them under its names.
    """
    corrected = told.correction
    found: dict[str, Any] = {
        "name": told.name,
        "at": int(told.at.timestamp()),
        "as_of": told.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "numbers": told.numbers,
        "correction": corrected
        and {"since": int(corrected.since.timestamp()), "before": corrected.before},
    } | more
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def write(name: str, data: bytes) -> None:
    """Put a file in place of the one before, at one moment for every reader. Raises OSError.

    Not made durable: after a loss of power the next second writes it again.
    """
    write_at(folder() / name, data)


def write_at(path: Path, data: bytes) -> None:
    """The same for a file elsewhere. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def sweep(*folders: str) -> None:
    """Remove the drafts that a killed teller left; only for the one who alone writes there.

    `folders` are its own; "" is the upper one.
    """
    for draft in (each for name in folders for each in (folder() / name).glob(".*")):
        draft.unlink(missing_ok=True)


def keep_only(place: str, names: Collection[str]) -> None:
    """Take away every fragment of a folder ("s/") but those of these names. Raises OSError."""
    kept = {fragment_name(name, language) for name in names for language, _ in settings.LANGUAGES}
    for path in (folder() / place).glob("*.html"):
        if f"{place}{path.name}" not in kept:
            path.unlink(missing_ok=True)


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
