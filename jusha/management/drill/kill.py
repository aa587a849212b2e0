"""The kill drill: every process is killed with -9 under load, and not one gift may be lost.

Gifts come on an open loop with retries, as from a payment rail. Meanwhile settlement,
the door, the publisher, PostgreSQL's postmaster, and settlement with
publisher are killed in turn. At the end everything is compared with everything.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Final

from benchmarks.load import LoadPlan, LoadResult, acknowledged_ids, finish, start_apart
from benchmarks.requests import write_requests
from benchmarks.workload import Workload
from jusha.management.drill import gifts
from jusha.management.drill.checks import Checked, check_books, check_stop
from jusha.management.drill.installation import Installation

DRAIN_SECONDS: Final = 120.0
CONNECTIONS: Final = 128
VICTIMS: Final = (
    "settlement",
    "door",
    "publisher",
    "postgres",
    "settlement and publisher",
)
Tell = Callable[[str], None]


class KillDrill:
    """One run of the drill in one scratch installation."""

    def __init__(
        self, installation: Installation, *, seconds: float, rate_per_second: int, tell: Tell
    ) -> None:
        self.here, self.tell = installation, tell
        self.seconds, self.rate = seconds, rate_per_second
        self.workload: Workload = gifts.plan_gifts(int(seconds * rate_per_second))
        self.journal = installation.home / "journal"
        self.kills: dict[str, int] = dict.fromkeys(VICTIMS, 0)
        self.restarts: dict[str, int] = {}

    def run(self) -> list[Checked]:
        """Start, load, kill, drain, stop, check. Raises DrillFailedError, LoadFailedError."""
        self.here.start()
        self.tell(f"running, {len(gifts.PROJECTS)} projects; {self.rate} gifts a second begin")
        with self.here.connect() as connection:
            gifts.open_campaign(connection, self.workload)
        loading = self._start_load()
        self._kill_in_turn(loading)
        loaded = finish(loading)
        self.tell(
            f"load: {loaded.acknowledged} acknowledged, {loaded.unanswered} unanswered,"
            f" {loaded.retried} sent again, {loaded.connections_lost} connections lost,"
            f" longest wait {loaded.max_ms:.0f} ms"
        )
        took = self.here.wait(self.here.drained, "everything to be settled and published")
        self.tell(f"drained after {took:.1f} s: {self.here.settled()} entries, all published")
        state = self.here.state()
        self.restarts = {
            name: each["restarts"] for name, each in state.get("processes", {}).items()
        } | {"postgres": state.get("database", {}).get("restarts", 0)}
        stopped = check_stop(self.here)
        books = check_books(
            self.here, self.workload, acknowledged_ids(self.journal), source=str(self.here.public)
        )
        return [self._check_load(loaded), self._check_restarts(), stopped, *books]

    def _start_load(self) -> subprocess.Popen[str]:
        secret = bytes.fromhex(
            (self.here.home / "sandbox" / f"{gifts.CHANNEL}.secret").read_text().strip()
        )
        ready = self.here.home / "requests"
        write_requests(ready, gifts.requests(self.workload, secret))
        plan = LoadPlan(
            port=self.here.door_port,
            connections=CONNECTIONS,
            seconds=self.seconds,
            drain_seconds=DRAIN_SECONDS,
            rate_per_second=self.rate,
            retry=True,
        )
        return start_apart(plan, requests=ready, journal=self.journal)

    def _kill_in_turn(self, loading: subprocess.Popen[str]) -> None:
        """Kill one victim after another, evenly over the load, each once the last is back."""
        began = time.monotonic()
        for place, victim in enumerate(VICTIMS, 1):
            due = began + self.seconds * place / (len(VICTIMS) + 1)
            time.sleep(max(0.0, due - time.monotonic()))
            at = time.monotonic() - began
            back = self._kill(victim)
            late = "" if loading.poll() is None else " (the load was over)"
            self.tell(f"  {at:5.1f} s  kill -9 {victim:<26} back after {back:5.2f} s{late}")

    def _kill(self, victim: str) -> float:
        """Kill it, and wait until what it does is done again."""
        here = self.here
        pids: dict[str, Callable[[], list[int]]] = {
            "settlement": lambda: [here.pid("settlement")],
            "door": lambda: [here.pid("door")],
            "publisher": lambda: [here.pid("publisher")],
            "postgres": lambda: [here.postmaster()],
            "settlement and publisher": lambda: [here.pid("settlement"), here.pid("publisher")],
        }
        here.wait(lambda: all(pids[victim]()), f"{victim} to be there")
        old = pids[victim]()
        settled, published = here.settled(), here.published()
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        self.kills[victim] += 1
        goes_on: dict[str, Callable[[], bool]] = {
            "door": here.door_answers,
            "publisher": lambda: here.published() > published or here.drained(),
            "settlement and publisher": lambda: here.published() > published or here.drained(),
        }
        works = goes_on.get(victim, lambda: here.settled() > settled or here.drained())

        def back() -> bool:
            now = pids[victim]()
            return all(now) and not set(now) & set(old) and works()

        return here.wait(back, f"{victim} to be back")

    def _check_load(self, loaded: LoadResult) -> Checked:
        wrong = []
        due = int(self.seconds * self.rate)
        if loaded.unanswered or loaded.unsent or loaded.acknowledged != due:
            wrong.append(
                f"{loaded.acknowledged} of {due} notices acknowledged, {loaded.unanswered} without"
                f" an answer, {loaded.unsent} never sent"
            )
        strange = {status for status in loaded.statuses if status not in {200, 503}}
        if strange:
            wrong.append(f"the door answered {sorted(strange)}")
        gifts_seen = len(acknowledged_ids(self.journal))
        seen = f"{loaded.acknowledged} notices of {gifts_seen} gifts"
        return Checked("every notice was acknowledged in the end", wrong, seen)

    def _check_restarts(self) -> Checked:
        """A killed process must be seen as restarted."""
        wanted = {"settlement": 2, "door": 1, "publisher": 2, "postgres": 1}
        wrong = [
            f"{name}: {self.restarts.get(name, 0)} restarts shown, at least {least} were made"
            for name, least in wanted.items()
            if self.restarts.get(name, 0) < least
        ]
        seen = ", ".join(f"{name} {self.restarts.get(name, 0)}" for name in wanted)
        return Checked("the supervisor shows the restarts", wrong, seen)
