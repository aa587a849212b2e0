"""Processes that die, and connections and disks that fail: at a chosen step, in both ways.

Everything a part under test does to the outside passes `Process.io`. There the history's
seed may break it: lost (it was not done), unreported (it was done, and the answer got
lost), refused (the server says no and stays), or the whole process dies before or after.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import errors

LOST: Final = "lost"
UNREPORTED: Final = "unreported"
REFUSED: Final = "refused"
DIES_BEFORE: Final = "dies before"
DIES_AFTER: Final = "dies after"
FAULTS: Final = (LOST, UNREPORTED, REFUSED, DIES_BEFORE, DIES_AFTER)


class Died(BaseException):
    """The process is gone: nothing after this happens in it, `except Exception` included."""


@dataclass
class Process:
    """One run of a process, with the fault that waits for it.

    `fault_after` is how many of its steps go well first; `meanwhile` does something else
    in the world between two steps (another process's turn), after `meanwhile_after` steps.
    """

    name: str
    steps: int = 0
    fault: str = ""
    fault_after: int = 0
    meanwhile: Callable[[], None] | None = None
    meanwhile_after: int = 0
    dead: bool = False
    opened: list[Callable[[], None]] = field(default_factory=list)
    """What to let go of when the process dies."""
    told: list[str] = field(default_factory=list)

    def die(self) -> None:
        """End at once: every connection breaks, every lock falls."""
        self.dead = True
        for close in self.opened:
            close()
        self.opened.clear()

    def io(
        self,
        act: Callable[[], Any],
        error: type[Exception],
        what: str,
        *,
        broken: Callable[[], object] = lambda: None,
        closed: Callable[[], object] = lambda: None,
    ) -> Any:
        """Do one step to the outside, or fail at it as the fault says.

        `broken` leaves behind what a step that was not done may leave (half a file), `closed`
        ends the way to the outside where the failure does; `error` is how the part hears.
        """
        if self.dead:
            raise Died(self.name)
        self.steps += 1
        self._turn_of_others()
        fault = self._due()
        if not fault:
            return act()
        self.told.append(f"{self.name}: {fault} at {what}")
        if fault == REFUSED:
            if error is OSError:
                broken()
                raise OSError(28, "no space left", what)
            raise errors.QueryCanceled(what)
        if fault in {UNREPORTED, DIES_AFTER}:
            act()
        else:
            broken()
        if fault in {DIES_BEFORE, DIES_AFTER}:
            self.die()
            raise Died(f"{self.name} at {what}")
        closed()
        raise error(f"{fault}: {what}")

    def _due(self) -> str:
        if not self.fault:
            return ""
        if self.fault_after > 0:
            self.fault_after -= 1
            return ""
        fault, self.fault = self.fault, ""
        return fault

    def _turn_of_others(self) -> None:
        if self.meanwhile is None:
            return
        if self.meanwhile_after > 0:
            self.meanwhile_after -= 1
            return
        meanwhile, self.meanwhile = self.meanwhile, None
        meanwhile()
        if self.dead:
            raise Died(self.name)


class Gone(psycopg.OperationalError):
    """The connection is gone."""
