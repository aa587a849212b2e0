"""Audit of every log entry against the rows it tells of: deeds, matches, refunds, transfers.

All are read in the order of their numbers by server-side cursors and merged, so that
a million deeds take the memory of a few. A gift's bytes are written anew from its row
and compared; what an entry must have posted is compared with what stands in the ledger.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.inbox.envelopes import NO_PERSON
from jusha.ledger.findings import Finding, capped
from jusha.ledger.rules import PLACES
from jusha.matching.rules import BY_NUMBER
from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS, ASSETS_BY_NUMBER
from jusha.settlement.changes import NO_COMMITMENT
from jusha.settlement.decide import leaf_minute, tag_of
from jusha.tlog.audit import batches
from jusha.tlog.leaves import LeafMatch, canonical, gift_leaf

ROWS_AT_ONCE: Final = 5_000
CNY: Final = ASSETS["CNY"].number

DEEDS_SQL: Final = """
SELECT d.number, d.channel, d.campaign, d.project, d.asset, d.amount, uuid_send(d.person),
       (extract(epoch FROM d.effective_at) * 1000000)::bigint, d.held, o.commitment
FROM giving_deed d LEFT JOIN payments_order o ON o.no = d.order_no AND NOT d.held
ORDER BY d.number"""

MATCHES_SQL: Final = """
SELECT id >> 4, id, pool, rule, amount, bound::integer FROM matching_match ORDER BY id"""

TRANSFERS_SQL: Final = "SELECT id >> 4, id, debit, credit, amount FROM ledger_transfer ORDER BY id"

REFUNDS_SQL: Final = """
SELECT r.number, r.deed, r.amount, r.matched, d.channel, d.project, d.asset, d.held,
       coalesce(m.pools, '{}'), coalesce(m.amounts, '{}'), d.amount,
       (sum(r.amount) OVER (PARTITION BY r.deed ORDER BY r.number) - r.amount)::bigint
FROM giving_refund r
LEFT JOIN giving_deed d ON d.number = r.deed
LEFT JOIN LATERAL (SELECT array_agg(pool ORDER BY id) AS pools,
                          array_agg(amount ORDER BY id) AS amounts
                   FROM matching_match WHERE id >= r.deed * 16 AND id < (r.deed + 1) * 16) m ON true
ORDER BY r.number"""

Transfer = tuple[int, int | None, int | None, int]


class Numbered:
    """Rows that begin with an entry number, handed out entry by entry in one pass."""

    def __init__(self, connection: Connection[Any], name: str, query: str) -> None:
        """Open the server-side cursor; needs a transaction."""
        self.cursor = connection.cursor(name)
        self.cursor.itersize = ROWS_AT_ONCE
        self.cursor.execute(query.encode(), binary=True)
        self.rows: Iterator[tuple[Any, ...]] = iter(self.cursor)
        self.next: tuple[Any, ...] | None = next(self.rows, None)
        self.strays: list[int] = []

    def take(self, number: int) -> list[tuple[Any, ...]]:
        """Return the rows of this entry; rows of entries that were passed over are strays."""
        found: list[tuple[Any, ...]] = []
        while self.next is not None and self.next[0] <= number:
            if self.next[0] == number:
                found.append(self.next)
            elif len(self.strays) < ROWS_AT_ONCE:
                self.strays.append(self.next[0])
            self.next = next(self.rows, None)
        return found

    def rest(self) -> list[int]:
        """Return the numbers of all rows that belong to no entry."""
        self.take(1 << 62)
        return self.strays


class Names:
    """The few hundred rows that codes and account names stand for, both ways round."""

    def __init__(self, connection: Connection[Any]) -> None:
        """Reads: the tables of channels, funds, payees, campaigns, pools, rules and accounts."""
        self.channels = _pairs(connection, "SELECT id, code FROM payments_channel")
        self.campaigns = _pairs(connection, "SELECT id, code FROM campaigns_terms")
        self.projects = _pairs(connection, "SELECT project, code FROM projects_fund")
        self.pools = _pairs(connection, "SELECT id, code FROM matching_pool")
        self.payees = _pairs(
            connection,
            "SELECT f.project, p.code FROM projects_fund f"
            " JOIN charities_payee p ON p.id = f.payee",
        )
        self.pool_ids = {code: id_ for id_, code in self.pools.items()}
        self.rule_ids = {
            f"{code}.{version}": id_
            for id_, code, version in connection.execute(
                "SELECT id, code, version FROM matching_rule"
            )
        }
        self.accounts = {
            (book, asset, kind, owner): id_
            for id_, book, asset, kind, owner in connection.execute(
                "SELECT id, book, asset, kind, owner FROM ledger_account"
            )
        }
        self._gift_accounts: dict[tuple[int, int, int], tuple[int | None, int | None]] = {}

    def account(self, book: str, asset: int, kind: str, owner: str | None) -> int | None:
        """Return the account's id, None if it was never opened."""
        return self.accounts.get((book, asset, kind, owner or ""))

    def gift_accounts(
        self, channel: int, project: int, asset: int
    ) -> tuple[int | None, int | None]:
        """Return the two accounts that a gift moves money between."""
        key = (channel, project, asset)
        found = self._gift_accounts.get(key)
        if found is None:
            book = f"charity:{self.payees.get(project)}"
            found = self._gift_accounts[key] = (
                self.account(book, asset, "receivable", self.channels.get(channel)),
                self.account(book, asset, "fund", self.projects.get(project)),
            )
        return found

    def promise(self, pool: str | None, project: int) -> tuple[int | None, int | None]:
        """Return the two accounts that a match moves money between."""
        book = f"pool:{pool}"
        return (
            self.account(book, CNY, "available", pool),
            self.account(book, CNY, "promised", self.projects.get(project)),
        )


class Walk:
    """One pass over the log beside deeds, matches, refunds and transfers."""

    def __init__(self, connection: Connection[Any]) -> None:
        """Open the cursors; needs a transaction."""
        self.names = Names(connection)
        self.connection = connection
        self.deeds = Numbered(connection, "audit_deeds", DEEDS_SQL)
        self.matches = Numbered(connection, "audit_matches", MATCHES_SQL)
        self.transfers = Numbered(connection, "audit_transfers", TRANSFERS_SQL)
        self.refunds = Numbered(connection, "audit_refunds", REFUNDS_SQL)
        self.settings = settings_entries(connection)
        self.states: dict[str, str] = {}
        self.tables = {
            encode64(row[0]) for row in connection.execute("SELECT hash FROM tlog_table")
        }

    def close(self) -> None:
        """Close the cursors."""
        for rows in (self.deeds, self.matches, self.transfers, self.refunds):
            rows.cursor.close()

    def run(self) -> Generator[Finding]:
        """Compare entry by entry, then tell of rows that belong to no entry."""
        for batch in batches(self.connection):
            for number, raw in enumerate(batch.entries, batch.first):
                yield from self.check_entry(number, raw)
        for name, rows in (
            ("deed", self.deeds),
            ("match", self.matches),
            ("transfer", self.transfers),
            ("refund", self.refunds),
        ):
            for number in rows.rest():
                yield Finding("settlement", f"{name} without an entry", f"number {number}")
        for number in self.settings:
            yield Finding("settlement", "terms without an entry", f"number {number}")
        for code, state in self.connection.execute("SELECT code, state FROM projects_fund"):
            told = self.states.get(code, "nothing")
            if told != state:
                yield Finding("settlement", "state", f"project {code}", told, state)

    def check_entry(self, number: int, raw: bytes) -> Iterator[Finding]:
        """Compare one entry with its rows."""
        deeds, refunds = self.deeds.take(number), self.refunds.take(number)
        matched = [row[1:] for row in self.matches.take(number)]
        posted = [row[1:] for row in self.transfers.take(number)]
        where = f"entry {number}"
        try:
            leaf = msgspec.json.decode(raw)
            kind = leaf["k"]
            expected, transfers, matches = self.expect(number, leaf, deeds, refunds)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            yield Finding(
                "settlement", "entry without its rows", where, "rows that fit", repr(error)
            )
            return
        if expected != raw:
            yield from _differences(where, kind, expected, leaf, raw)
        if transfers != posted:
            yield Finding("settlement", "transfers", where, str(transfers), str(posted))
        if matches != matched:
            yield Finding("settlement", "matches", where, str(matches), str(matched))

    def expect(
        self,
        number: int,
        leaf: dict[str, Any],
        deeds: list[tuple[Any, ...]],
        refunds: list[tuple[Any, ...]],
    ) -> tuple[bytes, list[Transfer], list[tuple[int, ...]]]:
        """Return the bytes, transfers and matches that the rows call for.

        Raises LookupError or ValueError where rows are missing or not of the entry's kind.
        """
        kind = leaf["k"]
        wanted = (kind in {"don", "held"}, kind == "refund")
        if (len(deeds) == 1, len(refunds) == 1) != wanted or len(deeds) + len(refunds) > 1:
            raise LookupError(f"{len(deeds)} deeds, {len(refunds)} refunds of an entry {kind}")
        if kind == "don":
            return self.gift(number, leaf, deeds[0])
        if kind == "held":
            return (*self.held(number, leaf, deeds[0]), [])
        if kind == "refund":
            return (*self.refund(number, leaf, refunds[0]), [])
        terms = self.settings.pop(number, {})
        if kind == "pool":
            book, code = f"pool:{leaf['pool']}", leaf["pool"]
            sides = [
                self.names.account(book, CNY, name, code) for name in (leaf["how"], "available")
            ]
            return canonical(leaf | terms), [(number * PLACES, *sides, leaf["amt"])], []
        if kind == "project":
            self.states[leaf["prj"]] = leaf["st"]
        if kind == "seal":
            named = {leaf.get("sums_hash"), leaf.get("persons", {}).get("h")} - {None}
            if not named <= self.tables:
                raise LookupError(f"tables {named - self.tables}")
        return canonical(leaf | terms | {"n": number}), [], []

    def gift(
        self, number: int, leaf: dict[str, Any], deed: tuple[Any, ...]
    ) -> tuple[bytes, list[Transfer], list[tuple[int, ...]]]:
        """Write a gift's leaf anew; only the reasons of empty matches are taken from the leaf."""
        _, channel, campaign, project, asset, amount, person, at_us, held, commitment = deed
        if held:
            raise LookupError("the deed is held")
        names, first = self.names, number * PLACES
        shown = [LeafMatch(m["amt"], m["by"], m["pool"], m["r"]) for m in leaf.get("m", ())]
        rows: list[tuple[int, ...]] = []
        transfers: list[Transfer] = [(first, *names.gift_accounts(channel, project, asset), amount)]
        for place, m in enumerate(shown, 1):
            if m.amount:
                pool, rule = names.pool_ids[m.pool], names.rule_ids[m.rule]
                rows.append((first + place, pool, rule, m.amount, BY_NUMBER[m.by]))
                transfers.append((first + place, *names.promise(m.pool, project), m.amount))
        code = names.campaigns[campaign] if campaign else ""
        fund = names.projects[project]
        raw = gift_leaf(
            number=number,
            minute=leaf_minute(at_us),
            asset=ASSETS_BY_NUMBER[asset].code,
            amount=amount,
            channel=names.channels[channel],
            project=fund,
            campaign=code,
            tag=tag_of(person, code, fund) if campaign and person != NO_PERSON else b"",
            commitment=commitment if commitment and commitment != NO_COMMITMENT else b"",
            matches=shown,
        )
        return raw, transfers, rows

    def held(
        self, number: int, leaf: dict[str, Any], deed: tuple[Any, ...]
    ) -> tuple[bytes, list[Transfer]]:
        """Write a held deed's leaf anew; the reason is checked to have a case elsewhere."""
        _, channel, _, _, asset, amount, _, at_us, held, _ = deed
        if not held:
            raise LookupError("the deed is not held")
        code = self.names.channels[channel]
        changed = {
            "amt": amount,
            "ch": code,
            "cur": ASSETS_BY_NUMBER[asset].code,
            "n": number,
            "t": leaf_minute(at_us),
        }
        book = f"channel:{code}"
        sides = [self.names.account(book, asset, k, code) for k in ("unidentified", "suspense")]
        return canonical(leaf | changed), [(number * PLACES, *sides, amount)]

    def refund(
        self, number: int, leaf: dict[str, Any], refund: tuple[Any, ...]
    ) -> tuple[bytes, list[Transfer]]:
        """Write a refund's leaf anew, with what goes back to each pool."""
        _, deed, amount, _, channel, project, asset, held, pools, amounts, whole, done = refund
        names, code = self.names, self.names.channels[channel]
        first = number * PLACES
        if held:
            book = f"channel:{code}"
            sides = [
                names.account(book, asset, kind, code)
                for kind in ("suspense", "suspense-refundable")
            ]
        else:
            book = f"charity:{names.payees[project]}"
            sides = [
                names.account(book, asset, "fund", names.projects[project]),
                names.account(book, asset, "refundable", code),
            ]
        transfers: list[Transfer] = [(first, *sides, amount)]
        back: dict[str, int] = {}
        for place, (pool, matched) in enumerate(zip(pools, amounts, strict=True), 1):
            part = matched * (done + amount) // whole - matched * done // whole
            name = names.pools[pool]
            back[name] = back.get(name, 0) + part
            if part:
                promised = names.promise(name, project)[1]
                returned = names.account(f"pool:{name}", CNY, "returned", name)
                transfers.append((first + place, promised, returned, part))
        shown = [{"amt": part, "pool": name} for name, part in back.items() if part]
        fields = {key: leaf[key] for key in ("k", "t", "v")} | {
            "amt": amount,
            "cur": ASSETS_BY_NUMBER[asset].code,
            "n": number,
            "ref": deed,
        }
        return canonical(fields | ({"m": shown} if shown else {})), transfers


def settings_entries(connection: Connection[Any]) -> dict[int, dict[str, Any]]:
    """Return by entry number what rows of channels, projects, campaigns, pools and rules say."""
    found: dict[int, dict[str, Any]] = {}
    for number, code, terms in connection.execute(
        "SELECT number, code, terms FROM payments_channel"
    ):
        clock, draw = terms["clock"], terms.get("draw_max", 0)
        found[number] = {"k": "channel", "ch": code, "clock": clock, "draw": draw}
    for number, code in connection.execute("SELECT number, code FROM charities_payee"):
        found[number] = {"k": "charity", "org": code}
    for number, code, run, org in connection.execute(
        "SELECT f.number, f.code, f.running_permille, p.code FROM projects_fund f"
        " JOIN charities_payee p ON p.id = f.payee"
    ):
        found[number] = {"k": "project", "prj": code, "run": run, "org": org, "st": "open"}
    for number, code, terms in connection.execute(
        "SELECT number, code, terms FROM campaigns_terms"
    ):
        found[number] = {"k": "campaign", "rd": code, "chs": terms.get("channels", [])}
        found[number] |= {"from": terms["opens"], "to": terms["closes"]}
    for number, code, campaign in connection.execute(
        "SELECT p.number, p.code, c.code FROM matching_pool p"
        " JOIN campaigns_terms c ON c.id = p.campaign"
    ):
        found[number] = {"k": "pool", "pool": code, "rd": campaign}
    for number, code, version, pool, campaign, from_at, terms in connection.execute(
        "SELECT r.number, r.code, r.version, p.code, c.code,"
        " to_char(r.from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"'), r.terms"
        " FROM matching_rule r JOIN matching_pool p ON p.id = r.pool"
        " JOIN campaigns_terms c ON c.id = r.campaign"
    ):
        found[number] = {"k": "rule", "r": f"{code}.{version}", "pool": pool, "rd": campaign}
        found[number] |= {"from": from_at, "terms": terms}
    return found


def check_leaves(connection: Connection[Any]) -> list[Finding]:
    """Compare every entry with its rows.

    Reads: tlog_entries, giving_deed, giving_refund, payments_order, payments_channel,
    matching_match, matching_pool, matching_rule, ledger_transfer, ledger_account,
    projects_fund, charities_payee, campaigns_terms.
    """
    with closing(Walk(connection)) as walk, closing(walk.run()) as findings:
        return capped(findings)


def _pairs(connection: Connection[Any], query: str) -> dict[int, str]:
    return dict(connection.execute(query.encode()).fetchall())


def _differences(
    where: str, kind: str, expected: bytes, leaf: dict[str, Any], raw: bytes
) -> Iterator[Finding]:
    wanted = msgspec.json.decode(expected)
    names = [
        name for name in sorted(wanted.keys() | leaf.keys()) if wanted.get(name) != leaf.get(name)
    ]
    for name in names:
        yield Finding(
            "settlement", f"{kind} {name}", where, str(wanted.get(name)), str(leaf.get(name))
        )
    if not names:
        yield Finding("settlement", "spelling of the entry", where, str(expected), str(raw))
