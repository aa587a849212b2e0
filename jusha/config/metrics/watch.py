"""What the supervisor's process tells of the installation as a whole, looked up when asked.

Everything here is seen from outside: the state file, the public log's files, the disks, and the
database over one connection of the role that only reads. Each part stands alone: where one cannot
be looked up, its figures are missing, and `jusha_looked{part}` is 0.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jusha.config.marks import AUDIT, BACKUP, read_mark
from jusha.config.metrics.database import DatabaseFigures
from jusha.config.metrics.family import gauge
from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.note import parse_note

log = structlog.get_logger("metrics")

Part = Callable[[], Iterator[Metric]]
UNREADABLE: Final = (OSError, ValueError, KeyError, TypeError, psycopg.Error)


class Watch(Collector):
    """All that is seen of one home from outside.

    `disks`: folders by a short name, whose free space is told.
    """

    def __init__(self, home: Path, *, disks: dict[str, Path], url: Callable[[], str]) -> None:
        self._home, self._disks = home, disks
        self._database = DatabaseFigures(url, home=home)
        self._parts: dict[str, Part] = {
            "processes": self._processes,
            "log": self._log,
            "disks": self._disk,
            "marks": self._marks,
            "database": self._database.server,
            "work": self._database.work,
        }

    def collect(self) -> Iterator[Metric]:
        """Look at every part."""
        looked = GaugeMetricFamily(
            "jusha_looked", "Whether this part could be looked up", labels=["part"]
        )
        for name, part in self._parts.items():
            try:
                found = list(part())
            except UNREADABLE as error:
                log.warning("figures_missing", part=name, error=type(error).__name__)
                looked.add_metric([name], 0)
            else:
                looked.add_metric([name], 1)
                yield from found
        yield looked

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def describe(self) -> Iterator[Metric]:
        """Nothing: what there is depends on what answers, and asking now would be too early."""
        return iter(())

    def _processes(self) -> Iterator[Metric]:
        state: dict[str, Any] = json.loads((self._home / "run" / "state.json").read_text())
        up = GaugeMetricFamily("jusha_process_up", "Whether it runs", labels=["process"])
        restarts = CounterMetricFamily(
            "jusha_process_restarts", "Starts after a death", labels=["process"]
        )
        held = GaugeMetricFamily(
            "jusha_process_held", "What holds a process, by code", labels=["process", "code"]
        )
        for name, each in state["processes"].items():
            up.add_metric([name], 1 if each["pid"] else 0)
            restarts.add_metric([name], each["restarts"])
            if each["why"]:
                held.add_metric([name, each["why"].partition(":")[0]], 1)
        restarts.add_metric(["database"], state["database"]["restarts"])
        yield from (up, restarts, held)
        yield gauge(
            "jusha_state_age_seconds", "Since the state was written", time.time() - state["at"]
        )

    def _log(self) -> Iterator[Metric]:
        folder = self._home / "log"
        checkpoint = folder / "public" / "checkpoint"
        begun = checkpoint.exists() or (folder / "state" / "signed.json").exists()
        missing = begun and not (folder / "key").exists()
        yield gauge("jusha_log_key_missing", "Whether the begun log's key is gone", missing)
        size, at = 0, 0.0
        if checkpoint.exists():
            size = parse_checkpoint(parse_note(checkpoint.read_bytes()).text).size
            at = checkpoint.stat().st_mtime
        yield gauge("jusha_log_published_entries", "Entries under the published checkpoint", size)
        yield gauge(
            "jusha_log_checkpoint_timestamp_seconds", "When the checkpoint was published", at
        )

    def _disk(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("jusha_disk_free_bytes", "Free space", labels=["disk"])
        size = GaugeMetricFamily("jusha_disk_size_bytes", "Size of the disk", labels=["disk"])
        for name, folder in self._disks.items():
            used = shutil.disk_usage(folder)
            free.add_metric([name], used.free)
            size.add_metric([name], used.total)
        yield from (free, size)

    def _marks(self) -> Iterator[Metric]:
        audit, backup = read_mark(self._home, AUDIT), read_mark(self._home, BACKUP)
        yield gauge("jusha_audit_timestamp_seconds", "When an audit last ended", audit.at)
        yield gauge("jusha_audit_wrong", "What the last audit found wrong", audit.wrong)
        yield gauge("jusha_backup_timestamp_seconds", "When a backup last ended", backup.at)


def registry_of(watch: Watch) -> CollectorRegistry:
    """A registry with the watch and this process's own memory and processor time."""
    registry = CollectorRegistry()
    registry.register(watch)
    ProcessCollector(registry=registry)
    return registry
