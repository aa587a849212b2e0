"""Send money of a deed back, and its unreleased match to the pool's returned account. Pure.

`refund` decides it and books what is owed; `refund_sent` books that the rail delivered it.

No window reopens and no cap is given back (blueprint decision 6). The intervals that
the deed had in the money line become void; nothing behind them shifts.
"""

from typing import Annotated, Final

import msgspec

from jusha.ledger.rules import PLACES
from jusha.money.assets import ASSETS, ASSETS_BY_NUMBER
from jusha.money.split import cut_permille, part_returned
from jusha.settlement.changes import Changes, KnownDeed
from jusha.settlement.task import InstructionRefusedError, Task, enter, two_persons
from jusha.settlement.world import Fund, Pool, World

DEBT_PLACE: Final = PLACES - 1
"""Transfer place of what a charity owes: a refund has one for the gift and 14 for matches."""
PROGRAMME: Final = 1
RUNNING: Final = 2


class RefundBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deed, how much of it (smallest unit), and why."""

    deed: int
    amount: int
    reason: str


def refund(task: Task) -> int:
    """Refund a deed in whole or part: two persons, never more than is left of it."""
    two_persons(task.instruction)
    world, changes, found = task.world, task.changes, task.found
    body = msgspec.convert(task.instruction.body, RefundBody)
    deed = found.deeds.get(body.deed) or changes.deed(body.deed)
    if deed is None:
        raise InstructionRefusedError("unknown-deed", given=body.deed)
    if not 0 < body.amount <= deed.amount - deed.refunded:
        raise InstructionRefusedError("more-than-is-left", left=deed.amount - deed.refunded)
    number = world.next_number
    if deed.held:
        returned = _refund_held(world, changes, deed, body.amount, number)
    else:
        returned = _refund_gift(task, deed, body.amount, number)
    found.deeds[body.deed] = deed._replace(
        refunded=deed.refunded + body.amount,
        matched_returned=deed.matched_returned + sum(returned.values()),
    )
    changes.refunds.append((number, body.deed, body.amount, sum(returned.values()), body.reason))
    shown = [{"amt": amount, "pool": pool} for pool, amount in returned.items() if amount]
    fields: dict[str, object] = {
        "amt": body.amount,
        "cur": ASSETS_BY_NUMBER[deed.asset].code,
        "k": "refund",
        "ref": body.deed,
    }
    return enter(task, fields | ({"m": shown} if shown else {}))


class RefundSentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deed, how much of what was refunded of it, and the rail's own name of the refund."""

    deed: int
    amount: int
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


def refund_sent(task: Task) -> int:
    """Book that a rail gave refunded money to its donor: never more than was refunded.

    The decision was made before, by two persons; this is the rail's word that it was done.
    """
    world, changes, found = task.world, task.changes, task.found
    body = msgspec.convert(task.instruction.body, RefundSentBody)
    deed = found.deeds.get(body.deed) or changes.deed(body.deed)
    if deed is None:
        raise InstructionRefusedError("unknown-deed", given=body.deed)
    if not 0 < body.amount <= deed.refunded - deed.repaid:
        raise InstructionRefusedError("more-than-is-owed", left=deed.refunded - deed.repaid)
    asset = ASSETS_BY_NUMBER[deed.asset].code
    fields = {"amt": body.amount, "cur": asset, "k": "repaid", "ref": body.deed}
    number = enter(task, fields)
    channel = world.channels_by_id[deed.channel]
    if deed.held:
        book, kinds = f"channel:{channel.code}", ("suspense-refundable", "unidentified")
    else:
        book = f"charity:{world.funds_by_id[deed.project].payee_code}"
        kinds = ("refundable", "receivable")
    owed, claim = (world.account(book, deed.asset, kind, channel.code) for kind in kinds)
    changes.post(number, 0, owed, claim, body.amount)
    changes.repaid.append((number, body.deed, body.amount, body.reference))
    found.deeds[body.deed] = deed._replace(repaid=deed.repaid + body.amount)
    return number


def _refund_held(
    world: World, changes: Changes, deed: KnownDeed, amount: int, number: int
) -> dict[str, int]:
    channel = world.channels_by_id[deed.channel]
    book = f"channel:{channel.code}"
    changes.post(
        number,
        0,
        world.account(book, deed.asset, "suspense", channel.code),
        world.account(book, deed.asset, "suspense-refundable", channel.code),
        amount,
    )
    return {}


def _refund_gift(task: Task, deed: KnownDeed, amount: int, number: int) -> dict[str, int]:
    """Post a gift's refund and its matches' return; say what each pool got back, by code."""
    world, changes = task.world, task.changes
    channel = world.channels_by_id[deed.channel]
    fund = world.funds_by_id[deed.project]
    book = f"charity:{fund.payee_code}"
    changes.post(
        number,
        0,
        world.account(book, deed.asset, "fund", fund.code),
        world.account(book, deed.asset, "refundable", channel.code),
        amount,
    )
    returned, debt = dict[str, int](), 0
    for place, match in enumerate(() if deed.clawed else deed.matches, 1):
        back = part_returned(match.amount, deed.refunded, amount, deed.amount)
        pool = world.pools_by_id[match.pool]
        returned[pool.code] = returned.get(pool.code, 0) + back
        debt += return_match(task, pool, fund, number, place, back)
    owe(task, fund, number, debt)
    _void(changes, deed, amount, fund.running_permille, number)
    total = world.total(deed.campaign, deed.project, deed.asset)
    total.refunded += amount
    total.returned += sum(returned.values())
    changes.totals.add(total)
    return returned


def return_match(task: Task, pool: Pool, fund: Fund, number: int, place: int, amount: int) -> int:
    """Take part of a match back from a project; return what the charity owes for it.

    Before its release the promise is undone; after it the charity owes the sponsor
    (blueprint decision 6). What comes back to a closed pool is the sponsor's at once.
    """
    if not amount:
        return 0
    world, changes = task.world, task.changes
    book, asset = pool.available.book, pool.available.asset
    to = world.account(book, asset, "unspent" if pool.closed else "returned", pool.code)
    if (pool.id, fund.project) not in world.released:
        changes.post(number, place, world.promised(pool, fund), to, amount)
        return 0
    changes.post(number, place, world.account(book, asset, "recoverable", fund.code), to, amount)
    return amount


def owe(task: Task, fund: Fund, number: int, debt: int) -> None:
    """Post what a charity owes to sponsors for matches taken back after their release."""
    if debt:
        book, asset = f"charity:{fund.payee_code}", ASSETS["CNY"].number
        owed = task.world.account(book, asset, "due-to-sponsor", fund.code)
        source = task.world.account(book, asset, "fund", fund.code)
        task.changes.post(number, DEBT_PLACE, source, owed, debt)


def _void(changes: Changes, deed: KnownDeed, amount: int, permille: int, number: int) -> None:
    """Take the refunded part out of both lines, from the end of the deed's intervals."""
    programme, running = cut_permille(deed.amount, permille)
    running_now = part_returned(running, deed.refunded, amount, deed.amount) if running else 0
    running_before = running * deed.refunded // deed.amount
    programme_now = amount - running_now
    programme_before = deed.refunded - running_before
    for line, start, whole, before, now in (
        (PROGRAMME, deed.programme_at, programme, programme_before, programme_now),
        (RUNNING, deed.running_at, running, running_before, running_now),
    ):
        if now:
            changes.voids.append((deed.project, line, start + whole - before - now, now, number))
