"""What people and jobs decided, obeyed in inbox order like everything else. Pure.

Each kind of instruction has one function here. A refusal changes nothing and leaves
an outcome with a code; whatever others must know to compute a match again gets a leaf
before it acts.
"""

from collections.abc import Callable, Container
from typing import Any, Final

import msgspec

from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.envelopes import CODE, Instruction
from jusha.ledger.rules import PLACES
from jusha.matching.rules import RuleTerms, check_terms
from jusha.money.assets import ASSETS
from jusha.money.clock import minute_seconds, minute_text
from jusha.payments.rules import ChannelTerms
from jusha.settlement.changes import Changes, Found
from jusha.settlement.refund import refund
from jusha.settlement.seal import seal
from jusha.settlement.task import InstructionRefusedError, Task, two_persons
from jusha.settlement.world import Campaign, Channel, Fund, Pool, Rule, World
from jusha.tlog.leaves import canonical

SECOND_US: Final = 1_000_000
RULES_MAX: Final = PLACES - 1
"""A gift's entry has sixteen transfer places: one for itself, one for each rule's match."""
RULE_NOTICE_SECONDS: Final = 60
"""A rule version acts from a whole minute at least this long after it was received."""


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
    world.channels[code] = channel
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


def fund_pool(task: Task) -> int:
    """Put sponsor's money in a pool, opening it first: {code, campaign, sponsor, amount, how}.

    `how` is "secured" (money the sponsor has paid in or blocked) or "trusted" (a pledge
    within its published trust limit).
    """
    world, changes, at_us = task.world, task.changes, task.at_us
    body = task.instruction.body
    amount = msgspec.convert(body["amount"], int)
    how = body["how"]
    campaign = world.campaigns.get(body["campaign"])
    if amount <= 0 or how not in {"secured", "trusted"} or campaign is None:
        raise InstructionRefusedError("bad-pool", amount=amount, how=str(how))
    pool = world.pools.get(body["code"])
    cny = ASSETS["CNY"].number
    if pool is None:
        code = fresh_code(body["code"], world.pools)
        pool = Pool(
            len(world.pools) + 1,
            code,
            campaign.id,
            str(body["sponsor"]),
            world.next_number,
            world.account(f"pool:{code}", cny, "available", code),
        )
        world.pools[code] = pool
        changes.new_pools.append(pool)
    elif pool.campaign != campaign.id:
        raise InstructionRefusedError("pool-of-other-campaign", given=pool.code)
    number = entry(
        world, changes, "pool", at_us, pool=pool.code, rd=campaign.code, amt=amount, cur="CNY",
        how=how,
    )  # fmt: skip
    changes.post(
        number, 0, world.account(f"pool:{pool.code}", cny, how, pool.code), pool.available, amount
    )
    return number


def publish_rule(task: Task) -> int:
    """Publish a rule version: {code, pool, from, terms}; two persons, 60 seconds ahead."""
    world, changes, at_us = task.world, task.changes, task.at_us
    two_persons(task.instruction)
    body = task.instruction.body
    pool = world.pools.get(body["pool"])
    if pool is None:
        raise InstructionRefusedError("unknown-pool", given=str(body["pool"]))
    code = body["code"]
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise InstructionRefusedError("bad-code", given=str(code))
    terms = msgspec.convert(body["terms"], RuleTerms)
    wrong = check_terms(terms)
    from_s = minute_seconds(body["from"])
    campaign = world.campaigns_by_id[pool.campaign]
    # Before the first gift nobody was promised anything, so a first version may begin at once.
    begun = any(total.campaign == campaign.id and total.gifts for total in world.totals.values())
    if begun and from_s < at_us // SECOND_US + RULE_NOTICE_SECONDS:
        wrong = wrong or "a version begins at least 60 seconds after it is published"
    versions = world.rules.get(pool.campaign, ())
    everywhere = [rule for rules in world.rules.values() for rule in rules]
    if any(rule.code == code and rule.pool is not pool for rule in everywhere):
        wrong = wrong or "the code belongs to another pool"
    if len({rule.code for rule in versions} | {code}) > RULES_MAX:
        wrong = wrong or f"a campaign has at most {RULES_MAX} rules"
    if any(rule.code == code and rule.from_s >= from_s for rule in versions):
        wrong = wrong or "a version begins after the one before it"
    if wrong:
        raise InstructionRefusedError("bad-rule", why=wrong)
    rule = Rule(
        len(everywhere) + 1,
        code,
        sum(rule.code == code for rule in versions) + 1,
        pool,
        pool.campaign,
        from_s,
        world.next_number,
        terms,
    )
    number = entry(
        world,
        changes,
        "rule",
        at_us,
        r=rule.name,
        pool=pool.code,
        rd=campaign.code,
        **{"from": body["from"], "terms": msgspec.to_builtins(terms)},
    )
    world.add_rule(rule)
    changes.new_rules.append(rule)
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
}
