"""What settlement knows while it decides: its own tables, held in memory. Pure.

Only the one writer changes these tables, so it may keep them between batches; when a
batch fails, the world is thrown away and loaded anew. Nothing here comes from a clock,
a form or chance, so the same envelopes lead to the same world.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import msgspec

from jusha.campaigns.rules import CampaignTerms
from jusha.ledger.rules import NORMAL_SIDE
from jusha.matching.kinds.coupon import Coupon
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.kinds.quadratic import Quadratic
from jusha.matching.rules import RuleTerms, Surprise, draws, leans_on
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.payments.rules import ChannelTerms
from jusha.projects.line import PROGRAMME, RUNNING, Spending
from jusha.tlog.leaves import CHAIN_START, LeafWords, leaf_words

NO_CAMPAIGN = 0
MINUTES_REMEMBERED = 4096
FROZEN_BY_OPERATOR = 1
FROZEN_BY_HOLD = 2


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
    frozen: int = 0
    """FROZEN_BY_OPERATOR + FROZEN_BY_HOLD; nothing is matched and nothing released but at 0."""
    stored: bool = False
    spendings: dict[int, Spending] = field(
        default_factory=lambda: {PROGRAMME: Spending(), RUNNING: Spending()}
    )
    """By line: how far it is spent, and the voids behind that."""

    def left(self, line: int) -> int:
        """How many fen of a line can be spent."""
        head = self.programme_head if line == PROGRAMME else self.running_head
        return self.spendings[line].left(head)


class Released(NamedTuple):
    """What a pool released to a project, and where that begins in its two lines."""

    amount: int
    programme_at: int
    running_at: int


@dataclass(slots=True, eq=False)
class Campaign:
    """A campaign's terms, with its times as Unix seconds."""

    id: int
    code: str
    number: int
    terms: CampaignTerms
    opens_s: int
    closes_s: int
    leaning: bool = False
    """Whether a rule looks at what another gave."""
    by_person: bool = False
    """Whether a rule has a cap over the whole campaign."""
    friends: bool = False
    """Whether a rule counts invited friends."""


@dataclass(slots=True, eq=False)
class Pool:
    """A sponsor's pool; `available` is what it can still promise."""

    id: int
    code: str
    campaign: int
    sponsor: str
    number: int
    available: Account
    on_return: str = "sponsor"
    notice_days: int = 10
    notice_until: int = 0
    """Unix seconds; 0 while the notice has not begun. Once it has, nothing more is matched."""
    closed: bool = False
    promised: dict[int, Account] = field(default_factory=dict)
    """By project."""
    stored: bool = False


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
    family: int
    """Id of the first version of its code."""

    name: str = ""
    """The version's name in the log: R1.2."""
    draws: bool = False
    silent: bool = False
    """Whether it says nothing of gifts that do not concern it."""
    at_once: bool = True
    lump: bool = False
    coupon: bool = False
    friends: bool = False
    weighs: bool = False
    """Whether its claims are weights of a quadratic round, which no cap counts."""
    delicate: bool = False
    """Whether more than room and times can stand against a match (see match.hindrance)."""

    def __post_init__(self) -> None:
        terms = self.terms
        self.name = f"{self.code}.{self.version}"
        self.draws = draws(terms)
        kinds = Coupon | Friends | LumpSum
        self.silent = isinstance(terms.gives, kinds) or bool(terms.window.surprise)
        self.at_once = terms.decided == "at-once"
        self.lump = isinstance(terms.gives, LumpSum)
        self.coupon = isinstance(terms.gives, Coupon)
        self.friends = isinstance(terms.gives, Friends)
        self.weighs = isinstance(terms.gives, Quadratic)
        self.delicate = self.draws or not self.at_once or isinstance(terms.gives, kinds)


@dataclass(slots=True, eq=False)
class Force:
    """The rules in force in one minute, in the order in which they act."""

    rules: list[Rule]
    draws: bool = False
    """Whether any of them draws."""

    def __post_init__(self) -> None:
        self.draws = any(rule.draws for rule in self.rules)


@dataclass(slots=True, eq=False)
class Window:
    """A pool's day: what it may give and what it gave."""

    pool: int
    day: int
    budget: int
    used: int = 0


@dataclass(slots=True, eq=False)
class Total:
    """Running totals of a project in a campaign.

    `counted` is what caps count: matches and claims, of which nothing is ever given back.
    """

    campaign: int
    project: int
    asset: int
    gifts: int = 0
    donated: int = 0
    matched: int = 0
    refunded: int = 0
    returned: int = 0
    counted: int = 0
    stored: bool = False


SURPRISE = -1


@dataclass(slots=True, eq=False)
class CharityTotal:
    """What caps count of a charity in a campaign, over all its projects; sum of Totals."""

    counted: int = 0


@dataclass(slots=True, eq=False)
class Seed:
    """A committed secret, known by its hash until it is revealed.

    A seed belongs to a rule family and a day; a surprise to a rule version, with SURPRISE
    as its day.
    """

    family: int
    day: int
    hash: bytes
    number: int
    revealed: int = 0
    """Entry number of the reveal; 0 before it."""
    stored: bool = False


@dataclass(slots=True, eq=False)
class Closing:
    """How far the claims of one rule version and slice are paid.

    `slice` is the Unix minute at which the slice began, CLOSE for the campaign's close,
    RETRO for gifts made before the rule.
    """

    rule: int
    slice: int
    total: int
    budget: int
    count: int
    remainder: int
    cut: int
    cursor: int = -1
    paid: int = 0
    done: bool = False
    stored: bool = False


CLOSE = 0
RETRO = -1


@dataclass(slots=True, eq=False)
class Route:
    """All that a gift moves, found once for the many gifts of one channel, project and campaign."""

    channel: Channel
    fund: Fund
    campaign: Campaign | None
    receivable: Account
    restricted: Account
    total: Total
    charity: CharityTotal
    words: LeafWords
    where: bytes
    """Campaign and project, of which a person's tag is a keyed hash (see decide.tag_of)."""

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
    opened: list[Account] = field(default_factory=list)
    """Accounts that no row was written for yet: their numbers are taken, posted to or not."""
    channels: dict[str, Channel] = field(default_factory=dict)
    payees: dict[str, int] = field(default_factory=dict)
    funds: dict[str, Fund] = field(default_factory=dict)
    funds_by_id: dict[int, Fund] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    campaigns_by_id: dict[int, Campaign] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    rules: dict[int, list[Rule]] = field(default_factory=dict)
    """By campaign, in the order of from_s, then of number."""
    rules_by_id: dict[int, Rule] = field(default_factory=dict)
    channels_by_id: dict[int, Channel] = field(default_factory=dict)
    pools_by_id: dict[int, Pool] = field(default_factory=dict)
    families: dict[str, Rule] = field(default_factory=dict)
    """The first version of each rule code; its id names the family."""
    _in_force: dict[tuple[int, int], Force] = field(default_factory=dict)
    windows: dict[tuple[int, int], Window] = field(default_factory=dict)
    totals: dict[tuple[int, int, int], Total] = field(default_factory=dict)
    routes: dict[tuple[int, int, int, int], Route] = field(default_factory=dict)
    """By (channel, project, campaign, asset)."""
    charity_totals: dict[tuple[int, int], CharityTotal] = field(default_factory=dict)
    """By (campaign, payee)."""
    seeds: dict[tuple[int, int], Seed] = field(default_factory=dict)
    """By (rule family, Shanghai day), and (rule version, SURPRISE)."""
    closings: dict[tuple[int, int], Closing] = field(default_factory=dict)
    """By (rule version, slice)."""
    released: dict[tuple[int, int], Released] = field(default_factory=dict)
    """By (pool, project) whose promises were released."""
    reviews: dict[int, set[int]] = field(default_factory=dict)
    """By project: gifts whose match is held while a person looks into it."""
    secrets: Mapping[bytes, bytes] = field(default_factory=dict)
    """Seeds and surprises by their SHA-256."""
    drawn: tuple[int, int] = (-1, -1)
    """(lane, n) of the row whose digest was written last."""

    def add_channel(self, channel: Channel) -> None:
        """Make a channel known."""
        self.channels[channel.code] = self.channels_by_id[channel.id] = channel

    def add_pool(self, pool: Pool) -> None:
        """Make a pool known."""
        self.pools[pool.code] = self.pools_by_id[pool.id] = pool

    def account(self, book: str, asset: int, kind: str, owner: str) -> Account:
        """Return the account, opening it on first use."""
        found = self.accounts.get((book, asset, kind, owner))
        if found is None:
            found = Account(len(self.accounts) + 1, book, asset, kind, owner, NORMAL_SIDE[kind])
            self.accounts[book, asset, kind, owner] = found
            self.opened.append(found)
        return found

    def total(self, campaign: int, project: int, asset: int) -> Total:
        """Return the running totals, starting at nothing."""
        found = self.totals.get((campaign, project, asset))
        if found is None:
            found = self.totals[campaign, project, asset] = Total(campaign, project, asset)
        return found

    def charity_total(self, campaign: int, payee: int) -> CharityTotal:
        """Return what caps count of a charity, starting at nothing."""
        found = self.charity_totals.get((campaign, payee))
        if found is None:
            found = self.charity_totals[campaign, payee] = CharityTotal()
        return found

    def route(self, channel: Channel, fund: Fund, campaign: Campaign | None, asset: int) -> Route:
        """Return where gifts go: the two accounts in the charity's book, and the totals."""
        campaign_id, code = (campaign.id, campaign.code) if campaign else (NO_CAMPAIGN, "")
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
                self.charity_total(campaign_id, fund.payee),
                leaf_words(channel.code, ASSETS_BY_NUMBER[asset].code, fund.code, code),
                f"{code}\n{fund.code}".encode(),
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

    def in_force(self, campaign: int, at_s: int) -> Force:
        """Return the newest version of each rule code that has begun by then, oldest code first.

        Rules for earlier gifts are not among them: they are decided once, by their closing.
        """
        found = self._in_force.get((campaign, at_s))
        if found is None:
            newest: dict[str, Rule] = {}
            for rule in self.rules.get(campaign, ()):
                if rule.from_s <= at_s and rule.terms.decided != "retro":
                    newest[rule.code] = rule
            if len(self._in_force) >= MINUTES_REMEMBERED:
                self._in_force.clear()
            found = self._in_force[campaign, at_s] = Force(list(newest.values()))
        return found

    def add_rule(self, rule: Rule) -> None:
        """Put a rule version in its place in time."""
        versions = self.rules.setdefault(rule.campaign, [])
        versions.append(rule)
        versions.sort(key=lambda version: (version.from_s, version.number))
        self._in_force.clear()
        self.rules_by_id[rule.id] = rule
        self.families.setdefault(rule.code, rule)
        campaign, terms = self.campaigns_by_id[rule.campaign], rule.terms
        campaign.leaning |= bool(leans_on(terms))
        campaign.by_person |= bool(terms.caps.person_campaign)
        campaign.friends |= isinstance(terms.gives, Friends)

    def surprise(self, digest: bytes) -> Surprise:
        """Return the times that a hash stands for. Raises SecretMissingError."""
        return read_surprise(self.secrets[digest])


@lru_cache(maxsize=64)
def read_surprise(secret: bytes) -> Surprise:
    """Read the secret times of a surprise window."""
    return msgspec.json.decode(secret, type=Surprise)
