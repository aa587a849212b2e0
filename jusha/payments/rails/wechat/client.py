"""WeChat Pay as a rail (seam.Rail): orders, questions, refunds and bills over APIv3.

As a provider (`Account.partner`) the payee is the sub-merchant: money goes to the charity's own
account, the payer's id is the provider's and so the same for every charity. As a merchant of its
own, the payee is the account itself. WeChat Pay's idempotency keys are its order and refund
numbers; so the key of `create` and `close` must be the order's number, and a question that is
asked again must be the same in every field (a way, a title or an end that changed is refused by
WeChat Pay as INVALID_REQUEST).
"""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

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
from jusha.payments.rails.wechat.bill import Link, checked
from jusha.payments.rails.wechat.keys import Seal, certificate
from jusha.payments.rails.wechat.openid import UNKNOWN, Openids
from jusha.payments.rails.wechat.signing import SEALED_BY, NotSealedError
from jusha.payments.rails.wechat.transaction import (
    CURRENCY,
    Account,
    NotOursError,
    NotSaidError,
    Refund,
    Transaction,
    check_ours,
    returned,
    state,
)
from jusha.payments.rails.wechat.wire import Wire

SHANGHAI: Final = timezone(timedelta(hours=8))
ORDER: Final = re.compile(r"[0-9]{6,32}")
REFUND_KEY: Final = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
TITLE_BYTES_MAX: Final = 127
REASON_BYTES_MAX: Final = 80
WAYS: Final = frozenset({"native", "jsapi", "h5"})


class Prepared(msgspec.Struct):
    """What an order gives, by its way."""

    code_url: str = ""
    prepay_id: str = ""
    h5_url: str = ""


class WeChat:
    """One account at WeChat Pay; safe for several threads."""

    name = "wechat"

    def __init__(
        self,
        account: Account,
        *,
        wire: Wire,
        seal: Seal,
        notify_url: str,
        openids: Openids | None = None,
    ) -> None:
        """Act for `account`, whose merchant signs on `wire`; notices go to `notify_url`.

        `openids` swaps codes of browsers inside WeChat, where the app has a secret.
        """
        if wire.merchant.mchid != account.mchid:
            raise ValueError("the wire's merchant is not the account's")
        self.account, self.wire, self.notify_url, self._seal = account, wire, notify_url, seal
        self._orders = "/v3/pay/partner/transactions" if account.partner else "/v3/pay/transactions"
        self._openids = openids

    def payer_of(self, code: str) -> str:
        """Swap a browser's one-time code for its openid; see payments.payer.KnowsPayers."""
        if self._openids is None:
            raise RailRefusedError(UNKNOWN)
        return self._openids.openid(code)

    def create(self, ask: Ask, *, key: str) -> Payable:
        """Bind an order to a way of paying it; see seam.Rail.

        Raises RailRefusedError("paid") if it is paid already, ValueError for an order that
        cannot be one of WeChat Pay's.
        """
        number = _number(ask.order, key)
        if ask.asset != CURRENCY or ask.way not in WAYS:
            raise ValueError(f"WeChat Pay takes {CURRENCY} by {sorted(WAYS)}")
        account = self.account
        message: dict[str, Any] = (
            {"sp_appid": account.appid, "sp_mchid": account.mchid} | self._payee(ask.payee)
            if account.partner
            else {"appid": account.appid} | self._payee(ask.payee)
        )
        message |= {
            "description": _cut(ask.title, TITLE_BYTES_MAX),
            "out_trade_no": number,
            "time_expire": _rfc3339(ask.expires_at),
            "notify_url": self.notify_url,
            "amount": {"total": ask.amount, "currency": ask.asset},
        }
        if ask.way == "jsapi":
            if not ask.payer:
                raise ValueError("JSAPI needs the payer's openid")
            message["payer"] = {"sp_openid" if account.partner else "openid": ask.payer}
        if ask.way == "h5":
            if not ask.client_ip:
                raise ValueError("H5 needs the payer's address")
            scene = {"payer_client_ip": ask.client_ip, "h5_info": {"type": "Wap"}}
            message["scene_info"] = scene
        prepared = self.wire.read("POST", f"{self._orders}/{ask.way}", Prepared, message)
        return self._payable(ask, prepared)

    def _payable(self, ask: Ask, prepared: Prepared) -> Payable:
        if ask.way == "native" and prepared.code_url:
            return Payable(code=prepared.code_url)
        if ask.way == "h5" and prepared.h5_url:
            back = f"&redirect_url={quote(ask.back, safe='')}" if ask.back else ""
            return Payable(url=prepared.h5_url + back)
        if ask.way == "jsapi" and prepared.prepay_id:
            return Payable(parameters=self._page_parameters(prepared.prepay_id))
        raise RailUnsureError("UNREADABLE", "a signed answer without what was asked for")

    def _page_parameters(self, prepay_id: str) -> dict[str, str]:
        """Sign what a page hands to WeChat's getBrandWCPayRequest."""
        at, nonce = str(int(self.wire.clock())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        text = f"{self.account.appid}\n{at}\n{nonce}\n{package}\n".encode()
        return {
            "appId": self.account.appid,
            "timeStamp": at,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.wire.merchant.signature(text),
        }

    def query(self, order: int, payee: Payee) -> State:
        """Ask what became of an order; see seam.Rail.

        A refunded order's state holds the payment as well, because it was one.
        """
        number = _number(order)
        merchant = self._payee(payee)
        asked = {"sp_mchid": self.account.mchid} | merchant if self.account.partner else merchant
        target = f"{self._orders}/out-trade-no/{number}?{urlencode(asked)}"
        try:
            told = self.wire.read("GET", target, Transaction)
        except RailRefusedError as refused:
            if refused.code in {"ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"}:
                return State("unknown")
            raise
        if told.out_trade_no != number or self._payee_of(told) != payee.merchant:
            raise RailUnsureError("MISMATCH", "another order")
        try:
            check_ours(self.account, told)
            return state(self.account, told)
        except (NotOursError, NotSaidError) as error:
            raise RailUnsureError("MISMATCH", str(error)) from error

    def close(self, order: int, payee: Payee, *, key: str) -> None:
        """Let nobody pay the order any more; see seam.Rail.

        A number that WeChat Pay has never seen is closed too, and cannot be used after it.
        """
        number = _number(order, key)
        merchant = self._payee(payee)
        message = {"sp_mchid": self.account.mchid} | merchant if self.account.partner else merchant
        try:
            self.wire.ask("POST", f"{self._orders}/out-trade-no/{number}/close", message)
        except RailRefusedError as refused:
            if refused.code != "ORDER_CLOSED":
                raise

    def refund(self, paid: Paid, payee: Payee, *, amount: int, reason: str, key: str) -> Returned:
        """Send part or all of a payment back; see seam.Rail. `key` is its out_refund_no."""
        if not REFUND_KEY.fullmatch(key) or not 0 < amount <= paid.amount:
            raise ValueError("not a refund of this payment")
        message: dict[str, Any] = self._payee(payee) if self.account.partner else {}
        message |= {
            "transaction_id": paid.transaction,
            "out_refund_no": key,
            "reason": _cut(reason, REASON_BYTES_MAX),
            "notify_url": self.notify_url,
            "amount": {"refund": amount, "total": paid.amount, "currency": paid.asset},
        }
        told = self.wire.read("POST", "/v3/refund/domestic/refunds", Refund, message)
        found = self._returned(told, key, paid)
        if found.amount != amount:
            raise RailUnsureError("MISMATCH", "a refund of another amount")
        return found

    def query_refund(self, key: str, paid: Paid, payee: Payee) -> Returned:
        """Ask what became of a refund; see seam.Rail."""
        if not REFUND_KEY.fullmatch(key):
            raise ValueError("not the key of a refund")
        asked = f"?{urlencode(self._payee(payee))}" if self.account.partner else ""
        target = f"/v3/refund/domestic/refunds/{quote(key, safe='')}{asked}"
        try:
            told = self.wire.read("GET", target, Refund)
        except RailRefusedError as refused:
            if refused.code == "RESOURCE_NOT_EXISTS":
                return Returned(key, paid.transaction, 0, "unknown")
            raise
        return self._returned(told, key, paid)

    def _returned(self, told: Refund, key: str, paid: Paid) -> Returned:
        if told.out_refund_no != key or told.transaction_id != paid.transaction:
            raise RailUnsureError("MISMATCH", "another refund")
        try:
            return returned(told)
        except NotSaidError as error:
            raise RailUnsureError("MISMATCH", str(error)) from error

    def bill(self, day: date, payee: Payee | None) -> Iterator[bytes]:
        """Yield the bytes of a day's bill of trades, unpacked and checked; see seam.Rail.

        Without a payee, a provider gets all its sub-merchants in one. A day without trades is
        RailRefusedError("NO_STATEMENT_EXIST"), one not ready yet (before 10:00) is unsure.
        """
        asked = {"bill_date": day.isoformat(), "bill_type": "ALL", "tar_type": "GZIP"}
        if payee is not None:
            merchant = self._payee(payee)
            asked |= merchant if self.account.partner else {}
        link = self.wire.read("GET", f"/v3/bill/tradebill?{urlencode(asked)}", Link)
        there = httpx.URL(link.download_url)
        here = self.wire.address
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise RailUnsureError("MISMATCH", "the bill lies at another address")
        if link.hash_type != "SHA1":
            raise RailUnsureError("MISMATCH", "the bill has another kind of hash")
        target = there.raw_path.decode("ascii")
        yield from checked(self.wire.download(target), sha1=link.hash_value)

    def certificates(self) -> list[bytes]:
        """Fetch the platform's certificates (PEM) of today, for who verifies by certificates.

        They are sealed for us, and the answer is signed by a key that is known already: so a
        rotation needs no trust that was not there. Raises RailUnsureError, RailRefusedError.
        """
        told = self.wire.read("GET", "/v3/certificates", Certificates)
        found = []
        for one in told.data:
            sealed = one.encrypt_certificate
            try:
                pem = self._seal.open(
                    nonce=sealed.nonce,
                    associated=sealed.associated_data,
                    ciphertext=sealed.ciphertext,
                )
                serial = certificate(pem)[0]
            except (NotSealedError, ValueError) as error:
                raise RailUnsureError("UNREADABLE", "a certificate that does not open") from error
            if sealed.algorithm != SEALED_BY or serial != one.serial_no.upper().lstrip("0"):
                raise RailUnsureError("MISMATCH", "a certificate of another serial")
            found.append(pem)
        return found

    def _payee(self, payee: Payee) -> dict[str, str]:
        """Name the payee as questions do. Raises ValueError for a payee that is not ours."""
        if self.account.partner:
            return {"sub_mchid": payee.merchant}
        if payee.merchant != self.account.mchid:
            raise ValueError("a merchant of its own acts for itself alone")
        return {"mchid": payee.merchant}

    def _payee_of(self, told: Transaction) -> str:
        return told.sub_mchid if self.account.partner else told.mchid


class Certificates(msgspec.Struct):
    """The answer of /v3/certificates."""

    class One(msgspec.Struct):
        """One certificate, sealed with the APIv3 key."""

        class Sealed(msgspec.Struct):
            """The certificate's PEM."""

            algorithm: str
            nonce: str
            associated_data: str
            ciphertext: bytes

        serial_no: str
        encrypt_certificate: Sealed

    data: list[One]


def _number(order: int, key: str | None = None) -> str:
    """Write an order's number as WeChat Pay takes it. Raises ValueError."""
    number = str(order)
    if not ORDER.fullmatch(number):
        raise ValueError("an order's number has 6 to 32 digits")
    if key is not None and key != number:
        raise ValueError("WeChat Pay's key of an order is the order's number")
    return number


def _cut(text: str, bytes_max: int) -> str:
    """Cut a text to so many bytes of UTF-8, between characters."""
    return text.encode()[:bytes_max].decode("utf-8", "ignore")


def _rfc3339(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone(SHANGHAI).isoformat()
