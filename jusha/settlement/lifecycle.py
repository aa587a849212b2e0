"""From promises to money: freeze, take back, give notice, close, release, be paid. Pure.

A pool goes one way: its campaign closes, what waits is shared, the notice runs, the pool
is closed and its rest goes where its `on_return` says, each project's promises are
released by two persons, and the sponsor pays the charity (blueprint decision 4).
"""

from typing import Final

import msgspec

from jusha.matching.kinds.shares import pro_rata
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS, minute_text
from jusha.money.split import cut_permille
from jusha.settlement.pay import Payment, pay_projects
from jusha.settlement.refund import Owed, Return, owe, return_match
from jusha.settlement.review import end_review
from jusha.settlement.task import InstructionRefusedError, Task, enter, two_persons
from jusha.settlement.world import (
    FROZEN_BY_HOLD,
    FROZEN_BY_OPERATOR,
    Fund,
    Pool,
    Released,
    World,
)

SPREAD: Final = -2
"""The window of what a pool spreads over its projects at close."""
SPREAD_RULE: Final = 0
"""Stands for a rule in matching_match where a pool's rest was spread."""


class FreezeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which project, and why; `hold`: by a reviewer's hold, which a lift alone ends."""

    project: str
    reason: str
    hold: bool = False


class ClawBackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which gift's matches, and why."""

    deed: int
    reason: str


class PoolBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which pool."""

    pool: str


class ReleaseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which pool's promises to which project."""

    pool: str
    project: str


class PaidBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sponsor paid a charity for a pool, out of which promise (see fund-pool)."""

    pool: str
    charity: str
    amount: int
    how: str


def freeze(task: Task) -> int:
    """Match nothing more for a project and release nothing: {project, reason, hold?}."""
    return _set_frozen(task, frozen=True)


def thaw(task: Task) -> int:
    """End a freeze of the same way: {project, reason, hold?}; two persons."""
    two_persons(task.instruction)
    return _set_frozen(task, frozen=False)


def _set_frozen(task: Task, *, frozen: bool) -> int:
    body = msgspec.convert(task.instruction.body, FreezeBody)
    fund = task.world.funds.get(body.project)
    way = FROZEN_BY_HOLD if body.hold else FROZEN_BY_OPERATOR
    if fund is None or bool(fund.frozen & way) == frozen:
        raise InstructionRefusedError("project-not-open" if fund is None else "nothing-to-change")
    fund.frozen ^= way
    task.changes.funds.add(fund)
    state = {"k": "freeze", "prj": fund.code, "st": "frozen" if frozen else "free"}
    return enter(task, state | ({"hold": 1} if body.hold else {}))


def claw_back(task: Task) -> int:
    """Take all matches of one gift back: {deed, reason}; two persons."""
    two_persons(task.instruction)
    world, changes, found = task.world, task.changes, task.found
    body = msgspec.convert(task.instruction.body, ClawBackBody)
    deed = found.deeds.get(body.deed) or changes.deed(body.deed)
    if deed is None or deed.held:
        raise InstructionRefusedError("unknown-deed", given=body.deed)
    if deed.clawed:
        raise InstructionRefusedError("nothing-to-change")
    number, back, owed = world.next_number, dict[str, int](), Owed()
    fund = world.funds_by_id[deed.project]
    for place, match in enumerate(deed.matches):
        # What refunds returned before was floor(match x refunded / gift).
        part = match.amount - match.amount * deed.refunded // deed.amount
        pool = world.pools_by_id[match.pool]
        back[pool.code] = back.get(pool.code, 0) + part
        return_match(task, pool, fund, Return(number, place, part), owed)
    owe(task, fund, number, owed)
    total = world.total(deed.campaign, deed.project, deed.asset)
    total.returned += sum(back.values())
    changes.totals.add(total)
    found.deeds[body.deed] = deed._replace(
        clawed=True, matched_returned=deed.matched_returned + sum(back.values())
    )
    changes.clawbacks.append((number, body.deed, sum(back.values()), body.reason))
    end_review(task, body.deed, deed.project, body.reason)
    shown = [{"amt": amount, "pool": pool} for pool, amount in back.items() if amount]
    fields = {"k": "clawback", "ref": body.deed} | ({"m": shown} if shown else {})
    return enter(task, fields | ({"cov": owed.covered} if owed.covered else {}))


def begin_notice(task: Task) -> int:
    """Begin the public notice of a pool whose campaign is over and whose claims are paid."""
    world, pool = task.world, pool_of(task)
    now_s = task.at_s
    if now_s < world.campaigns_by_id[pool.campaign].closes_s:
        raise InstructionRefusedError("campaign-still-open", given=pool.code)
    if pool.notice_until:
        raise InstructionRefusedError("nothing-to-change")
    if task.found.claims_waiting:
        raise InstructionRefusedError("claims-waiting", count=task.found.claims_waiting)
    minutes = -(-now_s // MINUTE_SECONDS) * MINUTE_SECONDS
    pool.notice_until = minutes + pool.notice_days * DAY_SECONDS
    task.changes.pools.add(pool)
    return enter(task, {"k": "notice", "pool": pool.code, "until": minute_text(pool.notice_until)})


def pool_of(task: Task) -> Pool:
    """Find the pool that an instruction names, and that is not closed."""
    code = msgspec.convert(task.instruction.body, PoolBody).pool
    pool = task.world.pools.get(code)
    if pool is None or pool.closed:
        raise InstructionRefusedError("unknown-pool" if pool is None else "pool-closed", given=code)
    return pool


def close_pool(task: Task) -> int:
    """Close a pool after its notice: its rest goes to the sponsor or is spread over projects."""
    world, changes, pool = task.world, task.changes, pool_of(task)
    if not pool.notice_until or task.at_s < pool.notice_until:
        raise InstructionRefusedError("notice-runs", until=minute_text(pool.notice_until))
    book, asset = pool.available.book, pool.available.asset
    returned = world.account(book, asset, "returned", pool.code)
    promised = {
        project: account.balance for project, account in pool.promised.items() if account.balance
    }
    rest = pool.available.balance + returned.balance
    spread = pool.on_return == "spread" and bool(promised) and rest > 0
    if spread and (held := sum(len(world.reviews.get(project, ())) for project in promised)):
        raise InstructionRefusedError("match-under-review", gifts=held)
    to = world.account(book, asset, "sharing" if spread else "unspent", pool.code)
    number = world.next_number
    for place, account in enumerate((pool.available, returned)):
        if account.balance:
            changes.post(number, place, account, to, account.balance)
    pool.closed = True
    changes.pools.add(pool)
    fields: dict[str, object] = {"k": "close", "pool": pool.code, "rest": rest}
    if not spread:
        return enter(task, fields | {"to": "sponsor"})
    return _spread(task, pool, promised, rest, fields | {"to": "projects"})


def _spread(
    task: Task, pool: Pool, promised: dict[int, int], rest: int, fields: dict[str, object]
) -> int:
    """Spread a rest over projects in proportion to what the pool promised them."""
    world, changes = task.world, task.changes
    ranked = sorted(promised, key=lambda project: world.funds_by_id[project].code)
    shares = pro_rata([(place, promised[project]) for place, project in enumerate(ranked)], rest)
    window = world.window(pool, SPREAD)
    window.used += rest
    window.budget = window.used
    changes.windows.add(window)
    payments = [
        Payment(world.funds_by_id[project], share)
        for project, (_, share) in zip(ranked, shares, strict=True)
    ]
    return pay_projects(task, pool, SPREAD_RULE, payments, fields)


def release(task: Task) -> int:
    """Release a closed pool's promises to one project: {pool, project}; two persons.

    The charity's money line takes the sum in as one interval.
    """
    two_persons(task.instruction)
    world, changes = task.world, task.changes
    body = msgspec.convert(task.instruction.body, ReleaseBody)
    pool, fund = world.pools.get(body.pool), world.funds.get(body.project)
    if pool is None or fund is None or not pool.closed:
        raise InstructionRefusedError("pool-not-closed", given=body.pool)
    if fund.frozen:
        raise InstructionRefusedError("project-frozen", given=fund.code)
    if held := world.reviews.get(fund.project):
        raise InstructionRefusedError("match-under-review", gifts=len(held))
    amount = world.promised(pool, fund).balance
    if amount <= 0:
        raise InstructionRefusedError("nothing-to-release", given=fund.code)
    number = world.next_number
    _release(world, task, pool, fund, amount, number)
    programme, running = cut_permille(amount, fund.running_permille)
    changes.releases.append(
        (number, pool.id, fund.project, amount, fund.programme_head, fund.running_head)
    )
    world.released[pool.id, fund.project] = Released(amount, fund.programme_head, fund.running_head)
    fund.programme_head += programme
    fund.running_head += running
    changes.funds.add(fund)
    fields = {"amt": amount, "k": "release", "org": fund.payee_code, "pool": pool.code}
    return enter(task, fields | {"prj": fund.code})


def _release(world: World, task: Task, pool: Pool, fund: Fund, amount: int, number: int) -> None:
    book, asset = pool.available.book, pool.available.asset
    payable = world.account(book, asset, "payable", fund.payee_code)
    task.changes.post(number, 0, world.promised(pool, fund), payable, amount)
    book = f"charity:{fund.payee_code}"
    due = world.account(book, asset, "due-from-sponsor", pool.code)
    task.changes.post(number, 1, due, world.account(book, asset, "fund", fund.code), amount)


def sponsor_paid(task: Task) -> int:
    """Record that a sponsor paid a charity what was released: two persons."""
    two_persons(task.instruction)
    world, changes = task.world, task.changes
    body = msgspec.convert(task.instruction.body, PaidBody)
    pool = world.pools.get(body.pool)
    if pool is None or body.charity not in world.payees or body.how not in {"secured", "trusted"}:
        raise InstructionRefusedError("unknown-pool", given=body.pool)
    book, asset, number = pool.available.book, pool.available.asset, world.next_number
    payable = world.account(book, asset, "payable", body.charity)
    source = world.account(book, asset, body.how, pool.code)
    if not 0 < body.amount <= min(payable.balance, source.balance):
        raise InstructionRefusedError(
            "more-than-is-due", due=payable.balance, promised=source.balance
        )
    changes.post(number, 0, payable, source, body.amount)
    book = f"charity:{body.charity}"
    banked = world.account(book, asset, "banked", pool.code)
    changes.post(
        number, 1, banked, world.account(book, asset, "due-from-sponsor", pool.code), body.amount
    )
    fields = {"amt": body.amount, "how": body.how, "k": "paid", "org": body.charity}
    return enter(task, fields | {"pool": pool.code})
