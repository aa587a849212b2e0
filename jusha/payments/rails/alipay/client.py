"""The client of Alipay's gateway: one form out, one signed object back.

An answer that is not signed by Alipay's key over its exact bytes is no answer: what was asked
for may have happened. Orders are known to Alipay by their own number and refunds by
`out_request_no`, so a repeated call with the same key does nothing twice.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from jusha.payments.rails.alipay import codes
from jusha.payments.rails.alipay.certificates import Certificates
from jusha.payments.rails.alipay.signing import (
    SIGN_TYPE,
    NotAnAnswerError,
    is_signed,
    request_text,
    sign,
    spans,
)
from jusha.payments.rails.alipay.values import (
    ValueRefusedError,
    fen,
    seconds,
    time_text,
    yuan,
)
from jusha.payments.rails.seam import (
    Ask,
    Paid,
    Payable,
    Payee,
    RailRefusedError,
    RailUnsureError,
    Returned,
    State,
)

ANSWER_MAX: Final = 1 << 20
TITLE_MAX: Final = 40
WAYS: Final = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "precreate": ("alipay.trade.precreate", "FACE_TO_FACE_PAYMENT"),
}
MARKS: Final = str.maketrans("/=&", "／＝＆")
"""Alipay refuses these three in a title."""
ZIP_START: Final = b"PK"
OK: Final = 200

Words = dict[str, Any]


class Alipay:
    """Alipay for one application; implements seam.Rail.

    `gateway` ends in /gateway.do. `http` keeps the connections and sets the patience; the
    caller closes it. `clock` tells Unix seconds.
    """

    name = "alipay"

    def __init__(
        self,
        *,
        app_id: str,
        app_key: RSAPrivateKey,
        alipay_key: RSAPublicKey,
        gateway: str,
        notify_url: str,
        http: httpx.Client,
        certificates: Certificates | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep who asks, with which key, and whose answers count.

        With `certificates` an answer counts by the one that it names, and `alipay_key` is unused.
        """
        self.certificates = certificates
        self.app_id, self.app_key, self.alipay_key = app_id, app_key, alipay_key
        self.gateway, self.notify_url = gateway, notify_url
        self.http, self.clock = http, clock

    def create(self, ask: Ask, *, key: str) -> Payable:  # noqa: ARG002 - the order's number is it
        """Bind an order to a page or a QR code; the same order gives the same trade again.

        A page is only signed here, nobody is asked: Alipay makes the trade when it is opened.
        """
        if ask.way not in WAYS or ask.asset != "CNY":
            raise RailRefusedError("unsupported", ask.way)
        method, product = WAYS[ask.way]
        words = {
            "out_trade_no": str(ask.order),
            "total_amount": _yuan(ask.amount),
            "subject": ask.title.translate(MARKS)[:TITLE_MAX],
            "product_code": product,
            "time_expire": time_text(ask.expires_at),
        }
        if ask.way == "precreate":
            # Named a second time, Alipay refuses a token that is another charity's.
            words["seller_id"] = ask.payee.merchant
            said = self._call(method, words, ask.payee, notify=True)
            if said.get("out_trade_no") != str(ask.order) or not said.get("qr_code"):
                raise RailUnsureError("mismatch", method)
            return Payable(code=str(said["qr_code"]))
        if ask.way == "wap":
            words["quit_url"] = ask.back
        parameters = self._signed(method, words, ask.payee, notify=True, back=ask.back)
        return Payable(url=f"{self.gateway}?{urlencode(parameters)}")

    def query(self, order: int, payee: Payee) -> State:
        """Ask what became of an order.

        `unknown` is an order that Alipay has not met: its page may still be opened until it
        expires.
        """
        words = {"out_trade_no": str(order)}
        try:
            said = self._call("alipay.trade.query", words, payee)
        except RailRefusedError as error:
            if error.code == codes.NO_SUCH_TRADE:
                return State("unknown")
            raise
        if said.get("out_trade_no") != str(order):
            raise RailUnsureError("mismatch", "alipay.trade.query")
        status = said.get("trade_status")
        if status == "WAIT_BUYER_PAY":
            return State("unpaid")
        if status == "TRADE_CLOSED":
            if not said.get("send_pay_date"):
                return State("closed")
            # Closed with a time of payment: all of it went back.
            return State("refunded", _paid(said, payee))
        if status in {"TRADE_SUCCESS", "TRADE_FINISHED"}:
            return State("paid", _paid(said, payee))
        raise RailUnsureError("unreadable", "trade_status")

    def close(self, order: int, payee: Payee, *, key: str) -> None:  # noqa: ARG002 - as create
        """Let nobody pay the order any more; closing it again is nothing.

        Raises RailRefusedError("paid") if it is, and with codes.NO_SUCH_TRADE if its page was
        never opened: then only its expiry ends it.
        """
        try:
            self._call("alipay.trade.close", {"out_trade_no": str(order)}, payee)
        except RailRefusedError as error:
            if error.code not in codes.WRONG_STATE:
                raise
            state = self.query(order, payee).state
            if state in {"paid", "refunded"}:
                raise RailRefusedError("paid") from error
            if state != "closed":
                raise RailUnsureError(error.code) from error

    def refund(self, paid: Paid, payee: Payee, *, amount: int, reason: str, key: str) -> Returned:
        """Send part or all of a payment back; the same key sends it once.

        `refund_fee` of the answer is the sum of all parts so far, so it is not compared.
        """
        words = {
            "trade_no": paid.transaction,
            "refund_amount": _yuan(amount),
            "refund_reason": reason[:256],
            "out_request_no": key,
        }
        said = self._call("alipay.trade.refund", words, payee)
        if said.get("trade_no") != paid.transaction:
            raise RailUnsureError("mismatch", "alipay.trade.refund")
        if said.get("fund_change") == "Y":
            return Returned(key, paid.transaction, amount, "arrived", _time(said, "gmt_refund_pay"))
        # "N": nothing moved by this call. It moved by an earlier one, or has yet to move.
        found = self.query_refund(key, paid, payee)
        return found if found.state != "unknown" else found._replace(state="pending", amount=amount)

    def query_refund(self, key: str, paid: Paid, payee: Payee) -> Returned:
        """Ask what became of a refund; `unknown` if Alipay has not carried it out (yet).

        A closed card makes no failure: Alipay leaves the money in the donor's balance.
        """
        words = {
            "trade_no": paid.transaction,
            "out_request_no": key,
            "query_options": ["gmt_refund_pay", "deposit_back_info"],
        }
        try:
            said = self._call("alipay.trade.fastpay.refund.query", words, payee)
        except RailRefusedError as error:
            if error.code == codes.NO_SUCH_TRADE:
                return Returned(key, paid.transaction, 0, "unknown")
            raise
        if said.get("refund_status") != "REFUND_SUCCESS":
            return Returned(key, paid.transaction, 0, "unknown")
        if (said.get("trade_no"), said.get("out_request_no")) != (paid.transaction, key):
            raise RailUnsureError("mismatch", "alipay.trade.fastpay.refund.query")
        bank = said.get("deposit_back_info")
        waits = isinstance(bank, dict) and bank.get("dback_status") == "P"
        return Returned(
            refund=key,
            transaction=paid.transaction,
            amount=_amount(said, "refund_amount"),
            state="pending" if waits else "arrived",
            at=_time(said, "gmt_refund_pay"),
        )

    def bill(self, day: date, payee: Payee | None) -> Iterator[bytes]:
        """Yield the ZIP of a day's trades.

        Alipay gives no hash of it: it must be a whole ZIP of the announced length, and its own
        sums are compared by payments.bills. Raises RailRefusedError(codes.NO_BILL) too early.
        """
        return self.bill_of("trade", day, payee)

    def bill_of(self, kind: str, day: date, payee: Payee | None) -> Iterator[bytes]:
        """Yield a day's `trade` bill or the account's lines (`signcustomer`)."""
        words = {"bill_type": kind, "bill_date": day.isoformat()}
        said = self._call("alipay.data.dataservice.bill.downloadurl.query", words, payee)
        return self._download(str(said.get("bill_download_url", "")))

    def _download(self, url: str) -> Iterator[bytes]:
        try:
            with self.http.stream("GET", url, follow_redirects=False) as answer:
                if answer.status_code != OK:
                    raise RailUnsureError("download", str(answer.status_code))
                parts = answer.iter_bytes()
                first = next(parts, b"")
                if not first.startswith(ZIP_START):
                    raise RailUnsureError("download", "no ZIP")
                yield first
                yield from parts
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RailUnsureError("download", type(error).__name__) from error

    def _call(
        self, method: str, words: Words, payee: Payee | None, *, notify: bool = False
    ) -> Words:
        """Ask, and return what Alipay signed. Raises RailUnsureError, RailRefusedError."""
        parameters = self._signed(method, words, payee, notify=notify)
        try:
            # Alipay reads the form in the charset that the address names.
            answer = self.http.post(self.gateway, params={"charset": "utf-8"}, data=parameters)
        except httpx.HTTPError as error:
            raise RailUnsureError("unreachable", type(error).__name__) from error
        if answer.status_code != OK or len(answer.content) > ANSWER_MAX:
            raise RailUnsureError("unreadable", str(answer.status_code))
        said = self._read(method, answer.content)
        code, sub_code = str(said.get("code", "")), str(said.get("sub_code", ""))
        if code == codes.DONE:
            return said
        if not code or codes.is_unsure(code, sub_code):
            raise RailUnsureError(sub_code or code or "unreadable", method)
        raise RailRefusedError(sub_code or code, method)

    def _read(self, method: str, raw: bytes) -> Words:
        try:
            members = spans(raw)
            name = f"{method.replace('.', '_')}_response"
            inner = members.get(name) or members["error_response"]
            signature = json.loads(members["sign"])
            key = self._key(members)
            if key is None:
                raise RailUnsureError("certificate", method)
            if not is_signed(key, inner, str(signature).encode()):
                raise RailUnsureError("unsigned", method)
            said = json.loads(inner)
        except (NotAnAnswerError, KeyError, ValueError, RecursionError) as error:
            raise RailUnsureError("unreadable", method) from error
        if not isinstance(said, dict):
            raise RailUnsureError("unreadable", method)
        return said

    def _key(self, members: dict[str, bytes]) -> RSAPublicKey | None:
        """Whose signature an answer needs; None for a certificate that is not believed now."""
        if self.certificates is None:
            return self.alipay_key
        named = json.loads(members["alipay_cert_sn"])
        return self.certificates.key(named, now_s=self.clock())

    def _signed(
        self, method: str, words: Words, payee: Payee | None, *, notify: bool, back: str = ""
    ) -> dict[str, str]:
        parameters = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": SIGN_TYPE,
            "timestamp": time_text(int(self.clock())),
            "version": "1.0",
            "biz_content": json.dumps(words, ensure_ascii=False, separators=(",", ":")),
        }
        if self.certificates is not None:
            parameters["app_cert_sn"] = self.certificates.app_sn
            parameters["alipay_root_cert_sn"] = self.certificates.root_sn
        if payee is not None and payee.token:
            parameters["app_auth_token"] = payee.token
        if notify:
            parameters["notify_url"] = self.notify_url
        if back:
            parameters["return_url"] = back
        return {**parameters, "sign": sign(self.app_key, request_text(parameters))}


def _paid(said: Words, payee: Payee) -> Paid:
    """The facts of a payment, the same as its notice tells.

    The answer does not name the seller: it is about whose token asked.
    """
    payer = said.get("buyer_user_id") or said.get("buyer_open_id") or ""
    trade = said.get("trade_no")
    if not isinstance(trade, str) or not isinstance(payer, str):
        raise RailUnsureError("unreadable", "alipay.trade.query")
    return Paid(
        transaction=trade,
        order=said["out_trade_no"],
        amount=_amount(said, "total_amount"),
        asset="CNY",
        merchant=payee.merchant,
        payer=payer,
        paid_at=_time(said, "send_pay_date"),
    )


def _yuan(amount: int) -> str:
    try:
        return yuan(amount)
    except ValueRefusedError as error:
        raise RailRefusedError("amount") from error


def _amount(said: Words, name: str) -> int:
    try:
        return fen(said.get(name))
    except ValueRefusedError as error:
        raise RailUnsureError("unreadable", name) from error


def _time(said: Words, name: str) -> int:
    try:
        return seconds(said.get(name))
    except ValueRefusedError as error:
        raise RailUnsureError("unreadable", name) from error
