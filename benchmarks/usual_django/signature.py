"""How the rival's notices are signed; both ends import it, and it needs no Django."""

import hashlib
import hmac

SIGNATURE_HEADER = "X-Signature"


def sign(body: bytes, *, secret: str) -> str:
    """The HMAC-SHA256 of a body in hex."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
