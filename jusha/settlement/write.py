"""Write one batch's changes as sets, inside the batch's transaction.

Statements do not grow with the batch: one COPY or one unnest a table. Rows that are
updated are visited in sorted order. The database's CHECKs have the last word; decide
is written so that none of them can fire.
"""

from typing import Any, Final

import msgspec
from psycopg import Connection, Cursor
from psycopg.types.json import Jsonb

from jusha.merkle.tiles import encode_bundle
from jusha.settlement.changes import Changes
from jusha.settlement.pack import copy_rows, int4s, int8s, uuids
from jusha.settlement.world import World
from jusha.tlog.leaves import chained

DEED_KINDS: Final = (
    "int8", "int2", "int4", "int4", "int2", "int8", "uuid", "int8", "time", "time", "hash",
    "int8", "int8", "bool",
)  # fmt: skip
TRANSFER_KINDS: Final = ("int8", "int4", "int4", "int8")
MATCH_KINDS: Final = ("int8", "int4", "int4", "int8", "int2")
SEEN_KINDS: Final = ("uuid", "int8", "int8")
ORDER_KINDS: Final = ("int8", "int4", "int4", "int2", "int8", "uuid", "hash", "time")
PAID_KINDS: Final = ("int8", "int8")

ACCOUNTS_SQL: Final = """
INSERT INTO ledger_account AS a (id, book, asset, kind, owner, normal, debits, credits)
SELECT * FROM unnest(%s, %s::text[], %s::smallint[], %s::text[], %s::text[], %s::smallint[],
                     %s, %s)
ON CONFLICT (id) DO UPDATE SET debits = excluded.debits, credits = excluded.credits"""

USAGE_SQL: Final = """
INSERT INTO matching_usage AS u (campaign, day, person, matched)
SELECT * FROM unnest(%s, %s, %s, %s)
ON CONFLICT (campaign, day, person) DO UPDATE SET matched = excluded.matched"""

FUNDS_SQL: Final = """
INSERT INTO projects_fund
    (project, code, payee, running_permille, state, number, programme_head, running_head)
SELECT * FROM unnest(%s, %s::text[], %s, %s::smallint[], %s::text[], %s, %s, %s)
ON CONFLICT (project) DO UPDATE SET state = excluded.state,
    programme_head = excluded.programme_head, running_head = excluded.running_head"""

TOTALS_SQL: Final = """
INSERT INTO campaigns_total
    (campaign, project, asset, gifts, donated, matched, refunded, returned)
SELECT * FROM unnest(%s, %s, %s::smallint[], %s, %s, %s, %s, %s)
ON CONFLICT (campaign, project, asset) DO UPDATE SET gifts = excluded.gifts,
    donated = excluded.donated, matched = excluded.matched,
    refunded = excluded.refunded, returned = excluded.returned"""

WINDOWS_SQL: Final = """
INSERT INTO matching_window (pool, day, used, budget)
SELECT * FROM unnest(%s, %s, %s, %s)
ON CONFLICT (pool, day) DO UPDATE SET used = excluded.used, budget = excluded.budget"""

CHANNEL_USE_SQL: Final = """
INSERT INTO payments_channel_use (channel, day, day_sum, minute, minute_sum, drawn)
SELECT * FROM unnest(%s::smallint[], %s, %s, %s, %s, %s)
ON CONFLICT (channel) DO UPDATE SET day = excluded.day, day_sum = excluded.day_sum,
    minute = excluded.minute, minute_sum = excluded.minute_sum, drawn = excluded.drawn"""


def write(connection: Connection[Any], world: World, changes: Changes) -> None:
    """Store a batch's changes; world.chain moves on over its entries.

    Reads: nothing. Writes: every table in grants.sql's `hot` list but
    settlement_batch and settlement_writer.
    """
    with connection.cursor() as cursor:
        _write_deeds(cursor, changes)
        _write_balances(cursor, changes)
        _write_news(cursor, changes)
        _write_rare(cursor, changes)
        if changes.leaves:
            entries = encode_bundle(changes.leaves)
            world.chain = chained(world.chain, entries)
            cursor.execute(
                "INSERT INTO tlog_entries (first, count, entries, chain) VALUES (%s, %s, %b, %b)",
                (changes.first, len(changes.leaves), entries, world.chain),
            )


def _write_deeds(cursor: Cursor[Any], changes: Changes) -> None:
    copy_rows(cursor, "giving_seen", SEEN_KINDS, changes.seen)
    copy_rows(cursor, "giving_deed", DEED_KINDS, changes.deeds)
    copy_rows(cursor, "ledger_transfer", TRANSFER_KINDS, changes.transfers)
    copy_rows(cursor, "matching_match", MATCH_KINDS, changes.matches)
    copy_rows(cursor, "payments_order", ORDER_KINDS, changes.orders)
    copy_rows(cursor, "payments_paid", PAID_KINDS, changes.paid)


def _write_balances(cursor: Cursor[Any], changes: Changes) -> None:
    accounts = sorted(changes.accounts, key=lambda a: a.id)
    if accounts:
        cursor.execute(
            ACCOUNTS_SQL,
            (
                int4s([a.id for a in accounts]),
                [a.book for a in accounts],
                [a.asset for a in accounts],
                [a.kind for a in accounts],
                [a.owner for a in accounts],
                [a.normal for a in accounts],
                int8s([a.debits for a in accounts]),
                int8s([a.credits for a in accounts]),
            ),
        )
    if changes.usage:
        keys = sorted(changes.usage)
        campaigns, days, persons = zip(*keys, strict=True)
        sums = [changes.usage[key] for key in keys]
        cursor.execute(USAGE_SQL, (int4s(campaigns), int4s(days), uuids(persons), int8s(sums)))
    totals = sorted(changes.totals, key=lambda t: (t.campaign, t.project, t.asset))
    if totals:
        cursor.execute(
            TOTALS_SQL,
            (
                int4s([t.campaign for t in totals]),
                int4s([t.project for t in totals]),
                [t.asset for t in totals],
                int8s([t.gifts for t in totals]),
                int8s([t.donated for t in totals]),
                int8s([t.matched for t in totals]),
                int8s([t.refunded for t in totals]),
                int8s([t.returned for t in totals]),
            ),
        )
    windows = sorted(changes.windows, key=lambda w: (w.pool, w.day))
    if windows:
        cursor.execute(
            WINDOWS_SQL,
            (
                int4s([w.pool for w in windows]),
                int4s([w.day for w in windows]),
                int8s([w.used for w in windows]),
                int8s([w.budget for w in windows]),
            ),
        )


def _write_news(cursor: Cursor[Any], changes: Changes) -> None:
    if changes.new_payees:
        cursor.executemany(
            "INSERT INTO charities_payee (id, code, number) VALUES (%s, %s, %s)",
            changes.new_payees,
        )
    funds = sorted(changes.funds, key=lambda f: f.project)
    if funds:
        cursor.execute(
            FUNDS_SQL,
            (
                int4s([f.project for f in funds]),
                [f.code for f in funds],
                int4s([f.payee for f in funds]),
                [f.running_permille for f in funds],
                [f.state for f in funds],
                int8s([f.number for f in funds]),
                int8s([f.programme_head for f in funds]),
                int8s([f.running_head for f in funds]),
            ),
        )
    for channel in changes.new_channels:
        cursor.execute(
            "INSERT INTO payments_channel (id, code, number, terms) VALUES (%s, %s, %s, %s)",
            (channel.id, channel.code, channel.number, _json(channel.terms)),
        )
    channels = sorted(changes.channels, key=lambda c: c.id)
    if channels:
        cursor.execute(
            CHANNEL_USE_SQL,
            (
                [c.id for c in channels],
                int4s([c.day for c in channels]),
                int8s([c.day_sum for c in channels]),
                int8s([c.minute for c in channels]),
                int8s([c.minute_sum for c in channels]),
                int8s([c.drawn for c in channels]),
            ),
        )
    for campaign in changes.new_campaigns:
        cursor.execute(
            "INSERT INTO campaigns_terms (id, code, number, terms) VALUES (%s, %s, %s, %s)",
            (campaign.id, campaign.code, campaign.number, _json(campaign.terms)),
        )
    for pool in changes.new_pools:
        cursor.execute(
            "INSERT INTO matching_pool (id, code, campaign, sponsor, number)"
            " VALUES (%s, %s, %s, %s, %s)",
            (pool.id, pool.code, pool.campaign, pool.sponsor, pool.number),
        )
    for rule in changes.new_rules:
        cursor.execute(
            "INSERT INTO matching_rule (id, code, version, pool, campaign, from_at, number, terms)"
            " VALUES (%s, %s, %s, %s, %s, to_timestamp(%s), %s, %s)",
            (rule.id, rule.code, rule.version, rule.pool.id, rule.campaign, rule.from_s)
            + (rule.number, _json(rule.terms)),
        )


def _write_rare(cursor: Cursor[Any], changes: Changes) -> None:
    """Write what is seldom there; executemany sends one pipelined statement a table."""
    for sql, rows in (
        (
            "INSERT INTO giving_case (id, number, channel, reason, detail, opened_at)"
            " VALUES (%s, %s, %s, %s, %s, to_timestamp(%s / 1000000.0))",
            [(*case[:4], Jsonb(case[4]), case[5]) for case in changes.cases],
        ),
        (
            "INSERT INTO giving_refund (number, deed, amount, matched, reason)"
            " VALUES (%s, %s, %s, %s, %s)",
            changes.refunds,
        ),
        (
            "INSERT INTO projects_void (project, line, start, length, number)"
            " VALUES (%s, %s, %s, %s, %s)",
            changes.voids,
        ),
        (
            "INSERT INTO settlement_outcome (id, number, code, detail)"
            " VALUES (encode(%b, 'hex')::uuid, %s, %s, %s)",
            [(*outcome[:3], Jsonb(outcome[3])) for outcome in changes.outcomes],
        ),
        (
            "INSERT INTO tlog_table (hash, number, body) VALUES (%b, %s, %b)"
            " ON CONFLICT (hash) DO NOTHING",
            changes.tables,
        ),
    ):
        if rows:
            cursor.executemany(sql, rows)


def _json(terms: Any) -> Jsonb:
    return Jsonb(msgspec.to_builtins(terms))
