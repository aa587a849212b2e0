"""Keyed names for what must be recognised but not stored: external ids and payers.

Both keys are HMAC-SHA256 under secrets of the installation, made where the message
comes in. Losing a secret makes repeats look new, so backups keep them.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_DATE_AND_TIME: Final = re.compile(
    r"(?=(20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])([0-5][0-9])"
    r"([0-5][0-9]|6[01]))"
)
"""Seconds as clocks show them, leap seconds too."""
_UUID7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_EPOCH_DAY: Final = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a day has no zone


def id_time_us(external_id: str) -> int:
    """Read the time that an external id itself tells, in microseconds; 0 if it tells none.

    Understands UUIDv7 (RFC 9562) and ids with yyyymmddHHMMSS in them, as bank and
    UnionPay references have. It depends on the id alone, so a late repeat gets the
    key of its first.
    """
    if _UUID7.fullmatch(external_id):
        return int(external_id.replace("-", "")[:12], 16) * 1000
    # A prefix may hold another "20" than the year's, so places that overlap count too.
    for found in _DATE_AND_TIME.finditer(external_id):
        year, month, day, hour, minute, second = map(int, found.groups())
        try:
            days = datetime(year, month, day).toordinal() - _EPOCH_DAY  # noqa: DTZ001 - as above
        except ValueError:  # 30 February
            continue
        return (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000
    return 0


@lru_cache(maxsize=64)
def _keyed(secret: bytes) -> HMAC:
    """HMAC-SHA256 with this secret taken in, to be copied: that is half of a short text's time."""
    return HMAC(secret, SHA256())


def hmac_sha256(secret: bytes, text: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) of a text, quickly for a secret that is used again and again."""
    state = _keyed(secret).copy()
    state.update(text)
    return state.finalize()


def deed_key(secret: bytes, channel: str, external_id: str) -> bytes:
    """Name (channel, external id) in 16 bytes: 8 of time taken from the id, 8 of keyed hash.

    Time in front keeps the index of seen deeds growing at its end (decision 10). An
    id without time is named by 16 bytes of hash.
    """
    hashed = hmac_sha256(secret, f"deed\n{channel}\n{external_id}".encode())
    at_us = id_time_us(external_id)
    return at_us.to_bytes(8, "big") + hashed[:8] if at_us else hashed[:16]


def person_key(secret: bytes, rail: str, payer_id: str) -> bytes:
    """Name a payer in 16 bytes that tell nothing without the secret (decision 9)."""
    return hmac_sha256(secret, f"person\n{rail}\n{payer_id}".encode())[:16]
