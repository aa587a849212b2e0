"""Promise shares of a pool to projects, in as many entries as they take. Pure.

A quadratic round and a pool's rest end alike: a list of projects, some with nothing. An entry
has sixteen transfer places and 65,535 bytes, so a long list is cut by both.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from jusha.ledger.rules import PLACES
from jusha.matching.rules import BY_NUMBER
from jusha.settlement.task import Task, enter
from jusha.settlement.world import Fund, Pool

FIRST_PLACE: Final = 2
"""Place 0 of the first entry sets the sum aside or takes it in, place 1 has a use of its own."""
ROWS_MAX: Final = 500
"""A row has at most 97 bytes: a code of 40 characters and three integers of 16 digits."""
BY_SHARE: Final = BY_NUMBER["share"]


class Payment(NamedTuple):
    """What one project gets, in fen, 0 included; `shown` goes before it in its row of the entry."""

    fund: Fund
    amount: int
    shown: tuple[int, ...] = ()


def pay_projects(
    task: Task,
    pool: Pool,
    rule: int,
    payments: Iterable[Payment],
    fields: dict[str, object],
    *,
    left: int | None = None,
) -> int:
    """Pay projects out of what the pool set aside; return the number of the first entry.

    `rule` is the rule version's id, or what stands for it. The last entry alone has `left`, in
    fen, which goes back to the pool; where that is None, no entry is without a row.
    """
    world, changes = task.world, task.changes
    sharing = world.account(pool.available.book, pool.available.asset, "sharing", pool.code)
    first, place, rows = world.next_number, FIRST_PLACE, list[list[object]]()
    for fund, amount, shown in payments:
        rows.append([fund.code, *shown, amount])
        if amount:
            number = world.next_number
            changes.post(number, place, sharing, world.promised(pool, fund), amount)
            row = (number * PLACES + place, pool.id, rule, amount, BY_SHARE)
            changes.later_matches.append(row)
            total = world.total(pool.campaign, fund.project, pool.available.asset)
            total.matched += amount
            changes.totals.add(total)
            place += 1
        if place == PLACES or len(rows) == ROWS_MAX:
            enter(task, fields | {"prj": rows})
            rows, place = [], FIRST_PLACE
    if left:
        changes.post(world.next_number, 1, sharing, pool.available, left)
    if left is not None:
        enter(task, fields | {"prj": rows, "left": left})
    elif rows:
        enter(task, fields | {"prj": rows})
    return first
