"""Publish a day's accounts of a charity: its lists laid beside its bills. Pure.

Settlement does not judge the table: it comes from files that only the charity has. It writes the
table's hash into the log, so what was said on a day can never be unsaid. A later entry of the
same charity and day corrects the earlier, and its table names the one that it corrects.
"""

from typing import Final

import msgspec

from jusha.money.clock import day_number, local_day
from jusha.settlement.seal import canonical_table, keep_table
from jusha.settlement.task import InstructionRefusedError, Task, enter

ACCOUNTS_BYTES_MAX: Final = 4 * 1024**2


class AccountsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose accounts of which Shanghai day (2026-03-01); the table as canonical JSON."""

    charity: str
    day: str
    table: bytes


def publish_accounts(task: Task) -> int:
    """Write the hash of a charity's table of a day into the log, and keep the table beside it."""
    body = msgspec.convert(task.instruction.body, AccountsBody)
    if body.charity not in task.world.payees:
        raise InstructionRefusedError("unknown-charity", given=body.charity)
    if day_number(body.day) > local_day(task.at_s):
        raise InstructionRefusedError("day-to-come", given=body.day)
    if len(body.table) > ACCOUNTS_BYTES_MAX:
        raise InstructionRefusedError("table-too-long", given=len(body.table))
    told = msgspec.json.decode(body.table)
    if not isinstance(told, dict) or canonical_table(told) != body.table:
        raise InstructionRefusedError("table-not-canonical", given=body.day)
    if (told.get("org"), told.get("day")) != (body.charity, body.day):
        raise InstructionRefusedError("table-of-another-day", given=body.day)
    digest = keep_table(task.changes, task.world.next_number, body.table)
    return enter(task, {"day": body.day, "h": digest, "k": "accounts", "org": body.charity})
