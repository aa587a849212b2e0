"""Reading pools, windows and rule versions for pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from jusha.ledger.models import Account
from jusha.matching.models import Pool, Rule, Seed, Window
from jusha.matching.rules import DAY_MINUTES, RuleTerms

DIGITS_MAX: Final = 9
"""A version's number fits the column."""


@dataclass(frozen=True, slots=True)
class Published:
    """A rule version with its terms read: `name` is its name in the log (R1.2).

    `pool_code` and `sponsor` are filled where one version, or all of them, is asked for.
    """

    id: int
    name: str
    pool: int
    campaign: int
    number: int
    from_at: datetime
    terms: RuleTerms
    pool_code: str = ""
    sponsor: str = ""
    pool_number: int = 0
    family: int = 0

    @property
    def all_day(self) -> bool:
        """Whether it acts at every minute of a day."""
        window = self.terms.window
        return (window.from_minute, window.to_minute) == (0, DAY_MINUTES)

    @property
    def code(self) -> str:
        """The rule's code, which all its versions share."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool's balances in fen and its window of one day."""

    code: str
    sponsor: str
    number: int
    secured: int
    trusted: int
    available: int
    promised: int
    returned: int
    used_today: int
    budget_today: int
    rules: tuple[Published, ...]

    @property
    def paid_in(self) -> int:
        """All that the sponsor put behind the pool, paid and pledged."""
        return self.secured + self.trusted

    @property
    def left_today(self) -> int:
        """What today's window can still give: never more than the pool has."""
        return min(max(self.budget_today - self.used_today, 0), self.available)


def pools(campaign: int, *, day: int, at: datetime) -> list[PoolState]:
    """The campaign's pools as they stand, with the rules in force at that time.

    `day` numbers the Shanghai day (0 is 1970-01-01). Four queries for any number of pools.
    Reads: matching_pool, ledger_account, matching_window, matching_rule.
    """
    return pools_of([campaign], day=day, at=at)[campaign]


def pools_of(campaigns: Collection[int], *, day: int, at: datetime) -> dict[int, list[PoolState]]:
    """As `pools`, of several campaigns, each of which is named; four queries for all of them.

    Reads: matching_pool, ledger_account, matching_window, matching_rule.
    """
    found = list(Pool.objects.filter(campaign__in=campaigns).order_by("id"))
    balances: dict[str, dict[str, int]] = {}
    for account in Account.objects.filter(book__in=[f"pool:{pool.code}" for pool in found]):
        kinds = balances.setdefault(account.book, {})
        balance = account.normal * (account.debits - account.credits)
        kinds[account.kind] = kinds.get(account.kind, 0) + balance
    windows = {w.pool: w for w in Window.objects.filter(pool__in=[p.id for p in found], day=day)}
    rules = _in_force(campaigns, at)
    states: dict[int, list[PoolState]] = {campaign: [] for campaign in campaigns}
    for pool in found:
        states[pool.campaign].append(
            _state(
                pool,
                balances.get(f"pool:{pool.code}", {}),
                windows.get(pool.id),
                tuple(rule for rule in rules if rule.pool == pool.id),
            )
        )
    return states


def in_force(campaign: int, at: datetime) -> list[Published]:
    """The newest version of each rule of the campaign that has begun. Reads: matching_rule."""
    return _in_force([campaign], at)


def _in_force(campaigns: Collection[int], at: datetime) -> list[Published]:
    newest: dict[tuple[int, str], Rule] = {}
    begun = Rule.objects.filter(campaign__in=campaigns, from_at__lte=at)
    for rule in begun.order_by("from_at", "number"):
        newest[rule.campaign, rule.code] = rule
    return [_published(rule) for rule in newest.values()]


def version(name: str) -> Published | None:
    """A rule version by its name in the log, with its pool; None for a name no rule has.

    Reads: matching_rule, matching_pool.
    """
    code, _, number = name.rpartition(".")
    if not number.isascii() or not number.isdigit() or len(number) > DIGITS_MAX:
        return None
    rule = Rule.objects.filter(code=code, version=int(number)).first()
    if rule is None or f"{rule.code}.{rule.version}" != name:
        return None
    pool = Pool.objects.filter(id=rule.pool).first()
    return _published(rule, pool)


def versions(*, code: str = "", campaign: int = 0) -> list[Published]:
    """All versions of one code, one campaign or of all, in the order of the log, in two queries.

    Reads: matching_rule, matching_pool.
    """
    rules = Rule.objects.filter(code=code) if code else Rule.objects.all()
    rules = rules.filter(campaign=campaign) if campaign else rules
    pools_ = Pool.objects.in_bulk()
    return [_published(rule, pools_.get(rule.pool)) for rule in rules.order_by("number")]


@dataclass(frozen=True, slots=True)
class SeedState:
    """A seed that was promised for a Shanghai day: its hash in hex, its entries' numbers.

    `day` numbers the day (0 is 1970-01-01); `revealed` is 0 before the seed was revealed.
    """

    rule: str
    day: int
    hash: str
    number: int
    revealed: int


def seeds(count: int) -> list[SeedState]:
    """The newest seeds, newest first, in two queries. Reads: matching_seed, matching_rule."""
    found = list(Seed.objects.order_by("-day", "-number")[:count])
    rules = Rule.objects.in_bulk([each.rule for each in found])
    return [
        SeedState(
            rules[each.rule].code if each.rule in rules else str(each.rule),
            each.day,
            bytes(each.hash).hex(),
            each.number,
            each.revealed,
        )
        for each in found
    ]


def name_at(number: int) -> str:
    """The name of the rule version that log entry `number` published; "" for no rule.

    Reads: matching_rule.
    """
    rule = Rule.objects.filter(number=number).first()
    return f"{rule.code}.{rule.version}" if rule else ""


def _published(rule: Rule, pool: Pool | None = None) -> Published:
    return Published(
        rule.id,
        f"{rule.code}.{rule.version}",
        rule.pool,
        rule.campaign,
        rule.number,
        rule.from_at,
        msgspec.convert(rule.terms, RuleTerms),
        pool.code if pool else "",
        pool.sponsor if pool else "",
        pool.number if pool else 0,
        rule.family or rule.id,
    )


def _state(
    pool: Pool, balances: dict[str, int], window: Window | None, rules: tuple[Published, ...]
) -> PoolState:
    budget = max((rule.terms.window.budget for rule in rules), default=0)
    return PoolState(
        pool.code,
        pool.sponsor,
        pool.number,
        balances.get("secured", 0),
        balances.get("trusted", 0),
        balances.get("available", 0),
        balances.get("promised", 0),
        balances.get("returned", 0),
        window.used if window else 0,
        window.budget if window else budget,
        rules,
    )
