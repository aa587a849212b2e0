"""Notices (异步通知): what Alipay tells on its own, read from the raw bytes of a form.

Pure and quick, with no network and no database, so that the front door can call it. What the
public SDKs leave to their caller is done here, in this order, cheapest and surest first: size,
form, signature, algorithm, charset, freshness, application, and then the facts.

Freshness. `notify_time` is when *this* sending was signed: a retry comes with a new one (and the
same `notify_id` and `gmt_payment`). Alipay's document says "通知的发送时间", and a log that a
shop left on the web agrees: paid 15:07:26, logged with notify_time 18:31:00, the sixth try of
4m, 10m, 10m, 1h, 2h. So 300 seconds hold for first sendings and retries alike. If Alipay ever
sent an old one, nothing would be lost: it is tried again, and the open order is asked for.

Not judged here are payee and order: a notice that Alipay signed is money that has moved, so
`seller_id` and amount come out as facts, and settlement holds what does not agree.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from jusha.payments.rails.alipay.certificates import Certificates
from jusha.payments.rails.alipay.signing import SIGN_TYPE, is_signed, notice_text
from jusha.payments.rails.alipay.values import ValueRefusedError, fen, seconds
from jusha.payments.rails.seam import FRESH_SECONDS, Notice, NoticeRefusedError, Paid

SUCCESS: Final = b"success"
"""The whole body of the answer that stops the retries, as text/plain."""
FAIL: Final = b"fail"
BODY_MAX: Final = 16_384
FIELDS_MAX: Final = 100
PAID: Final = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
STATUS: Final = frozenset({"WAIT_BUYER_PAY", "TRADE_CLOSED"}) | PAID
TRADE: Final = "trade_status_sync"
_NAME: Final = re.compile(rb"[a-z][a-z0-9_]{0,63}")
_ENCODED: Final = re.compile(rb"(?:[A-Za-z0-9*._~!'()/:@,;$ -]|%[0-9A-Fa-f]{2})*")
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_TRADE_NO: Final = re.compile(r"[0-9]{16,64}")
_SELLER: Final = re.compile(r"[0-9]{16}")
_PAYER: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Reader:
    """Reads the notices of one application, signed by Alipay's key for it."""

    def __init__(
        self, *, app_id: str, alipay_key: RSAPublicKey, certificates: Certificates | None = None
    ) -> None:
        """Keep whose notices these are and the key, or the certificates, that sign them."""
        self.app_id, self.alipay_key, self.certificates = app_id, alipay_key, certificates

    def read(self, body: bytes, *, now_seconds: float) -> Notice:
        """Turn a notice's body into what it says. Raises NoticeRefusedError.

        A payment gives `paid`, a refund gives `refund` (our key of it) and no money; a notice
        of anything else gives neither, and is answered with SUCCESS all the same.
        """
        raw = _form(body)
        text, given = notice_text(raw), raw.get(b"sign", b"")
        if not any(is_signed(key, text, given) for key in self._keys(now_seconds)):
            raise NoticeRefusedError("unauthentic", "the signature")
        # sign_type is not covered by the signature; the hash is pinned, and this only agrees.
        if raw.get(b"sign_type") != SIGN_TYPE.encode():
            raise NoticeRefusedError("unauthentic", "sign_type")
        said = _texts(raw)
        try:
            sent_at = seconds(said.get("notify_time"))
        except ValueRefusedError as error:
            raise NoticeRefusedError("unreadable", "notify_time") from error
        if abs(now_seconds - sent_at) > FRESH_SECONDS:
            raise NoticeRefusedError("stale")
        if said.get("app_id") != self.app_id:
            raise NoticeRefusedError("unauthentic", "app_id")
        return _facts(said)

    def _keys(self, now_s: float) -> list[RSAPublicKey]:
        return (
            [self.alipay_key] if self.certificates is None else self.certificates.keys(now_s=now_s)
        )


def _form(body: bytes) -> dict[bytes, bytes]:
    """Read application/x-www-form-urlencoded; each name once. Raises NoticeRefusedError."""
    if len(body) > BODY_MAX:
        raise NoticeRefusedError("unreadable", "too long")
    pairs = body.split(b"&")
    if len(pairs) > FIELDS_MAX:
        raise NoticeRefusedError("unreadable", "too many fields")
    form: dict[bytes, bytes] = {}
    for pair in pairs:
        name, equals, value = pair.partition(b"=")
        value = value.replace(b"+", b" ")
        if not equals or not _NAME.fullmatch(name) or not _ENCODED.fullmatch(value):
            raise NoticeRefusedError("unreadable", "not a form")
        if name in form:
            raise NoticeRefusedError("unreadable", "a field comes twice")
        form[name] = unquote_to_bytes(value)
    return form


def _texts(raw: dict[bytes, bytes]) -> dict[str, str]:
    if raw.get(b"charset", b"").lower() != b"utf-8":
        raise NoticeRefusedError("unreadable", "charset")
    try:
        return {name.decode(): value.decode() for name, value in raw.items()}
    except UnicodeDecodeError as error:
        raise NoticeRefusedError("unreadable", "not UTF-8") from error


def _facts(said: dict[str, str]) -> Notice:
    event = _matching(_ID, said, "notify_id")
    if said.get("notify_type") != TRADE:
        return Notice(event)
    status = said.get("trade_status", "")
    if status not in STATUS:
        raise NoticeRefusedError("unreadable", "trade_status")
    # A part sent back leaves TRADE_SUCCESS, all of it makes TRADE_CLOSED: the fee tells, not
    # the status, and such a notice must never pass for a payment.
    if _is_refund(said):
        # A refund asked for without a key of its own has the order's.
        key = "out_biz_no" if said.get("out_biz_no") else "out_trade_no"
        return Notice(event, refund=_matching(_ID, said, key))
    return Notice(event, paid=_paid(said)) if status in PAID else Notice(event)


def _is_refund(said: dict[str, str]) -> bool:
    """Whether money went back; notices of payments at a counter carry a fee of 0.00."""
    try:
        return bool(said.get("gmt_refund") or fen(said.get("refund_fee") or "0"))
    except ValueRefusedError as error:
        raise NoticeRefusedError("unreadable", "refund_fee") from error


def _paid(said: dict[str, str]) -> Paid:
    payer = said.get("buyer_id") or said.get("buyer_open_id", "")
    if payer and not _PAYER.fullmatch(payer):
        raise NoticeRefusedError("unreadable", "the payer")
    try:
        amount, paid_at = fen(said.get("total_amount")), seconds(said.get("gmt_payment"))
    except ValueRefusedError as error:
        raise NoticeRefusedError("unreadable", "amount or time") from error
    if not amount:
        raise NoticeRefusedError("unreadable", "no amount")
    return Paid(
        transaction=_matching(_TRADE_NO, said, "trade_no"),
        order=_matching(_ID, said, "out_trade_no"),
        amount=amount,
        asset="CNY",
        merchant=_matching(_SELLER, said, "seller_id"),
        payer=payer,
        paid_at=paid_at,
    )


def _matching(form: re.Pattern[str], said: dict[str, str], name: str) -> str:
    value = said.get(name, "")
    if not form.fullmatch(value):
        raise NoticeRefusedError("unreadable", name)
    return value
