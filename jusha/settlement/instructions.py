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
from jusha.matching.kinds.friends import Friends
from jusha.matching.rules import RuleTerms, check_terms, document, leans_on, terms_hash
from jusha.merkle.encoding import decode64
from jusha.money.assets import ASSETS
from jusha.money.clock import minute_seconds, minute_text
from jusha.payments.rules import ChannelTerms
from jusha.settlement.changes import Changes, Found
from jusha.settlement.closing import close_claims
from jusha.settlement.commitments import SecretMissingError
from jusha.settlement.lifecycle import (
    begin_notice,
    claw_back,
    close_pool,
    freeze,
    release,
    sponsor_paid,
    thaw,
)
from jusha.settlement.match import RULES_MAX
from jusha.settlement.refund import refund
from jusha.settlement.seal import seal
from jusha.settlement.seeds import commit_seed, reveal
from jusha.settlement.task import InstructionRefusedError, Task, begun, two_persons
from jusha.settlement.world import SURPRISE, Campaign, Channel, Fund, Pool, Rule, Seed, World
from jusha.tlog.leaves import canonical

SECOND_US: Final = 1_000_000
NOTICE_DAYS_MAX: Final = 366
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


class RuleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule version: its code, its pool, the UTC minute it acts from, and its document."""

    code: str
    pool: str
    terms: RuleTerms
    from_: str = msgspec.field(name="from")


def publish_rule(task: Task) -> int:
    """Publish a rule version: see RuleBody; two persons, 60 seconds ahead."""
    world, changes, at_us = task.world, task.changes, task.at_us
    two_persons(task.instruction)
    body = msgspec.convert(task.instruction.body, RuleBody)
    pool = world.pools.get(body.pool)
    if pool is None or pool.notice_until:
        raise InstructionRefusedError("unknown-pool", given=body.pool)
    if not CODE.fullmatch(body.code):
        raise InstructionRefusedError("bad-code", given=body.code)
    from_s = minute_seconds(body.from_)
    wrong = check_terms(body.terms) or wrong_place(world, pool, body, from_s, at_us)
    if wrong:
        raise InstructionRefusedError("bad-rule", why=wrong)
    surprise = kept_surprise(world, body.terms)
    id_ = len(world.rules_by_id) + 1
    first = world.families.get(body.code)
    rule = Rule(
        id_,
        body.code,
        sum(rule.code == body.code for rule in world.rules.get(pool.campaign, ())) + 1,
        pool,
        pool.campaign,
        from_s,
        world.next_number,
        body.terms,
        first.id if first else id_,
    )
    number = entry(
        world,
        changes,
        "rule",
        at_us,
        r=rule.name,
        pool=pool.code,
        rd=world.campaigns_by_id[pool.campaign].code,
        h=terms_hash(body.terms),
        **{"from": body.from_, "terms": document(body.terms)},
    )
    world.add_rule(rule)
    changes.new_rules.append(rule)
    if surprise:
        seed = world.seeds[rule.id, SURPRISE] = Seed(rule.id, SURPRISE, surprise, number)
        changes.seeds.add(seed)
    return number


def kept_surprise(world: World, terms: RuleTerms) -> bytes:
    """Return the hash of a rule's surprise, whose times must be at hand; b"" where it has none."""
    if not terms.window.surprise:
        return b""
    digest = decode64(terms.window.surprise)
    try:
        surprise = world.surprise(digest)
    except SecretMissingError as error:
        raise InstructionRefusedError("secret-not-kept", hash=terms.window.surprise) from error
    if minute_seconds(surprise.from_) >= minute_seconds(surprise.to):
        raise InstructionRefusedError("bad-rule", why="the surprise ends before it begins")
    return digest


def wrong_place(world: World, pool: Pool, body: RuleBody, from_s: int, at_us: int) -> str:
    """Say why a version does not fit among the rules there are, or ""."""
    campaign = pool.campaign
    versions = world.rules.get(campaign, [])
    own = [rule for rule in versions if rule.code == body.code]
    # Before the first gift nobody was promised anything, so a first version may begin at once.
    if begun(world, campaign) and from_s < at_us // SECOND_US + RULE_NOTICE_SECONDS:
        return "a version begins at least 60 seconds after it is published"
    first = world.families.get(body.code)
    if first is not None and first.pool is not pool:
        return "the code belongs to another pool"
    if len({rule.code for rule in versions} | {body.code}) > RULES_MAX:
        return f"a campaign has at most {RULES_MAX} rules"
    if any(rule.from_s >= from_s for rule in own):
        return "a version begins after the one before it"
    beside = [rule for rule in versions if rule.pool is pool and rule.code != body.code]
    if any(r.terms.window.slice_minutes for r in beside) or (
        beside and body.terms.window.slice_minutes
    ):
        return "a pool that is cut in slices serves one rule"
    return wrong_company(versions, own, body, from_s)


def wrong_company(versions: list[Rule], own: list[Rule], body: RuleBody, from_s: int) -> str:
    """Say why a version does not go together with the campaign's other rules, or ""."""
    leaning = leans_on(body.terms)
    for code in leaning:
        others = [rule for rule in versions if rule.code == code]
        first = min([(rule.from_s, rule.number) for rule in own], default=(from_s, 1 << 62))
        if not any((rule.from_s, rule.number) < first for rule in others):
            return f"the rule {code} that it leans on does not act before it"
        if code == body.terms.fills and any(rule.friends or rule.lump for rule in others):
            return f"what the rule {code} gives is not for the gift alone, so it cannot be filled"
        if not all(rule.at_once for rule in others):
            return f"the rule {code} that it leans on is not decided at once"
    if body.terms.decided != "at-once" and any(
        body.code in leans_on(rule.terms) for rule in versions
    ):
        return "other rules lean on it, so it is decided at once"
    if isinstance(body.terms.gives, Friends) and any(
        isinstance(rule.terms.gives, Friends) and rule.code != body.code for rule in versions
    ):
        return "a campaign has one rule for invited friends"
    return ""


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
