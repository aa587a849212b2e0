"""Hold the match of one gift while a person looks into it, and let it go again. Pure.

Nothing moves: what was promised stays promised. While any gift of a project is held, no pool
releases to that project; a claw-back of the gift ends its hold as letting it go does
(docs/design/0040-abuse.md).
"""

from typing import Annotated

import msgspec

from jusha.settlement.task import InstructionRefusedError, Task, enter
from jusha.settlement.world import World


class ReviewBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which gift, and why: the reason stays out of the log."""

    deed: int
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


def hold_match(task: Task) -> int:
    """Hold the release of a gift's match until it was looked into: {deed, reason}."""
    return _set(task, held=True)


def let_match(task: Task) -> int:
    """Let a held match go, as nothing was found wrong with the gift: {deed, reason}."""
    return _set(task, held=False)


def _set(task: Task, *, held: bool) -> int:
    body = msgspec.convert(task.instruction.body, ReviewBody)
    deed = task.found.deeds.get(body.deed) or task.changes.deed(body.deed)
    if deed is None or deed.held:
        raise InstructionRefusedError("unknown-deed", given=body.deed)
    reviews = task.world.reviews.setdefault(deed.project, set())
    if deed.clawed or (body.deed in reviews) == held:
        raise InstructionRefusedError("nothing-to-change")
    number = enter(task, {"k": "review", "ref": body.deed, "st": "open" if held else "let"})
    task.changes.reviews.append((number, body.deed, deed.project, held, body.reason))
    if held:
        reviews.add(body.deed)
    else:
        reviews.discard(body.deed)
    return number


def held_in(world: World, campaign: int) -> int:
    """How many gifts are held in projects that a campaign has: what hangs on all gifts waits."""
    projects = {total.project for total in world.totals.values() if total.campaign == campaign}
    return sum(len(deeds) for project, deeds in world.reviews.items() if project in projects)


def end_review(task: Task, deed: int, project: int, reason: str) -> None:
    """End the hold of a gift whose match is taken back by the entry that comes next."""
    reviews = task.world.reviews.get(project, set())
    if deed in reviews:
        task.changes.reviews.append((task.world.next_number, deed, project, False, reason))
        reviews.discard(deed)
