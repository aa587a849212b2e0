r"""Signatures of protocol jusha-hmac-v1: HMAC-SHA256 over the raw bytes.

Signed text: `jusha-hmac-v1\n<METHOD>\n<path>\n<channel>\n<timestamp>\n` and then the body
as it was sent. Header `jusha-signature: v1=<hex>`; timestamp in Unix seconds, at most
300 seconds from the door's clock. A replay within them meets the replay guard.
"""

import hmac
from typing import Final

from jusha.inbox.keys import hmac_sha256

WINDOW_SECONDS: Final = 300
_NOBODY: Final = bytes(32)


def signature(
    secret: bytes, *, method: str, path: str, channel: str, timestamp: str, body: bytes
) -> str:
    """Return the header's value."""
    head = f"jusha-hmac-v1\n{method}\n{path}\n{channel}\n{timestamp}\n".encode()
    return f"v1={hmac_sha256(secret, head + body).hex()}"


def is_authentic(
    secret: bytes | None,
    given: str,
    *,
    method: str,
    path: str,
    channel: str,
    timestamp: str,
    body: bytes,
) -> bool:
    """Check a signature in constant time; an unknown channel costs the same as a known one."""
    wanted = signature(
        secret or _NOBODY, method=method, path=path, channel=channel, timestamp=timestamp, body=body
    )
    return hmac.compare_digest(wanted.encode(), given.encode()) and secret is not None


def is_fresh(timestamp: str, now_seconds: float) -> bool:
    """Say whether a timestamp (ASCII digits) lies within the window."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004
        return False
    return abs(now_seconds - int(timestamp)) <= WINDOW_SECONDS
