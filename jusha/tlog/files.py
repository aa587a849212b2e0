"""The public log's folder: files that appear whole or not at all.

All that is asked of the file system goes through a `Disk`, so that the deterministic
simulator can crash between any two of its steps (docs/design/0006-simulator.md).
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

CHECKPOINT: Final = "checkpoint"
OPEN_AT_ONCE: Final = 128
"""Files that one round of `Disk.write_all` holds open, far below what a process may."""


class Disk:
    """The steps of the file system that the log stands on. Each may fail with OSError."""

    def make(self, folder: Path, *, mode: int = 0o777) -> None:
        """Make a folder and those above it, where they are missing."""
        folder.mkdir(mode=mode, parents=True, exist_ok=True)

    def write(self, path: Path, data: bytes, *, mode: int) -> None:
        """Write a file's bytes and make them durable; its name is durable after `sync`."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def write_all(self, files: Mapping[Path, bytes], *, mode: int) -> None:
        """Write many files and make their bytes durable; their names are durable after `sync`.

        The bytes are handed over first and waited for afterwards: the file system then writes
        them out together, which costs about half of waiting for each (docs/performance.md).
        """
        waiting = list(files.items())
        while waiting:
            now, waiting = waiting[:OPEN_AT_ONCE], waiting[OPEN_AT_ONCE:]
            descriptors: list[int] = []
            with ExitStack() as opened:
                for path, data in now:
                    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
                    file = opened.enter_context(os.fdopen(descriptor, "wb"))
                    file.write(data)
                    file.flush()
                    descriptors.append(descriptor)
                for descriptor in descriptors:
                    os.fsync(descriptor)

    def drafts(self, folder: Path) -> list[Path]:
        """The files below a folder whose names begin with a dot: what `write_whole` had begun."""
        return [
            Path(at) / name
            for at, _, names in os.walk(folder)
            for name in names
            if name.startswith(".")
        ]

    def discard(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another's name, at one moment for every reader."""
        old.replace(new)

    def sync(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, path: Path) -> bytes | None:
        """Read a file, or None if there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, folder: Path) -> None:
        """Remove a folder with all in it, as far as that can be done."""
        shutil.rmtree(folder, ignore_errors=True)

    def lock(self, path: Path) -> int:
        """Take a lock that ends with the process, for `unlock`. Raises BlockingIOError if held."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def unlock(self, lock: int) -> None:
        """Let go of a lock."""
        os.close(lock)


DISK: Final = Disk()


def write_whole(path: Path, data: bytes, *, mode: int = 0o644, disk: Disk = DISK) -> None:
    """Write a file so that any reader, after any crash, finds the old bytes or the new ones."""
    disk.make(path.parent)
    draft = _draft_of(path)
    disk.write(draft, data, mode=mode)
    disk.rename(draft, path)


def write_whole_all(
    root: Path, files: Mapping[str, bytes], *, mode: int = 0o644, disk: Disk = DISK
) -> None:
    """Write many files below `root` as `write_whole` writes one, waiting for the disk once.

    No file has its name before the bytes of all are durable.
    """
    paths = {root / path: data for path, data in files.items()}
    for folder in sorted({path.parent for path in paths}):
        disk.make(folder)
    disk.write_all({_draft_of(path): data for path, data in paths.items()}, mode=mode)
    for path in paths:
        disk.rename(_draft_of(path), path)


def sweep(folder: Path, *, disk: Disk = DISK) -> int:
    """Remove the drafts that a killed writer left below a folder; return how many.

    Only for the one who alone writes there.
    """
    drafts = disk.drafts(folder)
    for draft in drafts:
        disk.discard(draft)
    return len(drafts)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def sync_folder(folder: Path, *, disk: Disk = DISK) -> None:
    """Make the names in a folder durable."""
    disk.sync(folder)


def sync_names(root: Path, paths: Iterable[str], *, disk: Disk = DISK) -> None:
    """Make the names of files below `root` durable, with all folders on the way to them."""
    folders = {root / parent for path in paths for parent in Path(path).parents}
    for folder in sorted(folders, reverse=True):
        disk.sync(folder)


def read_from(folder: Path, path: str, *, disk: Disk = DISK) -> bytes | None:
    """Read a file of the log, or None if there is none."""
    return disk.read(folder / path)
