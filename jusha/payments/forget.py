"""What of this room is personal and can be forgotten: plans, and payers' names of open attempts."""

from collections.abc import Collection
from uuid import UUID

from jusha.payments.models import Attempt, Prepared


def orders_of_plans(donors: Collection[UUID]) -> set[int]:
    """Orders that were made of donors' plans. Reads: jusha_prepared."""
    made = Prepared.objects.filter(donor__in=donors, order_no__isnull=False)
    return {no for no in made.values_list("order_no", flat=True) if no}


def forget_plans(*, donors: Collection[UUID], orders: Collection[int]) -> int:
    """Delete plans of donors and those that orders were made of; what is not ordered never is.

    Writes: jusha_prepared.
    """
    gone = Prepared.objects.filter(donor__in=donors, order_no__isnull=True).delete()[0]
    return gone + Prepared.objects.filter(order_no__in=orders).delete()[0]


def forget_payers(orders: Collection[int]) -> int:
    """Forget the rail's own names of who wanted to pay orders, and their addresses.

    Writes: jusha_attempt.
    """
    known = Attempt.objects.filter(order_no__in=orders).exclude(payer="", client_ip="")
    return known.update(payer="", client_ip="")
