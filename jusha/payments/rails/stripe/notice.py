"""Stripe's events at the door: judged by raw bytes, no network and no database.

Not judged here are payee and order, as with all rails: an event that Stripe signed is money that
has moved, so account and amount come out as facts, and settlement holds what does not agree. A
charge that carries no order of ours is the charity's own business: it says nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from jusha.payments.rails.seam import FRESH_SECONDS, Notice, NoticeRefusedError
from jusha.payments.rails.stripe.charge import ORDER, REFUND, NotSaidError, noted, paid
from jusha.payments.rails.stripe.signing import is_signed, read_header

BODY_MAX: Final = 65_536
HEADER: Final = b"stripe-signature"
PAID: Final = "charge.succeeded"
REFUNDED: Final = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
KEY_MAX: Final = 64


class Data(msgspec.Struct):
    """What an event is about."""

    object: dict[str, Any]


class Event(msgspec.Struct):
    """The part of an event that is read; `account` is the connected account it happened in."""

    id: str
    object: str
    type: str
    livemode: bool
    data: Data
    account: str = ""


_event: Final = msgspec.json.Decoder(Event)


class Events:
    """Reads the events of one endpoint."""

    def __init__(self, *, account: str, is_live: bool, secrets: tuple[bytes, ...]) -> None:
        """Keep the platform's own account, its mode, and the endpoint's secrets, newest first."""
        if not secrets:
            raise ValueError("an endpoint has a secret")
        self.account, self.is_live, self._secrets = account, is_live, secrets

    def read(self, headers: Mapping[bytes, bytes], body: bytes, *, now_s: float) -> Notice:
        """Judge one request; `headers` have names in lower case, `body` is as it was sent.

        Checked in this order: the signature over the raw bytes, its age, the form, test or live.
        An authentic event of anything but a payment or a refund says neither, and is answered.
        Raises NoticeRefusedError.
        """
        if len(body) > BODY_MAX:
            raise NoticeRefusedError("unreadable", "too long")
        header = read_header(headers.get(HEADER, b""))
        if header is None or not is_signed(self._secrets, header, body):
            raise NoticeRefusedError("unauthentic", "not signed by the endpoint's secret")
        if abs(now_s - header.timestamp) > FRESH_SECONDS:
            raise NoticeRefusedError("stale")
        try:
            event = _event.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NoticeRefusedError("unreadable", "not an event of the documented form") from error
        if event.object != "event":
            raise NoticeRefusedError("unreadable", "not an event")
        if event.livemode is not self.is_live:
            raise NoticeRefusedError("unauthentic", "livemode")
        return self._told(event)

    def _told(self, event: Event) -> Notice:
        about = event.data.object
        if event.type in REFUNDED:
            return Notice(event.id, refund=noted(about, REFUND)[:KEY_MAX])
        if event.type != PAID or not noted(about, ORDER):
            return Notice(event.id)
        try:
            return Notice(event.id, paid=paid(about, account=event.account or self.account))
        except NotSaidError as error:
            raise NoticeRefusedError("unreadable", str(error)) from error
