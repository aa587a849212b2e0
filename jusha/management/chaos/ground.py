"""The ground that chaos breaks: a scratch installation on disks, clocks and programs of its own.

Its home, its log and its database lie on three small file systems (loop mounts, so that
each can really be full), every process carries the shim (shim.c), and whoever runs
`jusha up` here starts it again when it ends, as an init system does. Where the machine
does not allow a part, `missing` says which, and the faults that need it are skipped.
"""

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from jusha.config.postgres import Cluster
from jusha.config.postgres.engine import find_engine
from jusha.management.drill.installation import READY, Installation, scratch_folder

MIB: Final = 1 << 20
DISKS: Final = {"home": 512 * MIB, "home/log": 1024 * MIB, "home/postgres": 6144 * MIB}
"""Sparse images: what is never written takes no room."""
ROLES: Final = ("door", "web", "cashier", "settlement", "publisher", "jobs", "postgres")
WORD: Final = struct.Struct("=q")
CLOCK, SYNC_DELAY, SYNC_ERRNO = range(3)
"""Places in a control file, as in shim.c."""
SHIM_SOURCE: Final = Path(__file__).with_name("shim.c")
FILLER: Final = "filler"
AGAIN_SECONDS: Final = 1.0


class Ground(Installation):
    """A scratch installation that can be hurt below its feet; `remove` gives everything back."""

    def __init__(self) -> None:
        self.base = scratch_folder("jusha-chaos-")
        home = self.base / "home"
        home.mkdir(mode=0o755)
        self.missing: dict[str, str] = {}
        self.mounts: list[Path] = []
        self._mount_all()
        super().__init__(home, log=self.base / "up.log")
        self.control = self.base / "control"
        self._add_shim()
        self.mirror: dict[Path, bytes] = {}
        """What a mirror has of the tiles that were damaged here."""
        self.held_down = False
        """While true, nobody starts `jusha up` again."""
        self.ended: list[int] = []
        """Exit codes of every running `jusha up` that ended although nobody asked for it."""
        self.refused_starts = 0
        """How often it ended while it still started, as with a full disk or no database."""
        self._down_since = 0.0

    def _mount_all(self) -> None:
        for name, size in DISKS.items():
            image = self.base / f"{name.replace('/', '-')}.img"
            folder = self.base / name
            folder.mkdir(mode=0o755, exist_ok=True)
            with image.open("wb") as file:
                file.truncate(size)
            why = make_disk(image, folder)
            if why:
                self.missing["disks"] = why
                image.unlink()
                return
            self.mounts.append(folder)

    def _add_shim(self) -> None:
        """Compile the shim and hand it to every process; PostgreSQL gets it by a wrapper."""
        cc = shutil.which("cc")
        if cc is None:
            self.missing["shim"] = "no C compiler (cc)"
            return
        shim = self.base / "shim.so"
        built = subprocess.run(
            [cc, "-shared", "-fPIC", "-O2", "-o", str(shim), str(SHIM_SOURCE), "-ldl"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if built.returncode:
            self.missing["shim"] = f"cc: {built.stderr.strip()[:200]}"
            return
        self.control.mkdir(mode=0o755)
        for role in ROLES:
            (self.control / role).write_bytes(bytes(WORD.size * 3))
        self.environment |= {"LD_PRELOAD": str(shim), "CHAOS_CONTROL": str(self.control)}
        self.environment["JUSHA_PG_BIN"] = str(self._wrap_postgres(shim))

    def _wrap_postgres(self, shim: Path) -> Path:
        """Make a folder of PostgreSQL's programs in which `postgres` carries the shim."""
        real = find_engine().folder
        folder = self.base / "pg-bin"
        folder.mkdir(mode=0o755)
        for tool in real.iterdir():
            (folder / tool.name).symlink_to(tool)
        wrapper = folder / "postgres"
        wrapper.unlink()
        wrapper.write_text(
            f"#!/bin/sh\nexport LD_PRELOAD='{shim}' CHAOS_CONTROL='{self.control}'\n"
            f"exec '{real / 'postgres'}' \"$@\"\n"
        )
        wrapper.chmod(0o755)
        return folder

    def _obey(self, role: str, word: int, value: int) -> None:
        path = self.control / role
        with path.open("r+b") as file:  # in place: the processes have mapped this very file
            file.seek(WORD.size * word)
            file.write(WORD.pack(value))

    def set_clock(self, role: str, *, ahead_s: float) -> None:
        """Let one process's wall clock run `ahead_s` seconds ahead (below zero: behind)."""
        self._obey(role, CLOCK, int(ahead_s * 1e6))

    def set_disk(self, role: str, *, delay_s: float = 0, errno: int = 0) -> None:
        """Let every fsync of one process take longer, or fail with `errno`."""
        self._obey(role, SYNC_DELAY, int(delay_s * 1e6))
        self._obey(role, SYNC_ERRNO, errno)

    def fill(self, disk: str) -> None:
        """Take every free byte of a disk by a file of zeros; again, what was freed since."""
        path = self.base / disk / FILLER
        with path.open("ab") as file:
            with contextlib.suppress(OSError):
                room = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize
                os.posix_fallocate(file.fileno(), path.stat().st_size, max(room, 1))
            for step in (MIB, 4096):
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), path.stat().st_size, step)

    def empty(self, disk: str) -> None:
        """Give back what `fill` took."""
        (self.base / disk / FILLER).unlink(missing_ok=True)

    def launch(self) -> None:
        """Run `jusha up --demo`; its output is added to what was said before."""
        if self.log.exists():
            with self.log.open("rb") as said, (self.base / "up.old.log").open("ab") as kept:
                shutil.copyfileobj(said, kept)
        super().launch()

    def tend(self) -> None:
        """Start `jusha up` again a second after it ended, as an init system does."""
        if self.held_down or self.supervisor is None:
            return
        code = self.supervisor.poll()
        if code is None:
            return
        now = time.monotonic()
        if not self._down_since:
            self._down_since = now
            if READY not in self.said():
                self.refused_starts += 1
            elif code != -signal.SIGKILL and not (code == 0 and self.stopped_cleanly()):
                self.ended.append(code)
        if now - self._down_since >= AGAIN_SECONDS:
            self._down_since = 0.0
            self.launch()

    def stopped_cleanly(self) -> bool:
        """Whether the last `jusha up` said that it had stopped everything."""
        return self.said().rstrip().endswith("stopped")

    def postgres_processes(self) -> list[psutil.Process]:
        """The postmaster and all its children, the postmaster first; [] while it is down."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if pid := self.postmaster():
                postmaster = psutil.Process(pid)
                return [postmaster, *postmaster.children()]
        return []

    def socket_file(self) -> Path:
        """The unix socket of PostgreSQL."""
        place = Cluster(self.home).place
        return place.socket / place.socket_lock.name.removesuffix(".lock")

    def remove(self) -> None:
        """End what still runs, unmount, delete."""
        self.end_all()
        for folder in reversed(self.mounts):
            umount = ["umount", "-l", str(folder)]
            subprocess.run(umount, check=False, capture_output=True)
        shutil.rmtree(self.base, ignore_errors=True)


def make_disk(image: Path, folder: Path) -> str:
    """Make a file system in `image` and mount it on `folder`; say why not, "" if it is done."""
    if os.geteuid() != 0:
        return "not root: no disk of its own can be mounted"
    # -m 0: no blocks kept back for root, or root would never see the disk full
    steps = (
        ["mkfs.ext4", "-q", "-m", "0", str(image)],
        ["mount", "-o", "loop", str(image), str(folder)],
    )
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return f"no {step[0]}"
        if done.returncode:
            return f"{step[0]}: {done.stderr.strip()[:200]}"
    folder.chmod(0o755)
    return ""


def newest_first(folder: Path) -> Iterator[Path]:
    """The plain files below a folder, the newest first; what vanishes meanwhile is left out."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not path.name.startswith("."):
                found.append((path.stat().st_mtime_ns, path))
    yield from (path for _, path in sorted(found, reverse=True))
