"""Which orders this browser placed: a signed cookie, because there are no accounts to ask.

Only such a browser sees the private part of an order and may download its opening.
"""

from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from jusha.people.vault import load

COOKIE: Final = "jusha_orders"
ORDERS_MAX: Final = 30
"""A cookie holds 4,096 bytes; thirty order numbers of eighteen digits fit with their seal."""
AGE_SECONDS: Final = 400 * 86_400
"""The longest that browsers keep a cookie."""


def orders_of(request: HttpRequest) -> list[int]:
    """Orders that this browser placed, newest first; empty if the cookie is not ours."""
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), key=_key(), salt=COOKIE)
    except signing.BadSignature:
        return []
    return [int(each) for each in found]


def remember(request: HttpRequest, response: HttpResponse, order_no: int) -> None:
    """Add an order to this browser's list; the oldest falls out past ORDERS_MAX."""
    orders = [order_no, *(each for each in orders_of(request) if each != order_no)][:ORDERS_MAX]
    response.set_cookie(
        COOKIE,
        signing.dumps(orders, key=_key(), salt=COOKIE),
        max_age=AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def _key() -> bytes:
    return load(settings.HOME, "browser")
