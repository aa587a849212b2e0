"""What the processes of an installation spend: processor time, memory, bytes on disk.

Read from outside, by process ids and the catalogue, so that what is measured does
nothing for it. A server process of PostgreSQL is named for whom it works: by its role,
and the web role's by the statement that it ran last.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from psycopg import Connection

from jusha.inbox.append import APPEND_SQL
from jusha.management.drill.installation import Installation

GONE: Final = (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError)
BY_STATEMENT: Final = (
    (APPEND_SQL.partition("\n")[0], "postgres for the door"),  # the server keeps 1,024 characters
    ("jusha_channelsecret", "postgres for the door"),
    ("inbox_lane", "postgres for the drill"),
)
REST: Final = "postgres for the others"
"""Publisher, pages and jobs: they leave a COMMIT as their last statement, which tells nothing."""
SESSIONS_SQL: Final = """
SELECT pid, usename, coalesce(query, '') FROM pg_stat_activity WHERE usename IS NOT NULL"""
WAL_SQL: Final = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
TABLES_SQL: Final = """
SELECT coalesce(p.inhparent::regclass::text, c.relname),
       sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
GROUP BY 1"""


@dataclass(slots=True)
class Spent:
    """What one process has spent since the meter began.

    `cpu_s`: user and system time. `rss_max` with shared pages, `pss_max` with its share of
    them, in bytes; PSS is looked at seldom, because the kernel counts it page by page.
    """

    name: str
    cpu_begun_s: float
    cpu_s: float = 0.0
    rss: int = 0
    rss_max: int = 0
    pss_max: int = 0


@dataclass(slots=True)
class Meter:
    """Watches every process of an installation, and those that are named to it."""

    here: Installation
    others: dict[int, str] = field(default_factory=dict)
    spent: dict[int, Spent] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _machine: float = 0.0

    def begin(self, connection: Connection[Any]) -> None:
        """Count from now on."""
        self.spent.clear()
        self.look(connection, pss=True)
        for each in self.spent.values():
            each.cpu_begun_s, each.cpu_s = each.cpu_begun_s + each.cpu_s, 0.0
        self._machine = _busy_seconds()

    def look(self, connection: Connection[Any], *, pss: bool = False) -> None:
        """Read every process once; a look with `pss` also finds the ones that are new."""
        if pss:
            self._names = self._find(connection)
        for pid, name in self._names.items():
            try:
                process = psutil.Process(pid)
                with process.oneshot():
                    cpu = process.cpu_times()
                    rss = process.memory_info().rss
                pss_now = process.memory_full_info().pss if pss else 0
            except GONE:
                continue
            used = cpu.user + cpu.system
            one = self.spent.setdefault(pid, Spent(name, 0.0))
            one.name = name if one.name == REST else one.name
            one.cpu_s = used - one.cpu_begun_s
            one.rss = rss
            one.rss_max, one.pss_max = max(one.rss_max, rss), max(one.pss_max, pss_now)

    def cpu_by_name(self) -> dict[str, float]:
        """Processor seconds so far, by name."""
        found: dict[str, float] = {}
        for one in self.spent.values():
            found[one.name] = found.get(one.name, 0.0) + one.cpu_s
        return found

    def memory_by_name(self) -> dict[str, tuple[int, int]]:
        """The largest RSS and PSS in bytes, by name; of processes of one name, their sum."""
        found: dict[str, tuple[int, int]] = {}
        for one in self.spent.values():
            rss, pss = found.get(one.name, (0, 0))
            found[one.name] = (rss + one.rss_max, pss + one.pss_max)
        return found

    def memory_now(self) -> dict[str, int]:
        """RSS in bytes at the last look, by name."""
        found: dict[str, int] = {}
        for pid, name in self._names.items():
            if pid in self.spent:
                found[name] = found.get(name, 0) + self.spent[pid].rss
        return found

    def others_cpu_s(self) -> float:
        """Processor seconds of the machine since `begin` that none of the watched spent."""
        watched = sum(one.cpu_s for one in self.spent.values())
        return max(0.0, _busy_seconds() - self._machine - watched)

    def _find(self, connection: Connection[Any]) -> dict[int, str]:
        """Every process to look at: {pid: name}."""
        names = {os.getpid(): "the drill itself", **self.others}
        if self.here.supervisor is not None:
            names[self.here.supervisor.pid] = "supervisor"
        for name, state in self.here.state().get("processes", {}).items():
            names |= _family(int(state.get("pid") or 0), name)
        sessions = {pid: (role, said) for pid, role, said in connection.execute(SESSIONS_SQL)}
        names[connection.info.backend_pid] = "postgres for the drill"
        for pid, title in _server_processes(self.here.postmaster()).items():
            if pid not in names:
                names[pid] = _session_name(*sessions[pid]) if pid in sessions else title
        return names


def _family(pid: int, name: str) -> dict[int, str]:
    """A supervised process and its workers, under one name."""
    try:
        children = psutil.Process(pid).children(recursive=True) if pid else []
    except GONE:
        return {}
    return ({pid: name} if pid else {}) | {child.pid: name for child in children}


def _server_processes(postmaster: int) -> dict[int, str]:
    """PostgreSQL's own processes: {pid: "postgres checkpointer"}."""
    if not postmaster:
        return {}
    found = {postmaster: "postgres postmaster"}
    for child in psutil.Process(postmaster).children():
        try:
            title = " ".join(child.cmdline()).strip().removeprefix("postgres: ")
        except GONE:
            continue
        words = title.split()
        found[child.pid] = f"postgres {' '.join(words[:2])}" if words else "postgres"
        if words and words[0] in {"checkpointer", "walwriter", "logger"}:
            found[child.pid] = f"postgres {words[0]}"
        elif words[:2] == ["background", "writer"] or words[:1] == ["io"]:
            found[child.pid] = "postgres writers"
        elif words[:1] == ["autovacuum"]:
            found[child.pid] = "postgres autovacuum"
    return found


def _session_name(role: str, said: str) -> str:
    """Whose session it is."""
    if role == "jusha_settle":
        return "postgres for settlement"
    if role == "jusha_web":
        found = (name for part, name in BY_STATEMENT if part in said)
        return next(found, REST)
    return f"postgres for {role}"


def _busy_seconds() -> float:
    """Processor seconds that the whole machine has worked since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


@dataclass(frozen=True, slots=True)
class Bytes:
    """How much is on disk at one moment: the log of changes, each table, the public log."""

    wal: int
    tables: dict[str, int]
    log: int

    @classmethod
    def read(cls, connection: Connection[Any], public: Path) -> "Bytes":
        """Measure now; indexes and TOAST count to their table, partitions to their parent."""
        row = connection.execute(WAL_SQL).fetchone()
        assert row is not None
        tables = {name: int(size) for name, size in connection.execute(TABLES_SQL)}
        return cls(int(row[0]), tables, folder_bytes(public))

    def since(self, before: "Bytes") -> "Bytes":
        """What has been added."""
        grown = {name: size - before.tables.get(name, 0) for name, size in self.tables.items()}
        return Bytes(self.wal - before.wal, grown, self.log - before.log)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:  # the publisher replaces partial tiles
                continue
    return total
