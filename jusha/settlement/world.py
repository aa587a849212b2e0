"""What settlement knows while it decides: its own tables, held in memory. Pure.

Only the one writer changes these tables, so it may keep them between batches; when a
batch fails, the world is thrown away and loaded anew. Nothing here comes from a clock,
a form or chance, so the same envelopes lead to the same world.
"""

from dataclasses import dataclass, field

from jusha.campaigns.rules import CampaignTerms
from jusha.ledger.rules import NORMAL_SIDE
from jusha.matching.rules import RuleTerms
from jusha.payments.rules import ChannelTerms
from jusha.tlog.leaves import CHAIN_START

NO_CAMPAIGN = 0
MINUTES_REMEMBERED = 4096


@dataclass(slots=True, eq=False)
class Account:
    """A ledger account; `debits` and `credits` are all that was ever posted."""

    id: int
    book: str
    asset: int
    kind: str
    owner: str
    normal: int
    debits: int = 0
    credits: int = 0
    stored: bool = False
    """Whether the database has the row; the same in Fund and Total."""

    @property
    def balance(self) -> int:
        """The balance on the account's normal side; the database keeps it from going below 0."""
        return self.normal * (self.debits - self.credits)


@dataclass(slots=True, eq=False)
class Channel:
    """A channel with its rights and what it used of them."""

    id: int
    code: str
    number: int
    terms: ChannelTerms
    day: int = 0
    day_sum: int = 0
    minute: int = 0
    minute_sum: int = 0
    drawn: int = 0


@dataclass(slots=True, eq=False)
class Fund:
    """A project as settlement knows it, with the heads of its two money lines."""

    project: int
    code: str
    payee: int
    payee_code: str
    running_permille: int
    state: str
    number: int
    programme_head: int = 0
    running_head: int = 0
    stored: bool = False


@dataclass(slots=True, eq=False)
class Campaign:
    """A campaign's terms, with its times as Unix seconds."""

    id: int
    code: str
    number: int
    terms: CampaignTerms
    opens_s: int
    closes_s: int


@dataclass(slots=True, eq=False)
class Pool:
    """A sponsor's pool; `available` is what it can still promise."""

    id: int
    code: str
    campaign: int
    sponsor: str
    number: int
    available: Account
    promised: dict[int, Account] = field(default_factory=dict)
    """By project."""


@dataclass(slots=True, eq=False)
class Rule:
    """One rule version, in force from `from_s` until the next version of its code."""

    id: int
    code: str
    version: int
    pool: Pool
    campaign: int
    from_s: int
    number: int
    terms: RuleTerms

    name: str = ""
    """The version's name in the log: R1.2."""

    def __post_init__(self) -> None:
        self.name = f"{self.code}.{self.version}"


@dataclass(slots=True, eq=False)
class Window:
    """A pool's day: what it may give and what it gave."""

    pool: int
    day: int
    budget: int
    used: int = 0


@dataclass(slots=True, eq=False)
class Total:
    """Running totals of a project in a campaign."""

    campaign: int
    project: int
    asset: int
    gifts: int = 0
    donated: int = 0
    matched: int = 0
    refunded: int = 0
    returned: int = 0
    stored: bool = False


@dataclass(slots=True, eq=False)
class Route:
    """All that a gift moves, found once for the many gifts of one channel, project and campaign."""

    channel: Channel
    fund: Fund
    campaign: Campaign | None
    receivable: Account
    restricted: Account
    total: Total

    def __post_init__(self) -> None:
        assert self.receivable.book == self.restricted.book, "a transfer never leaves its book"
        assert self.receivable.asset == self.restricted.asset, "a transfer has one asset"


@dataclass(slots=True, eq=False)
class World:
    """Everything settlement knows between batches."""

    next_number: int = 0
    next_case: int = 1
    batch: int = 0
    chain: bytes = CHAIN_START
    positions: dict[str, int] = field(default_factory=dict)
    accounts: dict[tuple[str, int, str, str], Account] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    payees: dict[str, int] = field(default_factory=dict)
    funds: dict[str, Fund] = field(default_factory=dict)
    funds_by_id: dict[int, Fund] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    campaigns_by_id: dict[int, Campaign] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    rules: dict[int, list[Rule]] = field(default_factory=dict)
    """By campaign, in the order of from_s, then of number."""
    _in_force: dict[tuple[int, int], list[Rule]] = field(default_factory=dict)
    windows: dict[tuple[int, int], Window] = field(default_factory=dict)
    totals: dict[tuple[int, int, int], Total] = field(default_factory=dict)
    routes: dict[tuple[int, int, int, int], Route] = field(default_factory=dict)
    """By (channel, project, campaign, asset)."""

    def account(self, book: str, asset: int, kind: str, owner: str) -> Account:
        """Return the account, opening it on first use."""
        found = self.accounts.get((book, asset, kind, owner))
        if found is None:
            found = Account(len(self.accounts) + 1, book, asset, kind, owner, NORMAL_SIDE[kind])
            self.accounts[book, asset, kind, owner] = found
        return found

    def total(self, campaign: int, project: int, asset: int) -> Total:
        """Return the running totals, starting at nothing."""
        found = self.totals.get((campaign, project, asset))
        if found is None:
            found = self.totals[campaign, project, asset] = Total(campaign, project, asset)
        return found

    def route(self, channel: Channel, fund: Fund, campaign: Campaign | None, asset: int) -> Route:
        """Return where gifts go: the two accounts in the charity's book, and the totals."""
        campaign_id = campaign.id if campaign else NO_CAMPAIGN
        found = self.routes.get((channel.id, fund.project, campaign_id, asset))
        if found is None:
            book = f"charity:{fund.payee_code}"
            found = self.routes[channel.id, fund.project, campaign_id, asset] = Route(
                channel,
                fund,
                campaign,
                self.account(book, asset, "receivable", channel.code),
                self.account(book, asset, "fund", fund.code),
                self.total(campaign_id, fund.project, asset),
            )
        return found

    def promised(self, pool: Pool, fund: Fund) -> Account:
        """Return the account of what a pool promised to a project."""
        found = pool.promised.get(fund.project)
        if found is None:
            found = pool.promised[fund.project] = self.account(
                pool.available.book, pool.available.asset, "promised", fund.code
            )
        return found

    def window(self, pool: Pool, day: int) -> Window:
        """Return a pool's day, which nothing was given from if it is new."""
        found = self.windows.get((pool.id, day))
        if found is None:
            found = self.windows[pool.id, day] = Window(pool.id, day, 0)
        return found

    def rules_in_force(self, campaign: int, at_s: int) -> list[Rule]:
        """Return the newest version of each rule code that has begun by then, oldest code first."""
        found = self._in_force.get((campaign, at_s))
        if found is None:
            newest: dict[str, Rule] = {}
            for rule in self.rules.get(campaign, ()):
                if rule.from_s <= at_s:
                    newest[rule.code] = rule
            if len(self._in_force) >= MINUTES_REMEMBERED:
                self._in_force.clear()
            found = self._in_force[campaign, at_s] = list(newest.values())
        return found

    def add_rule(self, rule: Rule) -> None:
        """Put a rule version in its place in time."""
        versions = self.rules.setdefault(rule.campaign, [])
        versions.append(rule)
        versions.sort(key=lambda version: (version.from_s, version.number))
        self._in_force.clear()
