"""The rails' notices at the door: judged by each rail's own rules, recorded like any deed.

What a rail signed is never refused for what it says: who is paid, how much and for which order
is settlement's business, because the money has moved. A notice of a refund carries no money in;
it wakes the payments process, which asks.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from jusha.door.messages import Keys
from jusha.inbox.envelopes import Envelope
from jusha.payments.rails import config
from jusha.payments.rails.alipay.notice import BODY_MAX as ALIPAY_BODY_MAX
from jusha.payments.rails.alipay.notice import SUCCESS
from jusha.payments.rails.config import NOTICE_PATH
from jusha.payments.rails.deed import deed_of
from jusha.payments.rails.names import ALIPAY, STRIPE, WECHAT
from jusha.payments.rails.seam import Notice
from jusha.payments.rails.stripe.notice import BODY_MAX as STRIPE_BODY_MAX
from jusha.payments.rails.stripe.notice import HEADER as STRIPE_HEADER
from jusha.payments.rails.wechat.notice import BODY_MAX as WECHAT_BODY_MAX

WECHAT_PATH: Final = NOTICE_PATH + WECHAT
ALIPAY_PATH: Final = NOTICE_PATH + ALIPAY
STRIPE_PATH: Final = NOTICE_PATH + STRIPE
BODY_MAX: Final = {
    WECHAT_PATH: WECHAT_BODY_MAX,
    ALIPAY_PATH: ALIPAY_BODY_MAX,
    STRIPE_PATH: STRIPE_BODY_MAX,
}
TEXT: Final = b"text/plain; charset=utf-8"
JSON: Final = b"application/json"
SIGNED_BY: Final = (
    b"wechatpay-serial",
    b"wechatpay-timestamp",
    b"wechatpay-nonce",
    b"wechatpay-signature",
)
"""Headers without which a sealed notice could not be shown to be WeChat Pay's later."""

log = structlog.get_logger("door")


class NoSuchRailError(Exception):
    """This installation has no such rail, or its keys cannot be read now."""


class NotReadyError(Exception):
    """The door does not know yet whom the rails' merchants belong to."""


class Judged(NamedTuple):
    """What a notice came to: an envelope to record (or none), and how the rail is thanked."""

    envelope: Envelope | None
    raw: bytes
    is_refund: bool
    kind: bytes
    thanks: bytes


class Rails:
    """The rails of this installation, read anew when their files change."""

    def __init__(self, home: Path, keys: Keys) -> None:
        """Read them; what cannot be read is said, and its rail is not there."""
        self._home, self._keys = home, keys
        self._stamp: config.Stamp | None = None
        self._readers = config.Readers()
        self.payees: Mapping[str, Mapping[str, str]] | None = None
        """Charities by rail and merchant, from the database; None until they were read once."""
        self.look()

    def look(self) -> None:
        """Read the files again if they changed; what was read before stays if they are wrong."""
        stamp = config.stamp(self._home)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._readers = config.readers(self._home)
        except config.RailsUnreadableError as error:
            log.error("rails_unreadable", error=str(error))  # noqa: TRY400 - it says it all

    def judge(self, path: str, headers: Mapping[bytes, bytes], body: bytes) -> Judged:
        """Read one notice. Raises NotReadyError, NoSuchRailError, NoticeRefusedError."""
        if self.payees is None:
            raise NotReadyError(path)
        if path == WECHAT_PATH and self._readers.wechat is not None:
            notice = self._readers.wechat.read(headers, body, now_s=time.time())
            proof = b"\n".join(headers.get(name, b"") for name in SIGNED_BY)
            return self._judged(WECHAT, notice, proof + b"\n" + body, JSON, b"")
        if path == ALIPAY_PATH and self._readers.alipay is not None:
            notice = self._readers.alipay.read(body, now_seconds=time.time())
            return self._judged(ALIPAY, notice, body, TEXT, SUCCESS)
        if path == STRIPE_PATH and self._readers.stripe is not None:
            notice = self._readers.stripe.read(headers, body, now_s=time.time())
            proof = headers.get(STRIPE_HEADER, b"")
            return self._judged(STRIPE, notice, proof + b"\n" + body, JSON, b"")
        raise NoSuchRailError(path)

    def _judged(self, rail: str, notice: Notice, raw: bytes, kind: bytes, thanks: bytes) -> Judged:
        envelope = None
        if notice.paid is not None:
            envelope = deed_of(
                rail,
                notice.paid,
                payees=(self.payees or {}).get(rail, {}),
                deed_secret=self._keys.deed,
                person_secret=self._keys.person,
            )
        return Judged(envelope, raw, bool(notice.refund), kind, thanks)
