"""What lets a partner act for a charity at a rail, sealed: Alipay's app_auth_token."""

from typing import Final

from jusha.people.vault import seal, unseal

ABOUT: Final = b"merchant-token"


def seal_token(key: bytes, token: str) -> bytes:
    """Seal a token for `jusha_merchant`; "" where none is needed gives nothing to keep."""
    return seal(key, token.encode(), ABOUT) if token else b""


def open_token(key: bytes, sealed: bytes) -> str:
    """Open what `seal_token` made. Raises SealBrokenError for another key or damage."""
    return unseal(key, bytes(sealed), ABOUT).decode() if sealed else ""
