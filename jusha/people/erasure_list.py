"""The erasure list: who is to stay erased, in a file outside the database.

A restored backup holds people who asked to be forgotten since. So each erasure is written here,
and flushed to the disk, before the first row goes, and is carried out again on a database
that has not seen it. A line is sealed: without this installation's secrets it names nobody.
"""

import base64
import binascii
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import msgspec

from jusha.people.vault import SealBrokenError, load, seal, unseal

SECRET: Final = "erasures"  # noqa: S105 - the name of a file
ABOUT: Final = b"erasure"
STEP_BYTES: Final = 65_536


class ListDamagedError(Exception):
    """The erasure list does not open, or lines are missing from it. The text says which."""


class Line(msgspec.Struct, frozen=True):
    """One erasure. `n` counts from 0 without a gap; `at_s` is when it was asked for, in Unix
    seconds; `orders` are those that belonged to the person then. `payers` are orders of which
    only that goes whom the receipt is for; `complaints` were erased by who reported; lines from
    before there were such lack them.
    """  # noqa: D205 - one thought

    id: UUID
    n: int
    at_s: int
    accounts: list[UUID]
    donors: list[UUID]
    orders: list[int]
    payers: list[int] = []
    complaints: list[int] = []


def path_of(home: Path) -> Path:
    """Where the list of an installation is."""
    return home / "erasures" / "list"


def append(
    home: Path,
    *,
    id_: UUID,
    at_s: int,
    accounts: list[UUID],
    donors: list[UUID],
    orders: list[int],
    payers: Sequence[int] = (),
    complaints: Sequence[int] = (),
) -> Line:
    """Write one erasure at the end of the list; it is on the disk when this returns.

    Processes take turns. Raises ListDamagedError, OSError: then nothing may be erased.
    """
    path, key = path_of(home), load(home, SECRET)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = _last(file)
        line = Line(
            id=id_,
            n=_opened(key, last).n + 1 if last else 0,
            at_s=at_s,
            accounts=accounts,
            donors=donors,
            orders=orders,
            payers=[*payers],
            complaints=[*complaints],
        )
        file.write(base64.b64encode(seal(key, msgspec.msgpack.encode(line), ABOUT)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _flush_folder(path.parent)
        _flush_folder(path.parent.parent)
    return line


def lines(home: Path) -> Iterator[Line]:
    """Every erasure, oldest first; a last line that was never finished is none.

    Raises ListDamagedError.
    """
    path = path_of(home)
    if not path.exists():
        return
    key = load(home, SECRET)
    with path.open("rb") as file:
        for place, raw in enumerate(file):
            if not raw.endswith(b"\n"):
                return
            line = _opened(key, raw)
            if line.n != place:
                raise ListDamagedError(f"line {place + 1} of {path} says {line.n + 1}")
            yield line


def _opened(key: bytes, raw: bytes) -> Line:
    try:
        plain = unseal(key, base64.b64decode(raw.strip(), validate=True), ABOUT)
        return msgspec.msgpack.decode(plain, type=Line)
    except (SealBrokenError, binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise ListDamagedError("a line of the erasure list does not open") from error


def _last(file: IO[bytes]) -> bytes:
    """The last whole line, b"" if there is none; cuts off what a crash left half written."""
    end, tail = file.seek(0, os.SEEK_END), b""
    start = end
    while start and tail.count(b"\n") < 2:  # noqa: PLR2004 - the line's end and the one before
        step = min(STEP_BYTES, start)
        start -= step
        file.seek(start)
        tail = file.read(step) + tail
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        file.truncate(end - (len(tail) - whole))
    file.seek(0, os.SEEK_END)
    found = tail[:whole].splitlines()
    return found[-1] if found else b""


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
