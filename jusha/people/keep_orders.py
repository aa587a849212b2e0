"""Keep orders in an account, so that its gifts are found from every device."""

from collections.abc import Iterable

from jusha.people.models import OwnedOrder, UserAccount


def keep_orders(account: UserAccount, orders: Iterable[int]) -> int:
    """Keep orders in an account; say how many are its own now of those that were handed over.

    What another account keeps stays there. Safe to repeat. Whoever calls has seen that the person
    may: the browser's signed cookie, or the order just placed. Writes: jusha_ownedorder.
    """
    wanted = list(orders)
    OwnedOrder.objects.bulk_create(
        [OwnedOrder(order_no=no, account=account) for no in wanted], ignore_conflicts=True
    )
    return OwnedOrder.objects.filter(account=account, order_no__in=wanted).count()


def orders_kept(account: UserAccount) -> list[int]:
    """Orders that an account keeps, newest first. Reads: jusha_ownedorder."""
    found = OwnedOrder.objects.filter(account=account).order_by("-order_no")
    return list(found.values_list("order_no", flat=True))
