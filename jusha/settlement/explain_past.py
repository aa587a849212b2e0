"""What caps, windows and pools had used just before a gift, added up again from the books.

Nothing is remembered for this: it is summed from deeds, matches, claims and transfers in
the order in which they happened. That order is the entry number, but for two kinds of
match, which stand in an earlier gift's entry: what invited friends earned it happened with
the friend who completed the number, what reached back to it with that step's entry.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from jusha.matching.kinds.friends import Friends
from jusha.matching.queries import Published
from jusha.matching.rules import BY_NUMBER, slice_start
from jusha.merkle.encoding import decode64
from jusha.merkle.tiles import decode_bundle
from jusha.money.clock import (
    MINUTE_SECONDS,
    local_day,
    local_minute_of_day,
    minute_seconds,
)

MATCHED_SQL: Final = """
    SELECT d.effective_at, d.channel, d.project, d.person, m.pool, m.rule, m.amount
    FROM giving_deed d JOIN matching_match m ON m.id >> 4 = d.number
    WHERE d.number > %(first)s AND d.number < %(number)s AND d.campaign = ANY(%(campaigns)s)
      AND m.id > %(first)s * 16 AND m.id < %(number)s * 16
      AND (m.id & 15) BETWEEN 1 AND 12 AND m.bound <> %(share)s"""
CLAIMED_SQL: Final = """
    SELECT d.effective_at, d.channel, d.project, d.person, 0, c.rule, c.amount
    FROM matching_claim c JOIN giving_deed d ON d.number = c.id >> 4
    WHERE c.rule = ANY(%(rules)s) AND c.id < %(number)s * 16"""
INVITED_SQL: Final = """
    SELECT f.effective_at, f.channel, f.project, e.person, m.pool, m.rule, m.amount
    FROM rule r
    JOIN matching_match m ON m.rule = r.id AND (m.id & 15) = 15
    JOIN giving_deed e ON e.number = m.id >> 4
    JOIN LATERAL (SELECT i.number FROM matching_invite i WHERE i.gift = e.number
                  ORDER BY i.number OFFSET r.friends - 1 LIMIT 1) i ON i.number < %(number)s
    JOIN giving_deed f ON f.number = i.number
    WHERE r.friends > 0"""
REACHED_BACK_SQL: Final = """
    SELECT d.effective_at, d.channel, d.project, d.person, -m.pool, m.rule, m.amount
    FROM unnest(%(retro)s::bigint[]) AS k (id)
    JOIN matching_match m ON m.id = k.id JOIN giving_deed d ON d.number = k.id >> 4"""
"""What uses something up. Claims have pool 0, as they use up caps and no money; what reached back
has its pool negative, as it uses a window of its own."""

USED_SQL: Final = """
WITH rule (id, size, start, friends) AS (
    SELECT * FROM unnest(%(rules)s::int[], %(sizes)s::int[], %(starts)s::int[], %(friends)s::int[])
), counted (effective_at, channel, project, person, pool, rule, amount) AS ({counted}
), timed AS (
    SELECT c.*, (extract(epoch FROM c.effective_at)::bigint + 28800) / 86400 = %(day)s AS today,
           CASE WHEN r.size > 0 THEN t.minute - ((t.minute + 480) %% 1440 - r.start) %% r.size END
               AS slice
    FROM counted c JOIN rule r ON r.id = c.rule
    CROSS JOIN LATERAL (SELECT extract(epoch FROM c.effective_at)::bigint / 60 AS minute) t
)
SELECT pool, CASE WHEN slice = ANY(%(slices)s) THEN slice END,
       coalesce(sum(amount), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE today), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE today AND person = %(person)s), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE person = %(person)s), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE project = %(project)s), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE project = ANY(
           SELECT a.project FROM projects_fund a JOIN projects_fund b ON a.payee = b.payee
           WHERE b.project = %(project)s)), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE channel = %(channel)s), 0)::bigint
FROM timed GROUP BY 1, 2"""
"""`size`: minutes of the slices that do not carry, else 0. `{counted}`: see `_used_sql`."""

MONEY_SQL: Final = """
SELECT t.id >> 4, a.owner, o.kind, CASE WHEN t.credit = a.id THEN t.amount ELSE -t.amount END
FROM ledger_account a
JOIN ledger_transfer t ON t.debit = a.id OR t.credit = a.id
JOIN ledger_account o ON o.id = CASE WHEN t.credit = a.id THEN t.debit ELSE t.credit END
WHERE a.kind = 'available' AND a.owner = ANY(%s) AND t.id >= %s * 16 AND t.id < %s * 16
  AND (t.id & 15) IN (0, 1) AND o.kind <> 'promised'"""
"""All that went in and out of a pool beside matches: funding, and what closings set aside."""

ENTRIES_SQL: Final = """
SELECT k.number, e.first, e.count, e.entries FROM unnest(%s::bigint[]) AS k (number)
JOIN LATERAL (SELECT first, count, entries FROM tlog_entries WHERE first <= k.number
              ORDER BY first DESC LIMIT 1) e ON k.number < e.first + e.count"""

REACHED_SQL: Final = """
SELECT DISTINCT k.number, e.first, e.count, e.entries FROM settlement_outcome k
JOIN LATERAL (SELECT first, count, entries FROM tlog_entries WHERE first <= k.number
              ORDER BY first DESC LIMIT 1) e ON k.number < e.first + e.count
WHERE k.number > %s AND k.code = 'done' AND position('"slice":"retro"'::bytea IN e.entries) > 0"""


RECONCILED_SQL: Final = """
SELECT k.number, e.first, e.count, e.entries FROM settlement_outcome k
JOIN LATERAL (SELECT first, count, entries FROM tlog_entries WHERE first <= k.number
              ORDER BY first DESC LIMIT 1) e ON k.number < e.first + e.count
WHERE k.number > %s AND k.number < %s AND k.code = 'done'
  AND position('"k":"reconciled"'::bytea IN e.entries) > 0"""

REVEALED_SQL: Final = """
SELECT k.number, e.first, e.count, e.entries FROM settlement_outcome k
JOIN LATERAL (SELECT first, count, entries FROM tlog_entries WHERE first <= k.number
              ORDER BY first DESC LIMIT 1) e ON k.number < e.first + e.count
WHERE k.number > %s AND k.code = 'done' AND position(%s IN e.entries) > 0"""
"""Entries of instructions, in bundles that hold the words looked for."""

ROW_ENTRIES_MAX: Final = 10_000
"""Entries that the envelopes of one inbox row can make."""


class Used(NamedTuple):
    """What was used before a gift, in fen: by caps over the campaign, by pools' money."""

    person_day: int = 0
    person_campaign: int = 0
    project: int = 0
    charity: int = 0
    channel: int = 0
    days: dict[int, int] = {}
    """By pool: what its day had given, set aside for slices included."""
    slices: dict[tuple[int, int], int] = {}
    """By (pool, slice): what slices that do not carry had given."""
    pools: dict[int, int] = {}
    """By pool: what it could still give."""


class Drawing(NamedTuple):
    """A channel that may draw only so much; `number` is where it was admitted."""

    code: str
    number: int


class Moment(NamedTuple):
    """The gift whose past is asked for; `campaign_number` is where its campaign began."""

    number: int
    campaign: int
    campaign_number: int
    channel: int
    project: int
    person: UUID
    at_s: int

    @property
    def day(self) -> int:
        """Its Shanghai day."""
        return local_day(self.at_s)


def used_before(moment: Moment, rules: list[Published], *, drawing: Drawing | None = None) -> Used:
    """Add up what was used before a gift.

    `drawing`: its channel where that may draw only so much.
    `rules`: every version of its campaign (of all campaigns where the channel's draw counts).
    Reads: giving_deed, matching_match, matching_claim, matching_invite, projects_fund,
    ledger_transfer, ledger_account, tlog_entries, settlement_outcome.
    """
    own = [rule for rule in rules if rule.campaign == moment.campaign]
    slices = {slice_ for rule in own if (slice_ := no_carry_slice(rule, moment.at_s)) is not None}
    used = _used(moment, own, slices, first=moment.campaign_number)
    if drawing:
        drawn = _used(moment, rules, set(), first=0).channel
        return used._replace(channel=drawn - reconciled_before(drawing, moment.number))
    return used


def reconciled_before(channel: Drawing, number: int) -> int:
    """What a channel's bills had confirmed of what it drew, in fen.

    Reads: settlement_outcome, tlog_entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(RECONCILED_SQL, (channel.number, number))
        rows = cursor.fetchall()
    entries = (
        msgspec.json.decode(decode_bundle(bytes(raw), width=count)[at - first])
        for at, first, count, raw in rows
    )
    return sum(e["amt"] for e in entries if e["k"] == "reconciled" and e["ch"] == channel.code)


def no_carry_slice(rule: Published, at_s: int) -> int | None:
    """The slice of a minute where a rule's slices have budgets of their own; else None."""
    window, minute = rule.terms.window, local_minute_of_day(at_s)
    inside = window.from_minute <= minute < window.to_minute
    if not window.slice_minutes or window.carry or not inside:
        return None
    return at_s // MINUTE_SECONDS - minute + slice_start(window, minute)


def _used(moment: Moment, rules: list[Published], slices: set[int], *, first: int) -> Used:
    aside, retro = _money(moment, rules), reached(moment, rules)
    with connection.cursor() as cursor:
        cursor.execute(_used_sql(rules, retro), _asked(moment, rules, slices, first, retro))
        rows = cursor.fetchall()
    caps = [sum(row[place] for row in rows) for place in range(4, 9)]
    days: dict[int, int] = {}
    sliced: dict[tuple[int, int], int] = {}
    pools = {pool: sum(each.amount for each in moved) for pool, moved in aside.items()}
    for pool, slice_, amount, today, *_rest in rows:
        pools[abs(pool)] = pools.get(abs(pool), 0) - amount
        if pool > 0:
            days[pool] = days.get(pool, 0) + today
        if pool > 0 and slice_ is not None:
            sliced[pool, slice_] = sliced.get((pool, slice_), 0) + amount
    _count_closings(moment, rules, aside, days, sliced)
    day, whole, project, charity, channel = caps
    return Used(day, whole, project, charity, channel, days, sliced, pools)


def _used_sql(rules: list[Published], retro: list[int]) -> str:
    """The question, with those parts alone that these rules can have: to plan it costs as much."""
    parts = [MATCHED_SQL]
    if any(rule.terms.decided != "at-once" for rule in rules):
        parts.append(CLAIMED_SQL)
    if any(isinstance(rule.terms.gives, Friends) for rule in rules):
        parts.append(INVITED_SQL)
    if retro:
        parts.append(REACHED_BACK_SQL)
    return USED_SQL.replace("{counted}", "\n    UNION ALL".join(parts))


def _asked(
    moment: Moment, rules: list[Published], slices: set[int], first: int, retro: list[int]
) -> dict[str, Any]:
    gives = [rule.terms.gives for rule in rules]
    windows = [rule.terms.window for rule in rules]
    return {
        "rules": [rule.id for rule in rules],
        "sizes": [0 if window.carry else window.slice_minutes for window in windows],
        "starts": [window.from_minute for window in windows],
        "friends": [kind.friends if isinstance(kind, Friends) else 0 for kind in gives],
        "first": first,
        "number": moment.number,
        "campaigns": sorted({rule.campaign for rule in rules}),
        "share": BY_NUMBER["share"],
        "retro": retro,
        "day": moment.day,
        "slices": sorted(slices),
        "person": moment.person,
        "project": moment.project,
        "channel": moment.channel,
    }


class Moved(NamedTuple):
    """Money in (positive) or out of a pool beside matches, with the entry that moved it."""

    number: int
    amount: int
    other: str


def _money(moment: Moment, rules: list[Published]) -> dict[int, list[Moved]]:
    by_code = {rule.pool_code: rule.pool for rule in rules}
    found: dict[int, list[Moved]] = {pool: [] for pool in by_code.values()}
    first = min((rule.pool_number for rule in rules), default=0)
    with connection.cursor() as cursor:
        cursor.execute(MONEY_SQL, (list(by_code), first, moment.number))
        for number, code, other, amount in cursor.fetchall():
            found[by_code[code]].append(Moved(number, amount, other))
    return found


def _count_closings(
    moment: Moment,
    rules: list[Published],
    aside: dict[int, list[Moved]],
    days: dict[int, int],
    sliced: dict[tuple[int, int], int],
) -> None:
    """Count what slices of the gift's day had set aside: it is no match yet, and money gone."""
    if not any(rule.terms.decided == "slice" for rule in rules):
        return
    named = {rule.name: rule for rule in rules}
    moved: dict[int, tuple[int, int]] = {}
    for pool, all_ in aside.items():
        for each in all_:
            if each.other == "sharing":
                before = moved.get(each.number, (pool, 0))[1]
                moved[each.number] = (pool, before - each.amount)
    for number, entry in entries_at(sorted(moved)).items():
        slice_ = entry.get("slice", "close")
        if slice_ in {"close", "retro"} or entry.get("r") not in named:
            continue
        at_s = minute_seconds(slice_)
        pool, amount = moved[number]
        if local_day(at_s) == moment.day:
            days[pool] = days.get(pool, 0) + amount
        key = (pool, at_s // MINUTE_SECONDS)
        if not named[entry["r"]].terms.window.carry:
            sliced[key] = sliced.get(key, 0) + amount


def entries_at(numbers: list[int]) -> dict[int, dict[str, Any]]:
    """Log entries by number, in one query. Reads: tlog_entries."""
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES_SQL, (numbers,))
        rows = cursor.fetchall()
    return {
        number: msgspec.json.decode(decode_bundle(bytes(raw), width=count)[number - first])
        for number, first, count, raw in rows
    }


def reached(moment: Moment, rules: list[Published]) -> list[int]:
    """Ids of the matches that had reached back to earlier gifts before this one.

    Reads: settlement_outcome, tlog_entries.
    """
    retro = [rule for rule in rules if rule.terms.decided == "retro"]
    begun = [rule for rule in retro if rule.number < moment.number]
    if not begun:
        return []
    return [
        number * 16 + 14
        for at, entry in retro_entries(begun).items()
        if at < moment.number
        for number, amount, _by in entry["m"]
        if amount
    ]


def retro_entries(rules: list[Published]) -> dict[int, dict[str, Any]]:
    """The entries by which rules reached back, by number.

    Reads: settlement_outcome, tlog_entries.
    """
    names = {rule.name for rule in rules}
    with connection.cursor() as cursor:
        cursor.execute(REACHED_SQL, (min(rule.number for rule in rules),))
        rows = cursor.fetchall()
    found: dict[int, dict[str, Any]] = {}
    for number, first, count, raw in rows:
        entry = msgspec.json.decode(decode_bundle(bytes(raw), width=count)[number - first])
        if entry["k"] == "share" and entry["slice"] == "retro" and entry["r"] in names:
            found[number] = entry
    return found


def digest_before(number: int) -> tuple[int, str] | None:
    """The newest `draw` entry before a gift: (its number, the digest in base64).

    A row has at most 5,000 envelopes, so it stands not further back. Reads: tlog_entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, count, entries FROM tlog_entries WHERE first <= %s"
            " AND first + count > %s ORDER BY first DESC",
            (number, number - ROW_ENTRIES_MAX),
        )
        for first, count, raw in cursor:
            bundle = decode_bundle(bytes(raw), width=count)
            for place in range(min(count, number - first) - 1, -1, -1):
                if b'"k":"draw"' in bundle[place]:
                    return first + place, str(msgspec.json.decode(bundle[place])["d"])
    return None


def donated_before(moment: Moment) -> int:
    """What had been given to a gift's project in its campaign, refunds not taken out.

    Reads: giving_deed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(amount), 0)::bigint FROM giving_deed WHERE number > %s"
            " AND number < %s AND campaign = %s AND project = %s AND asset = 1 AND NOT held",
            (moment.campaign_number, moment.number, moment.campaign, moment.project),
        )
        return int(cursor.fetchone()[0])


def revealed_secret(digest: str, *, after: int) -> tuple[int, bytes] | None:
    """A secret that the log has revealed: (entry, secret); None while it is one.

    Reads: settlement_outcome, tlog_entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(REVEALED_SQL, (after, f'"h":"{digest}","k":"reveal"'.encode()))
        rows = cursor.fetchall()
    for number, first, count, raw in rows:
        entry = msgspec.json.decode(decode_bundle(bytes(raw), width=count)[number - first])
        if entry["k"] == "reveal" and entry["h"] == digest:
            return number, decode64(entry["s"])
    return None
