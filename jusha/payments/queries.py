"""Reading orders for pages."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from jusha.payments.models import Attempt, Order, Paid


def order(no: int) -> Order | None:
    """The order as settled; None if settlement has not seen it yet, or refused it."""
    return Order.objects.filter(no=no).first()


def amount_of(no: int) -> int | None:
    """What the order is about, in fen; None while settlement does not know it."""
    return Order.objects.filter(no=no).values_list("amount", flat=True).first()


def payee_of(no: int) -> str:
    """Code of the charity that an order's money goes to; "" while settlement does not know it.

    Reads: payments_order, projects_fund, charities_payee.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.code FROM payments_order o JOIN projects_fund f ON f.project = o.project"
            " JOIN charities_payee p ON p.id = f.payee WHERE o.no = %s",
            (no,),
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def deed_of_order(no: int) -> int | None:
    """The number of the deed that paid the order; None while nothing did."""
    return Paid.objects.filter(order_no=no).values_list("number", flat=True).first()


def deeds_of_orders(numbers: Iterable[int]) -> dict[int, int]:
    """Numbers of the deeds that paid these orders, by order; unpaid ones are left out."""
    found = Paid.objects.filter(order_no__in=list(numbers))
    return dict(found.values_list("order_no", "number"))


def unpaid_since(numbers: Iterable[int], since: datetime) -> int:
    """How many of these orders came since then and were not paid."""
    orders = Order.objects.filter(no__in=list(numbers), received_at__gte=since)
    return orders.exclude(no__in=Paid.objects.values("order_no")).count()


def attempt_state(no: int, rail: str) -> str:
    """How far an order is on a rail; "" if nobody asked for it there."""
    found = Attempt.objects.filter(order_no=no, rail=rail).values_list("state", flat=True)
    return found.first() or ""


def refusal_of_order(no: int) -> str | None:
    """Why settlement refused the order, as a code; None if it did not.

    Reads: settlement_outcome.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code FROM settlement_outcome WHERE id = encode(%s, 'hex')::uuid",
            (no.to_bytes(16, "big"),),
        )
        row = cursor.fetchone()
    return row[0] if row else None


def held_for_order(no: int) -> tuple[int, str] | None:
    """The deed held in suspense for an order, and why; None if there is none.

    Reads: giving_case.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, reason FROM giving_case WHERE detail ->> 'order' = %s"
            " ORDER BY id LIMIT 1",
            (str(no),),
        )
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None
