"""One run of chaos: start, load, break by schedule, heal, drain, and compare everything.

What breaks is drawn from the seed; when a process notices is not, so two runs of a seed
are two histories of one schedule. The comparisons must hold in every one.
"""

import contextlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from django.conf import settings

from benchmarks.load import acknowledged_ids
from jusha.management.chaos.clerk import Clerk
from jusha.management.chaos.donors import Donors
from jusha.management.chaos.faults import NotYetError, all_faults
from jusha.management.chaos.ground import Ground
from jusha.management.chaos.observer import Observer
from jusha.management.chaos.schedule import Planned, draw
from jusha.management.drill import gifts
from jusha.management.drill.checks import Checked, check_books, check_recompute, check_stop
from jusha.management.drill.installation import DrillFailedError
from jusha.merkle.note import parse_vkey
from jusha.tlog.files import read_from

TICK_SECONDS: Final = 0.1
DRAIN_SECONDS: Final = 240.0
HEAL_SECONDS: Final = 90.0
CALM_SECONDS: Final = 5.0
"""Of load before the first fault and behind the last one are part of the schedule's length."""
Tell = Callable[[str], None]


@dataclass(slots=True)
class Step:
    """One moment of the run: a fault begins or ends."""

    at_s: float
    begins: bool
    planned: Planned


class ChaosRun:
    """One run in one scratch installation."""

    def __init__(
        self,
        ground: Ground,
        *,
        seed: int,
        seconds: float,
        rate_per_second: int,
        tell: Tell,
        only: str = "",
    ) -> None:
        """Draw the schedule; `only` keeps the faults whose name has one of these words."""
        self.here, self.tell, self.seed = ground, tell, seed
        self.seconds, self.rate = seconds, rate_per_second
        words = only.split(",")
        known = [each for each in all_faults() if any(word in each.name for word in words)]
        self.skipped = {f.name: why for f in known if (why := f.why_skipped(ground))}
        usable = [fault for fault in known if fault.name not in self.skipped]
        self.schedule = draw(usable, seed=seed, seconds=seconds - CALM_SECONDS)
        self.workload = gifts.plan_gifts(int(seconds * rate_per_second))
        self.journal = ground.base / "journal"
        self.observer = Observer(ground.ports["JUSHA_WEB_PORT"])
        self.clerk = Clerk(ground.connect, seed=seed)
        self.donors = Donors(
            web_port=ground.ports["JUSHA_WEB_PORT"],
            cashier_port=ground.ports["JUSHA_CASHIER_PORT"],
            seed=seed,
        )
        self.met: Counter[str] = Counter()
        self.active: list[Planned] = []
        self._began = 0.0

    def tell_schedule(self) -> None:
        """Print what will be done, so that it can be repeated and read beside the output."""
        self.tell(f"seed {self.seed}, {self.seconds:.0f} s, {self.rate} gifts a second")
        for planned in self.schedule:
            self.tell(f"  {planned}")
        for name, why in self.skipped.items():
            self.tell(f"  SKIPPED {name}: {why}")

    def run(self) -> Iterator[Checked]:
        """Do it all, and tell each comparison as it is made. Raises DrillFailedError."""
        self.tell_schedule()
        self.here.start()
        with self.here.connect() as connection:
            gifts.open_campaign(connection, self.workload)
        self.tell(f"running in {self.here.base}")
        sender = self._start_load()
        self.observer.start()
        self.clerk.start()
        self.donors.start()
        self._began = time.monotonic()
        try:
            self._break_by_schedule()
        finally:
            self._heal()
        load = self._finish_load(sender)
        self.clerk.stop()
        self.donors.stop()
        took = self.here.wait(
            self._drained, "everything to be settled and published", DRAIN_SECONDS
        )
        self.tell(f"drained after {took:.1f} s: {self.here.settled()} entries, all published")
        yield from self._check(load)

    def _start_load(self) -> subprocess.Popen[str]:
        told = {
            "--seed": self.seed,
            "--workload": json.dumps(asdict(self.workload)),
            "--channel": gifts.CHANNEL,
            "--campaign": gifts.CAMPAIGN,
            "--projects": ",".join(gifts.PROJECTS),
            "--rate": self.rate,
            "--port": self.here.door_port,
            "--secret": self.here.home / "sandbox" / f"{gifts.CHANNEL}.secret",
            "--journal": self.journal,
            "--give-up-seconds": DRAIN_SECONDS,
        }
        argv = [sys.executable, "-m", "jusha.management.chaos.deliveries"]
        argv += [f"{name}={value}" for name, value in told.items()]
        return subprocess.Popen(argv, cwd=settings.REPO_DIR, stdout=subprocess.PIPE, text=True)

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _break_by_schedule(self) -> None:
        steps = [Step(each.begins_s, begins=True, planned=each) for each in self.schedule]
        steps += [Step(each.ends_s, begins=False, planned=each) for each in self.schedule]
        steps.sort(key=lambda step: (step.at_s, not step.begins))
        late: list[Planned] = []
        while steps or self._now() < self.seconds - CALM_SECONDS:
            self.here.tend()
            while steps and steps[0].at_s <= self._now():
                step = steps.pop(0)
                if step.begins:
                    if not self._begin(step.planned):
                        late.append(step.planned)
                    continue
                if step.planned in late:
                    late.remove(step.planned)
                    self._say(step.planned, "could not begin, another fault was in its way")
                elif not self._end(step.planned):
                    again = Step(self._now() + 0.5, begins=False, planned=step.planned)
                    steps = sorted([*steps, again], key=lambda each: each.at_s)
            late = [planned for planned in late if not self._begin(planned)]
            for planned in self.active:
                planned.fault.hold(self.here)
            time.sleep(TICK_SECONDS)

    def _begin(self, planned: Planned) -> bool:
        """Try to begin a fault; False if it cannot be yet."""
        fault = planned.fault
        if any(each.fault is fault for each in self.active):
            return False
        before = f"{self.here.settled()} settled, {self._published()} published"
        try:
            detail = fault.begin(self.here, random.Random(planned.chance))  # noqa: S311 - a drill
        except (NotYetError, psycopg.Error, OSError):
            with contextlib.suppress(psycopg.Error, OSError):
                fault.end(self.here)  # half begun is not begun
            return False
        self.active.append(planned)
        self.met[fault.name] += 1
        self._say(planned, f"begins {detail} ({before})".replace("  ", " "))
        return True

    def _end(self, planned: Planned) -> bool:
        """Try to end a fault; False if it cannot be yet."""
        try:
            planned.fault.end(self.here)
        except (psycopg.Error, OSError):
            return False
        self.active.remove(planned)
        return True

    def _say(self, planned: Planned, what: str) -> None:
        self.tell(f"{self._now():6.1f} s  {planned.fault.name}: {what}")

    def _published(self) -> int:
        """How many entries are published; 0 while the checkpoint cannot be read."""
        try:
            return self.here.published()
        except (OSError, ValueError):
            return 0

    def _drained(self) -> bool:
        self.here.tend()
        try:
            return self.here.drained()
        except (OSError, ValueError):
            return False

    def _heal(self) -> None:
        """End what still lasts, until all of it is ended. Raises DrillFailedError."""

        def healed() -> bool:
            self.here.tend()
            for planned in list(self.active):
                self._end(planned)
            return not self.active

        self.here.wait(healed, "the faults to be undone", HEAL_SECONDS)
        self.tell(f"{self._now():6.1f} s  all faults are over")

    def _finish_load(self, sender: subprocess.Popen[str]) -> dict[str, Any]:
        """Wait for the senders to be done."""
        while sender.poll() is None:
            self.here.tend()
            if self._now() > self.seconds + 2 * DRAIN_SECONDS:
                sender.kill()
                raise DrillFailedError("the senders did not end")
            time.sleep(TICK_SECONDS)
        said, _ = sender.communicate()
        if sender.returncode:
            raise DrillFailedError(f"the senders ended with code {sender.returncode}")
        load: dict[str, Any] = json.loads(said)
        answers = ", ".join(f"{n} x {status}" for status, n in sorted(load["statuses"].items()))
        self.tell(
            f"load: {load['accepted']} of {load['posts']} deliveries accepted, longest"
            f" {load['longest_s']} s; answers {answers}"
        )
        return load

    def _check(self, load: dict[str, Any]) -> Iterator[Checked]:
        wrong = [f"{load['lost']} deliveries were never accepted"] if load["lost"] else []
        wrong += [f"the door answered {each}" for each in load["strange"]]
        seen = f"{load['accepted']} accepted, of {self.workload.gifts_total} gifts"
        yield Checked("every delivery was accepted in the end", wrong, seen)
        yield self._check_faults()
        state = self.here.state()
        whys = {name: each["why"] for name, each in state.get("processes", {}).items()}
        wrong = [f"{name}: {why}" for name, why in whys.items() if why]
        yield Checked("no process is held up by anything afterwards", wrong, self._restarts(state))
        yield check_recompute(self.here, f"http://127.0.0.1:{self.observer.port}/log")
        self.observer.stop()
        vkey = parse_vkey((self.here.public / "vkey").read_text().strip())
        wrong = self.observer.differences(vkey, lambda path: read_from(self.here.public, path))
        yield Checked("every checkpoint ever seen is a prefix of the log", wrong[:10], self._seen())
        with self.here.connect() as connection:
            wrong = self.clerk.differences(connection)
            orders = self.donors.differences(connection)
        yield Checked("every refund was made once", wrong[:10], self.clerk.summary())
        name = "every order that was paid at the site is one gift"
        yield Checked(name, orders[:10], self.donors.summary())
        yield check_stop(self.here)
        yield from check_books(self.here, self.workload, acknowledged_ids(self.journal))

    def _check_faults(self) -> Checked:
        """`jusha up` may end by itself only while it starts."""
        codes = Counter(self.here.ended)
        wrong = [f"`jusha up` ended {n} times with code {code}" for code, n in codes.items()]
        missed = len(self.schedule) - self.met.total()
        seen = f"{self.met.total()} faults of {len(self.met)} kinds, {missed} could not begin"
        seen += f"; `jusha up` refused to start {self.here.refused_starts} times"
        return Checked("the faults were met, and `jusha up` ended only when killed", wrong, seen)

    def _restarts(self, state: dict[str, Any]) -> str:
        found = {name: each["restarts"] for name, each in state.get("processes", {}).items()}
        found["postgres"] = state.get("database", {}).get("restarts", 0)
        return "restarts since the last start of all: " + ", ".join(
            f"{name} {count}" for name, count in found.items()
        )

    def _seen(self) -> str:
        eye = self.observer
        return (
            f"{eye.sizes} checkpoints in {eye.looks} looks, {eye.failed} without an answer,"
            f" {eye.unreadable} damaged notes refused"
        )
