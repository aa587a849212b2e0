"""What an instruction's handler is given, and how it refuses. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from jusha.inbox.envelopes import Instruction
from jusha.money.clock import minute_text
from jusha.settlement.changes import Changes, Found
from jusha.settlement.world import World
from jusha.tlog.leaves import canonical

SECOND_US: Final = 1_000_000


class InstructionRefusedError(Exception):
    """The instruction does not fit the world; its outcome carries the code and why."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Task(NamedTuple):
    """One instruction before its handler; `at_us` is when its inbox row became durable."""

    world: World
    changes: Changes
    found: Found
    instruction: Instruction
    at_us: int

    @property
    def at_s(self) -> int:
        """The Unix second in which its inbox row became durable."""
        return self.at_us // SECOND_US


def begun(world: World, campaign: int) -> bool:
    """Say whether a campaign has a gift: before its first, nobody was promised anything."""
    return any(total.campaign == campaign and total.gifts for total in world.totals.values())


def two_persons(instruction: Instruction) -> None:
    """Refuse what one person alone may not decide."""
    if not instruction.by or not instruction.second or instruction.by == instruction.second:
        raise InstructionRefusedError("needs-two-persons", kind=instruction.kind)


def enter(task: Task, fields: Mapping[str, object]) -> int:
    """Write an entry with its number and minute; return the number.

    Raises EntryTooLongError, CanonicalJsonError: a handler that can refuse writes before it acts.
    """
    at = {"n": task.world.next_number, "t": minute_text(task.at_s), "v": 1}
    return task.changes.enter(task.world, canonical({**fields, **at}))
