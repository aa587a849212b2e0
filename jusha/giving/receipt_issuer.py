"""The port to whoever issues 公益事业捐赠电子票据: three verbs, each with its idempotency key.

Only the charity issues it, through the finance ministry's system (财综〔2024〕1号); the charity's
own connection to that system is a class with these verbs. An issuer that gets the same key
again gives the same receipt again.
"""

from typing import Literal, NamedTuple, Protocol

State = Literal["issued", "pending", "unknown"]


class IssuerUnsureError(Exception):
    """No answer that can be relied on: what was asked may have happened. Ask again, same key."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IssuerRefusedError(Exception):
    """The issuer will not do this, and did not; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Wish(NamedTuple):
    """What is asked of an issuer; `amount` in fen, `day` the gift's as 2026-11-23.

    `payer_code` and `mail` may be "". Personal data: goes to the issuer and into no log.
    """

    charity_code: str
    project_code: str
    project_name: str
    payer_title: str
    payer_name: str
    payer_code: str
    mail: str
    amount: int
    day: str
    deed: int


class Stamp(NamedTuple):
    """What makes an e-receipt: 票据代码, 票据号码, 校验码."""

    code: str
    number: str
    check: str


class Answer(NamedTuple):
    """How far it is; `stamp` when it is issued, or when the reversal is."""

    state: State
    stamp: Stamp | None = None


class ReceiptIssuer(Protocol):
    """Whoever issues. Every verb raises IssuerUnsureError or IssuerRefusedError."""

    def issue(self, wish: Wish, *, key: str) -> Answer:
        """Ask for a receipt."""

    def reverse(self, stamp: Stamp, *, amount: int, key: str) -> Answer:
        """Ask for the reversal (冲红) of a whole receipt over `amount` fen."""

    def query(self, key: str) -> Answer:
        """Ask what became of a key; unknown: it was never heard."""
