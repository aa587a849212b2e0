"""Find what one step of a closing pays next. The step stands alone in its part of a batch."""

from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.inbox.envelopes import NO_PERSON, Instruction
from jusha.matching.kinds.quadratic import Quadratic, votes_and_credits
from jusha.matching.kinds.shares import NO_CUT_OFF, CutOff, shared_budget
from jusha.matching.rules import shares_all
from jusha.money.clock import minute_seconds
from jusha.settlement.changes import Chunk, Claim, Earlier, Found, Vote
from jusha.settlement.closing import (
    CLAIMS_A_STEP,
    GIFTS_A_STEP,
    CloseBody,
    budget_of,
    moment_at,
    target,
)
from jusha.settlement.find_usage import read_usage
from jusha.settlement.task import SECOND_US, InstructionRefusedError
from jusha.settlement.world import RETRO, Closing, Rule, World

WHOLE: Final = """
NOT EXISTS (SELECT FROM giving_refund r WHERE r.deed = number_)
AND NOT EXISTS (SELECT FROM matching_clawback b WHERE b.deed = number_)"""

CLAIM_WHOLE: Final = WHOLE.replace("number_", "(c.id >> 4)")
GIFT_WHOLE: Final = WHOLE.replace("number_", "d.number")

SUM_SQL: Final = """
SELECT count(*), coalesce(sum(c.amount), 0)::bigint
FROM matching_claim c WHERE c.rule = %s AND c.slice = %s AND whole_""".replace(
    "whole_", CLAIM_WHOLE
)

FLOORS_SQL: Final = """
SELECT coalesce(sum(div(c.amount::numeric * %s, %s)), 0)::bigint
FROM matching_claim c WHERE c.rule = %s AND c.slice = %s AND whole_""".replace(
    "whole_", CLAIM_WHOLE
)

CUT_SQL: Final = """
SELECT mod(c.amount::numeric * %s, %s)::bigint, c.id
FROM matching_claim c WHERE c.rule = %s AND c.slice = %s AND whole_
ORDER BY 1 DESC, 2 LIMIT 1 OFFSET %s""".replace("whole_", CLAIM_WHOLE)

CLAIMS_SQL: Final = """
SELECT c.id, c.project, c.amount
FROM matching_claim c
WHERE c.rule = %s AND c.slice = %s AND c.id > %s AND whole_
ORDER BY c.id LIMIT %s""".replace("whole_", CLAIM_WHOLE)

VOTES_SQL: Final = """
SELECT c.project, sum(c.amount)::bigint
FROM matching_claim c JOIN giving_deed d ON d.number = c.id >> 4
WHERE c.rule = %s AND c.slice = %s AND whole_
GROUP BY c.project, d.person, CASE WHEN d.person = %s THEN c.id END
ORDER BY c.project""".replace("whole_", CLAIM_WHOLE)

GIFTS_SQL: Final = """
SELECT d.number, d.channel, d.project, d.amount,
       (extract(epoch FROM d.effective_at) * 1000000)::bigint, uuid_send(d.person)
FROM giving_deed d
WHERE d.number > %s AND d.number < %s AND d.campaign = %s AND d.asset = 1 AND NOT d.held
  AND d.effective_at >= to_timestamp(%s) AND d.effective_at < to_timestamp(%s)
  AND whole_
  AND NOT EXISTS (SELECT FROM matching_match m WHERE m.id = d.number * 16 + 14)
ORDER BY d.number LIMIT %s""".replace("whole_", GIFT_WHOLE)

WAITING_SQL: Final = """
SELECT (SELECT count(*) FROM (SELECT DISTINCT c.rule, c.slice FROM matching_claim c
                              WHERE c.rule = ANY(%(rules)s)) w
        WHERE NOT EXISTS (SELECT FROM matching_closing k
                          WHERE k.rule = w.rule AND k.slice = w.slice AND k.done))
     + (SELECT count(*) FROM unnest(%(retro)s::integer[]) AS r (rule)
        WHERE NOT EXISTS (SELECT FROM matching_closing k WHERE k.rule = r.rule AND k.done))"""


def read_step(
    connection: Connection[Any], world: World, found: Found, instruction: Instruction
) -> tuple[Chunk | None, int]:
    """Read a closing's next step, or how many closings a pool's notice must wait for.

    What cannot be read of a malformed instruction is left to its handler's refusal.
    Reads: matching_claim, matching_closing, matching_clawback, matching_match, giving_deed,
    giving_refund, matching_usage. Writes nothing.
    """
    if instruction.kind == "begin-notice":
        return None, _waiting(connection, world, instruction)
    try:
        rule, slice_ = target(world, msgspec.convert(instruction.body, CloseBody))
    except (InstructionRefusedError, msgspec.ValidationError, ValueError):
        return None, 0
    closing = world.closings.get((rule.id, slice_))
    opened = None if closing else _open(connection, world, rule, slice_)
    closing = closing or opened
    assert closing is not None
    if closing.done:
        return None, 0
    if slice_ == RETRO:
        return _gifts(connection, world, found, rule, closing, opened), 0
    if isinstance(rule.terms.gives, Quadratic):
        return Chunk(opened, votes=_votes(connection, rule, closing)), 0
    rows = connection.execute(
        CLAIMS_SQL, (rule.id, slice_, closing.cursor, CLAIMS_A_STEP), binary=True
    ).fetchall()
    claims = tuple(map(Claim._make, rows))
    return Chunk(opened, claims=claims, last=len(claims) < CLAIMS_A_STEP), 0


def _open(connection: Connection[Any], world: World, rule: Rule, slice_: int) -> Closing:
    """Count what is claimed, and fix what is shared and its cut-off of largest remainders."""
    if slice_ == RETRO:
        return Closing(rule.id, slice_, 0, 0, 0, *NO_CUT_OFF)
    row = connection.execute(SUM_SQL, (rule.id, slice_), binary=True).fetchone()
    assert row is not None
    count, total = row
    cut_off = NO_CUT_OFF
    budget = shared_budget(budget_of(world, rule, slice_), total, everything=shares_all(rule.terms))
    if budget and not isinstance(rule.terms.gives, Quadratic):
        key = (budget, total, rule.id, slice_)
        floors = connection.execute(FLOORS_SQL, key, binary=True).fetchone()
        assert floors is not None
        if left := budget - floors[0]:
            cut = connection.execute(CUT_SQL, (*key, left - 1), binary=True).fetchone()
            assert cut is not None
            cut_off = CutOff(*cut)
    return Closing(rule.id, slice_, total, budget, count, *cut_off)


def _votes(connection: Connection[Any], rule: Rule, closing: Closing) -> tuple[Vote, ...]:
    gives = rule.terms.gives
    assert isinstance(gives, Quadratic)
    sums: dict[int, list[int]] = {}
    key = (closing.rule, closing.slice, NO_PERSON.hex())
    for project, amount in connection.execute(VOTES_SQL, key, binary=True):
        sums.setdefault(project, []).append(amount)
    return tuple(Vote(project, *votes_and_credits(s, gives.unit)) for project, s in sums.items())


def _gifts(
    connection: Connection[Any],
    world: World,
    found: Found,
    rule: Rule,
    closing: Closing,
    opened: Closing | None,
) -> Chunk:
    terms = rule.terms
    span = (minute_seconds(terms.since), minute_seconds(terms.until))
    rows = connection.execute(
        GIFTS_SQL,
        (closing.cursor, rule.number, rule.campaign, *span, GIFTS_A_STEP),
        binary=True,
    ).fetchall()
    gifts = tuple(map(Earlier._make, rows))
    days = {
        (rule.campaign, moment_at(gift.effective_us // SECOND_US).day, gift.person)
        for gift in gifts
        if gift.person != NO_PERSON
    }
    read_usage(connection, world, found, days)
    return Chunk(opened, gifts=gifts, last=len(gifts) < GIFTS_A_STEP)


def _waiting(connection: Connection[Any], world: World, instruction: Instruction) -> int:
    pool = world.pools.get(str(instruction.body.get("pool", "")))
    rules = world.rules.get(pool.campaign, []) if pool else []
    own = [rule for rule in rules if rule.pool is pool]
    asked = {
        "rules": [rule.id for rule in own],
        "retro": [rule.id for rule in own if rule.terms.decided == "retro"],
    }
    row = connection.execute(WAITING_SQL, asked, binary=True).fetchone()
    return int(row[0]) if row else 0
