"""How much may be asked in a minute: by a key, and by an address.

In memory alone, of one process. Of an address stands a keyed hash, whose key is made at random at
each start and each day and goes with it. The header fields follow the IETF draft "RateLimit header
fields for HTTP", version 11.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from threading import Lock
from typing import Final, NamedTuple

WINDOW_SECONDS: Final = 60
DAY_SECONDS: Final = 86_400
NAMES_MAX: Final = 50_000
"""How many names one policy counts at once; the oldest goes first."""
IPV6_HOST_BITS: Final = 64
HASH_BYTES: Final = 8


class Policy(NamedTuple):
    """At most `quota` requests in WINDOW_SECONDS."""

    name: str
    quota: int

    @property
    def header(self) -> str:
        """The item of RateLimit-Policy."""
        return f'"{self.name}";q={self.quota};w={WINDOW_SECONDS}'


BY_ADDRESS: Final = Policy("address", 600)
BY_KEY: Final = Policy("key", 600)
BY_KEY_WRITES: Final = Policy("writes", 120)
BY_REFUSALS: Final = Policy("refusals", 30)
"""Keys that do not hold: who guesses is slowed down."""
POLICIES: Final = (BY_ADDRESS, BY_KEY, BY_KEY_WRITES, BY_REFUSALS)


class Standing(NamedTuple):
    """What is left of a policy for one name: requests, and seconds until it is full again."""

    policy: Policy
    allowed: bool
    left: int
    seconds: int

    @property
    def header(self) -> str:
        """The item of RateLimit."""
        return f'"{self.policy.name}";r={self.left};t={self.seconds}'


class Rates:
    """Counts in windows of a minute that begin with a name's first request."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """Count by this clock, in Unix seconds."""
        self._clock, self._lock = clock, Lock()
        self._day, self._key = -1, b""
        self._counts: dict[tuple[str, bytes], tuple[int, int]] = {}

    def take(self, policy: Policy, name: bytes, *, cost: int = 1) -> Standing:
        """Count one request of a name, unless its minute is used up; `cost` 0 only looks."""
        now = int(self._clock())
        with self._lock:
            if now // DAY_SECONDS != self._day:
                self._day, self._key = now // DAY_SECONDS, secrets.token_bytes(32)
                self._counts.clear()
            hashed = hmac.digest(self._key, name, "sha256")[:HASH_BYTES]
            began, used = self._counts.pop((policy.name, hashed), (now, 0))
            if not began <= now < began + WINDOW_SECONDS:
                began, used = now, 0
            allowed = used < policy.quota
            used += cost if allowed else 0
            if len(self._counts) >= NAMES_MAX:
                self._counts.pop(next(iter(self._counts)))
            self._counts[policy.name, hashed] = (began, used)
        return Standing(policy, allowed, policy.quota - used, began + WINDOW_SECONDS - now)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts.clear()


def address(meta: dict[str, str], *, proxy_hops: int) -> bytes:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one; else the text.

    As the server saw it, or as the outermost of our own proxies did.
    """
    told = meta.get("REMOTE_ADDR", "")
    if proxy_hops:
        hops = [each.strip() for each in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(hops) >= proxy_hops and hops[-proxy_hops]:
            told = hops[-proxy_hops]
    try:
        found = ip_address(told)
    except ValueError:
        return told.encode(errors="replace")
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return (int(found) >> IPV6_HOST_BITS).to_bytes(8, "big")
    return (found.ipv4_mapped or found).packed if isinstance(found, IPv6Address) else found.packed
