"""One project that stops at its target while thousands give each second.

"小朋友画廊" (2017) took 5.8 million gifts and stopped at 15,028,994.79 yuan for a target of
15,000,000: 0.19 per cent over, closed by hand. Here two platforms take gifts in their own apps and
report them at the door; each holds room by the API before it takes them, a piece at a time, and
stops when there is none.
"""

import json
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from benchmarks.requests import write_requests
from benchmarks.results import append_result
from benchmarks.workload import AMOUNTS_FEN
from jusha.management.demo import build
from jusha.management.drill import gifts
from jusha.management.drill.checks import Checked, check_command, check_recompute, check_stop
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.management.drill.minute_gifts import CHANNEL, SECRET, admit, door_knows

PLATFORMS: Final = 2
PROJECT: Final = gifts.PROJECTS[0]
CHARITY: Final = next(row["charity"] for row in build.WORLD["project"] if row["code"] == PROJECT)
TARGET_PERCENT: Final = 70
"""Of all that the donors offer: the rest comes too late."""
GIVEN_SQL: Final = """
SELECT count(*), coalesce(sum(d.amount), 0)::bigint FROM giving_deed d
JOIN projects_fund f ON f.project = d.project WHERE f.code = %s AND NOT d.held"""
TAKEN_SQL: Final = """
SELECT count(*), coalesce(sum(d.amount), 0)::bigint FROM giving_deed d
JOIN payments_channel c ON c.id = d.channel WHERE c.code = %s AND NOT d.held"""
HARD_SQL: Final = "UPDATE jusha_project SET hard_target = true, target_amount = %s WHERE code = %s"
ROOM_SQL: Final = "SELECT room FROM jusha_targetroom WHERE project = %s"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many gifts a second are offered, and for how long."""

    rate: int = 5_000
    seconds: float = 20.0
    connections: int = 128

    @property
    def gifts(self) -> int:
        """How many are offered."""
        return int(self.rate * self.seconds)


def amounts(count: int) -> list[int]:
    """What people give, in fen; the same each time."""
    chance = random.Random(7)  # noqa: S311 - a drill's gifts, no secret
    return chance.choices(list(AMOUNTS_FEN), list(AMOUNTS_FEN.values()), k=count)


class Gallery:
    """One run in one scratch installation."""

    def __init__(self, here: Installation, plan: Plan, tell: Tell) -> None:
        self.here, self.plan, self.tell = here, plan, tell
        self.amounts = amounts(plan.gifts)
        self.target = 0

    def run(self) -> tuple[dict[str, Any], list[Checked]]:
        """Start, make the target hard, let both platforms send, compare.

        Raises DrillFailedError.
        """
        self.here.start()
        with self.here.connect("owner") as connection:
            postgres = connection.info.parameter_status("server_version") or ""
            self._furnish(connection)
            platforms = self._start(self._key())
            told = [json.loads(platform.communicate()[0]) for platform in platforms]
            if any(platform.returncode for platform in platforms):
                raise DrillFailedError("a platform ended with an error")
            self.here.wait(self.here.drained, "everything to be settled and published")
            taken = connection.execute(TAKEN_SQL, (CHANNEL,)).fetchone() or (0, 0)
            after = connection.execute(GIVEN_SQL, (PROJECT,)).fetchone() or (0, 0)
        figures = self._figures(told, taken, after) | {"postgres": postgres}
        for line in report(figures):
            self.tell(line)
        return figures, [self._check(figures), check_stop(self.here), *self._check_books()]

    def _furnish(self, connection: Connection[Any]) -> None:
        with self.here.connect() as web:
            admit(self.here, web, code=CHANNEL, clock="rail")
            self.here.wait(self.here.drained, "the drill's rail to be settled")
            self.here.wait(lambda: door_knows(self.here), "the door to know the drill's rail")
        given = (connection.execute(GIVEN_SQL, (PROJECT,)).fetchone() or (0, 0))[1]
        self.target = given + sum(self.amounts) * TARGET_PERCENT // 100
        connection.execute(HARD_SQL, (self.target, PROJECT))
        self.here.wait(lambda: _room(connection) > 0, "the room to be reckoned")

    def _key(self) -> str:
        told = ("--charity", CHARITY, "--scope", "orders", "--by", "li", "--second", "wang")
        made = self.here.run("-m", "jusha", "api_key", "create", "Drill platforms", *told)
        found = [word for word in made.stdout.split() if word.startswith("jsk_")]
        if not found:
            raise DrillFailedError(f"no key was made: {made.stdout}{made.stderr}")
        return found[0]

    def _start(self, key: str) -> list[subprocess.Popen[str]]:
        """Sign every gift ahead and start both platforms at one moment."""
        now = int(time.time())
        started = []
        for place in range(PLATFORMS):
            requests = self.here.home / f"platform-{place}"
            fen = array("q", self.amounts[place::PLATFORMS])
            write_requests(requests, signed(fen, place, now))
            sums = requests.with_name(f"{requests.name}.fen")
            sums.write_bytes(fen.tobytes())
            started.append(self._platform(place, requests, sums, key))
        begin = time.monotonic() + 2.0
        for platform in started:
            assert platform.stdin is not None
            platform.stdin.write(f"{begin}\n")
            platform.stdin.flush()
        return started

    def _platform(self, place: int, requests: Path, sums: Path, key: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "jusha.management.drill.platform"),
                *(
                    "--project",
                    PROJECT,
                    "--name",
                    f"platform-{place}",
                    "--requests",
                    str(requests),
                    "--amounts",
                    str(sums),
                ),
                *("--port", str(self.here.door_port), "--key", key),
                *("--web-port", str(self.here.ports["JUSHA_WEB_PORT"])),
                *("--rate", str(self.plan.rate / PLATFORMS)),
                *("--connections", str(self.plan.connections // PLATFORMS)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _figures(
        self, told: Sequence[dict[str, Any]], taken: Sequence[int], after: Sequence[int]
    ) -> dict[str, Any]:
        sent, given = sum(each["sent"] for each in told), sum(each["given"] for each in told)
        last = max(each["last_s"] for each in told)
        return {
            "plan": asdict(self.plan),
            "offered": {"gifts": self.plan.gifts, "fen": sum(self.amounts)},
            "target": self.target,
            "raised": after[1],
            "short": self.target - after[1],
            "settled": {"gifts": taken[0], "fen": taken[1]},
            "sent": {"gifts": sent, "fen": given, "refused": sum(each["refused"] for each in told)},
            "per_s": round(sent / last) if last else 0,
            "last_s": round(last, 2),
            "rooms_asked": sum(each["asked"] for each in told),
            "rooms_refused": sum(each["no_room"] for each in told),
        }

    def _check(self, figures: dict[str, Any]) -> Checked:
        wrong = []
        if figures["short"] < 0:
            wrong.append(f"{-figures['short']} fen over the target")
        if figures["settled"] != {name: figures["sent"][name] for name in ("gifts", "fen")}:
            wrong.append(f"settled {figures['settled']}, sent {figures['sent']}")
        smallest = min(AMOUNTS_FEN) * PLATFORMS
        if figures["short"] > max(AMOUNTS_FEN) * PLATFORMS:
            wrong.append(f"{figures['short']} fen short, though gifts of {smallest} waited")
        return Checked(
            "the project stopped at its target", wrong, f"{figures['short']} fen short of it"
        )

    def _check_books(self) -> Iterator[Checked]:
        here = self.here
        if here.run("-m", "jusha", "db", "start").returncode:
            raise DrillFailedError("the database does not start again")
        yield check_command(here, "jusha audit finds nothing wrong", "-m", "jusha", "audit")
        yield check_recompute(here, str(here.public))
        here.run("-m", "jusha", "db", "stop")


def _room(connection: Connection[Any]) -> int:
    row = connection.execute(ROOM_SQL, (PROJECT,)).fetchone()
    return int(row[0]) if row else 0


def signed(fen: "array[int]", place: int, now: int) -> Iterator[tuple[str, bytes]]:
    """The gifts of one platform as it reports them."""
    for number, amount in enumerate(fen):
        message = {
            "id": f"gallery-{place}-{number}", "asset": "CNY", "amount": amount,
            "project": PROJECT, "payer": f"person-{place}-{number}", "paid_at": now,
        }  # fmt: skip
        yield "", gifts.post(message, SECRET, channel=CHANNEL, timestamp=now + 120)


def report(figures: dict[str, Any]) -> Iterator[str]:
    """The figures for a person."""
    offered, target, raised = figures["offered"], figures["target"], figures["raised"]
    yield (
        f"{offered['gifts']:,} gifts of {offered['fen'] / 100:,.2f} yuan offered at"
        f" {figures['plan']['rate']:,} a second by {PLATFORMS} platforms"
    )
    yield (
        f"{figures['sent']['gifts']:,} were taken, {figures['per_s']:,} a second until the last at"
        f" {figures['last_s']} s; room was asked for {figures['rooms_asked']} times and refused"
        f" {figures['rooms_refused']} times"
    )
    yield (
        f"target {target / 100:,.2f} yuan, raised {raised / 100:,.2f}:"
        f" {figures['short'] / 100:,.2f} short, {max(-figures['short'], 0) / target:.4%} over"
    )


def run(plan: Plan, *, record: bool, keep: bool, tell: Tell) -> list[Checked]:
    """Run the drill in an installation of its own; remember the figures if all agrees.

    Raises DrillFailedError.
    """
    here = Installation()
    tell(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, scratch home {here.home}")
    try:
        figures, checks = Gallery(here, plan, tell).run()
        if record and not any(check.wrong for check in checks):
            append_result("gallery", figures, postgres=figures.pop("postgres"))
    finally:
        if not keep:
            here.remove()
    return checks
