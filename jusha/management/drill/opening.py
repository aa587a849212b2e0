"""The opening hour of a giving day: the shape of 2020 while thousands watch, and with faults.

957,646 gifts in the first minute, 5.55 million in the next twenty-nine, 2.21 million in the rest of
the hour (the sums are published, the shape within each span is not). The hour is pressed together:
a part of the gifts, the first span at the rate that is asked for, the others in proportion.
One project takes half of all, and the pool runs dry on the way.
"""

import json
import os
import signal
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
from psycopg import Connection, OperationalError

from benchmarks.requests import write_requests
from benchmarks.results import append_result
from benchmarks.workload import Workload
from jusha.management.drill import gifts
from jusha.management.drill.checks import Checked, check_command, check_recompute, check_stop
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.management.drill.minute_gifts import CHANNEL, furnish, minute_workload, notices
from jusha.management.drill.openloop import Apart, Phase, Sent
from jusha.management.drill.viewers import Watched, Watching
from jusha.web import live_files

SPANS: Final = ((957_646, 60.0), (5_550_000, 1_740.0), (2_210_000, 1_800.0))
"""(gifts, seconds) of the minute, of minutes 2 to 30 and 31 to 60."""
LOOK_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 300.0
DRAIN_SECONDS: Final = 600.0
FAULT_AFTER: Final = 0.5
"""Of the first span: the worst moment."""
CRAWLED_GIFTS: Final = 20
POOL_PART: Final = 2
RANKS_SQL: Final = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname LIKE 'jusha\\_rank%'
ORDER BY relname LIMIT 1"""
DRY_SQL: Final = """
SELECT d.number FROM giving_deed d JOIN campaigns_terms c ON c.id = d.campaign
WHERE c.code = %s ORDER BY d.number"""
LAST_MATCH_SQL: Final = """
SELECT max(m.id) / 16 FROM matching_match m
JOIN giving_deed d ON d.number = m.id / 16 JOIN campaigns_terms c ON c.id = d.campaign
WHERE c.code = %s AND m.amount > 0"""
Fault = Literal["none", "postgres", "rankings"]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`part` of the hour's gifts, the first span at `rate` gifts a second."""

    part: float = 0.02
    rate: int = 6_000
    connections: int = 256
    viewers: int = 2_000
    fault: Fault = "none"

    @property
    def phases(self) -> list[Phase]:
        """The three spans, pressed together by one and the same factor."""
        first_gifts, first_seconds = SPANS[0]
        pressed = self.rate / (first_gifts / first_seconds) / self.part
        return [Phase(round(count * self.part), seconds / pressed) for count, seconds in SPANS]

    @property
    def gifts(self) -> int:
        """How many in all."""
        return sum(phase.requests for phase in self.phases)

    @property
    def seconds(self) -> float:
        """Within how long they are due."""
        return sum(phase.seconds for phase in self.phases)


@dataclass(slots=True)
class Seen:
    """What the observer saw, in seconds since the first notice was due."""

    told: list[tuple[float, int]] = field(default_factory=list)
    """When a live file with so many gifts was first seen."""
    went_back: int = 0
    accepted_s: float = 0.0
    settled_s: float = 0.0
    published_s: float = 0.0
    fault_s: float = 0.0
    back_s: float = 0.0


class DryWorkload(Workload):
    """A day whose pool has half of what would be asked of it."""

    @property
    def pool_fen(self) -> int:
        """What the sponsor has given."""
        return self.window_budget_fen * self.days // POOL_PART


def opening_workload(count: int) -> DryWorkload:
    """The record minute's gifts, with a pool that runs dry on the way."""
    usual = minute_workload(count)
    return DryWorkload(**{each.name: getattr(usual, each.name) for each in fields(usual)})


class Opening:
    """One run in one scratch installation."""

    def __init__(self, here: Installation, plan: Plan, tell: Tell) -> None:
        self.here, self.plan, self.tell = here, plan, tell
        self.workload = opening_workload(plan.gifts)
        self.seen = Seen()
        self.load_before = os.getloadavg()
        self.live = (
            here.home / live_files.FOLDER / f"{live_files.campaign_name(gifts.CAMPAIGN)}.json"
        )

    def run(self) -> tuple[dict[str, Any], list[Checked]]:
        """Start, furnish, sign, watch, send, break, wait, stop, check; figures and comparisons.

        Raises DrillFailedError, GeneratorFailedError.
        """
        self.here.start()
        with self.here.connect() as connection:
            postgres = connection.info.parameter_status("server_version") or ""
            furnish(self.here, connection, self.workload)
        requests = self.here.home / "requests"
        write_requests(requests, notices(self.workload, timestamp=int(time.time())))
        self.tell(f"{self.plan.gifts:,} notices signed; {self.plan.viewers:,} viewers come")
        name = live_files.campaign_name(gifts.CAMPAIGN)
        watching = Watching(
            port=self.here.ports["JUSHA_WEB_PORT"],
            live=f"/live/{live_files.fragment_name(name, 'zh-hans')}",
            pages=["/", "/projects", *(f"/p/{code}" for code in gifts.PROJECTS[:3]),
                   *(f"/d/{number}" for number in range(CRAWLED_GIFTS))],
            viewers=self.plan.viewers,
        )  # fmt: skip
        sending = Apart(
            requests,
            port=self.here.door_port,
            connections=self.plan.connections,
            phases=self.plan.phases,
            patience_seconds=PATIENCE_SECONDS,
        )
        try:
            self._watch(sending, sending.begun())
            sent, took = sending.result()
            viewers, crawler = watching.result()
        finally:
            sending.process.kill()
            watching.process.kill()
        figures = self._figures(sent, took, viewers, crawler) | {"postgres": postgres}
        for line in report(figures):
            self.tell(line)
        stopped = check_stop(self.here)
        return figures, [_check_sent(self.plan, sent), self._check_told(figures), stopped,
                         *self._check_books(took)]  # fmt: skip

    def _watch(self, sending: Apart, begun: float) -> None:
        """Look until all is settled, published and told; break what is to be broken on the way."""
        seen, fault_at = self.seen, self.plan.phases[0].seconds * FAULT_AFTER
        while not (seen.published_s and seen.told and seen.told[-1][1] >= self.plan.gifts):
            time.sleep(LOOK_SECONDS)
            now = time.monotonic() - begun
            if now > self.plan.seconds + PATIENCE_SECONDS + DRAIN_SECONDS:
                raise DrillFailedError(f"after {now:.0f} s not all is settled, published and told")
            self._note_told(now)
            if self.plan.fault != "none" and not seen.fault_s and now >= fault_at:
                seen.fault_s = now
                seen.back_s = self._break() + now
            if sending.finished() and not seen.accepted_s:
                seen.accepted_s = now
            if seen.accepted_s and not seen.published_s and self.here.drained():
                seen.published_s = time.monotonic() - begun

    def _note_told(self, now: float) -> None:
        """Remember when a file first told so many gifts; fewer than before without a correction."""
        if not self.live.exists():
            return
        told = json.loads(self.live.read_bytes())
        count, before = told["numbers"]["gifts"], self.seen.told[-1][1] if self.seen.told else -1
        if count > before:
            self.seen.told.append((now, count))
        elif count < before and told["correction"] is None:
            self.seen.went_back += 1

    def _break(self) -> float:
        """Break it; the seconds until it is there again (rankings stay broken)."""
        if self.plan.fault == "postgres":
            settled = self.here.settled()
            os.kill(self.here.postmaster(), signal.SIGKILL)
            return self.here.wait(lambda: self.here.settled() > settled, "settlement to go on")
        with self.here.connect("owner") as connection:
            name = connection.execute(RANKS_SQL).fetchone()
            if name is None:
                raise DrillFailedError("there are no rankings to break")
            connection.execute(f"ALTER TABLE {name[0]} RENAME TO broken_by_the_drill")
            self.tell(f"  {name[0]} is gone")
        return 0.0

    def _figures(
        self, sent: Sent, took: "array[float]", viewers: Watched, crawler: Watched
    ) -> dict[str, Any]:
        took_s = np.frombuffer(took, dtype=np.float64)
        schedule = np.concatenate(
            [
                start + np.arange(phase.requests) * (phase.seconds / phase.requests)
                for start, phase in zip(_starts(self.plan.phases), self.plan.phases, strict=True)
            ]
        )
        waited, ranked = (took_s - schedule) * 1e3, np.sort(took_s)
        lags = [at - float(ranked[count - 1]) for at, count in self.seen.told if count]
        first = self.plan.phases[0].requests
        return {
            "plan": asdict(self.plan) | {"gifts": self.plan.gifts, "seconds": self.plan.seconds},
            "load_before": [round(each, 2) for each in self.load_before],
            "accepted_s": round(float(took_s.max()), 2),
            "published_s": round(self.seen.published_s, 2),
            "first_span": {
                "due_s": round(self.plan.phases[0].seconds, 2),
                "accepted_s": round(float(took_s[:first].max()), 2),
                "p50_ms": round(float(np.percentile(waited[:first], 50)), 1),
                "p99_ms": round(float(np.percentile(waited[:first], 99)), 1),
            },
            "p50_ms": round(float(np.percentile(waited, 50)), 1),
            "p99_ms": round(float(np.percentile(waited, 99)), 1),
            "max_ms": round(float(waited.max()), 1),
            "told_lag_s": {
                "p50": round(float(np.percentile(lags, 50)), 2),
                "max": round(max(lags), 2),
            },
            "told_went_back": self.seen.went_back,
            "sent": {name: getattr(sent, name) for name in Sent.__slots__ if name != "begun_at"},
            "viewers": asdict(viewers),
            "crawler": asdict(crawler),
            "fault_s": round(self.seen.fault_s, 2),
            "back_s": round(self.seen.back_s, 2),
        }

    def _check_told(self, figures: dict[str, Any]) -> Checked:
        wrong = []
        if figures["told_went_back"]:
            wrong.append(f"the live file went back {figures['told_went_back']} times")
        errors = {c: n for c, n in figures["viewers"]["statuses"].items() if c >= 500}  # noqa: PLR2004 - a server's error
        if errors and self.plan.fault != "postgres":
            wrong.append(f"viewers met {errors}")
        return Checked("shown totals never went back, and viewers were answered", wrong)

    def _check_books(self, took: "array[float]") -> Iterator[Checked]:
        """Compare everything with everything, the database alone running."""
        here = self.here
        if here.run("-m", "jusha", "db", "start").returncode:
            raise DrillFailedError("the database does not start again")
        acknowledged = {gift[0] for gift, at in zip(self.workload.gifts(), took, strict=True) if at}
        with here.connect() as connection:
            found = gifts.differences(
                connection, here.home, self.workload, acknowledged, channel=CHANNEL
            )
            yield Checked(
                "every acknowledged gift is settled once, pool and caps exact to the fen",
                list(found)[:10],
                f"{gifts.summary(self.workload, connection)}; {dry(connection)}",
            )
        yield check_command(here, "jusha audit finds nothing wrong", "-m", "jusha", "audit")
        yield check_recompute(here, str(here.public))
        here.run("-m", "jusha", "db", "stop")


def dry(connection: Connection[Any]) -> str:
    """At which of the drill's gifts the last fen was matched, in words."""
    numbers = [number for (number,) in connection.execute(DRY_SQL, (gifts.CAMPAIGN,))]
    row = connection.execute(LAST_MATCH_SQL, (gifts.CAMPAIGN,)).fetchone()
    if row is None or row[0] is None:
        return "nothing was matched"
    return f"dry after {numbers.index(row[0]) + 1:,} of {len(numbers):,} gifts"


def _starts(phases: list[Phase]) -> list[float]:
    starts = [0.0]
    for phase in phases[:-1]:
        starts.append(starts[-1] + phase.seconds)
    return starts


def _check_sent(plan: Plan, sent: Sent) -> Checked:
    wrong = []
    if sent.acknowledged != plan.gifts or sent.refused:
        wrong.append(f"{sent.acknowledged} of {plan.gifts} acknowledged: {sent}")
    seen = f"{sent.acknowledged:,}, {sent.again} of them sent again"
    return Checked("every notice was acknowledged", wrong, seen)


def run(plan: Plan, *, record: bool, keep: bool, tell: Tell) -> list[Checked]:
    """Run the drill in an installation of its own; remember the figures if all agrees.

    Raises DrillFailedError, GeneratorFailedError.
    """
    here = Installation()
    tell(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, fault: {plan.fault}, scratch home {here.home}")
    try:
        figures, checks = Opening(here, plan, tell).run()
        if record and not any(check.wrong for check in checks):
            append_result("opening", figures, postgres=figures.pop("postgres"))
    except OperationalError as error:
        raise DrillFailedError(str(error)) from error
    finally:
        if not keep:
            here.remove()
    return checks


def report(figures: dict[str, Any]) -> Iterator[str]:
    """The figures for a person."""
    plan, first, lag = figures["plan"], figures["first_span"], figures["told_lag_s"]
    yield (
        f"{plan['gifts']:,} notices due in {plan['seconds']:.0f} s, the first span at"
        f" {plan['rate']:,} a second for {first['due_s']} s; load before {figures['load_before']}"
    )
    yield (
        f"first span accepted after {first['accepted_s']} s, p50 {first['p50_ms']} ms, p99"
        f" {first['p99_ms']} ms; all after {figures['accepted_s']} s, p50 {figures['p50_ms']} ms,"
        f" p99 {figures['p99_ms']} ms, max {figures['max_ms']} ms; published"
        f" {figures['published_s']} s"
    )
    yield f"totals told behind what was accepted: p50 {lag['p50']} s, at most {lag['max']} s"
    for name in ("viewers", "crawler"):
        seen = figures[name]
        yield (
            f"{name}: {seen['asked']:,} answers, p50 {seen['p50_ms']} ms, p99 {seen['p99_ms']} ms,"
            f" max {seen['max_ms']} ms, by status {seen['statuses']}"
        )
    if plan["fault"] != "none":
        back = figures["back_s"] - figures["fault_s"]
        yield f"{plan['fault']} broken after {figures['fault_s']} s, there again {back:.1f} s later"
