"""Reading pools, windows and rule versions for pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from jusha.ledger.models import Account
from jusha.matching.models import Pool, Rule, Window
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
    found = list(Pool.objects.filter(campaign=campaign).order_by("id"))
    balances: dict[tuple[str, str], int] = {}
    for account in Account.objects.filter(book__in=[f"pool:{pool.code}" for pool in found]):
        key = (account.book, account.kind)
        balance = account.normal * (account.debits - account.credits)
        balances[key] = balances.get(key, 0) + balance
    windows = {w.pool: w for w in Window.objects.filter(pool__in=[p.id for p in found], day=day)}
    rules = in_force(campaign, at)
    return [
        _state(
            pool,
            {kind: sum_ for (book, kind), sum_ in balances.items() if book == f"pool:{pool.code}"},
            windows.get(pool.id),
            tuple(rule for rule in rules if rule.pool == pool.id),
        )
        for pool in found
    ]


def in_force(campaign: int, at: datetime) -> list[Published]:
    """The newest version of each rule of the campaign that has begun. Reads: matching_rule."""
    newest: dict[str, Rule] = {}
    begun = Rule.objects.filter(campaign=campaign, from_at__lte=at)
    for rule in begun.order_by("from_at", "number"):
        newest[rule.code] = rule
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
