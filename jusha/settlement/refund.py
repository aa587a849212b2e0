"""Send money of a deed back, and its unreleased match to the pool's returned account. Pure.

`refund` decides it and books what is owed; `refund_sent` books that the rail delivered it.

No window reopens and no cap is given back (blueprint decision 6). The intervals that
the deed had in the money line become void; nothing behind them shifts. What of them is spent
stays so, and the charity covers it (docs/design/0027-spending.md).
"""

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import msgspec

from jusha.ledger.rules import PLACES
from jusha.money.assets import ASSETS, ASSETS_BY_NUMBER
from jusha.money.split import cut_permille, part_returned
from jusha.projects.line import PROGRAMME, RUNNING
from jusha.settlement.changes import Changes, KnownDeed
from jusha.settlement.task import InstructionRefusedError, Task, enter, two_persons
from jusha.settlement.world import Fund, Pool, Released, World

DEBT_PLACE: Final = PLACES - 1
"""Transfer place of what a charity owes: a refund has one for the gift and 13 for matches."""
COVER_PLACE: Final = PLACES - 2
"""Transfer place of what a charity puts in for money that is spent: a gift has 12 own matches
at most, and one that its friends earned it."""


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
    number, owed = world.next_number, Owed()
    if deed.held:
        returned = _refund_held(world, changes, deed, body.amount, number)
    else:
        returned = _refund_gift(task, deed, body.amount, owed)
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
    fields |= {"cov": owed.covered} if owed.covered else {}
    return enter(task, fields | ({"m": shown} if shown else {}))


@dataclass(slots=True)
class Owed:
    """What one entry makes a charity owe, in fen."""

    debt: int = 0
    """To sponsors, for matches taken back after their release."""
    covered: int = 0
    """What of all that goes back was spent: unrestricted money stands in for it."""


class Return(NamedTuple):
    """Part of a match that goes back: in which entry, at which transfer place."""

    number: int
    place: int
    amount: int


class RefundSentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deed, how much of what was refunded of it, and the rail's own name of the refund."""

    deed: int
    amount: int
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


def refund_sent(task: Task) -> int:
    """Book that a rail gave refunded money to its donor: never more than was refunded.

    The decision was made before, by two persons; this is the rail's word that it was done.
    """
    changes, found = task.changes, task.found
    body = msgspec.convert(task.instruction.body, RefundSentBody)
    deed = found.deeds.get(body.deed) or changes.deed(body.deed)
    if deed is None:
        raise InstructionRefusedError("unknown-deed", given=body.deed)
    if not 0 < body.amount <= deed.refunded - deed.repaid:
        raise InstructionRefusedError("more-than-is-owed", left=deed.refunded - deed.repaid)
    asset = ASSETS_BY_NUMBER[deed.asset].code
    fields = {"amt": body.amount, "cur": asset, "k": "repaid", "ref": body.deed}
    number = enter(task, fields)
    clear_owed(task, deed, body.amount, number)
    changes.repaid.append((number, body.deed, body.amount, body.reference, 0, b""))
    return number


def clear_owed(task: Task, deed: KnownDeed, amount: int, number: int) -> None:
    """Post, as an entry's first transfer, that an amount refunded of a deed is owed no longer."""
    world = task.world
    channel = world.channels_by_id[deed.channel]
    if deed.held:
        book, kinds = f"channel:{channel.code}", ("suspense-refundable", "unidentified")
    else:
        book = f"charity:{world.funds_by_id[deed.project].payee_code}"
        kinds = ("refundable", "receivable")
    owed, claim = (world.account(book, deed.asset, kind, channel.code) for kind in kinds)
    task.changes.post(number, 0, owed, claim, amount)
    task.found.deeds[deed.number] = deed._replace(repaid=deed.repaid + amount)


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


def _refund_gift(task: Task, deed: KnownDeed, amount: int, owed: Owed) -> dict[str, int]:
    """Post a gift's refund and its matches' return; say what each pool got back, by code."""
    world, changes = task.world, task.changes
    number, returned = world.next_number, dict[str, int]()
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
    for place, match in enumerate(() if deed.clawed else deed.matches, 1):
        back = part_returned(match.amount, deed.refunded, amount, deed.amount)
        pool = world.pools_by_id[match.pool]
        returned[pool.code] = returned.get(pool.code, 0) + back
        return_match(task, pool, fund, Return(number, place, back), owed)
    given = Released(deed.amount, deed.programme_at, deed.running_at)
    owed.covered += take_out(changes, fund, given, deed.refunded, Return(number, 0, amount))
    owe(task, fund, number, owed)
    total = world.total(deed.campaign, deed.project, deed.asset)
    total.refunded += amount
    total.returned += sum(returned.values())
    changes.totals.add(total)
    return returned


def return_match(task: Task, pool: Pool, fund: Fund, back: Return, owed: Owed) -> None:
    """Take part of a match back from a project; add to `owed` what the charity owes for it.

    Before its release the promise is undone; after it the charity owes the sponsor, and the
    release's intervals give it up from their ends (blueprint decisions 5 and 6). What comes
    back to a closed pool is the sponsor's at once.
    """
    number, place, amount = back
    if not amount:
        return
    world, changes = task.world, task.changes
    book, asset = pool.available.book, pool.available.asset
    to = world.account(book, asset, "unspent" if pool.closed else "returned", pool.code)
    released = world.released.get((pool.id, fund.project))
    if released is None:
        changes.post(number, place, world.promised(pool, fund), to, amount)
        return
    recoverable = world.account(book, asset, "recoverable", fund.code)
    owed.covered += take_out(changes, fund, released, recoverable.debits, back)
    owed.debt += amount
    changes.post(number, place, recoverable, to, amount)


def owe(task: Task, fund: Fund, number: int, owed: Owed) -> None:
    """Post what a charity puts in for spent money, and what it owes to sponsors."""
    book, asset = f"charity:{fund.payee_code}", ASSETS["CNY"].number
    source = task.world.account(book, asset, "fund", fund.code)
    if owed.covered:
        covered = task.world.account(book, asset, "covered", fund.code)
        task.changes.post(number, COVER_PLACE, covered, source, owed.covered)
    if owed.debt:
        sponsor = task.world.account(book, asset, "due-to-sponsor", fund.code)
        task.changes.post(number, DEBT_PLACE, source, sponsor, owed.debt)


def take_out(changes: Changes, fund: Fund, whole: Released, before: int, back: Return) -> int:
    """Take part of a gift or release out of both lines, from the ends of its intervals.

    `before` is how much of it went back earlier. Unspent fen become void; returns how many are
    spent and have to be covered.
    """
    programme, running = cut_permille(whole.amount, fund.running_permille)
    running_now = part_returned(running, before, back.amount, whole.amount)
    running_before = running * before // whole.amount
    covered = 0
    for line, end, gone, now in (
        (PROGRAMME, whole.programme_at + programme, before - running_before,
         back.amount - running_now),
        (RUNNING, whole.running_at + running, running_before, running_now),
    ):  # fmt: skip
        void = fund.spendings[line].cut(end - gone - now, now)
        covered += now - void.length
        if void.length:
            changes.voids.append((fund.project, line, void.start, void.length, back.number))
    return covered
