"""By which browser an order was placed, so that nobody can follow a browser from day to day.

Only a hash stands here, under a key of the day: today's says nothing of tomorrow's. It is deleted
after DEVICE_DAYS, and at once when the order's donor is erased. No address, no fingerprint, no
further cookie: what is hashed is the donor that the orders' own cookie already names.
"""

import hmac
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from jusha.giving.erase_donor import BESIDES
from jusha.guarding.models import OrderDevice
from jusha.people.erasure_list import Line
from jusha.people.vault import load

SECRET: Final = "device"  # noqa: S105 - its name
DEVICE_DAYS: Final = 30
"""A case is decided within working days, and a day's objections a week later."""
HASH_BYTES: Final = 16


def note_device(orders: list[int], browser: UUID, *, today: date) -> None:
    """Keep by which browser orders were placed. Safe to repeat. Writes: jusha_orderdevice."""
    device = device_of(load(settings.HOME, SECRET), browser, today)
    OrderDevice.objects.bulk_create(
        [OrderDevice(order_no=no, device=device, day=today) for no in orders],
        ignore_conflicts=True,
    )


def device_of(secret: bytes, browser: UUID, day: date) -> UUID:
    """A browser's name on one day; nobody can tell that two of two days are one browser's."""
    key = hmac.digest(secret, day.isoformat().encode(), "sha256")
    return UUID(bytes=hmac.digest(key, browser.bytes, "sha256")[:HASH_BYTES])


def forget_devices(*, today: date) -> int:
    """Delete what is older than DEVICE_DAYS; how many rows. Writes: jusha_orderdevice."""
    gone = OrderDevice.objects.filter(day__lt=today - timedelta(days=DEVICE_DAYS))
    return gone.delete()[0]


def forget_line(line: Line) -> None:
    """Forget the browsers of erased orders. Writes: jusha_orderdevice."""
    OrderDevice.objects.filter(order_no__in=line.orders).delete()


BESIDES.append(forget_line)
