"""What WeChat Pay says of a payment and of a refund: one reading, of notices and of answers."""

from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from jusha.money.assets import AMOUNT_MAX
from jusha.payments.rails.seam import Paid, Returned, State

CURRENCY: Final = "CNY"
Id = Annotated[str, msgspec.Meta(max_length=128)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NotOursError(Exception):
    """Authentic, and for another merchant or app; the text names the field."""


class NotSaidError(Exception):
    """Authentic, and not what is needed: a state, a currency or a field that is missing."""


class Account(NamedTuple):
    """Who we are at WeChat Pay: the provider in partner mode, the merchant in direct mode."""

    mchid: str
    appid: str
    partner: bool = True


class Total(msgspec.Struct):
    """What an order costs, in fen; nothing but whole fen is read."""

    total: Amount
    currency: str = CURRENCY


class Payer(msgspec.Struct):
    """The payer's id for the app that asked: the provider's, or the merchant's own."""

    sp_openid: Id = ""
    openid: Id = ""


class Transaction(msgspec.Struct):
    """One order, as a notice and as a query tell of it. Names are WeChat Pay's."""

    out_trade_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    trade_state: Id
    transaction_id: Id = ""
    sp_mchid: Id = ""
    sub_mchid: Id = ""
    sp_appid: Id = ""
    mchid: Id = ""
    appid: Id = ""
    success_time: Moment | None = None
    amount: Total | None = None
    payer: Payer | None = None


class RefundAmount(msgspec.Struct):
    """What goes back, and of how much, in fen."""

    total: Amount
    refund: Amount
    currency: str = CURRENCY


class Refund(msgspec.Struct):
    """One refund, as its query tells of it (`status`) and as its notice does (`refund_status`)."""

    out_refund_no: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    amount: RefundAmount
    transaction_id: Id = ""
    out_trade_no: Id = ""
    status: Id = ""
    refund_status: Id = ""
    sp_mchid: Id = ""
    sub_mchid: Id = ""
    mchid: Id = ""
    success_time: Moment | None = None


STATES: Final[dict[str, Literal["unpaid", "paid", "closed", "refunded"]]] = {
    "SUCCESS": "paid",
    "REFUND": "refunded",
    "NOTPAY": "unpaid",
    "USERPAYING": "unpaid",
    "PAYERROR": "unpaid",
    "ACCEPT": "unpaid",
    "CLOSED": "closed",
    "REVOKED": "closed",
}
REFUND_STATES: Final[dict[str, Literal["pending", "arrived", "failed"]]] = {
    "PROCESSING": "pending",
    "SUCCESS": "arrived",
    "CLOSED": "failed",
    "ABNORMAL": "failed",
}


def check_ours(account: Account, told: Transaction | Refund) -> None:
    """Raise NotOursError unless it is about us; which charity it is for, settlement judges."""
    if (told.sp_mchid if account.partner else told.mchid) != account.mchid:
        raise NotOursError("another merchant")
    if isinstance(told, Transaction):
        if (told.sp_appid if account.partner else told.appid) != account.appid:
            raise NotOursError("another app")
        if account.partner and not told.sub_mchid:
            raise NotSaidError("no sub-merchant")


def paid(account: Account, told: Transaction) -> Paid:
    """Return the facts of a payment, the same from a notice as from an answer.

    Raises NotSaidError.
    """
    amount, at = told.amount, told.success_time
    if amount is None or at is None or not told.transaction_id:
        raise NotSaidError("a payment without its amount, time or number")
    if amount.currency != CURRENCY:
        raise NotSaidError("another currency")
    payer = told.payer or Payer()
    return Paid(
        transaction=told.transaction_id,
        order=told.out_trade_no,
        amount=amount.total,
        asset=CURRENCY,
        merchant=told.sub_mchid if account.partner else told.mchid,
        payer=payer.sp_openid if account.partner else payer.openid,
        paid_at=int(at.timestamp()),
    )


def state(account: Account, told: Transaction) -> State:
    """Return what became of an order; a refunded one was paid, and says by whom.

    Raises NotSaidError.
    """
    found = STATES.get(told.trade_state)
    if found is None:
        return State("unknown")
    return State(found, paid(account, told) if found in {"paid", "refunded"} else None)


def returned(told: Refund) -> Returned:
    """Return what became of a refund. Raises NotSaidError."""
    if told.amount.currency != CURRENCY:
        raise NotSaidError("another currency")
    return Returned(
        refund=told.out_refund_no,
        transaction=told.transaction_id,
        amount=told.amount.refund,
        state=REFUND_STATES.get(told.status, "unknown"),
        at=int(told.success_time.timestamp()) if told.success_time else 0,
    )
