"""Live histories until stopped, in two processes: `make fuzz [SEED=n] [COUNT=n]`.

Says every so often how far it came; a failing seed is told at once, with what happened
and the command that lives it again, and the run goes on.
"""

import argparse
import gc
import itertools
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from tests.simulator.run import HistoryFailedError, collect_seldom, live

PROCESSES = 2
CHUNK = 100
QUEUED = 2 * PROCESSES
TELL_EVERY_SECONDS = 30.0
Chunk = tuple[int, int, int, list[str]]
"""Histories, entries, faults, and failures in words."""


def ignore_interrupts() -> None:
    """Leave stopping to the parent, so that a chunk ends whole."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def chunk(first: int, count: int) -> Chunk:
    """Live some seeds; how many entries and faults they had, and the failures in words."""
    gc.disable()
    entries = faults = 0
    failures = []
    for seed in range(first, first + count):
        try:
            lived = live(seed)
        except HistoryFailedError as error:
            failures.append(str(error))
        else:
            entries += lived.entries
            faults += lived.faults
        collect_seldom(seed)
    return count, entries, faults, failures


def chunks(first: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut the seeds; without end if `count` is 0."""
    for at in itertools.count(0, CHUNK):
        if count and at >= count:
            return
        yield first + at, min(CHUNK, count - at) if count else CHUNK


def say(text: str) -> None:
    """Tell whoever watches."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Tally:
    """What was lived so far."""

    def __init__(self) -> None:
        self.begun = self.told = time.monotonic()
        self.done = self.entries = self.faults = self.failed = 0

    def add(self, future: Future[Chunk]) -> None:
        """Count a chunk in, and tell its failures."""
        lived, entries, faults, failures = future.result()
        self.done += lived
        self.entries += entries
        self.faults += faults
        self.failed += len(failures)
        for failure in failures:
            say(failure)

    def tell(self) -> None:
        """Say how far it came."""
        self.told = time.monotonic()
        rate = self.done / (self.told - self.begun)
        say(
            f"{self.done} histories, {rate:.0f} a second, {self.entries} entries,"
            f" {self.faults} faults injected, {self.failed} failed"
        )


def fuzz(pool: ProcessPoolExecutor, tally: Tally, work: Iterator[tuple[int, int]]) -> None:
    """Keep the processes busy until there is no more work."""
    waiting: set[Future[Chunk]] = set()
    while True:
        for first, count in itertools.islice(work, QUEUED - len(waiting)):
            waiting.add(pool.submit(chunk, first, count))
        if not waiting:
            return
        ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in ready:
            tally.add(future)
        if time.monotonic() - tally.told > TELL_EVERY_SECONDS:
            tally.tell()


def main() -> int:
    """Run; the exit status is 1 if a history failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) * 1000)
    parser.add_argument("--count", type=int, default=0, help="0: until stopped")
    given = parser.parse_args()
    say(f"seeds from {given.seed}")
    tally = Tally()
    with ProcessPoolExecutor(PROCESSES, initializer=ignore_interrupts) as pool:
        try:
            fuzz(pool, tally, chunks(given.seed, given.count))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
    tally.tell()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
