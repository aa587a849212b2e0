"""Who pays, on its way through `jusha_attempt`: never a rail's own id in clear.

The page brings a one-time code, which is worth nothing without the app's secret. The payments
process, which alone has that secret, swaps it and keeps the id sealed until the rail has answered;
then the row forgets it (sql/keep_attempt.sql).
"""

import base64
from typing import Final, Protocol, runtime_checkable

from jusha.people.vault import SealBrokenError, seal, unseal

CODE: Final = "c:"
SEALED: Final = "s:"


@runtime_checkable
class KnowsPayers(Protocol):
    """A rail that tells who a browser is by a one-time code."""

    def payer_of(self, code: str) -> str:
        """Swap a code for the rail's own id. Raises RailRefusedError, RailUnsureError."""
        ...


def by_code(code: str) -> str:
    """A code, as the page writes it."""
    return f"{CODE}{code}"


def sealed(key: bytes, payer: str, *, order_no: int) -> str:
    """A rail's id, as the payments process writes it; bound to its order."""
    raw = seal(key, payer.encode(), _about(order_no))
    return f"{SEALED}{base64.b64encode(raw).decode()}"


def opened(key: bytes, written: str, *, order_no: int) -> str:
    """What `sealed` made, or what a partner of the API named. Raises SealBrokenError."""
    if not written.startswith(SEALED):
        return written
    try:
        raw = base64.b64decode(written.removeprefix(SEALED), validate=True)
    except ValueError as error:
        raise SealBrokenError("payer") from error
    return unseal(key, raw, _about(order_no)).decode()


def _about(order_no: int) -> bytes:
    return f"payer {order_no}".encode()
