"""Reading pools, windows and rule versions for pages."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from jusha.ledger.models import Account
from jusha.matching.models import Pool, Rule, Window
from jusha.matching.rules import RuleTerms


@dataclass(frozen=True, slots=True)
class Published:
    """A rule version with its terms read: `name` is its name in the log (R1.2)."""

    name: str
    pool: int
    number: int
    from_at: datetime
    terms: RuleTerms


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
    """A rule version by its name in the log; None for a name no rule has. Reads: matching_rule."""
    code, _, number = name.rpartition(".")
    if not number.isascii() or not number.isdigit():
        return None
    rule = Rule.objects.filter(code=code, version=int(number)).first()
    return _published(rule) if rule else None


def _published(rule: Rule) -> Published:
    return Published(
        f"{rule.code}.{rule.version}",
        rule.pool,
        rule.number,
        rule.from_at,
        msgspec.convert(rule.terms, RuleTerms),
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
