"""What the audit remembers while it walks the log: what was given so far, and of what.

It is built from the rows and entries that the walk passes, never from the sums that
settlement keeps: at the end those are compared with what stands here.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.campaigns.rules import CampaignTerms
from jusha.ledger.findings import Finding, compared
from jusha.matching.kinds.coupon import Coupon, serial_of
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.rules import RuleTerms, draws
from jusha.merkle.encoding import decode64
from jusha.merkle.tiles import decode_bundle
from jusha.money.assets import ASSETS
from jusha.money.clock import MINUTE_SECONDS, local_day, minute_seconds
from jusha.payments.rules import ChannelTerms
from jusha.projects.line import PROGRAMME, RUNNING, Spending
from jusha.settlement.secrets import installed

CNY: Final = ASSETS["CNY"].number
CLOSE: Final = 0
RETRO: Final = -1
SPREAD: Final = -2
SURPRISE: Final = -1
"""Stands for a day in the row of a committed surprise; its rule is the version, not the code."""
MINUTES_REMEMBERED: Final = 4096

REVEALS_SQL: Final = """
SELECT count, entries FROM tlog_entries WHERE position('"k":"reveal"'::bytea IN entries) > 0"""


@dataclass(slots=True, eq=False)
class Channel:
    """A channel, and what was matched on its gifts."""

    id: int
    code: str
    number: int
    terms: ChannelTerms
    drawn: int = 0
    minute: int = -1
    minute_sum: int = 0
    day: int = -1
    day_sum: int = 0

    def given_in(self, minute: int) -> tuple[int, int]:
        """What gifts came to, by the minute of receipt since 1970: in that minute, in its day."""
        day = local_day(minute * MINUTE_SECONDS)
        return (
            self.minute_sum if self.minute == minute else 0,
            self.day_sum if self.day == day else 0,
        )

    def give(self, minute: int, amount: int) -> None:
        """Count a gift that was received in a minute."""
        in_minute, in_day = self.given_in(minute)
        self.minute, self.minute_sum = minute, in_minute + amount
        self.day, self.day_sum = local_day(minute * MINUTE_SECONDS), in_day + amount


@dataclass(slots=True, eq=False)
class Fund:
    """A project, with the heads of its money lines."""

    project: int
    code: str
    payee: int
    payee_code: str
    permille: int
    number: int
    state: str = ""
    frozen: int = 0
    programme: int = 0
    running: int = 0
    spendings: dict[int, Spending] = field(
        default_factory=lambda: {PROGRAMME: Spending(), RUNNING: Spending()}
    )

    def left(self, line: int) -> int:
        """How many fen of a line can be spent."""
        return self.spendings[line].left(self.programme if line == PROGRAMME else self.running)


@dataclass(slots=True, eq=False)
class Pool:
    """A pool; accounts are ids, None where the account was never opened."""

    id: int
    code: str
    campaign: int
    number: int
    on_return: str
    notice_days: int
    available: int | None
    notice_until: int = 0
    closed: bool = False
    promised: dict[int, int | None] = field(default_factory=dict)
    """By project."""


@dataclass(slots=True, eq=False)
class Rule:
    """One rule version."""

    id: int
    code: str
    name: str
    pool: Pool
    campaign: int
    from_s: int
    number: int
    terms: RuleTerms
    family: int
    draws: bool = False
    silent: bool = False
    at_once: bool = True

    def __post_init__(self) -> None:
        gives = self.terms.gives
        self.draws = draws(self.terms)
        self.silent = isinstance(gives, Coupon | Friends | LumpSum) or bool(
            self.terms.window.surprise
        )
        self.at_once = self.terms.decided == "at-once"


@dataclass(slots=True, eq=False)
class Campaign:
    """A campaign, with the rule versions that were published so far."""

    id: int
    code: str
    number: int
    terms: CampaignTerms
    opens_s: int
    closes_s: int
    rules: list[Rule] = field(default_factory=list)
    in_force: dict[int, tuple[list[Rule], bool, bool]] = field(default_factory=dict)
    by_person: bool = False
    """Whether any version, published by now or later, caps a person's whole campaign."""
    friends: bool = False

    def rules_at(self, at_s: int) -> tuple[list[Rule], bool, bool]:
        """The newest version of each rule code that has begun by then, oldest code first.

        Behind them: whether any draws, and whether any depends on a secret.
        """
        found = self.in_force.get(at_s)
        if found is None:
            if len(self.in_force) > MINUTES_REMEMBERED:
                self.in_force.clear()
            newest: dict[str, Rule] = {}
            for rule in sorted(self.rules, key=lambda each: (each.from_s, each.number)):
                if rule.from_s <= at_s and rule.terms.decided != "retro":
                    newest[rule.code] = rule
            rules = list(newest.values())
            drawing = any(rule.draws for rule in rules)
            secret = drawing or any(rule.terms.window.surprise for rule in rules)
            found = self.in_force[at_s] = (rules, drawing, secret)
        return found


@dataclass(slots=True)
class Sums:
    """Running totals of a project in a campaign; the order of fields is the table's."""

    gifts: int = 0
    donated: int = 0
    matched: int = 0
    refunded: int = 0
    returned: int = 0
    counted: int = 0


@dataclass(slots=True)
class Used:
    """What was used of a window, and its budget when it was last touched."""

    used: int = 0
    budget: int = 0


@dataclass(slots=True)
class Seed:
    """A committed seed."""

    hash: bytes
    number: int
    revealed: int = 0


@dataclass(slots=True)
class Closing:
    """How far a closing is; the order of fields is the table's."""

    total: int
    budget: int
    count: int
    remainder: int
    cut: int
    cursor: int = -1
    paid: int = 0
    done: bool = False


class State:
    """Everything that the decisions of the next entry depend on."""

    def __init__(self, connection: Connection[Any]) -> None:
        """Read what is fixed from its first day: codes, terms, accounts."""
        self.connection = connection
        self.accounts: dict[tuple[str, int, str, str], int] = {
            (book, asset, kind, owner): id_
            for id_, book, asset, kind, owner in connection.execute(
                "SELECT id, book, asset, kind, owner FROM ledger_account"
            )
        }
        self.balances: defaultdict[int | None, int] = defaultdict(int)
        """Of accounts in pools' books: credits minus debits."""
        self._read_parties()
        self._read_rules()
        self.windows: defaultdict[tuple[int, int], Used] = defaultdict(Used)
        self.sums: defaultdict[tuple[int, int], Sums] = defaultdict(Sums)
        self.charities: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.usage: defaultdict[tuple[int, int], dict[bytes, int]] = defaultdict(dict)
        """By (campaign, day): what each person's matches and claims come to."""
        self.whole: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
        self.coupons: set[tuple[int, int]] = set()
        self.invited: defaultdict[int, set[bytes]] = defaultdict(set)
        self.multiplied: set[int] = set()
        """Gifts that friends have earned a further match: once each."""
        self.seeds: dict[tuple[int, int], Seed] = {}
        self.closings: dict[tuple[int, int], Closing] = {}
        self.ordered: set[int] = set()
        """Numbers of the orders that the walk has passed."""
        self.released: dict[tuple[int, int], tuple[int, int, int]] = {}
        """By (pool, project): amount, and where it begins in the two lines."""
        self.recovered: defaultdict[tuple[int, int], int] = defaultdict(int)
        """By (pool, project): how much was taken back after the release."""
        self.refunded: defaultdict[int, int] = defaultdict(int)
        self.repaid: defaultdict[int, int] = defaultdict(int)
        """By deed."""
        self.clawed: set[int] = set()
        self.reviews: defaultdict[int, set[int]] = defaultdict(set)
        """By project: gifts whose match is held."""
        self.secrets = installed()
        if any(rule.draws or rule.terms.window.surprise for rule in self.rules_by_id.values()):
            self._read_reveals()

    def _read_parties(self) -> None:
        connection = self.connection
        self.channels: dict[str, Channel] = {}
        self.funds: dict[str, Fund] = {}
        self.campaigns: dict[str, Campaign] = {}
        for id_, code, number, terms in connection.execute(
            "SELECT id, code, number, terms FROM payments_channel ORDER BY id"
        ):
            rights = msgspec.convert(terms, ChannelTerms)
            self.channels[code] = Channel(id_, code, number, rights)
        self.payees: dict[int, tuple[str, int]] = {
            id_: (code, number)
            for id_, code, number in connection.execute(
                "SELECT id, code, number FROM charities_payee ORDER BY id"
            )
        }
        for project, code, payee, permille, number in connection.execute(
            "SELECT project, code, payee, running_permille, number FROM projects_fund"
            " ORDER BY project"
        ):
            payee_code = self.payees.get(payee, ("", -1))[0]
            self.funds[code] = Fund(project, code, payee, payee_code, permille, number)
        for id_, code, number, terms in connection.execute(
            "SELECT id, code, number, terms FROM campaigns_terms ORDER BY id"
        ):
            open_ = msgspec.convert(terms, CampaignTerms)
            times = minute_seconds(open_.opens), minute_seconds(open_.closes)
            self.campaigns[code] = Campaign(id_, code, number, open_, *times)
        self.funds_by_id = {fund.project: fund for fund in self.funds.values()}
        self.campaigns_by_id = {each.id: each for each in self.campaigns.values()}

    def _read_rules(self) -> None:
        connection = self.connection
        self.pools: dict[str, Pool] = {}
        for id_, code, campaign, number, back, days in connection.execute(
            "SELECT id, code, campaign, number, on_return, notice_days FROM matching_pool"
            " ORDER BY id"
        ):
            available = self.account(f"pool:{code}", "available", code)
            self.pools[code] = Pool(id_, code, campaign, number, back, days, available)
        self.pools_by_id = {pool.id: pool for pool in self.pools.values()}
        self.rules_by_id: dict[int, Rule] = {}
        self.families: dict[str, Rule] = {}
        """The first version of each rule code that was published so far."""
        for id_, code, version, pool, campaign, from_s, number, terms, family in connection.execute(
            "SELECT id, code, version, pool, campaign, extract(epoch FROM from_at)::bigint,"
            " number, terms, family FROM matching_rule ORDER BY id"
        ):
            name, document = f"{code}.{version}", msgspec.convert(terms, RuleTerms)
            rule = self.rules_by_id[id_] = Rule(
                id_, code, name, self.pools_by_id[pool], campaign, from_s, number, document, family
            )
            self.campaigns_by_id[campaign].by_person |= bool(document.caps.person_campaign)
            assert rule.pool is not None
        self.rules_by_name = {rule.name: rule for rule in self.rules_by_id.values()}

    def _read_reveals(self) -> None:
        """Learn every secret that the log has: entries behind the gifts that depend on it."""
        for count, raw in self.connection.execute(REVEALS_SQL, binary=True):
            for entry in decode_bundle(raw, width=count):
                if b'"k":"reveal"' in entry:
                    self.secrets.learn(decode64(msgspec.json.decode(entry)["s"]))

    def account(self, book: str, kind: str, owner: str, asset: int = CNY) -> int | None:
        """Return the account's id, None if it was never opened."""
        return self.accounts.get((book, asset, kind, owner))

    def pool_account(self, pool: Pool, kind: str, owner: str = "") -> int | None:
        """Return an account of a pool's book; it belongs to the pool unless said otherwise."""
        return self.account(f"pool:{pool.code}", kind, owner or pool.code)

    def promised(self, pool: Pool, fund: Fund) -> int | None:
        """Return the account of what a pool promised to a project."""
        found = pool.promised.get(fund.project)
        if found is None:
            found = self.pool_account(pool, "promised", fund.code)
            pool.promised[fund.project] = found
        return found

    def move(self, debit: int | None, credit: int | None, amount: int) -> None:
        """Move money between two accounts of a pool."""
        self.balances[debit] -= amount
        self.balances[credit] += amount

    def publish(self, rule: Rule) -> None:
        """Let a rule version act from its entry on."""
        campaign = self.campaigns_by_id[rule.campaign]
        campaign.rules.append(rule)
        campaign.in_force.clear()
        campaign.friends |= isinstance(rule.terms.gives, Friends)
        self.families.setdefault(rule.code, rule)
        if surprise := rule.terms.window.surprise:
            self.seeds[rule.id, SURPRISE] = Seed(decode64(surprise), rule.number)

    def coupon_of(self, name: str) -> tuple[int, int]:
        """Read a coupon's name as (rule family, number); zeros where it names no rule."""
        rule = self.families.get(name.rpartition(".")[0])
        serial = serial_of(name, rule.code) if rule else -1
        return (rule.id, serial) if rule and serial >= 0 else (0, 0)

    def count(self, campaign: int, day: int, person: bytes | None, amount: int) -> None:
        """Count a person's match or claim; None for what belongs to no person."""
        if person is None:
            return
        persons = self.usage[campaign, day]
        persons[person] = persons.get(person, 0) + amount
        if self.campaigns_by_id[campaign].by_person:
            whole = self.whole[campaign]
            whole[person] = whole.get(person, 0) + amount

    def use(self, pool: Pool, key: int, amount: int, budget: int) -> None:
        """Count against one window; a budget below what was used before takes nothing back."""
        window = self.windows[pool.id, key]
        window.budget = max(budget, window.used)
        window.used += amount

    # --- the end: what settlement keeps, compared with what was counted here

    def differences(self) -> Iterator[Finding]:
        """Compare all sums and states that settlement keeps with those of the walk."""
        yield from self._compare_persons()
        yield from self._compare_few(
            "window is not the sum of its matches",
            "SELECT 'pool ' || pool || ' day ' || day, ARRAY[used, budget]"
            " FROM matching_window WHERE used <> 0 OR budget <> 0",
            {f"pool {p} day {d}": [w.used, w.budget] for (p, d), w in self.windows.items()},
        )
        yield from self._compare_few(
            "channel's draw is not the sum of its matches",
            "SELECT 'channel ' || channel, ARRAY[drawn] FROM payments_channel_use",
            {f"channel {c.id}": [c.drawn] for c in self.channels.values()},
        )
        yield from self._compare_few(
            "total is not what the entries say",
            "SELECT 'campaign ' || campaign || ' project ' || project,"
            " ARRAY[gifts, donated, matched, refunded, returned, counted] FROM campaigns_total",
            {
                f"campaign {c} project {p}": [getattr(s, name) for name in Sums.__slots__]
                for (c, p), s in self.sums.items()
            },
        )
        yield from self._compare_few(
            "closing is not what its entries say",
            "SELECT 'rule ' || rule || ' slice ' || slice, ARRAY[total, budget, count, remainder,"
            " cut, cursor, paid, done::integer] FROM matching_closing",
            {
                f"rule {r} slice {s}": [int(getattr(c, name)) for name in Closing.__slots__]
                for (r, s), c in self.closings.items()
            },
        )
        yield from self._compare_few(
            "seed is not what its entries say",
            "SELECT 'rule ' || rule || ' day ' || day,"
            " ARRAY[encode(hash, 'hex'), number::text, revealed::text] FROM matching_seed",
            {
                f"rule {r} day {d}": [s.hash.hex(), str(s.number), str(s.revealed)]
                for (r, d), s in self.seeds.items()
            },
        )
        yield from self._compare_states()

    def _compare_states(self) -> Iterator[Finding]:
        for code, *found in self.connection.execute(
            "SELECT code, state, frozen, programme_head, running_head, programme_spent,"
            " running_spent FROM projects_fund"
        ):
            fund = self.funds[code]
            wanted = [fund.state, fund.frozen, fund.programme, fund.running]
            wanted += [fund.spendings[line].spent for line in (PROGRAMME, RUNNING)]
            names = ["state", "frozen"] + [
                f"{head} of the {line} line"
                for head in ("head", "spent head")
                for line in ("programme", "running")
            ]
            pairs = list(zip(names, wanted, found, strict=True))
            yield from compared("settlement", f"project {code}", pairs)
        for code, *found in self.connection.execute(
            "SELECT code, notice_until, closed FROM matching_pool"
        ):
            pool = self.pools[code]
            until, closed = zip([pool.notice_until, pool.closed], found, strict=True)
            pairs = [("notice", *until), ("closed", *closed)]
            yield from compared("settlement", f"pool {code}", pairs)

    def _compare_persons(self) -> Iterator[Finding]:
        """Compare person by person, as one stream; only those that differ are told."""
        with self.connection.cursor("audit_usage") as cursor:
            cursor.itersize = 20_000
            cursor.execute(
                "SELECT campaign, day, uuid_send(person), matched FROM matching_usage", binary=True
            )
            what = "usage of a person's day is not the sum of matches"
            for campaign, day, person, matched in cursor:
                wanted = self.usage[campaign, day].pop(person, 0)
                if wanted != matched:
                    where = f"campaign {campaign} day {day}"
                    yield Finding("settlement", what, where, str(wanted), str(matched))
        for (campaign, day), persons in self.usage.items():
            for wanted in persons.values():
                where = f"campaign {campaign} day {day}"
                yield Finding("settlement", what, where, str(wanted), "no row")

    def _compare_few(
        self, what: str, query: str, wanted: dict[str, list[Any]]
    ) -> Iterator[Finding]:
        found: dict[str, list[Any]] = dict(self.connection.execute(query.encode()).fetchall())
        for where in sorted(wanted.keys() | found.keys()):
            mine, theirs = wanted.get(where), found.get(where)
            if mine != theirs and (any(mine or ()) or any(theirs or ())):
                yield Finding("settlement", what, where, str(mine), str(theirs))
