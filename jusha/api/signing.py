"""Signatures of webhooks, as Standard Webhooks 1.0.0 has them (standardwebhooks.com).

`webhook-signature` holds one or more of `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, separated
by blanks: one for each secret that holds, so that a secret can be changed without a gap. `verify`
is for receivers that are written in Python; any library of the standard does the same.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
VERSION: Final = "v1"
TOLERANCE_SECONDS: Final = 300


class SignatureRefusedError(Exception):
    """A message is not what one of the secrets signed, or is too old or too new."""


def new_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """The secret as it is shown: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secret).decode("ascii")


def secret_bytes(text: str) -> bytes:
    """The bytes of a shown secret. Raises SignatureRefusedError."""
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise SignatureRefusedError("no secret") from error


def headers(
    body: bytes, *, message: str, at_seconds: int, secrets_held: Sequence[bytes]
) -> dict[str, str]:
    """The three headers of a message; `at_seconds` is the Unix time of this try."""
    signed = [_sign(body, message, str(at_seconds), secret) for secret in secrets_held]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": " ".join(f"{VERSION},{each}" for each in signed),
    }


def verify(
    body: bytes, told: Mapping[str, str], *, secrets_held: Sequence[bytes], now_seconds: int
) -> None:
    """Raise SignatureRefusedError unless one of the secrets signed this body just now."""
    found = {name.lower(): value for name, value in told.items()}
    try:
        message, at = found["webhook-id"], found["webhook-timestamp"]
        given = found["webhook-signature"].split(" ")
    except KeyError as error:
        raise SignatureRefusedError("a header is missing") from error
    if not (at.isascii() and at.isdigit()):
        raise SignatureRefusedError("no timestamp")
    if abs(int(at) - now_seconds) > TOLERANCE_SECONDS:
        raise SignatureRefusedError("too old or too new")
    right = [f"{VERSION},{_sign(body, message, at, secret)}" for secret in secrets_held]
    if not any(hmac.compare_digest(a.encode(), b.encode()) for a in given for b in right):
        raise SignatureRefusedError("another signature")


def _sign(body: bytes, message: str, at: str, secret: bytes) -> str:
    signed = f"{message}.{at}.".encode() + body
    return base64.b64encode(hmac.digest(secret, signed, "sha256")).decode("ascii")
