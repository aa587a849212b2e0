"""What people and jobs decided, obeyed in inbox order like everything else. Pure.

Each kind of instruction has one function here. A refusal changes nothing and leaves
an outcome with a code; whatever others must know to compute a match again gets a leaf
before it acts.
"""

from collections.abc import Callable, Container, Sized
from dataclasses import fields as fields_of
from datetime import date
from typing import Any, Final, Literal

import msgspec

from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.envelopes import CODE, Instruction
from jusha.money.assets import ASSETS
from jusha.money.clock import minute_seconds
from jusha.payments.rules import ChannelTerms
from jusha.settlement.accounts import publish_accounts
from jusha.settlement.changes import Changes, Found
from jusha.settlement.closing import close_claims
from jusha.settlement.lifecycle import (
    begin_notice,
    claw_back,
    close_pool,
    freeze,
    release,
    sponsor_paid,
    thaw,
)
from jusha.settlement.publish_rule import publish_rule
from jusha.settlement.refund import refund, refund_sent
from jusha.settlement.residue import residue
from jusha.settlement.review import hold_match, let_match
from jusha.settlement.seal import seal
from jusha.settlement.seeds import commit_seed, reveal
from jusha.settlement.spend import spend
from jusha.settlement.task import InstructionRefusedError, Task, enter
from jusha.settlement.world import Campaign, Channel, Fund, Pool, World

NOTICE_DAYS_MAX: Final = 366


class HalfCarriedOutError(Exception):
    """An instruction failed after it had changed something: it must not be recorded as refused."""


def obey(
    world: World, changes: Changes, found: Found, instruction: Instruction, received_us: int
) -> None:
    """Carry out an instruction once, and record what became of it.

    Raises HalfCarriedOutError: the caller throws the batch's changes and its world away.
    """
    if instruction.id in found.outcomes:
        return
    found.outcomes.add(instruction.id)
    handler = HANDLERS.get(instruction.kind, unknown_kind)
    if _has_null(instruction.kind) or _has_null(instruction.body):
        handler = null_text
    number, code, detail = 0, "done", dict[str, Any]()
    before = _extent(changes)
    try:
        number = handler(Task(world, changes, found, instruction, received_us))
    except InstructionRefusedError as refusal:
        code, detail = refusal.code, refusal.detail
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        code, detail = "bad-instruction", {"error": str(error)}
    if code != "done" and _extent(changes) != before:
        raise HalfCarriedOutError(f"{instruction.kind}: {code} {detail}")
    changes.outcomes.append((instruction.id, number, code, detail))


def _extent(changes: Changes) -> list[int]:
    """Say how much a batch has changed: how long each of its lists and sets is."""
    values = (getattr(changes, field.name) for field in fields_of(changes))
    return [len(value) for value in values if isinstance(value, Sized)]


def _has_null(value: object) -> bool:
    """Say whether some text holds U+0000, which no column of PostgreSQL stores."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_null(part) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple) and any(map(_has_null, value))


def unknown_kind(task: Task) -> int:
    """Refuse an instruction that this version does not know."""
    raise InstructionRefusedError("unknown-instruction", kind=task.instruction.kind)


def null_text(_task: Task) -> int:
    """Refuse text with U+0000: no column could keep it, nor an outcome tell of it."""
    raise InstructionRefusedError("bad-instruction", error="text with a null character")


def fresh_code(code: object, taken: Container[str]) -> str:
    """Return a code that is well formed and not taken yet."""
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise InstructionRefusedError("bad-code", given=str(code))
    if code in taken:
        raise InstructionRefusedError("code-taken", given=code)
    return code


def admit_channel(task: Task) -> int:
    """Give a channel its rights: {code, terms}."""
    world, changes = task.world, task.changes
    body = task.instruction.body
    code = fresh_code(body["code"], world.channels)
    terms = msgspec.convert(body["terms"], ChannelTerms)
    limits = terms.gift_max, terms.minute_max, terms.day_max, terms.draw_max
    if min(limits) < 0 or not ASSETS.keys() >= set(terms.assets):
        raise InstructionRefusedError("bad-channel", limits=limits, assets=terms.assets)
    fields = {"ch": code, "clock": terms.clock, "draw": terms.draw_max, "k": "channel"}
    number = enter(task, fields)
    channel = Channel(len(world.channels) + 1, code, number, terms)
    world.add_channel(channel)
    changes.new_channels.append(channel)
    return number


class ReconciledBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pool money that a channel drew for gifts which its bills of a day confirm, in fen."""

    channel: str
    day: date
    amount: int


def reconciled(task: Task) -> int:
    """Let a channel draw again what its bills confirm: {channel, day, amount}."""
    body = msgspec.convert(task.instruction.body, ReconciledBody)
    channel = task.world.channels.get(body.channel)
    if channel is None:
        raise InstructionRefusedError("unknown-channel", given=body.channel)
    if not 0 < body.amount <= channel.drawn:
        raise InstructionRefusedError("more-than-was-drawn", left=channel.drawn)
    day = body.day.isoformat()
    fields = {"amt": body.amount, "ch": channel.code, "day": day, "k": "reconciled"}
    number = enter(task, fields)
    channel.drawn -= body.amount
    task.changes.channels.add(channel)
    return number


def admit_charity(task: Task) -> int:
    """Open a charity's book: {code}."""
    world, changes = task.world, task.changes
    code = fresh_code(task.instruction.body["code"], world.payees)
    number = enter(task, {"k": "charity", "org": code})
    world.payees[code] = len(world.payees) + 1
    changes.new_payees.append((world.payees[code], code, number))
    return number


def open_project(task: Task) -> int:
    """Open a project's fund: {code, charity, running_permille}."""
    world, changes = task.world, task.changes
    body = task.instruction.body
    code = fresh_code(body["code"], world.funds)
    charity = msgspec.convert(body["charity"], str)
    if charity not in world.payees:
        raise InstructionRefusedError("unknown-charity", given=charity)
    permille = msgspec.convert(body["running_permille"], int)
    if not 0 <= permille <= 1000:  # noqa: PLR2004 - per mille
        raise InstructionRefusedError("bad-permille", given=permille)
    fields = {"k": "project", "org": charity, "prj": code, "run": permille, "st": "open"}
    number = enter(task, fields)
    fund = Fund(
        len(world.funds) + 1,
        code,
        world.payees[charity],
        charity,
        permille,
        "open",
        number,
    )
    world.funds[code] = world.funds_by_id[fund.project] = fund
    changes.funds.add(fund)
    return number


def close_project(task: Task) -> int:
    """Take no more gifts for a project: {code}. Later money is held in suspense."""
    world, changes = task.world, task.changes
    code = msgspec.convert(task.instruction.body["code"], str)
    fund = world.funds.get(code)
    if fund is None or fund.state != "open":
        raise InstructionRefusedError("project-not-open", given=code)
    fund.state = "gone"
    changes.funds.add(fund)
    return enter(task, {"k": "project", "prj": fund.code, "st": "gone"})


def open_campaign(task: Task) -> int:
    """Set a campaign's times and channels: {code, terms}."""
    world, changes = task.world, task.changes
    body = task.instruction.body
    code = fresh_code(body["code"], world.campaigns)
    terms = msgspec.convert(body["terms"], CampaignTerms)
    opens_s, closes_s = minute_seconds(terms.opens), minute_seconds(terms.closes)
    if opens_s >= closes_s:
        raise InstructionRefusedError("closes-before-it-opens", given=code)
    if wrong := [each for each in terms.channels if not CODE.fullmatch(each)]:
        raise InstructionRefusedError("bad-code", given=wrong[0])
    fields = {"chs": list(terms.channels), "from": terms.opens, "k": "campaign", "rd": code}
    number = enter(task, fields | {"to": terms.closes})
    campaign = Campaign(len(world.campaigns) + 1, code, number, terms, opens_s, closes_s)
    world.campaigns[code] = world.campaigns_by_id[campaign.id] = campaign
    changes.new_campaigns.append(campaign)
    return number


class PoolBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sponsor puts behind a pool; the last two count when the pool is opened."""

    code: str
    campaign: str
    sponsor: str
    amount: int
    how: Literal["secured", "trusted"]
    on_return: Literal["sponsor", "spread"] = "sponsor"
    notice_days: int = 10


def fund_pool(task: Task) -> int:
    """Put sponsor's money in a pool, opening it first: see PoolBody.

    `how` is "secured" (money the sponsor has paid in or blocked) or "trusted" (a pledge
    within its published trust limit). `on_return`: whether what is left over or comes back
    goes to the sponsor or is spread over the projects.
    """
    world, changes = task.world, task.changes
    body = msgspec.convert(task.instruction.body, PoolBody)
    campaign = world.campaigns.get(body.campaign)
    if body.amount <= 0 or not 0 <= body.notice_days <= NOTICE_DAYS_MAX or campaign is None:
        raise InstructionRefusedError("bad-pool", amount=body.amount, notice=body.notice_days)
    pool = world.pools.get(body.code)
    if pool and (pool.campaign != campaign.id or pool.notice_until):
        raise InstructionRefusedError("pool-of-other-campaign", given=pool.code)
    code = pool.code if pool else fresh_code(body.code, world.pools)
    fields = {"amt": body.amount, "cur": "CNY", "how": body.how, "k": "pool", "pool": code}
    if pool is None:
        fields |= {"back": body.on_return, "notice": body.notice_days}
    number = enter(task, fields | {"rd": campaign.code})
    cny = ASSETS["CNY"].number
    if pool is None:
        pool = Pool(
            len(world.pools) + 1,
            code,
            campaign.id,
            body.sponsor,
            number,
            world.account(f"pool:{code}", cny, "available", code),
            body.on_return,
            body.notice_days,
        )
        world.add_pool(pool)
    changes.pools.add(pool)
    secured = world.account(f"pool:{code}", cny, body.how, code)
    changes.post(number, 0, secured, pool.available, body.amount)
    return number


Handler = Callable[[Task], int]

HANDLERS: Final[dict[str, Handler]] = {
    "admit-channel": admit_channel,
    "reconciled": reconciled,
    "admit-charity": admit_charity,
    "open-project": open_project,
    "close-project": close_project,
    "open-campaign": open_campaign,
    "fund-pool": fund_pool,
    "publish-rule": publish_rule,
    "refund": refund,
    "refund-sent": refund_sent,
    "residue": residue,
    "seal": seal,
    "commit-seed": commit_seed,
    "reveal": reveal,
    "close-claims": close_claims,
    "freeze": freeze,
    "thaw": thaw,
    "claw-back": claw_back,
    "hold-match": hold_match,
    "let-match": let_match,
    "begin-notice": begin_notice,
    "close-pool": close_pool,
    "release": release,
    "sponsor-paid": sponsor_paid,
    "publish-accounts": publish_accounts,
    "spend": spend,
}
