"""What every payment rail can do, and the facts that pass through the seam.

A rail is a client of somebody else's service. What it says is signed by it and checked
here over raw bytes; what it asks for in return is an idempotency key, which therefore is
a required argument wherever something is bound or moved. Amounts are integers in the
asset's smallest unit, times Unix seconds.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple, Protocol

FRESH_SECONDS = 300
"""How far the clock in a rail's signature may be from ours."""

CODE_MAX = 200
"""Letters of a rail's word for why: what a row holds of it."""

Way = Literal["native", "jsapi", "h5", "app", "page", "wap", "precreate"]
"""How a donor meets the cashier: a QR code, a page inside an app, a page in a browser."""


class RailError(Exception):
    """A rail did not do what it was asked; `code` is its own word for why."""

    def __init__(self, code: str, told: str = "") -> None:
        """Keep the rail's code and, without any payer's data, what it said.

        A code is kept in a row, so it is cut to what one holds, without U+0000.
        """
        super().__init__(f"{code} {told}".strip())
        self.code = code.replace("\0", "")[:CODE_MAX]


class RailUnsureError(RailError):
    """No answer, or one that is not signed: it may have happened. Ask again with the same key."""


class RailRefusedError(RailError):
    """The rail answered, signed, that it will not."""


class NoticeRefusedError(Exception):
    """A notice that is not the rail's word; `why` is `unauthentic`, `stale` or `unreadable`."""

    def __init__(self, why: Literal["unauthentic", "stale", "unreadable"], told: str = "") -> None:
        """Keep why; `told` repeats no value of the message."""
        super().__init__(f"{why} {told}".strip())
        self.why = why


class Payee(NamedTuple):
    """The charity's own account at the rail: money goes there and nowhere else.

    `merchant` is the sub-merchant in partner mode, the merchant itself in direct mode, and
    Alipay's seller id; `token` is what lets a partner act for it (Alipay's app_auth_token).
    """

    code: str
    merchant: str
    token: str = ""


class Ask(NamedTuple):
    """An order to be paid. `payer` is the rail's own id, where the way needs one (JSAPI)."""

    order: int
    amount: int
    asset: str
    payee: Payee
    title: str
    """What the donor sees in the wallet's list: charity and project, at most 40 characters."""
    expires_at: int
    way: Way
    payer: str = ""
    client_ip: str = ""
    back: str = ""


class Payable(NamedTuple):
    """What a browser needs to pay: one of a code to draw, an address to go to, or parameters."""

    code: str = ""
    url: str = ""
    parameters: Mapping[str, str] = {}


class Paid(NamedTuple):
    """A payment, in the rail's word: from a notice or from an answer, the same facts either way."""

    transaction: str
    order: str
    amount: int
    asset: str
    merchant: str
    payer: str
    paid_at: int


class State(NamedTuple):
    """What became of an order at the rail; `paid` where it is `paid`, or was and is `refunded`."""

    state: Literal["unpaid", "paid", "closed", "refunded", "unknown"]
    paid: Paid | None = None


class Returned(NamedTuple):
    """What became of a refund at the rail.

    `failed` means that the rail could not deliver it (a closed card): the money stays owed.
    """

    refund: str
    transaction: str
    amount: int
    state: Literal["pending", "arrived", "failed", "unknown"]
    at: int = 0


class Notice(NamedTuple):
    """A rail's authentic message: a payment, or that a refund moved (then it has to be asked)."""

    event: str
    """The rail's own id of the event."""
    paid: Paid | None = None
    refund: str = ""
    """Our key of the refund it is about."""


class Rail(Protocol):
    """One rail, as a partner acting for charities or as one charity itself.

    Every method may raise RailUnsureError (then the same call, with the same key, is safe
    and wanted) or RailRefusedError.
    """

    name: str

    def create(self, ask: Ask, *, key: str) -> Payable:
        """Bind an order to a way of paying it; the same key returns the same."""
        ...

    def query(self, order: int, payee: Payee) -> State:
        """Ask what became of an order: the truth about it."""
        ...

    def close(self, order: int, payee: Payee, *, key: str) -> None:
        """Let nobody pay the order any more. Raises RailRefusedError("paid") if it is."""
        ...

    def refund(self, paid: Paid, payee: Payee, *, amount: int, reason: str, key: str) -> Returned:
        """Send part or all of a payment back by its route; the same key sends it once."""
        ...

    def query_refund(self, key: str, paid: Paid, payee: Payee) -> Returned:
        """Ask what became of a refund."""
        ...

    def bill(self, day: date, payee: Payee | None) -> Iterator[bytes]:
        """Yield the bytes of a day's bill as the rail serves it, checked against its hash."""
        ...
