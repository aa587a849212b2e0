"""Keyed names for what must be recognised but not stored: external ids and payers.

Both keys are HMAC-SHA256 under secrets of the installation, made where the message
comes in. Losing a secret makes repeats look new, so backups keep them.
"""

import calendar
import hmac
import re
import time
from typing import Final

_DIGITS14: Final = re.compile(r"(?=(20\d{12}))")
_UUID7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)


def id_time_us(external_id: str) -> int:
    """Read the time that an external id itself tells, in microseconds; 0 if it tells none.

    Understands UUIDv7 (RFC 9562) and ids with yyyymmddHHMMSS in them, as bank and
    UnionPay references have. It depends on the id alone, so a late repeat gets the
    key of its first.
    """
    if _UUID7.fullmatch(external_id):
        return int(external_id.replace("-", "")[:12], 16) * 1000
    for found in _DIGITS14.finditer(external_id):  # a prefix may hold another "20" than the year's
        try:
            parsed = time.strptime(found.group(1), "%Y%m%d%H%M%S")
        except ValueError:
            continue
        return calendar.timegm(parsed) * 1_000_000
    return 0


def deed_key(secret: bytes, channel: str, external_id: str) -> bytes:
    """Name (channel, external id) in 16 bytes: 8 of time taken from the id, 8 of keyed hash.

    Time in front keeps the index of seen deeds growing at its end (decision 10). An
    id without time is named by 16 bytes of hash.
    """
    hashed = hmac.digest(secret, f"deed\n{channel}\n{external_id}".encode(), "sha256")
    at_us = id_time_us(external_id)
    return at_us.to_bytes(8, "big") + hashed[:8] if at_us else hashed[:16]


def person_key(secret: bytes, rail: str, payer_id: str) -> bytes:
    """Name a payer in 16 bytes that tell nothing without the secret (decision 9)."""
    return hmac.digest(secret, f"person\n{rail}\n{payer_id}".encode(), "sha256")[:16]
