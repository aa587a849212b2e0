"""When each checkpoint was published: one line a checkpoint, in log/state/times.

A checkpoint carries no time, and a file's own time is that of its last copy. The publisher adds a
line after it has shown a checkpoint; nothing waits for it to be durable, since nothing is proven by
it. Lines have one width, so that the one that covers an entry is found by halving.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

TIMES: Final = "times"
SIZE_DIGITS: Final = 16
FORM: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
LINE_BYTES: Final = SIZE_DIGITS + 1 + len("2026-11-23T06:30:00.000000Z") + 1


class Published(NamedTuple):
    """A checkpoint of `size` entries and when it was published."""

    size: int
    at: datetime


def note_published(folder: Path, size: int, at: datetime) -> None:
    """Add a line for a checkpoint; one that is told already is left as it is.

    `folder` is the log's (JUSHA_HOME/log). A line that a crash cut short is cut off first.
    """
    path = folder / "state" / TIMES
    with path.open("ab") as file:
        whole = file.tell() // LINE_BYTES * LINE_BYTES
        if whole != file.tell():
            file.truncate(whole)
        last = _line(path, whole // LINE_BYTES - 1) if whole else None
        if last is None or last.size < size:
            file.write(f"{size:0{SIZE_DIGITS}d} {at.astimezone(UTC):{FORM}}\n".encode())


def first_covering(folder: Path, number: int) -> Published | None:
    """The first checkpoint that covers entry `number`; None if none is told.

    Raises ValueError where the file is damaged.
    """
    path = folder / "state" / TIMES
    if not path.exists():
        return None
    low, high = 0, path.stat().st_size // LINE_BYTES
    while low < high:
        middle = (low + high) // 2
        if _line(path, middle).size > number:
            high = middle
        else:
            low = middle + 1
    return _line(path, low) if low < path.stat().st_size // LINE_BYTES else None


def _line(path: Path, index: int) -> Published:
    with path.open("rb") as file:
        file.seek(index * LINE_BYTES)
        size, at = file.read(LINE_BYTES).decode("ascii").split()
    return Published(int(size), datetime.strptime(at, FORM).replace(tzinfo=UTC))
