"""An HTTP load generator that leaves the machine to the one who is measured.

Raw non-blocking sockets under one epoll, requests made beforehand, and only as much of HTTP/1.1
read as tells one answer from the next. Two ways to load: *closed* (each connection sends its next
request when it has its answer; a slow server is asked less) and *open* (arrivals fixed in time;
latency counts from the scheduled moment, so a stall is charged to every request it held up).

With ``retry`` it is a payment rail: a request without an answer, or told to come again, is sent
until it is acknowledged. The journal then says which ids were acknowledged: what a fault drill
compares with what was settled.
"""

import argparse
import json
import os
import resource
import select
import subprocess
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import TextIO

from benchmarks.connection import Connection
from benchmarks.percentiles import percentile_ms
from benchmarks.requests import read_requests

ROOT = Path(__file__).resolve().parent.parent
COME_AGAIN = frozenset({429, 502, 503, 504})
PAUSE_SECONDS = 0.02  # before the first new attempt; doubled up to
PAUSE_SECONDS_MAX = 0.5
EVENTS_MAX = 512


class LoadFailedError(Exception):
    """The load generator's own process ended with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """How to load: ``rate_per_second`` makes it an open loop, ``seconds`` includes the warm-up."""

    port: int
    host: str = "127.0.0.1"
    connections: int = 256
    seconds: float = 10.0
    warmup_seconds: float = 0.0
    drain_seconds: float = 10.0
    rate_per_second: float | None = None
    retry: bool = False
    cpu: int | None = None


@dataclass(slots=True, kw_only=True)
class LoadResult:
    """What was seen; latencies are of answers to requests sent (or due) after the warm-up.

    ``per_second`` counts acknowledgements (2xx) that came after the warm-up and before the time
    was up; ``statuses`` all answers. ``unanswered`` were sent without an answer in the end,
    ``unsent`` were due (open loop) or taken up but never sent. ``cpu_share`` is this process's
    own processor time over the wall time: near 1.0 the generator was the bottleneck.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    statuses: dict[int, int]
    acknowledged: int
    unanswered: int
    unsent: int
    retried: int
    connections_lost: int
    connections_refused: int
    seconds: float
    cpu_seconds: float
    cpu_share: float


class Source:
    """Gives out requests: at once (closed loop) or when they are due (open loop)."""

    def __init__(
        self, requests: Iterable[tuple[str, bytes]], *, plan: LoadPlan, began: float
    ) -> None:
        self._requests = iter(requests)
        self._began = began
        self._until = began + plan.seconds
        self._gap = 1 / plan.rate_per_second if plan.rate_per_second else 0.0
        self._given = 0
        self.exhausted = False
        self.ran_out = False  # before the time was up

    def due(self) -> float:
        """When the next request is due, by the monotonic clock."""
        return self._began + self._given * self._gap

    def overdue(self, now: float) -> int:
        """How many requests of an open loop were due by now and not given out."""
        if self.exhausted or not self._gap:
            return 0
        return max(0, int((min(now, self._until) - self._began) / self._gap) - self._given)

    def finished(self, now: float) -> bool:
        """Whether nothing more will be given out."""
        if not self.exhausted:
            self.exhausted = (self.due() if self._gap else now) >= self._until
        return self.exhausted

    def take(self, now: float) -> tuple[float, str, bytes] | None:
        """(moment to count from, id, request), or None if nothing is due or left."""
        since = self.due() if self._gap else now
        # An open loop still owes what was due before the end; a closed one stops at the end.
        if self.finished(now) or since > now:
            return None
        found = next(self._requests, None)
        if found is None:
            self.exhausted = self.ran_out = True
            return None
        self._given += 1
        return since, *found


class LoadRun:
    """One run of a plan over a stream of requests."""

    def __init__(
        self, plan: LoadPlan, requests: Iterable[tuple[str, bytes]], journal: TextIO | None
    ) -> None:
        self.plan = plan
        self._journal = journal
        self._epoll = select.epoll()
        self._began = time.monotonic()
        self._source = Source(requests, plan=plan, began=self._began)
        self._counted_from = self._began + plan.warmup_seconds
        self._until = self._began + plan.seconds
        self._by_fd: dict[int, Connection] = {}
        self._idle: deque[Connection] = deque()
        self._resting: list[tuple[float, int, Connection]] = []
        self._ticket = count()  # orders rests that end at one moment
        self._busy = 0  # connections that hold a request
        self._last_answer = self._began
        self._in_time = 0
        self._acknowledged = 0
        self._latencies = array("d")
        self._statuses: Counter[int] = Counter()
        self._retried = self._lost = self._refused = self._unanswered = 0

    def run(self) -> LoadResult:
        """Load until the time is up and the last answers are in, or the drain time is over."""
        cpu_before = _cpu_seconds()
        try:
            now = self._go()
            cpu_seconds = _cpu_seconds() - cpu_before
        finally:
            self._close()
        return self._result(now, cpu_seconds=cpu_seconds)

    def _go(self) -> float:
        """The loop itself; returns the moment it ended."""
        for _ in range(self.plan.connections):
            self._open(Connection(self.plan.host, self.plan.port))
        give_up = self._until + self.plan.drain_seconds
        now = time.monotonic()
        while now < give_up and (self._busy or not self._source.finished(now)):
            self._handle_events(self._wait(now))
            now = time.monotonic()
            self._handle_due(now)
        return now

    def _wait(self, now: float) -> list[tuple[int, int]]:
        """The events of the sockets; returns early when a request or a rest is due."""
        due = self._until if now < self._until else now + 0.1
        if self._resting:
            due = min(due, self._resting[0][0])
        if not self.plan.rate_per_second:
            return self._epoll.poll(max(due - now, 0.0), EVENTS_MAX)
        if self._idle and not self._source.exhausted:
            due = min(due, self._source.due())
        # epoll rounds its timeout up to a millisecond, select does not; an epoll is selectable.
        if due > now:
            select.select([self._epoll], [], [], due - now)
        return self._epoll.poll(0, EVENTS_MAX)

    def _handle_events(self, events: list[tuple[int, int]]) -> None:
        """Read answers, send what waits, notice lost connections."""
        by_fd = self._by_fd
        for fd, mask in events:
            connection = by_fd[fd]
            if mask & select.EPOLLIN:
                try:
                    answered = connection.read_answer()
                except OSError:
                    self._drop(connection)
                    continue
                if answered:
                    self._answered(connection, answered)
            elif mask & (select.EPOLLERR | select.EPOLLHUP):
                self._drop(connection)
            elif mask & select.EPOLLOUT:
                self._writable(connection)

    def _handle_due(self, now: float) -> None:
        """Wake connections whose rest is over, and idle ones for requests that are due."""
        while self._resting and self._resting[0][0] <= now:
            connection = heappop(self._resting)[2]
            if connection.fd < 0:
                self._open(connection)
            else:
                self._send(connection)
        while self._idle and not self._source.exhausted and self._source.due() <= now:
            self._next(self._idle.popleft(), now)

    def _open(self, connection: Connection) -> None:
        """Begin to connect; the socket tells by becoming writable."""
        try:
            connection.open()
        except OSError:
            self._refused += 1
            self._rest(connection)
            return
        self._by_fd[connection.fd] = connection
        self._epoll.register(connection.fd, select.EPOLLOUT)

    def _writable(self, connection: Connection) -> None:
        """A connection came up, or has room for the rest of a request."""
        if not connection.up:
            connection.up = True
            connection.attempts = 0
            self._epoll.modify(connection.fd, select.EPOLLIN)
            if connection.request:
                self._send(connection)
            else:
                self._next(connection, time.monotonic())
            return
        try:
            if connection.push():
                self._epoll.modify(connection.fd, select.EPOLLIN)
        except OSError:
            self._drop(connection)

    def _next(self, connection: Connection, now: float) -> None:
        """Give the connection its next request, or let it idle."""
        taken = self._source.take(now)
        if taken is None:
            connection.request = b""
            self._idle.append(connection)
            return
        connection.since, connection.request_id, connection.request = taken
        self._busy += 1
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        """Send the connection's request from its first byte."""
        try:
            if not connection.send():
                self._epoll.modify(connection.fd, select.EPOLLIN | select.EPOLLOUT)
        except OSError:
            self._drop(connection)

    def _answered(self, connection: Connection, status: int) -> None:
        """Count and note an answer, then go on with the next request or the same again."""
        now = time.monotonic()
        self._last_answer = now
        self._statuses[status] += 1
        if self._journal:
            self._journal.write(f"{connection.request_id} {status}\n")
        if self.plan.retry and status in COME_AGAIN:
            self._retried += 1
            if connection.closing:
                self._forget(connection)
            self._rest(connection)
            return
        if connection.since >= self._counted_from:
            self._latencies.append(now - connection.since)
        if 200 <= status < 300:  # noqa: PLR2004 - the class of success
            self._acknowledged += 1
            self._in_time += self._counted_from <= now <= self._until
        self._busy -= 1
        connection.request = b""
        if connection.closing:
            self._forget(connection)
            self._open(connection)
        else:
            self._next(connection, now)

    def _rest(self, connection: Connection) -> None:
        """Let the connection try again after a pause that doubles with each vain attempt."""
        pause = min(PAUSE_SECONDS * 2**connection.attempts, PAUSE_SECONDS_MAX)
        connection.attempts += 1
        heappush(self._resting, (time.monotonic() + pause, next(self._ticket), connection))

    def _drop(self, connection: Connection) -> None:
        """A connection was lost or refused: keep its request only if it is to be retried."""
        if connection.up:
            self._lost += 1
        else:
            self._refused += 1
        self._forget(connection)
        if connection.request:
            self._abandon(connection)
        elif connection in self._idle:
            self._idle.remove(connection)
        self._rest(connection)

    def _abandon(self, connection: Connection) -> None:
        """Count a request that lost its connection; without ``retry`` it is given up."""
        if self.plan.retry:
            self._retried += 1
            return
        self._unanswered += 1
        self._busy -= 1
        self._note_unanswered(connection)
        connection.request = b""

    def _note_unanswered(self, connection: Connection) -> None:
        """Status 0: sent perhaps, answered never."""
        if self._journal:
            self._journal.write(f"{connection.request_id} 0\n")

    def _forget(self, connection: Connection) -> None:
        """Close a connection's socket."""
        del self._by_fd[connection.fd]
        self._epoll.unregister(connection.fd)
        connection.close()

    def _close(self) -> None:
        """Close everything; what still holds a request goes unanswered."""
        resting = [connection for _, _, connection in self._resting if connection.fd < 0]
        for connection in [*self._by_fd.values(), *resting]:
            if connection.request:
                self._unanswered += 1
                self._note_unanswered(connection)
        for connection in list(self._by_fd.values()):
            self._forget(connection)
        self._epoll.close()

    def _result(self, now: float, *, cpu_seconds: float) -> LoadResult:
        """The figures of a run that ended now."""
        end = min(self._until, self._last_answer if self._source.ran_out else self._until)
        window = max(end - self._counted_from, 1e-9)
        took = sorted(self._latencies)
        return LoadResult(
            per_second=round(self._in_time / window, 1),
            p50_ms=percentile_ms(took, per_mille=500),
            p99_ms=percentile_ms(took, per_mille=990),
            p999_ms=percentile_ms(took, per_mille=999),
            max_ms=percentile_ms(took, per_mille=1000),
            statuses=dict(self._statuses),
            acknowledged=self._acknowledged,
            unanswered=self._unanswered,
            unsent=self._source.overdue(now),
            retried=self._retried,
            connections_lost=self._lost,
            connections_refused=self._refused,
            seconds=round(window, 3),
            cpu_seconds=round(cpu_seconds, 3),
            cpu_share=round(cpu_seconds / (now - self._began), 3),
        )


def _cpu_seconds() -> float:
    """User and system time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def load(
    plan: LoadPlan, requests: Iterable[tuple[str, bytes]], *, journal: Path | None = None
) -> LoadResult:
    """Load in this process, pinned to ``plan.cpu`` if given, and return the figures.

    The journal gets a line ``id status`` for each answer, status 0 for a request that was given up
    without one. A request that the server refused to keep alive or understand raises
    AnswerNotUnderstoodError.
    """
    if plan.cpu is not None:
        os.sched_setaffinity(0, {plan.cpu})
    with ExitStack() as stack:
        file = stack.enter_context(journal.open("w", buffering=1 << 20)) if journal else None
        return LoadRun(plan, requests, file).run()


def start_apart(
    plan: LoadPlan, *, requests: Path, journal: Path | None = None
) -> subprocess.Popen[str]:
    """Start ``python -m benchmarks.load`` on a file of requests; ``finish`` waits for its figures.

    For drills that break something while the load runs.
    """
    command = [sys.executable, "-m", "benchmarks.load", "--requests", str(requests)]
    for name, value in asdict(plan).items():
        if value is True:
            command.append(f"--{name}")
        elif value is not None and value is not False:
            command += [f"--{name.replace('_', '-')}", str(value)]
    if journal:
        command += ["--journal", str(journal)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> LoadResult:
    """The figures of a load that was started apart. Raises LoadFailedError."""
    out, err = process.communicate()
    if process.returncode:
        raise LoadFailedError(err)
    told = json.loads(out)
    told["statuses"] = {int(status): count for status, count in told["statuses"].items()}
    return LoadResult(**told)


def load_apart(plan: LoadPlan, *, requests: Path, journal: Path | None = None) -> LoadResult:
    """Load from a process of its own, so that caller and generator share no interpreter."""
    return finish(start_apart(plan, requests=requests, journal=journal))


def read_journal(journal: Path) -> dict[str, list[int]]:
    """All statuses of each id, in order of their coming."""
    seen: dict[str, list[int]] = {}
    with journal.open() as lines:
        for line in lines:
            request_id, status = line.rsplit(" ", 1)
            seen.setdefault(request_id, []).append(int(status))
    return seen


def acknowledged_ids(journal: Path) -> set[str]:
    """The ids that were answered with success at least once: what must never be lost."""
    return {
        request_id
        for request_id, statuses in read_journal(journal).items()
        if any(200 <= status < 300 for status in statuses)  # noqa: PLR2004 - the class of success
    }


def main() -> None:
    """Run the plan of the command line and write the figures as JSON to standard output."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--requests", type=Path, required=True, help="file of ready requests")
    parser.add_argument("--journal", type=Path, help="write 'id status' of each answer here")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=10.0, help="the warm-up included")
    parser.add_argument("--warmup-seconds", type=float, default=0.0)
    parser.add_argument("--drain-seconds", type=float, default=10.0)
    parser.add_argument("--rate-per-second", type=float, help="open loop: arrivals fixed in time")
    parser.add_argument("--retry", action="store_true", help="send again until acknowledged")
    parser.add_argument("--cpu", type=int, help="run on this processor only")
    told = vars(parser.parse_args())
    requests, journal = told.pop("requests"), told.pop("journal")
    plan = LoadPlan(**told)
    json.dump(asdict(load(plan, read_requests(requests), journal=journal)), sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
