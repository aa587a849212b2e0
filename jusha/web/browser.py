"""Which orders this browser placed: a signed cookie, because a guest has no account to ask.

Only such a browser sees the private part of an order and may download its opening. The cookie
also names the guest's donor key, under which what they write is sealed.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localdate

from jusha.guarding.devices import note_device
from jusha.people.donor_keys import NewDonor, donor_of_account, is_erased, new_donor
from jusha.people.keep_orders import keep_orders
from jusha.people.models import UserAccount
from jusha.people.vault import load

COOKIE: Final = "jusha_orders"
ORDERS_MAX: Final = 30
"""A cookie holds 4,096 bytes; thirty order numbers of eighteen digits fit with their seal."""
AGE_SECONDS: Final = 400 * 86_400
"""The longest that browsers keep a cookie."""
MADE: Final = "jusha.donor"
"""Where a donor that was made for this request waits for its cookie."""


class Kept(NamedTuple):
    """What the cookie says: orders, newest first, and the donor that this browser is."""

    orders: list[int]
    donor: UUID | None


def orders_of(request: HttpRequest) -> list[int]:
    """Orders that this browser placed, newest first; empty if the cookie is not ours."""
    return _kept(request).orders


def browser_donor(request: HttpRequest) -> UUID | None:
    """The donor that this browser is; None before its first order, and once it was erased.

    Reads: jusha_donorkey.
    """
    donor = _kept(request).donor
    return None if donor is None or is_erased(donor) else donor


def donor_of(request: HttpRequest) -> UUID | NewDonor:
    """The donor who acts: the account that is signed in to, else this browser.

    A browser without one gets it here; `remember` writes it into the cookie.
    Reads, writes: jusha_donorkey.
    """
    if isinstance(request.user, UserAccount):
        donor = donor_of_account(request.user.pk)
        assert donor is not None
        return donor
    if (known := browser_donor(request)) is not None:
        return known
    made: NewDonor = request.META.setdefault(MADE, new_donor())
    return made


def remember(request: HttpRequest, response: HttpResponse, *order_nos: int) -> None:
    """Add orders to this browser's list, and to the account if one is signed in to.

    The oldest falls out of the list past ORDERS_MAX; an account forgets none. For
    some weeks it can be seen which orders of one day came from one browser (guarding/devices.py).
    """
    if isinstance(request.user, UserAccount):
        keep_orders(request.user, list(order_nos))
    before = _kept(request)
    earlier = (each for each in before.orders if each not in order_nos)
    orders = [*order_nos, *earlier][:ORDERS_MAX]
    made: NewDonor | None = request.META.get(MADE)
    kept = Kept(orders, made.id if made else before.donor)
    _write(request, response, kept)
    note_device([*order_nos], kept.donor or UUID(int=orders[-1]), today=localdate())


def forget(request: HttpRequest, response: HttpResponse, *order_nos: int) -> None:
    """Take erased orders off this browser's list, and the donor that it was."""
    left = [no for no in orders_of(request) if no not in order_nos]
    _write(request, response, Kept(left, browser_donor(request)))


def forget_browser(response: HttpResponse) -> None:
    """Take the whole list away from this browser, and the donor that it was."""
    response.delete_cookie(COOKIE, samesite="Lax")


def _write(request: HttpRequest, response: HttpResponse, kept: Kept) -> None:
    told: dict[str, Any] = {"orders": kept.orders}
    if kept.donor is not None:
        told["donor"] = kept.donor.hex
    if not kept.orders and kept.donor is None:
        forget_browser(response)
        return
    response.set_cookie(
        COOKIE,
        signing.dumps(told, key=_key(), salt=COOKIE),
        max_age=AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def _kept(request: HttpRequest) -> Kept:
    """What the cookie says; the list alone is what browsers have from before donors had keys."""
    if COOKIE not in request.COOKIES:
        return Kept([], None)
    try:
        found = signing.loads(request.COOKIES[COOKIE], key=_key(), salt=COOKIE)
    except signing.BadSignature:
        return Kept([], None)
    if isinstance(found, list):
        return Kept([int(each) for each in found], None)
    donor = found.get("donor")
    return Kept([int(each) for each in found["orders"]], UUID(donor) if donor else None)


def _key() -> bytes:
    return load(settings.HOME, "browser")
