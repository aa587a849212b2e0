"""A file system in memory that forgets what was not synced when the power goes.

A name that was made, changed or removed since its folder was last synced may, after a
power cut, be in any of the states it had since; each name for itself, as POSIX allows.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random

from jusha.tlog.files import Disk
from tests.simulator.processes import Process

FOLDER = object()
Content = object  # bytes, FOLDER, or None where there is nothing


class MemoryDisk(Disk):
    """Files by path. Each change is one step of the process that makes it."""

    def __init__(self) -> None:
        self.names: dict[Path, Content] = {}
        self.durable: dict[Path, Content] = {}
        self.past: dict[Path, list[Content]] = {}
        """By name: what it was, oldest first, since its folder was synced."""
        self.locked: set[Path] = set()
        self.process = Process("nobody")

    def used_by(self, process: Process) -> None:
        """Count further steps as this process's; a dead one's locks fall."""
        self.process = process
        process.opened.append(self.locked.clear)

    def _step(self, act: object, what: str) -> None:
        assert callable(act)
        self.process.io(act, OSError, what)

    def _set(self, path: Path, content: Content) -> None:
        self.past.setdefault(path, [self.names.get(path)])
        self.past[path].append(content)
        if content is None:
            self.names.pop(path, None)
        else:
            self.names[path] = content

    def _make_all(self, missing: list[Path]) -> None:
        for path in reversed(missing):
            self._set(path, FOLDER)

    def make(self, folder: Path, *, mode: int = 0o777) -> None:
        """Make folders."""
        missing = [path for path in (folder, *folder.parents) if path not in self.names]
        if missing:
            self._step(lambda: self._make_all(missing), f"make {folder}")

    def write(self, path: Path, data: bytes, *, mode: int) -> None:
        """Write and sync the bytes; a crash within may leave any part of them."""
        assert path.parent in self.names, f"no folder for {path}"

        def torn() -> None:
            self._set(path, data[: len(data) // 2])

        self.process.io(lambda: self._set(path, data), OSError, f"write {path}", broken=torn)

    def write_all(self, files: Mapping[Path, bytes], *, mode: int) -> None:
        """Write file after file, each a step that may break and leave a part of it."""
        for path, data in files.items():
            self.write(path, data, mode=mode)

    def drafts(self, folder: Path) -> list[Path]:
        """The hidden files below a folder."""
        return [path for path in self.names if folder in path.parents and path.name[0] == "."]

    def discard(self, path: Path) -> None:
        """Remove a file."""
        self._step(lambda: self._set(path, None), f"discard {path}")

    def rename(self, old: Path, new: Path) -> None:
        """Move a file over another."""

        def move() -> None:
            content = self.names[old]
            self._set(new, content)
            self._set(old, None)

        self._step(move, f"rename {new}")

    def sync(self, folder: Path) -> None:
        """Make the folder's names durable."""

        def keep() -> None:
            for path in [path for path in self.past if path.parent == folder]:
                del self.past[path]

        self._step(keep, f"sync {folder}")

    def read(self, path: Path) -> bytes | None:
        """Read a file."""
        content = self.names.get(path)
        return content if isinstance(content, bytes) else None

    def remove(self, folder: Path) -> None:
        """Remove a folder and all in it."""

        def gone() -> None:
            for path in [path for path in self.names if path == folder or folder in path.parents]:
                self._set(path, None)

        self._step(gone, f"remove {folder}")

    def lock(self, path: Path) -> int:
        """Take a lock."""
        if path in self.locked:
            raise BlockingIOError(str(path))
        self.locked.add(path)
        return 1

    def unlock(self, lock: int) -> None:
        """Let go of the lock."""
        self.locked.clear()

    def lose_power(self, random: Random) -> None:
        """Cut the power: every unsynced name falls back to something it was, or stays."""
        for path in sorted(self.past):
            content = random.choice(self.past[path])
            if content is None:
                self.names.pop(path, None)
            else:
                self.names[path] = content
        self.past.clear()
        for path in sorted(self.names):
            if any(parent not in self.names for parent in path.parents):
                self.names.pop(path, None)
        self.locked.clear()
