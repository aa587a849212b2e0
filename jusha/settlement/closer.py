"""Ask for what the clock makes due: steps of closings, seeds before a day, reveals after it.

Like every job this decides nothing: it says which instructions are due, and settlement
refuses what is too early. What was asked for is remembered in memory for a minute; asking
again is harmless, and heals what a clock that runs ahead had asked too early.
"""

import secrets as random
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from psycopg import Connection

from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Instruction
from jusha.matching.rules import RuleTerms, draws
from jusha.money.clock import (
    DAY_SECONDS,
    MINUTE_SECONDS,
    SHANGHAI_SHIFT_SECONDS,
    day_text,
    local_day,
    minute_seconds,
    minute_text,
)
from jusha.settlement.closing import CLAIMS_A_STEP
from jusha.settlement.commitments import SecretMissingError
from jusha.settlement.match import day_end_s
from jusha.settlement.secrets import SECRET_BYTES, Secrets
from jusha.settlement.seeds import REVEAL_SECONDS, SEED_NOTICE_SECONDS, over_s
from jusha.settlement.world import CLOSE, RETRO

log = structlog.get_logger("settlement")

ROW_MAX: Final = 1_000
STEPS_AT_ONCE: Final = 50
ASK_AGAIN_SECONDS: Final = 60
DAYS_AHEAD: Final = 2
"""Seeds are made for today and so many days more."""

RULES_SQL: Final = """
SELECT r.id, r.code || '.' || r.version, r.code, r.family, r.terms,
       extract(epoch FROM r.from_at)::bigint, c.terms, p.notice_until,
       EXISTS (SELECT FROM campaigns_total t WHERE t.campaign = r.campaign AND t.gifts > 0)
FROM matching_rule r
JOIN campaigns_terms c ON c.id = r.campaign
JOIN matching_pool p ON p.id = r.pool
ORDER BY r.id"""

SLICES_SQL: Final = """
WITH RECURSIVE slices AS (
    (SELECT slice FROM matching_claim WHERE rule = %(rule)s ORDER BY slice LIMIT 1)
    UNION ALL
    SELECT (SELECT c.slice FROM matching_claim c
            WHERE c.rule = %(rule)s AND c.slice > s.slice ORDER BY c.slice LIMIT 1)
    FROM slices s WHERE s.slice IS NOT NULL
)
SELECT s.slice, coalesce(k.cursor, -1)
FROM slices s LEFT JOIN matching_closing k ON k.rule = %(rule)s AND k.slice = s.slice
WHERE s.slice <= %(until)s AND NOT coalesce(k.done, false) ORDER BY s.slice"""

LEFT_SQL: Final = """
SELECT count(*) FROM (SELECT FROM matching_claim
                      WHERE rule = %s AND slice = %s AND id > %s LIMIT %s) c"""


class Known(NamedTuple):
    """A rule version with the times that decide what is due."""

    id: int
    name: str
    code: str
    family: int
    terms: RuleTerms
    from_s: int
    opens_s: int
    closes_s: int
    noticed: bool
    begun: bool


def known_rules(connection: Connection[Any]) -> list[Known]:
    """Read all rule versions. Reads: matching_rule, matching_pool, campaigns_terms, _total."""
    found = []
    for id_, name, code, family, terms, from_s, campaign, notice, begun in connection.execute(
        RULES_SQL
    ).fetchall():
        times = msgspec.convert(campaign, CampaignTerms)
        opens_s, closes_s = minute_seconds(times.opens), minute_seconds(times.closes)
        rule = msgspec.convert(terms, RuleTerms)
        found.append(
            Known(id_, name, code, family, rule, from_s, opens_s, closes_s, bool(notice), begun)
        )
    return found


class Closer:
    """Says which steps of closings are due, a few thousand gifts a step."""

    def __init__(self) -> None:
        self._asked: dict[tuple[int, int], tuple[int, int]] = {}
        """By (rule, slice): the cursor asked for, and when."""

    def due(self, connection: Connection[Any], now: datetime) -> list[Instruction]:
        """Return the steps that are due and were not asked for.

        Reads: matching_rule, matching_claim, matching_closing. Writes nothing.
        """
        due: list[Instruction] = []
        now_s = int(now.timestamp())
        for rule in known_rules(connection):
            if rule.terms.decided == "at-once" or rule.noticed:
                continue
            for slice_, cursor in self._open(connection, rule, now_s):
                before, at_s = self._asked.get((rule.id, slice_), (cursor, 0))
                if before == cursor and now_s < at_s + ASK_AGAIN_SECONDS:
                    continue
                self._asked[rule.id, slice_] = cursor, now_s
                steps = self._steps(connection, rule, slice_, cursor)
                due += [_step(rule, slice_) for _ in range(steps)]
        return due

    def _open(self, connection: Connection[Any], rule: Known, now_s: int) -> list[tuple[int, int]]:
        """Return (slice, cursor) of each closing of a rule that is due and not done."""
        if rule.terms.decided == "retro":
            row = connection.execute(
                "SELECT cursor, done FROM matching_closing WHERE rule = %s AND slice = %s",
                (rule.id, RETRO),
            ).fetchone()
            due = now_s >= rule.from_s and not (row and row[1])
            return [(RETRO, row[0] if row else -1)] if due else []
        late = rule.terms.late_minutes * MINUTE_SECONDS
        if rule.terms.decided == "close":
            until = CLOSE if now_s >= rule.closes_s + late else CLOSE - 1
        else:
            until = (now_s - late) // MINUTE_SECONDS - rule.terms.window.slice_minutes
        found = connection.execute(SLICES_SQL, {"rule": rule.id, "until": until}).fetchall()
        return [(slice_, cursor) for slice_, cursor in found]

    def _steps(self, connection: Connection[Any], rule: Known, slice_: int, cursor: int) -> int:
        if slice_ == RETRO:
            return STEPS_AT_ONCE
        most = STEPS_AT_ONCE * CLAIMS_A_STEP
        row = connection.execute(LEFT_SQL, (rule.id, slice_, cursor, most)).fetchone()
        assert row is not None
        return min(int(row[0]) // CLAIMS_A_STEP + 1, STEPS_AT_ONCE)


def ask(connection: Connection[Any], due: list[Instruction]) -> int:
    """Append instructions in rows of a thousand; return how many. Writes: the inbox."""
    for first in range(0, len(due), ROW_MAX):
        append(connection, lane="jobs", envelopes=list(due[first : first + ROW_MAX]))
    return len(due)


def _step(rule: Known, slice_: int) -> Instruction:
    named = {} if slice_ in {CLOSE, RETRO} else {"slice": minute_text(slice_ * MINUTE_SECONDS)}
    return Instruction(new_id(), "close-claims", "jobs", body={"rule": rule.name} | named)


class SecretKeeper:
    """Makes the seeds of coming days and reveals what is over. Beside settlement, nowhere else."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self._asked: dict[bytes, int] = {}

    def due(self, connection: Connection[Any], now: datetime) -> list[Instruction]:
        """Make the seeds that are missing, and return what commits and reveals.

        Reads: matching_rule, matching_seed. Writes: the folder secrets/match.
        """
        now_s = int(now.timestamp())
        rules = known_rules(connection)
        seeds = connection.execute(
            "SELECT rule, day, hash, revealed FROM matching_seed", binary=True
        ).fetchall()
        committed = {(rule, day) for rule, day, _, _ in seeds}
        due: list[Instruction] = [
            Instruction(new_id(), "commit-seed", "settlement", body=self._seed(rule.code, day))
            for rule, day in _days_to_seed(rules, committed, now_s)
        ]
        for _, day, digest, revealed in seeds:
            if revealed or now_s < self._asked.get(digest, 0) + ASK_AGAIN_SECONDS:
                continue
            try:
                secret = self.secrets[digest]
            except SecretMissingError as error:
                log.error("secret_missing", error=str(error))  # noqa: TRY400 - it says it all
                continue
            if now_s >= over_s(day, secret) + REVEAL_SECONDS:
                self._asked[digest] = now_s
                due.append(Instruction(new_id(), "reveal", "settlement", body={"secret": secret}))
        return due

    def _seed(self, code: str, day: int) -> dict[str, Any]:
        digest = self.secrets.keep(random.token_bytes(SECRET_BYTES))
        return {"rule": code, "day": day_text(day), "hash": digest}


def _days_to_seed(
    rules: list[Known], committed: set[tuple[int, int]], now_s: int
) -> list[tuple[Known, int]]:
    """Return the (rule, day) that have no seed yet and can still get one."""
    found: dict[tuple[int, int], tuple[Known, int]] = {}
    today = local_day(now_s)
    for rule in rules:
        if not draws(rule.terms) or rule.noticed:
            continue
        for day in range(today, today + DAYS_AHEAD + 1):
            start = day * DAY_SECONDS - SHANGHAI_SHIFT_SECONDS
            opens_s = max(start + rule.terms.window.from_minute * MINUTE_SECONDS, rule.opens_s)
            late = now_s + SEED_NOTICE_SECONDS + MINUTE_SECONDS > opens_s
            inside = opens_s < rule.closes_s and day_end_s(day) > max(now_s, rule.opens_s)
            if inside and not (late and rule.begun) and (rule.family, day) not in committed:
                found.setdefault((rule.family, day), (rule, day))
    return list(found.values())
