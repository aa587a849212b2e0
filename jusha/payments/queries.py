"""Reading orders for pages."""

from django.db import connection

from jusha.payments.models import Order, Paid


def order(no: int) -> Order | None:
    """The order as settled; None if settlement has not seen it yet, or refused it."""
    return Order.objects.filter(no=no).first()


def deed_of_order(no: int) -> int | None:
    """The number of the deed that paid the order; None while nothing did."""
    return Paid.objects.filter(order_no=no).values_list("number", flat=True).first()


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
