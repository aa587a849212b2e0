"""Load settlement's own tables into a World, once when it starts and after a failed batch."""

from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.campaigns.rules import CampaignTerms
from jusha.matching.rules import RuleTerms
from jusha.money.clock import minute_seconds
from jusha.payments.rules import ChannelTerms
from jusha.projects.line import PROGRAMME, RUNNING
from jusha.settlement.secrets import installed
from jusha.settlement.world import (
    Account,
    Campaign,
    Channel,
    Closing,
    Fund,
    Pool,
    Released,
    Rule,
    Seed,
    Total,
    Window,
    World,
)

VOIDS_AHEAD_SQL: Final = """
SELECT v.project, v.line, v.start, v.length
FROM projects_void v JOIN projects_fund f ON f.project = v.project
WHERE v.start >= CASE v.line WHEN 1 THEN f.programme_spent ELSE f.running_spent END
ORDER BY v.project, v.line, v.start"""


def load_world(connection: Connection[Any]) -> World:
    """Read everything settlement keeps in memory, as of the connection's snapshot.

    Reads: settlement_batch, tlog_entries, giving_case, ledger_account, payments_channel,
    payments_channel_use, charities_payee, projects_fund, projects_void, campaigns_terms,
    campaigns_total, matching_pool, matching_rule, matching_window, matching_seed,
    matching_closing, matching_release, matching_review. Writes nothing.
    """
    world = World(secrets=installed())
    _load_place(connection, world)
    _load_parties(connection, world)
    _load_campaigns(connection, world)
    _load_matching(connection, world)
    world.opened.clear()
    return world


def _load_place(connection: Connection[Any], world: World) -> None:
    """Read numbers from the rows themselves: within a half-settled batch they are ahead of it."""
    row = connection.execute(
        "SELECT coalesce((SELECT max(id) FROM settlement_batch), 0),"
        " coalesce((SELECT max(first + count) FROM tlog_entries), 0),"
        " coalesce((SELECT max(id) FROM giving_case), 0) + 1"
    ).fetchone()
    assert row is not None
    world.batch, world.next_number, world.next_case = row
    positions = connection.execute(
        "SELECT positions FROM settlement_batch ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if positions:
        world.positions = positions[0]
    chain = connection.execute(
        "SELECT chain FROM tlog_entries ORDER BY first DESC LIMIT 1"
    ).fetchone()
    if chain:
        world.chain = bytes(chain[0])


def _load_parties(connection: Connection[Any], world: World) -> None:
    for row in connection.execute(
        "SELECT id, book, asset, kind, owner, normal, debits, credits"
        " FROM ledger_account ORDER BY id"
    ):
        account = Account(*row)
        account.stored = True
        world.accounts[account.book, account.asset, account.kind, account.owner] = account
    for id_, code, number, terms, *use in connection.execute(
        "SELECT c.id, c.code, c.number, c.terms, coalesce(u.day, 0), coalesce(u.day_sum, 0),"
        " coalesce(u.minute, 0), coalesce(u.minute_sum, 0), coalesce(u.drawn, 0)"
        " FROM payments_channel c LEFT JOIN payments_channel_use u ON u.channel = c.id"
    ):
        rights = msgspec.convert(terms, ChannelTerms)
        world.add_channel(Channel(id_, code, number, rights, *use))
    payees: dict[int, str] = {}
    for id_, code in connection.execute("SELECT id, code FROM charities_payee ORDER BY id"):
        world.payees[code] = id_
        payees[id_] = code
    for project, code, payee, *rest in connection.execute(
        "SELECT project, code, payee, running_permille, state, number, programme_head,"
        " running_head, frozen FROM projects_fund ORDER BY project"
    ):
        fund = Fund(project, code, payee, payees[payee], *rest)
        fund.stored = True
        world.funds[code] = world.funds_by_id[project] = fund
    _load_spending(connection, world)


def _load_spending(connection: Connection[Any], world: World) -> None:
    """Read how far each line is spent, and the voids behind that."""
    for project, *spent in connection.execute(
        "SELECT project, programme_spent, running_spent FROM projects_fund"
    ):
        spendings = world.funds_by_id[project].spendings
        spendings[PROGRAMME].spent, spendings[RUNNING].spent = spent
    for project, line, start, length in connection.execute(VOIDS_AHEAD_SQL):
        world.funds_by_id[project].spendings[line].cut(start, length)


def _load_campaigns(connection: Connection[Any], world: World) -> None:
    for id_, code, number, raw in connection.execute(
        "SELECT id, code, number, terms FROM campaigns_terms ORDER BY id"
    ):
        terms = msgspec.convert(raw, CampaignTerms)
        campaign = Campaign(
            id_, code, number, terms, minute_seconds(terms.opens), minute_seconds(terms.closes)
        )
        world.campaigns[code] = world.campaigns_by_id[id_] = campaign
    for total in connection.execute(
        "SELECT campaign, project, asset, gifts, donated, matched, refunded, returned, counted"
        " FROM campaigns_total"
    ):
        known = world.totals[total[0], total[1], total[2]] = Total(*total)
        known.stored = True
        payee = world.funds_by_id[known.project].payee
        world.charity_total(known.campaign, payee).counted += known.counted


def _load_matching(connection: Connection[Any], world: World) -> None:
    for id_, code, campaign, sponsor, number, *course in connection.execute(
        "SELECT id, code, campaign, sponsor, number, on_return, notice_days, notice_until, closed"
        " FROM matching_pool ORDER BY id"
    ):
        available = world.account(f"pool:{code}", 1, "available", code)
        pool = Pool(id_, code, campaign, sponsor, number, available, *course)
        pool.stored = True
        world.add_pool(pool)
    for account in world.accounts.values():
        if account.kind == "promised":
            pool = world.pools[account.book.removeprefix("pool:")]
            pool.promised[world.funds[account.owner].project] = account
    for id_, code, version, pool_id, campaign, from_at, number, terms, family in connection.execute(
        "SELECT id, code, version, pool, campaign, from_at, number, terms, family"
        " FROM matching_rule ORDER BY id"
    ):
        world.add_rule(
            Rule(
                id_,
                code,
                version,
                world.pools_by_id[pool_id],
                campaign,
                unix_seconds(from_at),
                number,
                msgspec.convert(terms, RuleTerms),
                family or id_,
            )
        )
    for pool_id, day, budget, used in connection.execute(
        "SELECT pool, day, budget, used FROM matching_window"
    ):
        world.windows[pool_id, day] = Window(pool_id, day, budget, used)
    for rule, day, digest, number, revealed in connection.execute(
        "SELECT rule, day, hash, number, revealed FROM matching_seed", binary=True
    ):
        world.seeds[rule, day] = Seed(rule, day, digest, number, revealed, stored=True)
    for closing in connection.execute(
        "SELECT rule, slice, total, budget, count, remainder, cut, cursor, paid, done"
        " FROM matching_closing"
    ):
        known = world.closings[closing[0], closing[1]] = Closing(*closing)
        known.stored = True
    for pool_id, project, *released in connection.execute(
        "SELECT pool, project, amount, programme_at, running_at FROM matching_release"
    ):
        world.released[pool_id, project] = Released(*released)
    _load_reviews(connection, world)


def _load_reviews(connection: Connection[Any], world: World) -> None:
    for deed, project, held in connection.execute(
        "SELECT deed, project, held FROM matching_review ORDER BY number"
    ):
        reviews = world.reviews.setdefault(project, set())
        if held:
            reviews.add(deed)
        else:
            reviews.discard(deed)


def unix_seconds(at: datetime) -> int:
    """Whole Unix seconds of a time."""
    return int(at.timestamp())
