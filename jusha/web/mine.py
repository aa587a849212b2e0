"""Whose gifts a request may see: those of its browser, and those of the account signed in to."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest

from jusha.giving.queries import OrderedGift
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.people.keep_orders import orders_kept
from jusha.people.models import OwnedOrder, UserAccount
from jusha.web.browser import orders_of

OPEN_FOR: Final = timedelta(days=2)
"""An order that nobody paid is shown this long; then it is nobody's gift."""


def my_orders(request: HttpRequest) -> list[int]:
    """Orders of this browser and of the account signed in to, each once, newest first."""
    account = request.user
    kept = orders_kept(account) if isinstance(account, UserAccount) else []
    return sorted({*orders_of(request), *kept}, reverse=True)


def is_mine(request: HttpRequest, order_no: int) -> bool:
    """Say whether an order is this browser's or this account's; no question for a guest."""
    if order_no in orders_of(request):
        return True
    account = request.user
    if not isinstance(account, UserAccount):
        return False
    return OwnedOrder.objects.filter(account=account, order_no=order_no).exists()


def kept_since(request: HttpRequest, since: datetime) -> list[int]:
    """Orders that the account signed in to has kept since then; no question for a guest."""
    if not isinstance(request.user, UserAccount):
        return []
    kept = OwnedOrder.objects.filter(account=request.user, kept_at__gte=since)
    return list(kept.values_list("order_no", flat=True))


def not_yet_kept(request: HttpRequest) -> list[int]:
    """Orders of this browser that no account keeps yet: what can be put into one."""
    mine = orders_of(request)
    taken = set(OwnedOrder.objects.filter(order_no__in=mine).values_list("order_no", flat=True))
    return [no for no in mine if no not in taken]


def shown(gifts: list[OrderedGift], *, now: datetime) -> list[OrderedGift]:
    """Gifts, and orders that may still be paid."""
    return [each for each in gifts if each.number is not None or now - each.ordered_at < OPEN_FOR]


@dataclass(slots=True)
class Sum:
    """What was given to one project in a year; amounts in the smallest unit of `asset`."""

    charity: str
    project: str
    asset: str
    gifts: int = 0
    given: int = 0
    refunded: int = 0
    matched: int = 0

    @property
    def net(self) -> int:
        """What was given and not sent back."""
        return self.given - self.refunded


def sums_of(gifts: list[OrderedGift]) -> list[Sum]:
    """Sums by charity, project and asset, in the order of their codes; only what was paid."""
    found: defaultdict[tuple[str, str, int], list[OrderedGift]] = defaultdict(list)
    for each in gifts:
        if each.number is not None:
            found[each.charity, each.project, each.asset].append(each)
    return [
        Sum(
            charity,
            project,
            ASSETS_BY_NUMBER[asset].code,
            gifts=len(some),
            given=sum(each.given or 0 for each in some),
            refunded=sum(each.refunded for each in some),
            matched=sum(each.matched or 0 for each in some),
        )
        for (charity, project, asset), some in sorted(found.items())
    ]


def totals_of(sums: list[Sum]) -> list[Sum]:
    """One sum an asset, over all charities, yuan first."""
    found: dict[str, Sum] = {}
    for each in sums:
        total = found.setdefault(each.asset, Sum("", "", each.asset))
        total.gifts += each.gifts
        total.given += each.given
        total.refunded += each.refunded
        total.matched += each.matched
    return sorted(found.values(), key=lambda total: (total.asset != "CNY", total.asset))
