"""One history: what a seed makes happen to door, inbox, settlement and publisher.

The schedule draws every choice from one generator in one order, so a seed tells the same
history on every machine, on the double and on PostgreSQL.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import psycopg
from structlog.testing import capture_logs

from jusha.inbox.append import append
from jusha.inbox.envelopes import Envelope
from tests.simulator.cast import MORNING, OF_ORDERS, Cast, Message
from tests.simulator.connections import Connection, Server
from tests.simulator.door import SILENT, SimulatedDoor, simulated_connections
from tests.simulator.processes import FAULTS, LOST, UNREPORTED, Died, Process
from tests.simulator.publishing import SimulatedPublisher
from tests.simulator.rules import OFTEN
from tests.simulator.settler import SimulatedSettler

HEALING_ROUNDS_MAX: Final = 400
OF_THE_END: Final = {"quadratic", "retro"}
"""Themes of which little is seen before the campaign is over."""


class StuckWorldError(AssertionError):
    """A healed world does not come to rest."""


@dataclass
class Owed:
    """Envelopes that a console, a job, a page or a file must get into its lane."""

    lane: str
    envelopes: list[Envelope]
    acknowledged: bool = False


class History:
    """The world of one seed."""

    def __init__(self, server: Server, seed: int, set_clock: Callable[[datetime], None]) -> None:
        self.random = random = Random(seed)
        self.seed, self.server, self.set_clock = seed, server, set_clock
        self.now_us = MORNING * 10**6
        self.cast = Cast(random)
        self.events: list[str] = []
        self.told: list[str] = []
        self.owed: list[Owed] = []
        self.waiting: list[tuple[Message, asyncio.Future[None]]] = []
        self.trouble = random.choice([0.0, 0.05, 0.2, 0.5])
        self.envelopes_max = random.choice([1, 2, 4, 8, 10_000])
        self.settlers = [SimulatedSettler(server, name, random) for name in ("first", "second")]
        self.publisher = SimulatedPublisher(server, random.randbytes(32))
        for settler in self.settlers:
            settler.told = self.events
        self.publisher.told = self.events
        self.publishing = False
        self.door = SimulatedDoor(server)
        self.tick(0)

    def run(self) -> None:
        """Live the whole history and heal it; what happened is in `events` and the server."""
        with (
            capture_logs() as self.logs,
            self.cast.secrets.installed(),
            simulated_connections(),
        ):
            furniture: list[Envelope] = list(self.cast.furnish())
            for at in range(0, len(furniture), 4):
                self._pay_surely(Owed("console", furniture[at : at + 4]))
                self.tick(1)
            for _ in range(self.random.choice([20, 40, 80])):
                self.step()
            if self.random.random() < 0.05:
                self.rush()
            if self.random.random() < (0.7 if self.cast.theme in OF_THE_END else 0.3):
                self.evening()
            self.heal()

    def tick(self, microseconds: int) -> None:
        """Let time pass on the database's clock."""
        self.now_us += microseconds
        self.set_clock(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.now_us))

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return self.now_us // 10**6

    def step(self, *, nested: bool = False) -> None:
        """Let one thing happen."""
        name = self.random.choices(NAMES, WEIGHTS)[0]
        if nested and name in {"settle", "another"}:
            name = "another" if self.random.random() < 0.2 else "web"
        self.events.append(f"{'  ' if nested else ''}{name}")
        ACTIONS[name](self)

    def strike(self, process: Process, *, steps: int, chance: int = 1) -> None:
        """Perhaps plan a fault, or another's turn, at one of the process's next steps."""
        if self.random.random() < chance * self.trouble:
            process.fault = self.random.choice(FAULTS)
            process.fault_after = self.random.randrange(steps)
        if self.random.random() < 0.15:
            process.meanwhile = lambda: self.step(nested=True)
            process.meanwhile_after = self.random.randrange(steps)

    def send(self) -> None:
        """A channel sends something new, or again; orders go before where a story needs them."""
        if self.cast.theme in OF_ORDERS and self.random.random() < OFTEN / 2:
            self.page()
        message = None
        if self.random.random() < 0.3:
            message = self.cast.repeat()
        message = message or self.cast.message(self.now_s)
        future = self.door.take(message.path, message.channel, message.body)
        if future is not None:
            self.waiting.append((message, future))
        self.collect()

    def collect(self) -> None:
        """Hear the door's answers."""
        still = []
        for message, future in self.waiting:
            if not future.done():
                still.append((message, future))
            elif not future.cancelled() and future.exception() is None:
                message.acknowledged = True
        self.waiting = still

    def answer_door(self) -> None:
        """The database answers the door, or does not."""
        how = ""
        if self.random.random() < self.trouble:
            how = self.random.choice([LOST, UNREPORTED, SILENT + LOST, SILENT + UNREPORTED])
        if not self.door.answer(how):
            self.door.wait()
        self.collect()

    def owe(self, lane: str, *envelopes: Envelope) -> None:
        """Append envelopes to a lane, and keep them as owed until that is confirmed."""
        owed = Owed(lane, list(envelopes))
        self.owed.append(owed)
        self.pay(owed)

    def pay(self, owed: Owed) -> None:
        """Try to append what is owed, alone or within a longer transaction."""
        process = Process(owed.lane, told=self.events)
        self.strike(process, steps=3)
        autocommit = self.random.random() < 0.7
        try:
            connection: Any = Connection(self.server, process, autocommit=autocommit)
            with connection.transaction():
                append(connection, lane=owed.lane, envelopes=owed.envelopes)
            owed.acknowledged = True
        except (psycopg.OperationalError, Died):
            pass
        process.die()

    def page(self) -> None:
        """The donate page takes an order, or somebody's failed append is tried again."""
        unpaid = [owed for owed in self.owed if not owed.acknowledged]
        if unpaid and self.random.random() < 0.7:
            self.pay(self.random.choice(unpaid))
        else:
            self.owe("web", self.cast.agreed(self.gifts()))

    def decide(self) -> None:
        """A person decides something."""
        decision = self.cast.decision(self.now_s, self.settled())
        self.owe(self.random.choice(["console", "jobs"]), decision)

    def settled(self) -> int:
        """How many entries there are."""
        connection: Any = Connection(self.server, Process("onlooker"), autocommit=True)
        row = connection.execute(
            "SELECT coalesce(max(first + count), 0) FROM tlog_entries"
        ).fetchone()
        connection.close()
        return int(row[0])

    def gifts(self) -> list[int]:
        """The numbers of what was given or held."""
        connection: Any = Connection(self.server, Process("onlooker"), autocommit=True)
        rows = connection.execute("SELECT number FROM giving_deed ORDER BY number").fetchall()
        connection.close()
        return [int(row[0]) for row in rows]

    def file(self) -> None:
        """A file comes late."""
        self.owe("import", *self.cast.filed(self.now_s, self.gifts()))

    def settle(self) -> None:
        """A settlement process works a turn, or starts."""
        settler = self.settlers[0]
        for other in self.settlers:
            if other.settlement is not None and self.random.random() < 0.7:
                settler = other
        if settler.settlement is None:
            settler.start(envelopes_max=self.envelopes_max)
        else:
            self.strike(settler.process, steps=40)
            settler.step()

    def another(self) -> None:
        """A second settlement process wants the shard; seldom the first lost its lock."""
        if self.random.random() < 0.5:
            self.server.drop_locks()
        down = [settler for settler in self.settlers if settler.settlement is None]
        if down:
            down[0].start(envelopes_max=self.envelopes_max)

    def publish(self) -> None:
        """The publisher works a turn, or starts."""
        if self.publishing:
            return
        self.publishing = True
        if self.publisher.publisher is None:
            self.publisher.start()
        else:
            self.strike(self.publisher.process, steps=40, chance=2)
            self.publisher.step()
        self.publishing = False

    def kill(self) -> None:
        """Something is killed between two of its steps."""
        victim = self.random.choice(["door", "settler", "publisher", "power"])
        if victim == "door":
            self.restart_door()
        elif victim == "settler":
            self.random.choice(self.settlers).die()
        elif victim == "publisher":
            self.publisher.die()
        else:
            self.publisher.lose_power(self.random)

    def restart_door(self) -> None:
        """The door dies with what was on its way, and a new one stands up."""
        self.door.die(reached=self.random.random() < 0.5)
        self.collect()
        self.waiting.clear()
        self.door = SimulatedDoor(self.server)

    def pass_time(self) -> None:
        """A while passes: mostly short, sometimes over a minute, an hour, a day."""
        self.tick(self.random.choice([0, 1, 900, 10**6, 20 * 10**6, 61 * 10**6, 1800 * 10**6,
                                      6 * 3600 * 10**6]))  # fmt: skip

    def rush(self) -> None:
        """So many gifts at once that tiles fill up."""
        for _ in range(30):
            message = self.cast.message(self.now_s)
            future = self.door.take(message.path, message.channel, message.body)
            if future is not None:
                self.waiting.append((message, future))
            owed = Owed("import", self.cast.filed(self.now_s, self.gifts()))
            self.owed.append(owed)
            self.pay(owed)
            if self.random.random() < 0.2:
                self.step()

    def evening(self) -> None:
        """The campaign is over: what waits is paid, step by step, while other things happen."""
        over_us = (self.cast.closes_s + 700) * 10**6
        self.tick(max(over_us - self.now_us, 0))
        for place, decision in enumerate(self.cast.ending(self.now_s, self.gifts())):
            if place == 1:
                self.tick(601 * 10**6)  # a rule that was published first acts from here
            self.owe("jobs", decision)
            self.tick(self.random.choice([1, 61 * 10**6, 200 * 10**6]))
            if self.random.random() < 0.5:
                self.step()

    def heal(self) -> None:
        """No more faults: everything starts, and works until nothing is left to do."""
        self.trouble = 0.0
        for settler in self.settlers:
            settler.die()
        self.publisher.die()
        for _ in range(HEALING_ROUNDS_MAX):
            self.door.wait()
            if not self.door.answer() and not self.door.intake.waiting:
                break
        self.collect()
        for owed in [owed for owed in self.owed if not owed.acknowledged]:
            self._pay_surely(owed)
        settler = self.settlers[0]
        settler.start(envelopes_max=self.envelopes_max)
        for _ in range(HEALING_ROUNDS_MAX):
            done = settler.step()
            if done is not None and done.rows == 0:
                break
            if done is None:
                settler.start(envelopes_max=self.envelopes_max)
        else:
            raise StuckWorldError("settlement does not come to rest")
        if not self.publisher.start():
            raise StuckWorldError("the publisher does not start")
        while self.publisher.step():
            pass

    def _pay_surely(self, owed: Owed) -> None:
        connection: Any = Connection(self.server, Process(owed.lane), autocommit=True)
        append(connection, lane=owed.lane, envelopes=owed.envelopes)
        connection.close()
        owed.acknowledged = True
        self.owed.append(owed)


Action = Callable[[History], None]
ACTIONS: Final[dict[str, Action]] = {
    "send": History.send,
    "door": History.answer_door,
    "web": History.page,
    "decide": History.decide,
    "file": History.file,
    "settle": History.settle,
    "another": History.another,
    "publish": History.publish,
    "kill": History.kill,
    "time": History.pass_time,
}
CHANCES: Final = {"send": 28, "door": 16, "web": 8, "decide": 7, "file": 4, "settle": 16,
                  "another": 2, "publish": 9, "kill": 3, "time": 10}  # fmt: skip
NAMES: Final = list(ACTIONS)
WEIGHTS: Final = [CHANCES[name] for name in NAMES]
