"""How many orders one address and one browser may place before they are asked, or told to wait.

Testers of stolen cards and scripts place many orders and pay few. The counts are in memory alone,
by a keyed hash whose key changes every day (limits.py), and stand before the durable path, never
in it: an order that was placed is settled whatever this says. Thresholds of challenge and refusal
by attempts in ten minutes follow what fraud vendors publish (more than 5, more than 10 for one
device); an address may be a whole school's, so its thresholds are far higher.
"""

import hmac
import secrets
from collections import deque
from threading import Lock
from typing import Final, Literal

from jusha.web.limits import network

WINDOW_SECONDS: Final = 600
DEVICE_ASKS: Final = 5
DEVICE_WAITS: Final = 10
ADDRESS_ASKS: Final = 120
ADDRESS_WAITS: Final = 1_200
ADDRESSES_MAX: Final = 50_000
DAY_SECONDS: Final = 86_400
HASH_BYTES: Final = 8

Verdict = Literal["pass", "ask", "wait"]


class Gate:
    """Counts orders by address in the last ten minutes; or complaints, with limits of their own."""

    def __init__(
        self,
        *,
        device: tuple[int, int] = (DEVICE_ASKS, DEVICE_WAITS),
        address: tuple[int, int] = (ADDRESS_ASKS, ADDRESS_WAITS),
    ) -> None:
        """`device` and `address`: beyond how many in the window it asks, and lets wait."""
        self._device, self._address = device, address
        self._lock = Lock()
        self._day = -1
        self._key = b""
        self._orders: dict[bytes, deque[int]] = {}

    def verdict(self, address: str, *, unpaid: int, now_s: int) -> Verdict:
        """Say whether one more order may come; `unpaid` of this browser's are still open."""
        orders = self._of(address, now_s)
        if unpaid > self._device[1] or len(orders) > self._address[1]:
            return "wait"
        if unpaid > self._device[0] or len(orders) > self._address[0]:
            return "ask"
        return "pass"

    def count(self, address: str, *, now_s: int) -> None:
        """Note an order."""
        self._of(address, now_s).append(now_s)

    def _of(self, address: str, now_s: int) -> deque[int]:
        """The orders of an address in the window, oldest first."""
        with self._lock:
            if now_s // DAY_SECONDS != self._day:
                self._day, self._key = now_s // DAY_SECONDS, secrets.token_bytes(32)
                self._orders.clear()
            name = hmac.digest(self._key, network(address), "sha256")[:HASH_BYTES]
            if name not in self._orders and len(self._orders) >= ADDRESSES_MAX:
                self._orders.pop(next(iter(self._orders)))
            orders = self._orders.setdefault(name, deque(maxlen=ADDRESS_WAITS + 1))
            while orders and orders[0] <= now_s - WINDOW_SECONDS:
                orders.popleft()
            return orders
