"""What people and jobs decided, obeyed in inbox order like everything else. Pure.

Each kind of instruction has one function here. A refusal changes nothing and leaves
an outcome with a code; whatever others must know to compute a match again gets a leaf
before it acts.
"""

from collections.abc import Callable, Container
from typing import Any, Final, Literal

import msgspec

from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.envelopes import CODE, Instruction
from jusha.money.assets import ASSETS
from jusha.money.clock import minute_seconds, minute_text
from jusha.payments.rules import ChannelTerms
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
from jusha.settlement.refund import refund
from jusha.settlement.seal import seal
from jusha.settlement.seeds import commit_seed, reveal
from jusha.settlement.task import InstructionRefusedError, Task
from jusha.settlement.world import Campaign, Channel, Fund, Pool, World
from jusha.tlog.leaves import canonical

SECOND_US: Final = 1_000_000
NOTICE_DAYS_MAX: Final = 366


def obey(
    world: World, changes: Changes, found: Found, instruction: Instruction, received_us: int
) -> None:
    """Carry out an instruction once, and record what became of it."""
    if instruction.id in found.outcomes:
        return
    found.outcomes.add(instruction.id)
    handler = HANDLERS.get(instruction.kind, unknown_kind)
    number, code, detail = 0, "done", dict[str, Any]()
    try:
        number = handler(Task(world, changes, found, instruction, received_us))
    except InstructionRefusedError as refusal:
        code, detail = refusal.code, refusal.detail
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        code, detail = "bad-instruction", {"error": str(error)}
    changes.outcomes.append((instruction.id, number, code, detail))


def unknown_kind(task: Task) -> int:
    """Refuse an instruction that this version does not know."""
    raise InstructionRefusedError("unknown-instruction", kind=task.instruction.kind)


def entry(world: World, changes: Changes, kind: str, at_us: int, **fields: object) -> int:
    """Write an instruction's leaf and return its number."""
    return changes.enter(
        world,
        canonical(
            {
                "k": kind,
                "n": world.next_number,
                "t": minute_text(at_us // SECOND_US),
                "v": 1,
                **fields,
            }
        ),
    )


def fresh_code(code: object, taken: Container[str]) -> str:
    """Return a code that is well formed and not taken yet."""
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise InstructionRefusedError("bad-code", given=str(code))
    if code in taken:
        raise InstructionRefusedError("code-taken", given=code)
    return code


def admit_channel(task: Task) -> int:
    """Give a channel its rights: {code, terms}."""
    world, changes, at_us = task.world, task.changes, task.at_us
    body = task.instruction.body
    code = fresh_code(body["code"], world.channels)
    terms = msgspec.convert(body["terms"], ChannelTerms)
    number = entry(
        world, changes, "channel", at_us, ch=code, clock=terms.clock, draw=terms.draw_max
    )
    channel = Channel(len(world.channels) + 1, code, number, terms)
    world.add_channel(channel)
    changes.new_channels.append(channel)
    return number


def admit_charity(task: Task) -> int:
    """Open a charity's book: {code}."""
    world, changes, at_us = task.world, task.changes, task.at_us
    code = fresh_code(task.instruction.body["code"], world.payees)
    number = entry(world, changes, "charity", at_us, org=code)
    world.payees[code] = len(world.payees) + 1
    changes.new_payees.append((world.payees[code], code, number))
    return number


def open_project(task: Task) -> int:
    """Open a project's fund: {code, charity, running_permille}."""
    world, changes, at_us = task.world, task.changes, task.at_us
    body = task.instruction.body
    code = fresh_code(body["code"], world.funds)
    if body["charity"] not in world.payees:
        raise InstructionRefusedError("unknown-charity", given=str(body["charity"]))
    permille = msgspec.convert(body["running_permille"], int)
    if not 0 <= permille <= 1000:  # noqa: PLR2004 - per mille
        raise InstructionRefusedError("bad-permille", given=permille)
    number = entry(
        world, changes, "project", at_us, prj=code, org=body["charity"], run=permille, st="open"
    )
    fund = Fund(
        len(world.funds) + 1,
        code,
        world.payees[body["charity"]],
        body["charity"],
        permille,
        "open",
        number,
    )
    world.funds[code] = world.funds_by_id[fund.project] = fund
    changes.funds.add(fund)
    return number


def close_project(task: Task) -> int:
    """Take no more gifts for a project: {code}. Later money is held in suspense."""
    world, changes, at_us = task.world, task.changes, task.at_us
    fund = world.funds.get(task.instruction.body["code"])
    if fund is None or fund.state != "open":
        raise InstructionRefusedError("project-not-open", given=str(task.instruction.body["code"]))
    fund.state = "gone"
    changes.funds.add(fund)
    return entry(world, changes, "project", at_us, prj=fund.code, st="gone")


def open_campaign(task: Task) -> int:
    """Set a campaign's times and channels: {code, terms}."""
    world, changes, at_us = task.world, task.changes, task.at_us
    body = task.instruction.body
    code = fresh_code(body["code"], world.campaigns)
    terms = msgspec.convert(body["terms"], CampaignTerms)
    opens_s, closes_s = minute_seconds(terms.opens), minute_seconds(terms.closes)
    if opens_s >= closes_s:
        raise InstructionRefusedError("closes-before-it-opens", given=code)
    number = entry(
        world,
        changes,
        "campaign",
        at_us,
        rd=code,
        **{"from": terms.opens, "to": terms.closes, "chs": list(terms.channels)},
    )
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
    world, changes, at_us = task.world, task.changes, task.at_us
    body = msgspec.convert(task.instruction.body, PoolBody)
    campaign = world.campaigns.get(body.campaign)
    if body.amount <= 0 or not 0 <= body.notice_days <= NOTICE_DAYS_MAX or campaign is None:
        raise InstructionRefusedError("bad-pool", amount=body.amount, notice=body.notice_days)
    pool = world.pools.get(body.code)
    cny = ASSETS["CNY"].number
    opening: dict[str, object] = {}
    if pool is None:
        code = fresh_code(body.code, world.pools)
        pool = Pool(
            len(world.pools) + 1,
            code,
            campaign.id,
            body.sponsor,
            world.next_number,
            world.account(f"pool:{code}", cny, "available", code),
            body.on_return,
            body.notice_days,
        )
        world.add_pool(pool)
        opening = {"back": body.on_return, "notice": body.notice_days}
    elif pool.campaign != campaign.id or pool.notice_until:
        raise InstructionRefusedError("pool-of-other-campaign", given=pool.code)
    changes.pools.add(pool)
    number = entry(
        world, changes, "pool", at_us, pool=pool.code, rd=campaign.code, amt=body.amount, cur="CNY",
        how=body.how, **opening,
    )  # fmt: skip
    secured = world.account(f"pool:{pool.code}", cny, body.how, pool.code)
    changes.post(number, 0, secured, pool.available, body.amount)
    return number


Handler = Callable[[Task], int]

HANDLERS: Final[dict[str, Handler]] = {
    "admit-channel": admit_channel,
    "admit-charity": admit_charity,
    "open-project": open_project,
    "close-project": close_project,
    "open-campaign": open_campaign,
    "fund-pool": fund_pool,
    "publish-rule": publish_rule,
    "refund": refund,
    "seal": seal,
    "commit-seed": commit_seed,
    "reveal": reveal,
    "close-claims": close_claims,
    "freeze": freeze,
    "thaw": thaw,
    "claw-back": claw_back,
    "begin-notice": begin_notice,
    "close-pool": close_pool,
    "release": release,
    "sponsor-paid": sponsor_paid,
}
