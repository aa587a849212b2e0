"""Spend what a project's line has left: two persons, the next interval, one entry. Pure.

What came in first is spent first (blueprint decision 5, docs/design/0027-spending.md). The
entry has no name and no words: hashes bind it to what the page says and to the evidence.
"""

from typing import Annotated, Final

import msgspec

from jusha.inbox.envelopes import CODE
from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS
from jusha.projects.line import LINES
from jusha.settlement.task import InstructionRefusedError, Task, enter, two_persons

SPENT_KINDS: Final = {line: f"{name}-spent" for name, line in LINES.items()}
"""Kinds of the accounts that say what was paid out of a fund, by line."""

Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class SpendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of which line (programme, running) was spent, in fen.

    `ref` names the request and `what` the kind of cost, both codes; `words` is the SHA-256 of
    the public words, `evidence` of the evidence.
    """

    project: str
    line: str
    amount: int
    ref: str
    what: str
    words: Hash
    evidence: Hash


def spend(task: Task) -> int:
    """Spend the next interval of a line: two persons, never more than it has left."""
    two_persons(task.instruction)
    world, changes = task.world, task.changes
    body = msgspec.convert(task.instruction.body, SpendBody)
    fund, line = world.funds.get(body.project), LINES.get(body.line, 0)
    if fund is None:
        raise InstructionRefusedError("unknown-project", given=body.project)
    if not line:
        raise InstructionRefusedError("unknown-line", given=body.line)
    if wrong := [code for code in (body.ref, body.what) if not CODE.fullmatch(code)]:
        raise InstructionRefusedError("bad-code", given=wrong[0])
    if not 0 < body.amount <= fund.left(line):
        raise InstructionRefusedError("more-than-is-left", left=fund.left(line))
    number = world.next_number
    taken = fund.spendings[line].take(body.amount)
    changes.funds.add(fund)
    book, cny = f"charity:{fund.payee_code}", ASSETS["CNY"].number
    spent = world.account(book, cny, SPENT_KINDS[line], fund.code)
    changes.post(number, 0, world.account(book, cny, "fund", fund.code), spent, body.amount)
    changes.expenses.append(
        (number, fund.project, line, *taken, body.amount, taken.length - body.amount, body.ref,
         body.what, body.words, body.evidence, task.at_us)
    )  # fmt: skip
    return enter(
        task,
        {
            "amt": body.amount,
            "at": list(taken),
            "ev": encode64(body.evidence),
            "h": encode64(body.words),
            "k": "spend",
            "line": body.line,
            "prj": fund.code,
            "ref": body.ref,
            "what": body.what,
        },
    )
