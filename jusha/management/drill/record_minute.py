"""The record minute: 957,646 gifts in sixty seconds, to the fen, on one machine.

That many were given in the first minute of a giving day in 2020 (15,961 a second, half of
them to few projects). Here they come as signed notices over HTTP, evenly over the minute
(the shape within it was never published), to a fresh installation with all its processes.
Each answer is timed from the moment its notice was due.
"""

import os
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from psycopg import Connection

from benchmarks.requests import write_requests
from benchmarks.results import append_result
from jusha.management.drill import gifts, orders
from jusha.management.drill.checks import Checked, check_command, check_recompute, check_stop
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.management.drill.meter import Bytes, Meter
from jusha.management.drill.minute_gifts import CHANNEL, furnish, minute_workload, notices
from jusha.management.drill.openloop import Apart, Phase, Sent
from jusha.matching.rules import BY

RECORD_GIFTS: Final = 957_646
RECORD_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 420.0
"""How long after the minute notices may wait on a machine that is busy otherwise."""
LOOK_SECONDS: Final = 0.1
METER_EVERY: Final = 10
PSS_EVERY: Final = 100
DRAIN_SECONDS: Final = 600.0
PLACE_SQL: Final = """
SELECT (SELECT sum(last_n) FROM inbox_lane)::bigint,
       (SELECT sum(value::bigint) FROM settlement_batch b, jsonb_each_text(b.positions)
        WHERE b.id = (SELECT max(id) FROM settlement_batch))::bigint,
       (SELECT coalesce(max(first + count), 0) FROM tlog_entries)::bigint"""
BOUNDS_SQL: Final = """
SELECT m.bound, count(*) FROM matching_match m
JOIN giving_deed d ON d.number = m.id / 16 JOIN campaigns_terms c ON c.id = d.campaign
WHERE c.code = %s GROUP BY 1 ORDER BY 2 DESC"""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much comes how fast over how many connections."""

    gifts: int = RECORD_GIFTS
    seconds: float = RECORD_SECONDS
    connections: int = 256
    with_orders: bool = False


@dataclass(slots=True)
class Seen:
    """What the observer saw, in seconds since the first notice was due."""

    accepted_s: float = 0.0
    settled_s: float = 0.0
    published_s: float = 0.0
    settling_behind_max: int = 0
    publishing_behind_max: int = 0
    cpu_until_accepted: dict[str, float] = field(default_factory=dict)


class RecordMinute:
    """One run of the drill in one scratch installation."""

    def __init__(self, here: Installation, plan: Plan, tell: Tell) -> None:
        self.here, self.plan, self.tell = here, plan, tell
        self.workload = minute_workload(plan.gifts)
        self.requests = here.home / "requests"
        self.meter = Meter(here)
        self.seen = Seen()
        self.load_before = os.getloadavg()
        self.postgres = ""

    def run(self) -> tuple[dict[str, Any], list[Checked]]:
        """Start, furnish, sign, send, wait, measure, stop, check; figures and comparisons.

        Raises DrillFailedError, GeneratorFailedError.
        """
        self.here.start()
        with self.here.connect() as connection:
            self.postgres = connection.info.parameter_status("server_version") or ""
            furnish(self.here, connection, self.workload)
            self.tell(f"running, {self.workload.projects:,} projects")
            ordered: dict[str, Any] = {}
            numbers = None
            if self.plan.with_orders:
                ordered, numbers = self._place_orders(connection)
            began = time.monotonic()
            ready = notices(self.workload, timestamp=int(time.time()), orders=numbers)
            write_requests(self.requests, ready)
            self.tell(
                f"{self.plan.gifts:,} notices signed in {time.monotonic() - began:.0f} s,"
                f" {self.requests.stat().st_size / self.plan.gifts:.0f} bytes each; now they come"
            )
            figures, took = self._minute(connection)
            figures |= ordered
        for line in report(figures):
            self.tell(line)
        stopped = check_stop(self.here)
        return figures, [_check_sent(self.plan, figures), stopped, *self._check_books(took)]

    def _place_orders(self, connection: Connection[Any]) -> "tuple[dict[str, Any], array[int]]":
        """Let every donor agree first; figures of that, and the orders' numbers."""
        count, meter = self.plan.gifts, Meter(self.here)
        before, began = Bytes.read(connection, self.here.public), time.monotonic()
        placers = orders.start(self.here, count=count, folder=self.here.home)
        meter.others |= {placer.pid: "placing orders" for placer in placers}
        meter.begin(connection)
        while any(placer.poll() is None for placer in placers):
            time.sleep(1.0)
            meter.look(connection)
        numbers = orders.finish(placers, count=count, folder=self.here.home)
        placed = time.monotonic() - began
        self.here.wait(self.here.drained, "the orders to be settled", DRAIN_SECONDS)
        took = time.monotonic() - began
        meter.look(connection, pss=True)
        grown = Bytes.read(connection, self.here.public).since(before)
        cpu = sorted(meter.cpu_by_name().items(), key=lambda each: -each[1])
        figures = {
            "orders_placed_s": round(placed, 2),
            "orders_settled_s": round(took, 2),
            "orders_cpu_us": {name: round(each / count * 1e6, 1) for name, each in cpu if each},
            "orders_wal_bytes": round(grown.wal / count, 1),
            "orders_table_bytes": round(sum(grown.tables.values()) / count, 1),
        }
        self.tell(
            f"{count:,} orders placed in {placed:.1f} s by {orders.PLACERS} processes"
            f" ({count / placed:,.0f} a second), settled after {took:.1f} s"
        )
        return figures, numbers

    def _minute(self, connection: Connection[Any]) -> "tuple[dict[str, Any], array[float]]":
        """Let the minute happen and watch it."""
        before = Bytes.read(connection, self.here.public)
        sending = Apart(
            self.requests,
            port=self.here.door_port,
            connections=self.plan.connections,
            phases=[Phase(self.plan.gifts, self.plan.seconds)],
            patience_seconds=PATIENCE_SECONDS,
        )
        try:
            begun = sending.begun()
            self.meter.others[sending.process.pid] = "generator"
            self.meter.begin(connection)
            self._watch(connection, sending, begun)
            sent, took = sending.result()
        finally:
            sending.process.kill()
        if sent.left:
            raise DrillFailedError(f"{sent.left} notices were not accepted in time: {sent}")
        grown = Bytes.read(connection, self.here.public).since(before)
        return self._figures(sent, took, grown), took

    def _watch(self, connection: Connection[Any], sending: Apart, begun: float) -> None:
        """Look again and again until all is accepted, settled and published."""
        seen = self.seen
        rounds, until, entries = 0, begun + DRAIN_SECONDS + self.plan.seconds, 0
        while not seen.published_s:
            time.sleep(LOOK_SECONDS)
            rounds += 1
            if rounds % METER_EVERY == 0:
                self.meter.look(connection, pss=rounds % PSS_EVERY == 0)
            if not seen.accepted_s and sending.finished():
                self.meter.look(connection, pss=True)
                seen.cpu_until_accepted = self.meter.cpu_by_name()
                seen.accepted_s = time.monotonic() - begun
            row = connection.execute(PLACE_SQL).fetchone()
            assert row is not None
            published, now = self.here.published(), time.monotonic() - begun
            if now > until - begun:
                raise DrillFailedError(f"after {now:.0f} s not all is settled and published")
            seen.publishing_behind_max = max(seen.publishing_behind_max, row[2] - published)
            if seen.accepted_s and row[0] == row[1] and not seen.settled_s:
                seen.settled_s, entries = now, row[2]
            if seen.settled_s and published >= entries:
                seen.published_s = now
        self.meter.look(connection, pss=True)

    def _figures(self, sent: Sent, took: "array[float]", grown: Bytes) -> dict[str, Any]:
        count, seen = self.plan.gifts, self.seen
        took_s = np.frombuffer(took, dtype=np.float64)
        waited_ms = (took_s - np.arange(count) * (self.plan.seconds / count)) * 1e3
        ranked = np.sort(waited_ms)
        wall = seen.published_s
        cpu = self.meter.cpu_by_name()
        return {
            "postgres": self.postgres,
            "gifts": count,
            "seconds": self.plan.seconds,
            "connections": self.plan.connections,
            "load_before": [round(each, 2) for each in self.load_before],
            "accepted_s": round(float(took_s.max()), 2),
            "settled_s": round(max(seen.settled_s, float(took_s.max())), 2),
            "published_s": round(wall, 2),
            "p50_ms": round(float(ranked[-(-count // 2) - 1]), 1),
            "p99_ms": round(float(ranked[-(-count * 99 // 100) - 1]), 1),
            "max_ms": round(float(ranked[-1]), 1),
            "accepted_per_s": round(count / float(took_s.max())),
            "sent": {name: getattr(sent, name) for name in Sent.__slots__ if name != "begun_at"},
            "publishing_behind_max": seen.publishing_behind_max,
            "cpu_s": {name: round(each, 1) for name, each in sorted(cpu.items())},
            "cpu_until_accepted_s": {
                name: round(each, 1) for name, each in sorted(seen.cpu_until_accepted.items())
            },
            "others_cpu_s": round(self.meter.others_cpu_s(), 1),
            "busy_floor_s": round(sum(cpu.values()) / len(os.sched_getaffinity(0)), 1),
            "memory_mib": {
                name: [round(rss / 2**20), round(pss / 2**20)]
                for name, (rss, pss) in sorted(self.meter.memory_by_name().items())
            },
            "wal_bytes": round(grown.wal / count, 1),
            "table_bytes": {
                name: round(size / count, 1)
                for name, size in sorted(grown.tables.items(), key=lambda each: -each[1])
                if size / count >= 0.1  # noqa: PLR2004 - what rounds to nothing is nothing
            },
            "log_bytes": round(grown.log / count, 1),
        }

    def _check_books(self, took: "array[float]") -> Iterator[Checked]:
        """Compare everything with everything, the database alone running."""
        here = self.here
        if here.run("-m", "jusha", "db", "start").returncode:
            raise DrillFailedError("the database does not start again")
        acknowledged = {gift[0] for gift, at in zip(self.workload.gifts(), took, strict=True) if at}
        with here.connect() as connection:
            wrong = list(
                gifts.differences(
                    connection, here.home, self.workload, acknowledged, channel=CHANNEL
                )
            )
            cut = ", ".join(
                f"{BY[bound]} {count:,}"
                for bound, count in connection.execute(BOUNDS_SQL, (gifts.CAMPAIGN,))
            )
            yield Checked(
                "every acknowledged gift is settled once, pool and caps exact to the fen",
                wrong[:10],
                f"{gifts.summary(self.workload, connection)}; bounds: {cut}",
            )
        yield check_command(here, "jusha audit finds nothing wrong", "-m", "jusha", "audit")
        yield check_recompute(here, str(here.public))
        here.run("-m", "jusha", "db", "stop")


def _check_sent(plan: Plan, figures: dict[str, Any]) -> Checked:
    sent = figures["sent"]
    wrong = []
    if sent["acknowledged"] != plan.gifts or sent["refused"]:
        wrong.append(f"{sent['acknowledged']} of {plan.gifts} acknowledged: {sent}")
    return Checked(
        "every notice was acknowledged",
        wrong,
        f"{sent['acknowledged']:,}, {sent['again']} of them sent again",
    )


def run(plan: Plan, *, record: bool, keep: bool, tell: Tell) -> list[Checked]:
    """Run the drill in an installation of its own; remember the figures if all agrees.

    Raises DrillFailedError, GeneratorFailedError.
    """
    here = Installation()
    tell(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, scratch home {here.home}")
    try:
        figures, checks = RecordMinute(here, plan, tell).run()
        if record and not any(check.wrong for check in checks):
            append_result("record-minute", figures, postgres=figures.pop("postgres"))
    finally:
        if not keep:
            here.remove()
    return checks


def report(figures: dict[str, Any]) -> Iterator[str]:
    """The figures for a person."""
    count, sent = figures["gifts"], figures["sent"]
    yield (
        f"{count:,} notices due in {figures['seconds']:g} s"
        f" ({count / figures['seconds']:,.0f} a second), {figures['connections']} connections,"
        f" load before {figures['load_before']}"
    )
    yield (
        f"all accepted after {figures['accepted_s']} s, settled {figures['settled_s']} s,"
        f" published {figures['published_s']} s"
    )
    yield (
        f"answers from when they were due: p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms,"
        f" max {figures['max_ms']} ms; {figures['accepted_per_s']:,} a second; at most"
        f" {sent['waiting_max']:,} waited (at {sent['waiting_max_at_s']} s), {sent['again']} sent"
        f" again; the log was at most {figures['publishing_behind_max']:,} entries behind"
    )
    yield (
        f"generator: {sent['cpu_us']} µs a request, {sent['cpu_s'] / sent['seconds']:.0%}"
        " of a processor"
    )
    yield from _processes(figures)
    if "orders_placed_s" in figures:
        yield from _orders(figures)
    tables = figures["table_bytes"]
    kept = sum(size for name, size in tables.items() if not name.startswith("inbox_"))
    yield (
        f"bytes a gift: WAL {figures['wal_bytes']:.0f}, public log {figures['log_bytes']:.0f},"
        f" tables with indexes {sum(tables.values()):.0f} ({kept:.0f} without the inbox): "
        + ", ".join(f"{name} {size:.0f}" for name, size in tables.items() if size >= 1)
    )


def _orders(figures: dict[str, Any]) -> Iterator[str]:
    spent = figures["orders_cpu_us"].items()
    yield (
        f"orders before them: placed in {figures['orders_placed_s']} s, settled after"
        f" {figures['orders_settled_s']} s; an order takes {figures['orders_wal_bytes']:.0f} bytes"
        f" of WAL, {figures['orders_table_bytes']:.0f} of tables, and of processor time in µs: "
        + ", ".join(f"{name} {us:.0f}" for name, us in spent if us >= 1)
    )


def _processes(figures: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{'process':<28} {'cpu s':>7} {'µs a gift':>9} {'share':>6} {'until accepted':>14}"
        f" {'RSS MiB':>8} {'PSS MiB':>8}"
    )
    wall, early_wall = figures["published_s"], figures["accepted_s"]
    rows = [
        (name, cpu, figures["cpu_until_accepted_s"].get(name, 0.0), *figures["memory_mib"][name])
        for name, cpu in sorted(figures["cpu_s"].items(), key=lambda each: -each[1])
        if cpu or name == "web"
    ]
    sums = [sum(column) for column in list(zip(*rows, strict=True))[1:]]
    for name, cpu, early, rss, pss in [*rows, ("together", sums[0], sums[1], sums[2], sums[3])]:
        yield (
            f"{name:<28} {cpu:7.1f} {cpu / figures['gifts'] * 1e6:9.1f} {cpu / wall:6.0%}"
            f" {early / early_wall:14.0%} {rss:8,d} {pss:8,d}"
        )
    yield f"{'others on the machine':<28} {figures['others_cpu_s']:7.1f}"
    yield (
        f"processor time alone: {figures['busy_floor_s']} s with every processor busy with this"
        " and nothing else"
    )
