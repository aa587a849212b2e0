"""Publish a rule version: two persons, in time, fitting among the rules there are. Pure."""

from typing import Final

import msgspec

from jusha.inbox.envelopes import CODE
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.rules import RuleTerms, check_terms, document, leans_on, terms_hash
from jusha.merkle.encoding import decode64
from jusha.money.clock import minute_seconds
from jusha.settlement.commitments import SecretMissingError
from jusha.settlement.match import RULES_MAX
from jusha.settlement.task import InstructionRefusedError, Task, begun, enter, two_persons
from jusha.settlement.world import SURPRISE, Campaign, Pool, Rule, Seed, World

RULE_NOTICE_SECONDS: Final = 60
"""A rule version acts from a whole minute at least this long after it was received."""


class RuleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule version: its code, its pool, the UTC minute it acts from, and its document."""

    code: str
    pool: str
    terms: RuleTerms
    from_: str = msgspec.field(name="from")


def publish_rule(task: Task) -> int:
    """Publish a rule version: see RuleBody; two persons, 60 seconds ahead."""
    world, changes = task.world, task.changes
    two_persons(task.instruction)
    body = msgspec.convert(task.instruction.body, RuleBody)
    pool = world.pools.get(body.pool)
    if pool is None or pool.notice_until:
        raise InstructionRefusedError("unknown-pool", given=body.pool)
    if not CODE.fullmatch(body.code):
        raise InstructionRefusedError("bad-code", given=body.code)
    from_s = minute_seconds(body.from_)
    wrong = check_terms(body.terms) or wrong_place(world, pool, body, from_s, task.at_s)
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
    number = enter(
        task,
        {
            "from": body.from_,
            "h": terms_hash(body.terms),
            "k": "rule",
            "pool": pool.code,
            "r": rule.name,
            "rd": world.campaigns_by_id[pool.campaign].code,
            "terms": document(body.terms),
        },
    )
    world.add_rule(rule)
    changes.new_rules.append(rule)
    if surprise:
        seed = world.seeds[rule.id, SURPRISE] = Seed(rule.id, SURPRISE, surprise, number)
        changes.seeds.add(seed)
    return number


def kept_surprise(world: World, terms: RuleTerms) -> bytes:
    """Return the hash of a rule's surprise, whose times must be at hand; b"" where it has none.

    A hash that names something else, a seed say, names no surprise that is kept.
    """
    if not terms.window.surprise:
        return b""
    digest = decode64(terms.window.surprise)
    try:
        surprise = world.surprise(digest)
    except (SecretMissingError, msgspec.DecodeError) as error:
        raise InstructionRefusedError("secret-not-kept", hash=terms.window.surprise) from error
    if minute_seconds(surprise.from_) >= minute_seconds(surprise.to):
        raise InstructionRefusedError("bad-rule", why="the surprise ends before it begins")
    return digest


def wrong_place(world: World, pool: Pool, body: RuleBody, from_s: int, at_s: int) -> str:
    """Say why a version does not fit among the rules there are, or ""."""
    campaign = pool.campaign
    versions = world.rules.get(campaign, [])
    own = [rule for rule in versions if rule.code == body.code]
    # Before the first gift nobody was promised anything, so a first version may begin at once.
    if begun(world, campaign) and from_s < at_s + RULE_NOTICE_SECONDS:
        return "a version begins at least 60 seconds after it is published"
    first = world.families.get(body.code)
    if first is not None and first.pool is not pool:
        return "the code belongs to another pool"
    if len({rule.code for rule in versions} | {body.code}) > RULES_MAX:
        return f"a campaign has at most {RULES_MAX} rules"
    if any(rule.from_s >= from_s for rule in own):
        return "a version begins after the one before it"
    if body.terms.decided == "retro" and not within(body.terms, world.campaigns_by_id[campaign]):
        return "a rule for earlier gifts reaches no further than its campaign"
    return wrong_pool(versions, pool, body) or wrong_company(versions, own, body, from_s)


def wrong_pool(versions: list[Rule], pool: Pool, body: RuleBody) -> str:
    """Say why a version does not go into its pool beside other rules, or ""."""
    beside = [rule for rule in versions if rule.pool is pool and rule.code != body.code]
    if any(r.terms.window.slice_minutes for r in beside) or (
        beside and body.terms.window.slice_minutes
    ):
        return "a pool that is cut in slices serves one rule"
    return ""


def within(terms: RuleTerms, campaign: Campaign) -> bool:
    """Say whether the times that a rule reaches back to lie in the campaign's."""
    since_s, until_s = minute_seconds(terms.since), minute_seconds(terms.until)
    return campaign.opens_s <= since_s and until_s <= campaign.closes_s


def wrong_company(versions: list[Rule], own: list[Rule], body: RuleBody, from_s: int) -> str:
    """Say why a version does not go together with the campaign's other rules, or ""."""
    if wrong := wrong_leaning(versions, own, body, from_s):
        return wrong
    if body.terms.decided != "at-once" and any(
        body.code in leans_on(rule.terms) for rule in versions
    ):
        return "other rules lean on it, so it is decided at once"
    if isinstance(body.terms.gives, Friends | LumpSum) and any(
        rule.terms.fills == body.code for rule in versions
    ):
        return "another rule fills it, so what it gives is for the gift alone"
    if isinstance(body.terms.gives, Friends) and any(
        isinstance(rule.terms.gives, Friends) and rule.code != body.code for rule in versions
    ):
        return "a campaign has one rule for invited friends"
    return ""


def wrong_leaning(versions: list[Rule], own: list[Rule], body: RuleBody, from_s: int) -> str:
    """Say why a version may not lean on the rules that it names, or ""."""
    for code in leans_on(body.terms):
        others = [rule for rule in versions if rule.code == code]
        first = min([(rule.from_s, rule.number) for rule in own], default=(from_s, 1 << 62))
        if not any((rule.from_s, rule.number) < first for rule in others):
            return f"the rule {code} that it leans on does not act before it"
        if code == body.terms.fills and any(rule.friends or rule.lump for rule in others):
            return f"what the rule {code} gives is not for the gift alone, so it cannot be filled"
        if not all(rule.at_once for rule in others):
            return f"the rule {code} that it leans on is not decided at once"
    return ""
