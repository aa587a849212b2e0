"""A clerk who refunds gifts while everything breaks, and never knows whether he was heard.

An instruction is appended under an id of his own and appended again under the same id
until its outcome is there; each must be obeyed once.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Instruction
from jusha.management.drill import gifts

EVERY_SECONDS: Final = 1.0
GIVE_UP_SECONDS: Final = 120.0

GIFTS_SQL: Final = """
SELECT d.number, d.amount FROM giving_deed d JOIN campaigns_terms c ON c.id = d.campaign
WHERE c.code <> %s ORDER BY d.number"""
OUTCOMES_SQL: Final = """
SELECT code FROM settlement_outcome WHERE id = encode(%b, 'hex')::uuid"""
REFUNDED_SQL: Final = """
SELECT deed, sum(amount)::bigint FROM giving_refund GROUP BY deed ORDER BY deed"""


@dataclass(slots=True)
class Asked:
    """One refund that was asked for."""

    instruction: Instruction
    deed: int
    amount: int
    appended: int = 0
    code: str = ""


class Clerk:
    """Refunds gifts of the demo's campaign in parts, in a thread of its own."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], *, seed: int) -> None:
        self._connect = connect
        self._chance = random.Random(seed)  # noqa: S311 - a drill, not a secret
        self.asked: list[Asked] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)

    def start(self) -> None:
        """Begin to refund."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for no more; what is asked for is seen through to its outcome."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._round(anew=True)
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while self._open() and time.monotonic() < give_up:
            self._round(anew=False)
            time.sleep(EVERY_SECONDS)

    def _round(self, *, anew: bool) -> None:
        """Look after what is open, and perhaps ask for one refund more."""
        try:
            with self._connect() as connection:
                for each in self._open():
                    self._see_through(connection, each)
                if anew and (found := connection.execute(GIFTS_SQL, (gifts.CAMPAIGN,)).fetchall()):
                    deed, amount = self._chance.choice(found)
                    part = self._chance.randint(1, amount)
                    body = {"deed": deed, "amount": part, "reason": "chaos"}
                    named = Instruction(new_id(), "refund", "clerk-a", "clerk-b", body)
                    self.asked.append(Asked(named, deed, part))
        except psycopg.Error:
            return  # the next round tries again

    def _see_through(self, connection: psycopg.Connection[Any], each: Asked) -> None:
        row = connection.execute(OUTCOMES_SQL, (each.instruction.id,)).fetchone()
        if row:
            each.code = row[0]
            return
        each.appended += 1
        append(connection, lane="console", envelopes=[each.instruction])

    def differences(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Compare what was answered with what was refunded."""
        wanted: dict[int, int] = {}
        for each in self.asked:
            if each.code == "done":
                wanted[each.deed] = wanted.get(each.deed, 0) + each.amount
        refunded = {int(deed): int(total) for deed, total in connection.execute(REFUNDED_SQL)}
        return [f"the refund of {each.deed} was never answered" for each in self._open()] + [
            f"deed {deed}: {refunded.get(deed, 0)} fen refunded, {wanted.get(deed, 0)} answered"
            for deed in sorted(wanted | refunded)
            if wanted.get(deed, 0) != refunded.get(deed, 0)
        ]

    def _open(self) -> list[Asked]:
        return [each for each in self.asked if not each.code]

    def summary(self) -> str:
        """How much was asked and what became of it."""
        done = sum(each.code == "done" for each in self.asked)
        again = sum(each.appended > 1 for each in self.asked)
        return f"{len(self.asked)} asked, {done} done, {again} of them appended more than once"
