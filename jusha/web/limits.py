"""How much one address may report, without keeping addresses.

In memory alone: of an address stands a keyed hash, whose key is made at random each day and each
start and goes with it. Whoever sees the memory of a day cannot say who reported the day before.
"""

import hmac
import secrets
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock
from typing import Final

ADDRESSES_MAX: Final = 50_000
A_MINUTE: Final = 30
"""Reports of one address in a minute."""
A_DAY: Final = 2_000
"""Receipts that one address may report in a day."""
HASH_BYTES: Final = 8
IPV6_HOST_BITS: Final = 64


@dataclass(slots=True)
class _Used:
    minute: int = 0
    in_minute: int = 0
    in_day: int = 0


class Limits:
    """Counts by address and day; as many addresses as ADDRESSES_MAX, no more."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._day = -1
        self._key = b""
        self._used: dict[bytes, _Used] = {}

    def take(self, address: str, receipts: int, *, now_s: int, day: int) -> bool:
        """Whether a report of `receipts` from an address may still count; if so, it is counted.

        `now_s` are Unix seconds, `day` numbers the Shanghai day.
        """
        with self._lock:
            if day != self._day:
                self._day, self._key = day, secrets.token_bytes(32)
                self._used.clear()
            name = hmac.digest(self._key, network(address), "sha256")[:HASH_BYTES]
            used = self._used.get(name)
            if used is None:
                if len(self._used) >= ADDRESSES_MAX:
                    return False
                used = self._used[name] = _Used()
            minute = now_s // 60
            if used.minute != minute:
                used.minute, used.in_minute = minute, 0
            if used.in_minute >= A_MINUTE or used.in_day + receipts > A_DAY:
                return False
            used.in_minute += 1
            used.in_day += receipts
            return True


def network(address: str) -> bytes:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one; else the text."""
    try:
        found = ip_address(address)
    except ValueError:
        return address.encode()
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped.packed
        return (int(found) >> IPV6_HOST_BITS).to_bytes(8, "big")
    return found.packed


def address_of(meta: dict[str, str], *, proxy_hops: int) -> str:
    """The visitor's address: as the server saw it, or as the outermost of our own proxies did."""
    if proxy_hops:
        told = [each.strip() for each in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(told) >= proxy_hops and told[-proxy_hops]:
            return told[-proxy_hops]
    return meta.get("REMOTE_ADDR", "")
