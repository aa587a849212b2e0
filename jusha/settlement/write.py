"""Write one batch's changes as sets, inside the batch's transaction.

Two halves: `pack` copies everything out of the world into bytes and plain values, so
that `send` can store them from another thread while the world already moves on.
Statements do not grow with the batch: one COPY or one unnest a table. Rows that are
updated are visited in sorted order. The database's CHECKs have the last word; decide
is written so that none of them can fire.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from jusha.merkle.tiles import encode_bundle
from jusha.projects.line import PROGRAMME, RUNNING
from jusha.settlement.changes import Changes
from jusha.settlement.pack import Array, copy_bytes, int4s, int8s, uuids
from jusha.settlement.world import World
from jusha.tlog.leaves import chained

DEED_KINDS: Final = (
    "int8", "int2", "int4", "int4", "int2", "int8", "uuid", "int8", "time", "time", "hash",
    "int8", "int8", "bool",
)  # fmt: skip
TRANSFER_KINDS: Final = ("int8", "int4", "int4", "int8")
MATCH_KINDS: Final = ("int8", "int4", "int4", "int8", "int2")
USAGE_KINDS: Final = ("int4", "int4", "uuid", "int8")
SEEN_KINDS: Final = ("uuid", "int8", "int8")
ORDER_KINDS: Final = (
    "int8", "int4", "int4", "int2", "int8", "uuid", "hash", "time", "int4", "int8", "int8",
)  # fmt: skip
PAID_KINDS: Final = ("int8", "int8")
CLAIM_KINDS: Final = ("int4", "int8", "int8", "int4", "int8")
COUPON_KINDS: Final = ("int4", "int8", "int8")
INVITE_KINDS: Final = ("int8", "uuid", "int8")
RELEASE_KINDS: Final = ("int8", "int4", "int4", "int8", "int8", "int8")

NEW_ACCOUNTS_SQL: Final = """
INSERT INTO ledger_account (id, book, asset, kind, owner, normal)
SELECT * FROM unnest(%s, %s::text[], %s::smallint[], %s::text[], %s::text[], %s::smallint[])"""

ACCOUNTS_SQL: Final = """
UPDATE ledger_account a SET debits = n.debits, credits = n.credits
FROM unnest(%s, %s, %s) AS n (id, debits, credits) WHERE a.id = n.id"""

USAGE_SQL: Final = """
UPDATE matching_usage u SET matched = n.matched
FROM unnest(%s, %s, %s, %s) AS n (campaign, day, person, matched)
WHERE u.campaign = n.campaign AND u.day = n.day AND u.person = n.person"""

NEW_FUNDS_SQL: Final = """
INSERT INTO projects_fund (project, code, payee, running_permille, state, number)
SELECT * FROM unnest(%s, %s::text[], %s, %s::smallint[], %s::text[], %s)"""

FUNDS_SQL: Final = """
UPDATE projects_fund f SET state = n.state, programme_head = n.programme,
    running_head = n.running, frozen = n.frozen, programme_spent = n.programme_spent,
    running_spent = n.running_spent
FROM unnest(%s, %s::text[], %s, %s, %s::smallint[], %s, %s)
    AS n (project, state, programme, running, frozen, programme_spent, running_spent)
WHERE f.project = n.project"""

NEW_TOTALS_SQL: Final = """
INSERT INTO campaigns_total
    (campaign, project, asset, gifts, donated, matched, refunded, returned)
SELECT *, 0, 0, 0, 0, 0 FROM unnest(%s, %s, %s)"""

TOTALS_SQL: Final = """
UPDATE campaigns_total t SET gifts = n.gifts, donated = n.donated, matched = n.matched,
    refunded = n.refunded, returned = n.returned, counted = n.counted
FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s)
    AS n (campaign, project, asset, gifts, donated, matched, refunded, returned, counted)
WHERE t.campaign = n.campaign AND t.project = n.project AND t.asset = n.asset"""

WINDOWS_SQL: Final = """
INSERT INTO matching_window (pool, day, used, budget)
SELECT * FROM unnest(%s, %s, %s, %s)
ON CONFLICT (pool, day) DO UPDATE SET used = excluded.used, budget = excluded.budget"""

CHANNEL_USE_SQL: Final = """
INSERT INTO payments_channel_use (channel, day, day_sum, minute, minute_sum, drawn)
SELECT * FROM unnest(%s::smallint[], %s, %s, %s, %s, %s)
ON CONFLICT (channel) DO UPDATE SET day = excluded.day, day_sum = excluded.day_sum,
    minute = excluded.minute, minute_sum = excluded.minute_sum, drawn = excluded.drawn"""

NEW_POOL_SQL: Final = """
INSERT INTO matching_pool (id, code, campaign, sponsor, number, on_return, notice_days)
VALUES (%s, %s, %s, %s, %s, %s, %s)"""

POOL_SQL: Final = "UPDATE matching_pool SET notice_until = %s, closed = %s WHERE id = %s"

NEW_SEED_SQL: Final = """
INSERT INTO matching_seed (rule, day, hash, number) VALUES (%s, %s, %b, %s)"""

SEED_SQL: Final = "UPDATE matching_seed SET revealed = %s WHERE rule = %s AND day = %s"

NEW_CLOSING_SQL: Final = """
INSERT INTO matching_closing
    (rule, slice, total, budget, count, remainder, cut, cursor, paid, done)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""

CLOSING_SQL: Final = """
UPDATE matching_closing SET cursor = %s, paid = %s, done = %s WHERE rule = %s AND slice = %s"""

PARTITION_AHEAD: Final = 1 << 22
"""New partitions are made this many entry numbers before they are needed."""
PARTITION_STEP: Final = 1 << 24
TOTAL_SUMS: Final = ("gifts", "donated", "matched", "refunded", "returned", "counted")


class Step(NamedTuple):
    """One statement with values of its own: nothing in it points into the world."""

    how: Literal["copy", "one", "many"]
    sql: str
    values: Any


class Parcel:
    """What one transaction stores, in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def copy(self, table: str, kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """COPY rows into a table whose columns are in the order of `kinds`; nothing for no rows."""
        if rows:
            sql = f"COPY {table} FROM STDIN (FORMAT binary)"
            self.steps.append(Step("copy", sql, copy_bytes(kinds, rows)))

    def run(self, sql: str, values: Sequence[Any]) -> None:
        """Run one statement."""
        self.steps.append(Step("one", sql, values))

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement a row, pipelined: for what is seldom there; nothing for no rows."""
        if rows:
            self.steps.append(Step("many", sql, list(rows)))


def send(connection: Connection[Any], parcel: Parcel) -> None:
    """Store a parcel within the caller's transaction. Raises psycopg.Error.

    Reads: nothing. Writes: every table in grants.sql's `hot` list but settlement_writer.
    """
    with connection.cursor() as cursor:
        for how, sql, values in parcel.steps:
            if how == "copy":
                with cursor.copy(sql.encode()) as copy:
                    copy.write(values)
            elif how == "one":
                cursor.execute(sql.encode(), values)
            else:
                cursor.executemany(sql.encode(), values)


def pack(world: World, changes: Changes) -> Parcel:
    """Make a batch's changes ready to be sent; world.chain moves on over its entries."""
    parcel = Parcel()
    changes.touched()
    changes.accounts.update(world.opened)
    world.opened.clear()
    _pack_deeds(parcel, changes)
    _pack_balances(parcel, changes)
    _pack_news(parcel, changes)
    _pack_terms(parcel, changes)
    _pack_later(parcel, changes)
    _pack_rare(parcel, changes)
    if changes.leaves:
        entries = encode_bundle(changes.leaves)
        world.chain = chained(world.chain, entries)
        parcel.run(
            "INSERT INTO tlog_entries (first, count, entries, chain) VALUES (%s, %s, %b, %b)",
            (changes.first, len(changes.leaves), entries, world.chain),
        )
    _pack_room(parcel, changes.first, world.next_number)
    return parcel


def _pack_room(parcel: Parcel, first: int, after: int) -> None:
    """Make partitions well before the numbers reach them."""
    ahead = after + PARTITION_AHEAD
    if ahead // PARTITION_STEP > (first + PARTITION_AHEAD) // PARTITION_STEP:
        parcel.run("SELECT jusha_make_partitions(%s)", (ahead,))


def _pack_deeds(parcel: Parcel, changes: Changes) -> None:
    parcel.copy("giving_seen", SEEN_KINDS, changes.seen)
    parcel.copy("giving_deed", DEED_KINDS, changes.deeds)
    parcel.copy("ledger_transfer", TRANSFER_KINDS, changes.transfers)
    parcel.copy("matching_match", MATCH_KINDS, changes.matches + changes.later_matches)
    parcel.copy("matching_claim", CLAIM_KINDS, changes.claims)
    parcel.copy("matching_coupon", COUPON_KINDS, changes.coupons)
    parcel.copy("matching_invite", INVITE_KINDS, changes.invites)
    parcel.copy("payments_order", ORDER_KINDS, changes.orders)
    parcel.copy("payments_paid", PAID_KINDS, changes.paid)


def _pack_balances(parcel: Parcel, changes: Changes) -> None:
    """Update what stands, after inserting what is new: an upsert would cost twice as much."""
    _pack_accounts(parcel, changes)
    _pack_usage(parcel, changes)
    totals = sorted(changes.totals, key=lambda t: (t.campaign, t.project, t.asset))
    new = [total for total in totals if not total.stored]
    if new:
        parcel.run(NEW_TOTALS_SQL, _columns(new, "campaign", "project", "asset"))
    if totals:
        sums = (f":{name}" for name in TOTAL_SUMS)
        parcel.run(TOTALS_SQL, _columns(totals, "campaign", "project", "asset", *sums))
    windows = sorted(changes.windows, key=lambda w: (w.pool, w.day))
    if windows:
        parcel.run(WINDOWS_SQL, _columns(windows, "pool", "day", ":used", ":budget"))
    _mark_stored(changes.accounts, changes.totals)


def _pack_accounts(parcel: Parcel, changes: Changes) -> None:
    accounts = sorted(changes.accounts, key=lambda a: a.id)
    new = [account for account in accounts if not account.stored]
    if new:
        texts = [[getattr(a, name) for a in new] for name in ("book", "kind", "owner")]
        book, kind, owner = texts
        assets, normals = [a.asset for a in new], [a.normal for a in new]
        parcel.run(
            NEW_ACCOUNTS_SQL, (int4s([a.id for a in new]), book, assets, kind, owner, normals)
        )
    if accounts:
        parcel.run(ACCOUNTS_SQL, _columns(accounts, "id", ":debits", ":credits"))


def _pack_usage(parcel: Parcel, changes: Changes) -> None:
    usage, before = changes.usage, changes.usage_found
    new = sorted(key for key in usage if key not in before)
    parcel.copy("matching_usage", USAGE_KINDS, [(*key, usage[key]) for key in new])
    old = sorted(key for key in usage if key in before)
    if old:
        campaigns, days, persons = zip(*old, strict=True)
        sums = int8s([usage[key] for key in old])
        parcel.run(USAGE_SQL, (int4s(campaigns), int4s(days), uuids(persons), sums))


def _columns(rows: Sequence[Any], *names: str) -> tuple[Array, ...]:
    """Make one array parameter a column: int4, or int8 where the name begins with a colon."""
    return tuple(
        int8s([getattr(row, name[1:]) for row in rows])
        if name[0] == ":"
        else int4s([getattr(row, name) for row in rows])
        for name in names
    )


def _mark_stored(*sets: Iterable[Any]) -> None:
    for things in sets:
        for thing in things:
            thing.stored = True


def _pack_news(parcel: Parcel, changes: Changes) -> None:
    parcel.run_many(
        "INSERT INTO charities_payee (id, code, number) VALUES (%s, %s, %s)", changes.new_payees
    )
    funds = sorted(changes.funds, key=lambda f: f.project)
    new = [fund for fund in funds if not fund.stored]
    if new:
        payees, numbers = int4s([f.payee for f in new]), int8s([f.number for f in new])
        codes, permilles = [f.code for f in new], [f.running_permille for f in new]
        states = [f.state for f in new]
        parcel.run(
            NEW_FUNDS_SQL,
            (int4s([f.project for f in new]), codes, payees, permilles, states, numbers),
        )
    if funds:
        project, programme, running = _columns(funds, "project", ":programme_head", ":running_head")
        states, frozen = [f.state for f in funds], [f.frozen for f in funds]
        spent = [int8s([f.spendings[line].spent for f in funds]) for line in (PROGRAMME, RUNNING)]
        parcel.run(FUNDS_SQL, (project, states, programme, running, frozen, *spent))
    _mark_stored(changes.funds)


def _pack_terms(parcel: Parcel, changes: Changes) -> None:
    """Pack terms of channels, campaigns and rules, and what channels used of theirs."""
    for channel in changes.new_channels:
        parcel.run(
            "INSERT INTO payments_channel (id, code, number, terms) VALUES (%s, %s, %s, %s)",
            (channel.id, channel.code, channel.number, _json(channel.terms)),
        )
    channels = sorted(changes.channels, key=lambda c: c.id)
    if channels:
        parcel.run(
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
        parcel.run(
            "INSERT INTO campaigns_terms (id, code, number, terms) VALUES (%s, %s, %s, %s)",
            (campaign.id, campaign.code, campaign.number, _json(campaign.terms)),
        )
    for rule in changes.new_rules:
        parcel.run(
            "INSERT INTO matching_rule"
            " (id, code, version, pool, campaign, from_at, number, terms, family)"
            " VALUES (%s, %s, %s, %s, %s, to_timestamp(%s), %s, %s, %s)",
            (rule.id, rule.code, rule.version, rule.pool.id, rule.campaign, rule.from_s,
             rule.number, _json(rule.terms), rule.family),
        )  # fmt: skip


def _pack_later(parcel: Parcel, changes: Changes) -> None:
    """Pack pools, seeds, closings, claw-backs, reviews and releases: few rows, now and then."""
    parcel.copy("matching_release", RELEASE_KINDS, changes.releases)
    parcel.run_many(
        "INSERT INTO matching_clawback (number, deed, amount, reason) VALUES (%s, %s, %s, %s)",
        changes.clawbacks,
    )
    parcel.run_many(
        "INSERT INTO matching_review (number, deed, project, held, reason)"
        " VALUES (%s, %s, %s, %s, %s)",
        changes.reviews,
    )
    for pool in sorted(changes.pools, key=lambda p: p.id):
        if not pool.stored:
            terms = (pool.on_return, pool.notice_days)
            opened = (pool.id, pool.code, pool.campaign, pool.sponsor, pool.number)
            parcel.run(NEW_POOL_SQL, (*opened, *terms))
        parcel.run(POOL_SQL, (pool.notice_until, pool.closed, pool.id))
    for seed in sorted(changes.seeds, key=lambda s: (s.family, s.day)):
        if not seed.stored:
            parcel.run(NEW_SEED_SQL, (seed.family, seed.day, seed.hash, seed.number))
        if seed.revealed:
            parcel.run(SEED_SQL, (seed.revealed, seed.family, seed.day))
    for closing in sorted(changes.closings, key=lambda c: (c.rule, c.slice)):
        c = closing
        if not c.stored:
            fixed = (c.rule, c.slice, c.total, c.budget, c.count, c.remainder, c.cut)
            parcel.run(NEW_CLOSING_SQL, (*fixed, c.cursor, c.paid, c.done))
        else:
            parcel.run(CLOSING_SQL, (c.cursor, c.paid, c.done, c.rule, c.slice))
    _mark_stored(changes.pools, changes.seeds, changes.closings)


def _pack_rare(parcel: Parcel, changes: Changes) -> None:
    """Pack what is seldom there."""
    parcel.run_many(
        "INSERT INTO giving_case (id, number, channel, reason, detail, opened_at)"
        " VALUES (%s, %s, %s, %s, %s, to_timestamp(%s / 1000000.0))",
        [(*case[:4], Jsonb(case[4]), case[5]) for case in changes.cases],
    )
    parcel.run_many(
        "INSERT INTO giving_refund (number, deed, amount, matched, reason)"
        " VALUES (%s, %s, %s, %s, %s)",
        changes.refunds,
    )
    parcel.run_many(
        "INSERT INTO giving_repaid (number, deed, amount, reference, residue, words)"
        " VALUES (%s, %s, %s, %s, %s, %b)",
        changes.repaid,
    )
    parcel.run_many(
        "INSERT INTO projects_void (project, line, start, length, number)"
        " VALUES (%s, %s, %s, %s, %s)",
        changes.voids,
    )
    parcel.run_many(
        "INSERT INTO projects_expense (number, project, line, start, upto, amount, skipped, ref,"
        " what, words, evidence, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %b, %b, to_timestamp(%s / 1000000.0))",
        changes.expenses,
    )
    parcel.run_many(
        "INSERT INTO settlement_outcome (id, number, code, detail)"
        " VALUES (encode(%b, 'hex')::uuid, %s, %s, %s)",
        [(*outcome[:3], Jsonb(outcome[3])) for outcome in changes.outcomes],
    )
    parcel.run_many(
        "INSERT INTO tlog_table (hash, number, body) VALUES (%b, %s, %b)"
        " ON CONFLICT (hash) DO NOTHING",
        changes.tables,
    )


def _json(terms: Any) -> Jsonb:
    return Jsonb(msgspec.to_builtins(terms))
