"""WeChat Pay's notices, judged where they come in: no database, no network, no waiting.

A notice is believed for its signature alone, so everything it says is read only behind it. What
it says of payee and amount is handed on as it is: whether that agrees with the order is
settlement's question, because the money has moved.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from jusha.payments.rails.seam import FRESH_SECONDS, Notice, NoticeRefusedError
from jusha.payments.rails.wechat.keys import Platform, Seal
from jusha.payments.rails.wechat.signing import (
    PROBE,
    SCHEME,
    SEALED_BY,
    NotSealedError,
    is_signed,
)
from jusha.payments.rails.wechat.transaction import (
    Account,
    Id,
    NotOursError,
    NotSaidError,
    Refund,
    Transaction,
    check_ours,
    paid,
)

BODY_MAX: Final = 1 << 14
"""A notice has some 1,200 bytes; promotions and lists of goods make it a few thousand."""
ALGORITHM: Final = SCHEME.encode()
PAID: Final = "TRANSACTION.SUCCESS"
REFUNDED: Final = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})


class Resource(msgspec.Struct):
    """The sealed part of a notice."""

    algorithm: str
    ciphertext: bytes
    """Base64 on the wire."""
    nonce: str
    associated_data: str = ""


class Envelope(msgspec.Struct):
    """A notice as it is signed; names are WeChat Pay's."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    event_type: Id
    resource_type: Id
    resource: Resource


_envelope: Final = msgspec.json.Decoder(Envelope)
_transaction: Final = msgspec.json.Decoder(Transaction)
_refund: Final = msgspec.json.Decoder(Refund)


class Notices:
    """Reads the notices of one account at WeChat Pay."""

    def __init__(self, account: Account, *, platform: Platform, seal: Seal) -> None:
        """Read for `account`; `platform` may be replaced while others read."""
        self.account, self.platform, self._seal = account, platform, seal

    def read(self, headers: Mapping[bytes, bytes], body: bytes, *, now_s: float) -> Notice:
        """Judge one request; `headers` have names in lower case, `body` is as it was sent.

        Checked in this order: a key that is known and valid, the signature over the raw bytes,
        its age, its algorithm; then the seal, merchant and app, state, currency, whole amounts.
        An authentic notice of anything but a payment or a refund says neither, and is answered.
        Raises NoticeRefusedError.
        """
        given = headers.get(b"wechatpay-signature", b"")
        timestamp = headers.get(b"wechatpay-timestamp", b"")
        if given.startswith(PROBE):
            raise NoticeRefusedError("unauthentic", "a probe: a signature that is wrong on purpose")
        key = self.platform.key(headers.get(b"wechatpay-serial", b""), now_s=now_s)
        if key is None:
            raise NoticeRefusedError("unauthentic", "no such key of the platform")
        nonce = headers.get(b"wechatpay-nonce", b"")
        if not is_signed(key, given=given, timestamp=timestamp, nonce=nonce, body=body):
            raise NoticeRefusedError("unauthentic", "not signed by the platform")
        if abs(now_s - int(timestamp)) > FRESH_SECONDS:
            raise NoticeRefusedError("stale")
        if headers.get(b"wechatpay-signature-type", ALGORITHM) != ALGORITHM:
            raise NoticeRefusedError("unauthentic", "signed by another algorithm")
        try:
            return self._told(_envelope.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NoticeRefusedError("unreadable", "not a notice of the documented form") from error
        except NotSealedError as error:
            raise NoticeRefusedError("unauthentic", "sealed for another key") from error
        except NotOursError as error:
            raise NoticeRefusedError("unauthentic", str(error)) from error
        except NotSaidError as error:
            raise NoticeRefusedError("unreadable", str(error)) from error

    def _told(self, envelope: Envelope) -> Notice:
        resource, event = envelope.resource, envelope.event_type
        if resource.algorithm != SEALED_BY or envelope.resource_type != "encrypt-resource":
            raise NotSaidError("sealed by another algorithm")
        if event != PAID and event not in REFUNDED:
            return Notice(event=envelope.id)
        text = self._seal.open(
            nonce=resource.nonce,
            associated=resource.associated_data,
            ciphertext=resource.ciphertext,
        )
        if event != PAID:
            refund = _refund.decode(text)
            check_ours(self.account, refund)
            return Notice(event=envelope.id, refund=refund.out_refund_no)
        transaction = _transaction.decode(text)
        check_ours(self.account, transaction)
        if transaction.trade_state != "SUCCESS":
            raise NotSaidError("a notice of success with another state")
        return Notice(event=envelope.id, paid=paid(self.account, transaction))
