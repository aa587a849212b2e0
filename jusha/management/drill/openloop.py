"""An open-loop generator for one drill: arrivals fixed by time, whatever the door does.

Latency counts from the moment a request was due, not from when it could be sent, so a
door that stalls is charged for every request that it held up (no coordinated omission).
One request at a time a connection, as payment rails send; what is due and finds none
free waits in here. It costs about as much as its system calls: requests are made
beforehand, one answer is told from the next by its first bytes and its length.
"""

import argparse
import json
import os
import re
import resource
import select
import socket
import subprocess
import sys
import time
from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

from benchmarks.requests import read_requests

EVENTS_MAX: Final = 512
READ_BYTES: Final = 4096
AGAIN_SECONDS: Final = 1.0
"""What the door asks for in its Retry-After, and how long a lost connection rests."""
PASSING: Final = frozenset({429, 502, 503, 504})
OK: Final = b"HTTP/1.1 200"
STATUS: Final = slice(9, 12)
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
LEAD_SECONDS: Final = 0.5
GATE_SECONDS: Final = 0.005
NONE: Final = -1


class GeneratorFailedError(Exception):
    """The generator's own process ended with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the generator saw. Times in seconds since the first request was due.

    `again`: requests sent once more after a refusal or a lost connection. `refused`: given
    up, because the answer says that another try is of no use. `waiting_max`: most requests
    that were due and not yet acknowledged. `cpu_us`: its own processor time a request sent.
    """

    begun_at: float
    acknowledged: int
    refused: int
    left: int
    again: int
    statuses: dict[int, int]
    waiting_max: int
    waiting_max_at_s: float
    seconds: float
    cpu_s: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Phase:
    """So many requests, due evenly within so many seconds."""

    requests: int
    seconds: float


class Schedule:
    """When each request is due: phases one after another."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._starts = [0, *accumulate(phase.requests for phase in phases)]
        self._times = [0.0, *accumulate(phase.seconds for phase in phases)]
        self._rates = [phase.requests / phase.seconds for phase in phases]

    @property
    def seconds(self) -> float:
        """From the first to the end of the last phase."""
        return self._times[-1]

    def due(self, elapsed: float) -> int:
        """How many requests are due after so many seconds; the first at once."""
        place = min(max(bisect_right(self._times, elapsed) - 1, 0), len(self._rates) - 1)
        within = int((elapsed - self._times[place]) * self._rates[place]) + 1
        return min(self._starts[-1], self._starts[place] + within)

    def at(self, index: int) -> float:
        """After how many seconds a request is due."""
        place = min(bisect_right(self._starts, index) - 1, len(self._rates) - 1)
        return self._times[place] + (index - self._starts[place]) / self._rates[place]


@dataclass(slots=True)
class Gate:
    """How many requests may be sent by now, as another thread says; closed: no more will be."""

    allowed: int = 0
    closed: bool = False


class Line:
    """One connection and the request it carries (NONE while it is free)."""

    __slots__ = ("fd", "index", "partial", "sock")

    def __init__(self, peer: tuple[str, int]) -> None:
        self.sock = socket.create_connection(peer, timeout=5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)  # noqa: FBT003 - the name of the standard library
        self.fd = self.sock.fileno()
        self.index = NONE
        self.partial = b""


class OpenLoop:
    """Sends each request when it is due and notes when it was acknowledged."""

    def __init__(
        self,
        requests: list[bytes],
        *,
        port: int,
        connections: int,
        schedule: Schedule,
        gate: "Gate | None" = None,
    ) -> None:
        """Open the connections. With a gate only what it allows is sent."""
        self._requests = requests
        self._peer = ("127.0.0.1", port)
        self._schedule, self._gate = schedule, gate
        self.took = array("d", bytes(8 * len(requests)))
        self._epoll = select.epoll()
        self._lines: dict[int, Line] = {}
        self._free: deque[Line] = deque()
        self._resting: deque[tuple[float, int]] = deque()  # (when, request) to be sent again
        self._reopening: deque[float] = deque()
        self._next = 0
        self._left = len(requests)
        self._whole = 0  # bytes of a complete 200, once one has been read
        self._statuses: Counter[int] = Counter()
        self._again = self._refused = self._peak = self._sent = 0
        self._peak_at = 0.0
        for _ in range(connections):
            self._open()

    def run(self, *, begin: float, give_up: float) -> Sent:
        """Send everything, first due at `begin`, until acknowledged or `give_up` (monotonic)."""
        self._begin = begin
        time.sleep(max(0.0, begin - time.monotonic()))
        before = _cpu_seconds()
        now = begin
        while self._left and now < give_up and not self._is_shut():
            now = time.monotonic()
            self._send_due(now)
            for fd, _ in self._epoll.poll(self._pause(now), EVENTS_MAX):
                self._read(fd)
        spent, took = _cpu_seconds() - before, time.monotonic() - begin
        self._close()
        return Sent(
            begun_at=begin,
            acknowledged=len(self._requests) - self._left - self._refused,
            refused=self._refused,
            left=self._left,
            again=self._again,
            statuses=dict(self._statuses),
            waiting_max=self._peak,
            waiting_max_at_s=round(self._peak_at, 3),
            seconds=round(took, 3),
            cpu_s=round(spent, 3),
            cpu_us=round(spent / max(self._sent, 1) * 1e6, 2),
        )

    @property
    def answered(self) -> int:
        """How many requests have their last answer."""
        return len(self._requests) - self._left

    def _close(self) -> None:
        for line in self._lines.values():
            line.sock.close()
        self._epoll.close()

    def _due(self, now: float) -> int:
        """How many requests were due by now, of those that are allowed."""
        due = self._schedule.due(now - self._begin)
        return due if self._gate is None else min(due, self._gate.allowed)

    def _is_shut(self) -> bool:
        """Whether all that will ever be allowed was answered."""
        gate = self._gate
        return gate is not None and gate.closed and self.answered >= gate.allowed

    def _send_due(self, now: float) -> None:
        """Give what is due to free connections; what must be sent again goes first."""
        while self._reopening and self._reopening[0] <= now:
            self._reopening.popleft()
            self._open()
        while self._free and self._resting and self._resting[0][0] <= now:
            self._send(self._free.popleft(), self._resting.popleft()[1])
        due = self._due(now)
        while self._free and self._next < due:
            self._next += 1
            self._send(self._free.popleft(), self._next - 1)
        waiting = due - (len(self._requests) - self._left)
        if waiting > self._peak:
            self._peak, self._peak_at = waiting, now - self._begin

    def _pause(self, now: float) -> float:
        """How long nothing can be due; epoll counts in milliseconds, so arrivals come by those."""
        until = now + 0.1
        if self._resting:
            until = min(until, self._resting[0][0])
        if self._reopening:
            until = min(until, self._reopening[0])
        if self._gate is not None and self._next >= self._gate.allowed:
            until = min(until, now + GATE_SECONDS)
        elif self._free and self._next < len(self._requests):
            until = min(until, self._begin + self._schedule.at(self._next))
        return max(0.0, until - now)

    def _send(self, line: Line, index: int) -> None:
        line.index = index
        request = self._requests[index]
        self._sent += 1
        try:
            if os.write(line.fd, request) == len(request):
                return
        except OSError:
            pass
        self._lose(line)  # a connection that takes less than one request is as good as lost

    def _read(self, fd: int) -> None:
        """Read an answer, note it, and give the connection its next request."""
        line = self._lines[fd]
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(line)
        elif len(data) == self._whole and data.startswith(OK) and not line.partial:
            self._acknowledged(line)
        else:
            self._read_slowly(line, data)

    def _acknowledged(self, line: Line) -> None:
        now = time.monotonic()
        self.took[line.index] = now - self._begin
        self._left -= 1
        if self._resting and self._resting[0][0] <= now:
            self._send(line, self._resting.popleft()[1])
        elif self._next < self._due(now):
            self._next += 1
            self._send(line, self._next - 1)
        else:
            line.index = NONE
            self._free.append(line)

    def _read_slowly(self, line: Line, data: bytes) -> None:
        """Read an answer that is not exactly like the 200s before it."""
        data = line.partial + data
        end = data.find(b"\r\n\r\n")
        length = LENGTH.search(data, 0, end + 2) if end >= 0 else None
        if end >= 0 and length is None:
            self._lose(line)
            return
        if length is None or len(data) < end + 4 + int(length[1]):
            line.partial = data
            return
        line.partial = b""
        status = int(data[STATUS])
        if status == 200:  # noqa: PLR2004 - the one good answer
            self._whole = len(data)
            self._acknowledged(line)
            return
        self._statuses[status] += 1
        if status in PASSING:
            self._later(line.index)
        else:
            self._refused += 1
            self._left -= 1
        line.index = NONE
        self._free.append(line)

    def _later(self, index: int) -> None:
        """Send a request again after a while."""
        self._again += 1
        self._resting.append((time.monotonic() + AGAIN_SECONDS, index))

    def _open(self) -> None:
        """Open a connection, or try again later."""
        try:
            line = Line(self._peer)
        except OSError:
            self._reopening.append(time.monotonic() + AGAIN_SECONDS)
            return
        self._lines[line.fd] = line
        self._epoll.register(line.fd, select.EPOLLIN)
        self._free.append(line)

    def _lose(self, line: Line) -> None:
        """A connection is gone: its request is sent again, and another takes its place."""
        self._statuses[0] += 1
        del self._lines[line.fd]
        self._epoll.unregister(line.fd)
        line.sock.close()
        if line.index == NONE:
            self._free.remove(line)
        else:
            self._later(line.index)
        self._reopening.append(time.monotonic() + AGAIN_SECONDS)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Apart:
    """The generator in a process of its own: it begins when its requests are loaded."""

    def __init__(
        self,
        requests: Path,
        *,
        port: int,
        connections: int,
        phases: Sequence[Phase],
        patience_seconds: float,
    ) -> None:
        self._times = requests.with_name(f"{requests.name}.times")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jusha.management.drill.openloop"),
                *("--requests", str(requests), "--times", str(self._times)),
                *("--port", str(port), "--connections", str(connections)),
                *("--patience-seconds", str(patience_seconds)),
                *("--phases", *(f"{phase.requests}:{phase.seconds}" for phase in phases)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

    def begun(self) -> float:
        """Wait until it is ready; the moment (monotonic) when its first request is due.

        Raises GeneratorFailedError.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise GeneratorFailedError(f"exit code {self.process.wait()}")
        return float(line)

    def finished(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def result(self) -> "tuple[Sent, array[float]]":
        """What it saw, and for each request when it was acknowledged (0: never).

        Raises GeneratorFailedError.
        """
        told, _ = self.process.communicate()
        if self.process.returncode:
            raise GeneratorFailedError(f"exit code {self.process.returncode}")
        figures = json.loads(told)
        figures["statuses"] = {int(code): count for code, count in figures["statuses"].items()}
        took = array("d", self._times.read_bytes())
        return Sent(**figures), took


def _phase(text: str) -> Phase:
    requests, _, seconds = text.partition(":")
    return Phase(int(requests), float(seconds))


def main() -> None:
    """Load the requests, say when the first is due, send all, write times and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--times", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--phases", type=_phase, nargs="+", required=True)
    parser.add_argument("--patience-seconds", type=float, required=True)
    told = parser.parse_args()
    requests = [request for _, request in read_requests(told.requests)]
    schedule = Schedule(told.phases)
    loop = OpenLoop(requests, port=told.port, connections=told.connections, schedule=schedule)
    begin = time.monotonic() + LEAD_SECONDS
    print(begin, flush=True)
    sent = loop.run(begin=begin, give_up=begin + schedule.seconds + told.patience_seconds)
    told.times.write_bytes(loop.took.tobytes())
    json.dump({name: getattr(sent, name) for name in Sent.__slots__}, sys.stdout)


if __name__ == "__main__":
    main()
