"""Stripe's signature of its webhooks: HMAC-SHA256 over time and raw body, hex, no network.

    Stripe-Signature: t=1492774577,v1=5257a869…,v1=…

Each v1 is made with one of the endpoint's secrets: while a secret is rolled, Stripe sends two.
Other schemes (v0 of test events) are not looked at. Source: docs.stripe.com/webhooks/signature.
"""

import hmac
import re
from hashlib import sha256
from typing import Final, NamedTuple

HEADER_MAX: Final = 1_024
SIGNATURES_MAX: Final = 8
_TIME: Final = re.compile(rb"[0-9]{1,12}")
_HEX: Final = re.compile(rb"[0-9a-f]{64}")


class Header(NamedTuple):
    """What the header says: Unix seconds, and the v1 signatures in hex."""

    timestamp: int
    signatures: tuple[bytes, ...]


def read_header(raw: bytes) -> Header | None:
    """Read the header; None unless it has one time and, well-formed, one signature or more."""
    if len(raw) > HEADER_MAX:
        return None
    times: list[bytes] = []
    signatures: list[bytes] = []
    for item in raw.split(b","):
        name, _, value = item.partition(b"=")
        if name == b"t":
            times.append(value)
        elif name == b"v1":
            signatures.append(value)
    if len(times) != 1 or not 0 < len(signatures) <= SIGNATURES_MAX:
        return None
    if not _TIME.fullmatch(times[0]) or not all(_HEX.fullmatch(each) for each in signatures):
        return None
    return Header(int(times[0]), tuple(signatures))


def is_signed(secrets: tuple[bytes, ...], header: Header, body: bytes) -> bool:
    """Say whether one of the signatures is one of these secrets', over exactly this body."""
    text = b"%d.%s" % (header.timestamp, body)
    found = False
    for secret in secrets:
        expected = hmac.new(secret, text, sha256).hexdigest().encode()
        for given in header.signatures:
            found |= hmac.compare_digest(expected, given)
    return found
