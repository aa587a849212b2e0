"""Every fault that chaos knows, in one list: what it breaks, what must hold, how it ends.

A fault is begun once, held (called again and again) while it lasts, and ended once. What
cannot be begun yet, because another fault is in the way, raises NotYetError and is tried
again until its time is over.
"""

import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import psutil
import psycopg

from jusha.config.postgres import Cluster, database_url
from jusha.management.chaos.ground import Ground, newest_first


class NotYetError(Exception):
    """What would be broken is not there at this moment."""


@dataclass
class Fault:
    """One kind of fault. `seconds`: how long it lasts, at least and at most.

    `needs`: the parts of the ground (`disks`, `shim`) without which it is skipped.
    """

    name: str
    promise: str
    seconds: tuple[float, float] = (0.0, 0.0)
    needs: ClassVar[tuple[str, ...]] = ()

    def begin(self, ground: Ground, chance: random.Random) -> str:
        """Break it; say what exactly, "" if the name says it. Raises NotYetError, psycopg.Error."""
        raise NotImplementedError

    def hold(self, ground: Ground) -> None:
        """Keep it broken."""

    def end(self, ground: Ground) -> None:
        """Undo it. May be called when `begin` was not reached, and more than once."""

    def why_skipped(self, ground: Ground) -> str:
        """Say why this machine cannot have it; "" if it can."""
        return "; ".join(ground.missing[part] for part in self.needs if part in ground.missing)


Find = Callable[[Ground], list[int]]
"""The process ids of a victim."""


def nobody(ground: Ground) -> list[int]:  # noqa: ARG001
    """Find none."""
    return []


def supervised(name: str) -> Find:
    """Find a supervised process."""
    return lambda ground: [ground.pid(name)] if ground.pid(name) else []


def worker(name: str) -> Find:
    """Find the worker of a server."""
    return lambda ground: [ground.worker(name)] if ground.worker(name) else []


def postmaster(ground: Ground) -> list[int]:
    """Find the postmaster."""
    return [ground.postmaster()] if ground.postmaster() else []


def all_postgres(ground: Ground) -> list[int]:
    """Find the postmaster and every child of it."""
    return [process.pid for process in ground.postgres_processes()]


def backend(ground: Ground) -> list[int]:
    """Find the backend that serves settlement."""
    try:
        with psycopg.connect(database_url("settle", ground.home), connect_timeout=3) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid() ORDER BY backend_start"
            ).fetchall()
    except psycopg.Error:
        return []
    return [int(row[0]) for row in rows[:1]]


def supervisor(ground: Ground) -> list[int]:
    """Find `jusha up` itself."""
    running = ground.supervisor is not None and ground.supervisor.poll() is None
    return [ground.supervisor.pid] if running and ground.supervisor else []


@dataclass
class Kill(Fault):
    """kill -9, or another signal."""

    find: Find = nobody
    down: bool = False
    """Whether nobody starts `jusha up` again while the fault lasts."""
    number: signal.Signals = signal.SIGKILL

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Kill it, once."""
        pids = self.find(ground)
        if not pids:
            raise NotYetError(self.name)
        ground.held_down = self.down
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, self.number)
        return ""

    def end(self, ground: Ground) -> None:
        """Let it be started again."""
        if self.down:
            ground.held_down = False


@dataclass
class Freeze(Fault):
    """SIGSTOP, and SIGCONT at the end."""

    find: Find = nobody
    stopped: list[psutil.Process] = field(default_factory=list)

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Stop it."""
        pids = self.find(ground)
        if not pids:
            raise NotYetError(self.name)
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                process.suspend()
                self.stopped.append(process)
        return ""

    def end(self, ground: Ground) -> None:  # noqa: ARG002
        """Let it go on."""
        for process in self.stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        self.stopped.clear()


@dataclass
class TakeOver(Freeze):
    """The fence: the old settlement is frozen and cut off, a second one takes the shard."""

    second: subprocess.Popen[bytes] | None = None

    def begin(self, ground: Ground, chance: random.Random) -> str:
        """Freeze settlement, cut its session as a dead network would, and start another."""
        served = backend(ground)
        if not served or not ground.pid("settlement"):
            raise NotYetError(self.name)
        said = super().begin(ground, chance)
        os.kill(served[0], signal.SIGTERM)
        with (ground.base / "second-settlement.log").open("ab") as log:
            self.second = subprocess.Popen(
                self.stopped[0].cmdline(), env=ground.environment, stdout=log, stderr=log
            )
        return said

    def end(self, ground: Ground) -> None:
        """Let the old one wake up beside the new one, then end the new one roughly."""
        super().end(ground)
        if self.second is not None:
            self.second.kill()
            self.second.wait()
            self.second = None


@dataclass
class FullDisk(Fault):
    """Not a byte is free."""

    disk: str = "home"
    needs: ClassVar[tuple[str, ...]] = ("disks",)

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Fill it."""
        ground.fill(self.disk)
        return ""

    def hold(self, ground: Ground) -> None:
        """Take what was freed since."""
        ground.fill(self.disk)

    def end(self, ground: Ground) -> None:
        """Make room."""
        ground.empty(self.disk)


@dataclass
class BadDisk(Fault):
    """Every fsync and fdatasync of one process takes longer, or fails."""

    role: str = "postgres"
    delays_s: tuple[float, float] = (0.0, 0.0)
    errno: int = 0
    needs: ClassVar[tuple[str, ...]] = ("shim",)

    def begin(self, ground: Ground, chance: random.Random) -> str:
        """Hold up or refuse."""
        delay = round(chance.uniform(*self.delays_s), 3)
        ground.set_disk(self.role, delay_s=delay, errno=self.errno)
        return f"{1000 * delay:.0f} ms" if delay else ""

    def end(self, ground: Ground) -> None:
        """Be a good disk again."""
        if not self.why_skipped(ground):
            ground.set_disk(self.role)


@dataclass
class ClockJump(Fault):
    """The wall clock of one process is set, and set right again."""

    role: str = "door"
    ahead_s: tuple[float, ...] = (-3600, -90, -2, 2, 90, 3600)
    needs: ClassVar[tuple[str, ...]] = ("shim",)

    def begin(self, ground: Ground, chance: random.Random) -> str:
        """Set it, forwards or backwards."""
        ahead = chance.choice(self.ahead_s)
        ground.set_clock(self.role, ahead_s=ahead)
        return f"{ahead:+.0f} s"

    def end(self, ground: Ground) -> None:
        """Set it right."""
        if not self.why_skipped(ground):
            ground.set_clock(self.role, ahead_s=0)


@dataclass
class ReadOnly(Fault):
    """Every new transaction of the database may only read."""

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Set it for all, at once."""
        configure(ground, "SET default_transaction_read_only = on")
        return ""

    def end(self, ground: Ground) -> None:
        """Take it back. Raises psycopg.Error while the server is away."""
        configure(ground, "RESET default_transaction_read_only")


def configure(ground: Ground, change: str) -> None:
    """Change the server's settings as an administrator does. Raises psycopg.OperationalError."""
    with Cluster(ground.home).connect() as admin:
        admin.execute(f"ALTER SYSTEM {change}")
        admin.execute("SELECT pg_reload_conf()")


@dataclass
class Storm(Fault):
    """Somebody opens every connection that the database has, and keeps them."""

    held: list[psycopg.Connection[Any]] = field(default_factory=list)

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Open as many as there are."""
        self._take(ground)
        if not self.held:
            raise NotYetError(self.name)
        return f"{len(self.held)} connections"

    def hold(self, ground: Ground) -> None:
        """Take each that becomes free."""
        self._take(ground)

    def _take(self, ground: Ground) -> None:
        with contextlib.suppress(psycopg.Error):
            while len(self.held) < 200:  # noqa: PLR2004 - more than any server here allows
                self.held.append(ground.connect())

    def end(self, ground: Ground) -> None:  # noqa: ARG002
        """Let them go."""
        for connection in self.held:
            connection.close()
        self.held.clear()


@dataclass
class Partition(Fault):
    """No process reaches the database: every session is cut, and its address leads nowhere."""

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Cut the sessions and move the socket away."""
        socket = ground.socket_file()
        if not socket.exists():
            raise NotYetError(self.name)
        with Cluster(ground.home).connect() as admin:
            socket.rename(socket.with_name("cut-off"))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        return ""

    def end(self, ground: Ground) -> None:
        """Put the socket back, unless a new server has made its own."""
        socket = ground.socket_file()
        aside = socket.with_name("cut-off")
        if aside.exists() and not socket.exists():
            aside.rename(socket)
        aside.unlink(missing_ok=True)


@dataclass
class Damage(Fault):
    """A published file is cut, changed or gone; an operator puts the mirror's copy back."""

    pattern: str = "tile/[0-9]*"
    how: str = "cut"
    publisher_down: bool = False
    kept: dict[Path, bytes] = field(default_factory=dict)

    def begin(self, ground: Ground, chance: random.Random) -> str:
        """Damage the newest such file, once its bytes are known to the mirror."""
        pid = ground.pid("publisher")
        if not pid:
            raise NotYetError(self.name)
        with contextlib.suppress(psutil.NoSuchProcess):
            publisher = psutil.Process(pid)
            publisher.suspend()  # it would be faster than we are
            try:
                return self._damage(ground, chance)
            finally:
                publisher.kill() if self.publisher_down else publisher.resume()
        raise NotYetError(self.name)

    def _damage(self, ground: Ground, chance: random.Random) -> str:
        found = [path for path in newest_first(ground.public) if self._is_meant(ground, path)]
        if not found:
            raise NotYetError(self.name)
        path = found[0]
        whole = path.read_bytes()
        if self.pattern != "checkpoint":  # a tile's bytes never change: the mirror's copy is right
            whole = ground.mirror.setdefault(path, whole)
        self.kept[path] = whole
        if self.how == "gone":
            path.unlink()
        elif self.how == "cut":
            path.write_bytes(whole[: len(whole) // 2])
        else:
            changed = bytearray(whole)
            changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
        return str(path.relative_to(ground.public))

    def _is_meant(self, ground: Ground, path: Path) -> bool:
        return path.relative_to(ground.public).as_posix().startswith(self.pattern)

    def end(self, ground: Ground) -> None:  # noqa: ARG002
        """Copy it back from the mirror, as docs/operating.md says, where it is still damaged."""
        for path, whole in self.kept.items():
            if path.parent.exists() and self._still(path, whole):
                fresh = path.with_name(f".{path.name}.mirror")
                fresh.write_bytes(whole)
                fresh.replace(path)
        self.kept.clear()

    def _still(self, path: Path, whole: bytes) -> bool:
        """Whether the file is as it was damaged; a checkpoint may have been published anew."""
        try:
            now = path.read_bytes()
        except FileNotFoundError:
            return True
        return now != whole and (self.pattern != "checkpoint" or len(now) < len(whole) - 9)


@dataclass
class Lost(Fault):
    """A private file of the log is gone; the publisher refuses until its copy is back."""

    file: str = "state/signed.json"

    def begin(self, ground: Ground, chance: random.Random) -> str:  # noqa: ARG002
        """Kill the publisher and take its file away."""
        path = ground.home / "log" / self.file
        pid = ground.pid("publisher")
        if not pid or not path.exists():
            raise NotYetError(self.name)
        with contextlib.suppress(psutil.NoSuchProcess):
            publisher = psutil.Process(pid)
            publisher.kill()
            publisher.wait(timeout=5)
        shutil.move(path, self._copy(ground))
        return ""

    def _copy(self, ground: Ground) -> Path:
        return ground.base / f"copy-of-{Path(self.file).name}"

    def end(self, ground: Ground) -> None:
        """Restore the newest copy, as docs/operating.md says."""
        copy, path = self._copy(ground), ground.home / "log" / self.file
        if copy.exists() and not path.exists():
            fresh = path.with_name(f".{path.name}.operator")
            shutil.copyfile(copy, fresh)
            fresh.chmod(0o600)
            fresh.replace(path)
        copy.unlink(missing_ok=True)


SHORT: Final = (2.0, 5.0)
LONG: Final = (11.0, 14.0)
"""Longer than the door waits for a commit (10 s)."""
MOMENT: Final = (0.5, 1.0)
EXACT: Final = "acknowledged gifts are settled once, the log only grows"


SUPERVISED: Final = (
    "settlement", "door", "publisher", "jobs", "teller", "hooks", "payments", "web", "cashier",
    "witness", "sandbox-wechat", "sandbox-alipay", "sandbox-receipts",
)  # fmt: skip


def _processes() -> Iterable[Fault]:
    for name in SUPERVISED:
        yield Kill(f"kill {name}", "it is started again", MOMENT, supervised(name))
        yield Freeze(f"freeze {name}", "its work waits, no other's does", SHORT, supervised(name))
    yield Kill("kill web's worker", "it is started again", MOMENT, worker("web"))
    yield Kill("kill postgres", "it recovers what was acknowledged", MOMENT, postmaster)
    yield Kill("kill settlement's backend", "postgres recovers", MOMENT, backend)
    yield Kill("kill supervisor", "its processes end with it; it starts again", SHORT, supervisor,
               down=True)  # fmt: skip
    yield Kill("stop and start all", "a clean stop under load", SHORT, supervisor,
               down=True, number=signal.SIGTERM)  # fmt: skip
    yield Freeze("freeze supervisor", "its processes work on", SHORT, supervisor)
    yield Freeze("freeze settlement long", "gifts wait", LONG, supervised("settlement"))
    yield Freeze("freeze door long", "senders send again", LONG, supervised("door"))
    yield Freeze("freeze postgres long", "the door says unsure", LONG, all_postgres)
    yield Freeze("freeze settlement's backend long", "gifts wait", LONG, backend)
    yield TakeOver("second settlement takes over", "the old one is fenced off", LONG)


def _disks() -> Iterable[Fault]:
    yield FullDisk("full disk under the log", "the publisher waits", LONG, "home/log")
    yield FullDisk("full disk under postgres", "nothing half done", LONG, "home/postgres")
    yield FullDisk("full disk under run and secrets", "the supervisor lives on", LONG, "home")
    yield BadDisk("slow disk under postgres", EXACT, LONG, "postgres", (0.05, 0.4))
    yield BadDisk("slow disk under the log", EXACT, LONG, "publisher", (0.05, 0.4))
    yield BadDisk("postgres' fsync fails", "it falls and recovers", MOMENT, errno=errno.EIO)
    yield BadDisk("the log's fsync fails", "not signed", SHORT, "publisher", errno=errno.EIO)


def _views() -> Iterable[Fault]:
    for role in ("door", "settlement", "jobs", "publisher", "web", "postgres"):
        yield ClockJump(f"clock of {role} jumps", EXACT, SHORT, role)
    yield ReadOnly("read-only database", "nothing is taken in", SHORT)
    yield Storm("connection storm", "those connected work on", LONG)
    yield Partition("database out of reach", "nothing is taken in", SHORT)


def _files() -> Iterable[Fault]:
    refused = "the publisher refuses until the copy is back"
    for how in ("cut", "flipped", "gone"):
        yield Damage(f"newest tile {how}, publisher up", refused, SHORT, "tile/0", how)
        yield Damage(f"newest tile {how}, publisher down", refused, SHORT, "tile/0", how,
                     publisher_down=True)  # fmt: skip
        yield Damage(f"newest bundle {how}, publisher up", refused, SHORT, "tile/entries", how)
        yield Damage(f"newest bundle {how}, publisher down", refused, SHORT, "tile/entries", how,
                     publisher_down=True)  # fmt: skip
    yield Damage(
        "public checkpoint lost, publisher up", "published anew", SHORT, "checkpoint", "gone"
    )
    yield Damage(
        "public checkpoint cut, publisher up",
        "refused or published anew",
        SHORT,
        "checkpoint",
        "cut",
    )
    yield Damage("public checkpoint lost, publisher down", "published anew", SHORT, "checkpoint",
                 "gone", publisher_down=True)  # fmt: skip
    yield Damage("public checkpoint cut, publisher down", refused, LONG, "checkpoint", "cut",
                 publisher_down=True)  # fmt: skip
    yield Lost("record of what was signed lost", refused, LONG)
    yield Lost("the log's key lost", refused, LONG, "key")


def all_faults() -> list[Fault]:
    """One of each kind, in a fixed order."""
    return [*_processes(), *_disks(), *_views(), *_files()]
