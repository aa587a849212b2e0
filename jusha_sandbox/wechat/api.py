"""The endpoints under /v3: who asks is checked first, and what is answered is signed."""

import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from cryptography.x509 import load_pem_x509_certificate

from jusha_sandbox.wechat import bills, refunds, trades
from jusha_sandbox.wechat.keys import PlatformKey, Signed, check_request, read_authorization, sealed
from jusha_sandbox.wechat.store import Merchant, Store, any_switch, merchant, take_switch
from jusha_sandbox.wechat.wire import (
    Asked,
    ComplaintError,
    Fields,
    NoAnswerError,
    Said,
    say,
)

ANSWER_SWITCHES: Final = ("answer-lost", "answer-unsigned", "answer-probe", "answer-error")
FILE: Final = "/v3/billdownload/file"
Endpoint = Callable[["Api", sqlite3.Connection, Merchant, Asked, "re.Match[str]"], Said]


class Api:
    """What merchants' programs talk to. `address` is where a browser finds the pay pages."""

    def __init__(self, store: Store, *, address: str) -> None:
        """Answer from a store."""
        self.store, self.address = store, address

    def answer(self, asked: Asked) -> Said:
        """Answer one request; whatever it did is durable before. Raises NoAnswerError (a switch).

        As at WeChat Pay, only the file of a bill is served without a signature.
        """
        mchid = ""
        try:
            signed = read_authorization(asked.headers.get("authorization", ""))
            mchid = signed.mchid
            said = self._endpoint(self._known(signed, asked), asked)
        except ComplaintError as complaint:
            said = complaint.said()
        except UnicodeDecodeError:
            said = ComplaintError(400, "PARAM_ERROR", "请求不是UTF-8").said()
        if asked.path == FILE and said.status == HTTPStatus.OK:
            return said
        return self._signed(said, mchid, asked)

    def _known(self, signed: Signed, asked: Asked) -> Merchant:
        """The merchant that signed just this request. Raises ComplaintError."""
        with self.store.open() as database:
            known = merchant(database, signed.mchid)
        if known is None or known.role == "sub" or known.serial != signed.serial.upper():
            raise ComplaintError(401, "SIGN_ERROR", "商户号或证书序列号不正确")
        check_request(
            signed,
            known.public_key,
            method=asked.method,
            target=asked.target,
            body=asked.body,
            now_s=time.time(),
        )
        return known

    def _endpoint(self, known: Merchant, asked: Asked) -> Said:
        for method, pattern, endpoint in ENDPOINTS:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                with self.store.claim() as database:
                    return endpoint(self, database, known, asked, found)
        raise ComplaintError(404, "RESOURCE_NOT_EXISTS", "接口不存在")

    def _signed(self, said: Said, mchid: str, asked: Asked) -> Said:
        """Sign an answer, unless a switch spoils it; nothing that was done is undone."""
        with self.store.open() as database:
            key = self.store.signer(database, mchid, asked.headers.get("wechatpay-serial", ""))
            spoil = any_switch(database)
        trouble = self._trouble() if spoil else ""
        if trouble == "answer-lost":
            raise NoAnswerError
        if trouble == "answer-error":
            said = ComplaintError(500, "SYSTEM_ERROR", "系统异常，请稍后重试").said()
        request_id = ("Request-ID", secrets.token_hex(16).upper())
        if trouble == "answer-unsigned":
            return said._replace(headers=(*said.headers, request_id))
        headers = key.headers(said.body, at_s=int(time.time()), probe=trouble == "answer-probe")
        return said._replace(headers=(*said.headers, request_id, *headers.items()))

    def _trouble(self) -> str:
        with self.store.claim() as database:
            return next((n for n in ANSWER_SWITCHES if take_switch(database, n) is not None), "")

    def prepare(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, found: "re.Match[str]"
    ) -> Said:
        """Make an order."""
        partner, way = bool(found["partner"]), found["way"]
        made = trades.create(database, known, Fields(asked.body), partner=partner, way=way)
        if way == "jsapi":
            return say({"prepay_id": made["prepay_id"]})
        if way == "native":
            return say({"code_url": f"{self.address}/bizpayurl?pr={made['token']}"})
        page = f"{self.address}/cgi-bin/mmpayweb-bin/checkmweb"
        return say({"h5_url": f"{page}?prepay_id={made['prepay_id']}&package={made['id']}"})

    def query(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, found: "re.Match[str]"
    ) -> Said:
        """Tell of an order, by the merchant's number or by the transaction's."""
        who = trades.party(
            database, known, Fields(dict(asked.query)), partner=bool(found["partner"]), named=True
        )
        number = unquote(found["number"])
        if found["by"] == "id":
            trade = trades.by_token(database, column="transaction_id", value=number)
            mine = trade is not None and (trade["mchid"], trade["sub_mchid"]) == tuple(who)
            trade = trade if mine else None
        else:
            trade = trades.find(database, who, number)
        if trade is None:
            raise ComplaintError(404, "ORDER_NOT_EXIST", "订单不存在")
        return say(trades.told(database, trade))

    def close(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, found: "re.Match[str]"
    ) -> Said:
        """Close an order."""
        who = trades.party(
            database, known, Fields(asked.body), partner=bool(found["partner"]), named=True
        )
        trades.close(database, who, unquote(found["number"]))
        return Said(204)

    def refund(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, _: "re.Match[str]"
    ) -> Said:
        """Begin a refund."""
        return say(refunds.ask(database, known, Fields(asked.body)))

    def query_refund(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, found: "re.Match[str]"
    ) -> Said:
        """Tell of a refund."""
        partner = known.role == "partner"
        who = trades.party(database, known, Fields(dict(asked.query)), partner=partner, named=False)
        row = refunds.refund(database, who, unquote(found["number"]))
        if row is None:
            raise ComplaintError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return say(refunds.told(database, row))

    def certificates(
        self, _: sqlite3.Connection, known: Merchant, __: Asked, ___: "re.Match[str]"
    ) -> Said:
        """List the platform's certificates, sealed for the merchant."""
        return say({"data": [_listed(key, known.apiv3_key) for key in self.store.certificates]})

    def bill(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, _: "re.Match[str]"
    ) -> Said:
        """Offer a bill of trades."""
        return say(bills.offer(database, known, asked.query, address=self.address))

    def file(
        self, database: sqlite3.Connection, known: Merchant, asked: Asked, _: "re.Match[str]"
    ) -> Said:
        """Serve a bill that was offered."""
        return bills.download(database, known, asked.query.get("token", ""))


def _listed(key: PlatformKey, apiv3_key: str) -> dict[str, Any]:
    read = load_pem_x509_certificate(key.certificate_pem.encode())
    return {
        "serial_no": key.id,
        "effective_time": trades.rfc3339(int(read.not_valid_before_utc.timestamp())),
        "expire_time": trades.rfc3339(int(read.not_valid_after_utc.timestamp())),
        "encrypt_certificate": sealed(
            apiv3_key, key.certificate_pem.encode(), associated="certificate"
        ),
    }


ORDERS: Final = r"/v3/pay/(?P<partner>partner/)?transactions"
ENDPOINTS: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("POST", ORDERS + "/(?P<way>native|jsapi|h5)", Api.prepare),
    ("GET", ORDERS + r"/(?P<by>id|out-trade-no)/(?P<number>[^/]{1,96})", Api.query),
    ("POST", ORDERS + r"/out-trade-no/(?P<number>[^/]{6,96})/close", Api.close),
    ("POST", "/v3/refund/domestic/refunds", Api.refund),
    ("GET", r"/v3/refund/domestic/refunds/(?P<number>[^/]{1,192})", Api.query_refund),
    ("GET", "/v3/certificates", Api.certificates),
    ("GET", "/v3/bill/tradebill", Api.bill),
    ("GET", FILE, Api.file),
)
