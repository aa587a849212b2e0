"""Book that money which could not go back to its donor went to another charity. Pure.

A fundraising that a regulator found unlawful is sent back whole; what no donor can be given goes to
the charity that the regulator names (Charity Law 111, 113; docs/design/0033-residue.md). Two
persons, a decision that the entry is bound to by hash, and never more than is owed.
"""

from typing import Annotated, Final

import msgspec

from jusha.inbox.envelopes import CODE
from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.settlement.refund import clear_owed
from jusha.settlement.task import InstructionRefusedError, Task, enter, two_persons

RECEIVED: Final = ("residue-received", "residue")
"""Kinds of the receiving charity's two accounts: what came to it, and that it holds it."""

Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class ResidueBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deed, how much of what is owed of it (smallest unit), and which charity got it.

    `order` names the decision, a code; `words` is the SHA-256 of what is said of it in public.
    """

    deed: int
    amount: int
    charity: str
    order: str
    words: Hash


def residue(task: Task) -> int:
    """Give what is owed of a deed to a named charity: two persons, never more than is owed."""
    two_persons(task.instruction)
    world, changes, found = task.world, task.changes, task.found
    body = msgspec.convert(task.instruction.body, ResidueBody)
    deed = found.deeds.get(body.deed) or changes.deed(body.deed)
    if deed is None or deed.held:
        raise InstructionRefusedError("unknown-deed", given=body.deed)
    giver = world.funds_by_id[deed.project].payee_code
    if body.charity not in world.payees:
        raise InstructionRefusedError("unknown-charity", given=body.charity)
    if body.charity == giver:
        raise InstructionRefusedError("same-charity", given=body.charity)
    if not CODE.fullmatch(body.order):
        raise InstructionRefusedError("bad-code", given=body.order)
    if not 0 < body.amount <= deed.refunded - deed.repaid:
        raise InstructionRefusedError("more-than-is-owed", left=deed.refunded - deed.repaid)
    fields = {
        "amt": body.amount,
        "cur": ASSETS_BY_NUMBER[deed.asset].code,
        "h": encode64(body.words),
        "k": "residue",
        "order": body.order,
        "org": body.charity,
        "ref": body.deed,
    }
    number = enter(task, fields)
    clear_owed(task, deed, body.amount, number)
    book = f"charity:{body.charity}"
    received, held = (world.account(book, deed.asset, kind, giver) for kind in RECEIVED)
    changes.post(number, 1, received, held, body.amount)
    payee = world.payees[body.charity]
    changes.repaid.append((number, body.deed, body.amount, body.order, payee, body.words))
    return number
