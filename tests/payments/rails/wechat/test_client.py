"""What our client sends, byte for byte, and what it believes."""

import base64
import gzip
import hashlib
import json
import re
from datetime import date
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from jusha.payments.rails.seam import (
    Ask,
    Paid,
    Rail,
    RailError,
    RailRefusedError,
    RailUnsureError,
    Returned,
    State,
)
from tests.payments.rails.wechat.oracle import (
    ALICE,
    ALONE,
    KEY_ID,
    NOW,
    ORDER,
    PAYEE,
    PROVIDER,
    SELF,
    TRANSACTION,
    Answering,
    client,
    payment,
    said,
)
from tests.sandbox.wechat.world import APPID, CHARITY, DIRECT, PARTNER, SERIAL, merchant_key

ASK = Ask(ORDER, 2_000, "CNY", PAYEE, "山月公益 捐赠", NOW + 1_800, "native")
PAID = Paid(TRANSACTION, str(ORDER), 2_000, "CNY", CHARITY, ALICE, NOW - 60)
KEY = str(ORDER)


class Seen:
    """A WeChat Pay that keeps what it was asked and says one thing."""

    def __init__(self, told: object, *, status: int = 200) -> None:
        self.told, self.status = told, status
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return said(self.told, status=self.status)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)

    @property
    def target(self) -> str:
        return self.requests[-1].url.raw_path.decode()


def test_the_client_is_a_rail() -> None:
    rail: Rail = client(Seen({}))
    assert rail.name == "wechat"


def test_every_request_is_signed_as_it_is_sent() -> None:
    seen = Seen({"code_url": "weixin://wxpay/bizpayurl?pr=a"})
    assert client(seen).create(ASK, key=KEY).code == "weixin://wxpay/bizpayurl?pr=a"
    (request,) = seen.requests
    found = re.fullmatch(
        rf'WECHATPAY2-SHA256-RSA2048 mchid="{PARTNER}",nonce_str="([0-9a-f]{{32}})",'
        rf'signature="([^"]+)",timestamp="{NOW}",serial_no="{SERIAL}"',
        request.headers["authorization"],
    )
    assert found
    text = f"POST\n{seen.target}\n{NOW}\n{found[1]}\n".encode() + request.content + b"\n"
    merchant_key().public_key().verify(
        base64.b64decode(found[2]), text, padding.PKCS1v15(), hashes.SHA256()
    )
    assert request.url == "https://api.mch.weixin.qq.com/v3/pay/partner/transactions/native"
    assert request.headers["wechatpay-serial"] == KEY_ID
    assert request.headers["accept-encoding"] == "identity"


def test_an_order_for_a_sub_merchant_has_the_documented_form() -> None:
    seen = Seen({"code_url": "weixin://a"})
    client(seen).create(ASK, key=KEY)
    assert seen.body == {
        "sp_appid": APPID,
        "sp_mchid": PARTNER,
        "sub_mchid": CHARITY,
        "description": "山月公益 捐赠",
        "out_trade_no": "202611230000000001",
        "time_expire": "2026-11-23T08:30:00+08:00",
        "notify_url": "https://jusha.example/n",
        "amount": {"total": 2_000, "currency": "CNY"},
    }


def test_the_same_question_has_the_same_bytes() -> None:
    seen = Seen({"code_url": "weixin://a"})
    rail = client(seen)
    rail.create(ASK, key=KEY)
    rail.create(ASK, key=KEY)
    assert seen.requests[0].content == seen.requests[1].content
    auth = [request.headers["authorization"] for request in seen.requests]
    assert auth[0] != auth[1], "but not the same nonce"


def test_a_page_gets_parameters_that_the_merchant_signed() -> None:
    seen = Seen({"prepay_id": "wx201410272009395522657a690389285100"})
    got = client(seen).create(ASK._replace(way="jsapi", payer=ALICE), key=KEY).parameters
    assert seen.body["payer"] == {"sp_openid": ALICE}
    assert got["package"] == "prepay_id=wx201410272009395522657a690389285100"
    text = "".join(f"{got[n]}\n" for n in ("appId", "timeStamp", "nonceStr", "package")).encode()
    merchant_key().public_key().verify(
        base64.b64decode(got["paySign"]), text, padding.PKCS1v15(), hashes.SHA256()
    )
    assert (got["appId"], got["timeStamp"], got["signType"]) == (APPID, str(NOW), "RSA")


def test_h5_sends_the_payers_address_and_brings_them_back() -> None:
    seen = Seen({"h5_url": "https://wx.tenpay.com/x?prepay_id=1&package=2"})
    ask = ASK._replace(way="h5", client_ip="10.0.0.1", back="https://jusha.example/o/1?a=b")
    got = client(seen).create(ask, key=KEY)
    assert seen.body["scene_info"] == {"payer_client_ip": "10.0.0.1", "h5_info": {"type": "Wap"}}
    assert got.url == (
        "https://wx.tenpay.com/x?prepay_id=1&package=2"
        "&redirect_url=https%3A%2F%2Fjusha.example%2Fo%2F1%3Fa%3Db"
    )


def test_a_merchant_of_its_own_asks_elsewhere_and_for_itself_alone() -> None:
    seen = Seen({"code_url": "weixin://a"})
    rail = client(seen, account=ALONE)
    rail.create(ASK._replace(payee=SELF), key=KEY)
    assert seen.target == "/v3/pay/transactions/native"
    assert (seen.body["mchid"], seen.body["appid"]) == (DIRECT, APPID)
    with pytest.raises(ValueError, match="itself alone"):
        rail.create(ASK, key=KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"order": 12_345},
        {"asset": "USD"},
        {"way": "page"},
        {"way": "jsapi"},
        {"way": "h5"},
    ],
)
def test_what_cannot_be_an_order_here_is_not_sent(change: dict[str, Any]) -> None:
    seen = Seen({})
    ask = ASK._replace(**change)
    with pytest.raises(ValueError, match=r".+"):
        client(seen).create(ask, key=str(ask.order))
    assert not seen.requests


def test_another_key_than_the_orders_number_is_not_sent() -> None:
    seen = Seen({})
    with pytest.raises(ValueError, match="number"):
        client(seen).create(ASK, key="another")
    with pytest.raises(ValueError, match="number"):
        client(seen).close(ORDER, PAYEE, key="another")
    with pytest.raises(ValueError, match="refund"):
        client(seen).refund(PAID, PAYEE, amount=1, reason="", key="two words")
    with pytest.raises(ValueError, match="refund"):
        client(seen).refund(PAID, PAYEE, amount=2_001, reason="", key="a")
    assert not seen.requests


def test_an_order_is_asked_for_and_told() -> None:
    seen = Seen(payment())
    state = client(seen).query(ORDER, PAYEE)
    assert seen.target == (
        f"/v3/pay/partner/transactions/out-trade-no/{ORDER}?sp_mchid={PARTNER}&sub_mchid={CHARITY}"
    )
    assert state.state == "paid"
    assert state.paid == PAID._replace(paid_at=1_795_363_200)
    for trade_state, ours in (
        ("NOTPAY", "unpaid"), ("USERPAYING", "unpaid"), ("CLOSED", "closed"),
        ("PAYERROR", "unpaid"), ("SOMETHING", "unknown"),
    ):  # fmt: skip
        told = payment(trade_state=trade_state)
        assert client(Seen(told)).query(ORDER, PAYEE) == State(ours)  # type: ignore[arg-type]
    refunded = client(Seen(payment(trade_state="REFUND"))).query(ORDER, PAYEE)
    assert (refunded.state, refunded.paid) == ("refunded", state.paid)


def test_an_answer_about_something_else_is_no_answer() -> None:
    for change in (
        {"out_trade_no": "202611230000000002"}, {"sub_mchid": "1"}, {"sp_mchid": "1"},
        {"sp_appid": "wx"}, {"amount": {"total": 1, "currency": "USD"}}, {"success_time": None},
    ):  # fmt: skip
        with pytest.raises(RailUnsureError, match="MISMATCH"):
            client(Seen(payment(**change))).query(ORDER, PAYEE)


def complaint(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": "payer 张三", **more}


def test_an_order_that_nobody_knows_is_unknown() -> None:
    assert client(Seen(complaint("ORDER_NOT_EXIST"), status=404)).query(ORDER, PAYEE) == State(
        "unknown"
    )
    gone = client(Seen(complaint("RESOURCE_NOT_EXISTS"), status=404))
    assert gone.query_refund("r-1", PAID, PAYEE) == Returned("r-1", TRANSACTION, 0, "unknown")


def fails(answer: Answering) -> RailError:
    with pytest.raises(RailError) as error:
        client(answer).create(ASK, key=KEY)
    return error.value


def test_a_signed_no_is_a_refusal_and_repeats_no_persons_data() -> None:
    detail = {"field": "/amount/total", "value": ALICE, "location": "body"}
    error = fails(Seen(complaint("PARAM_ERROR", detail=detail), status=400))
    assert isinstance(error, RailRefusedError)
    assert (error.code, str(error)) == ("PARAM_ERROR", "PARAM_ERROR http 400 /amount/total")
    assert fails(Seen(complaint("ORDERPAID"), status=400)).code == "paid"


@pytest.mark.parametrize(
    ("code", "status"),
    [("SYSTEM_ERROR", 500), ("FREQUENCY_LIMITED", 429), ("BANKERROR", 400), ("SIGN_ERROR", 401),
     ("WHATEVER", 503), ("lower", 400), ("", 400)],
)  # fmt: skip
def test_what_may_pass_is_unsure(code: str, status: int) -> None:
    assert isinstance(fails(Seen(complaint(code), status=status)), RailUnsureError)


def test_a_no_that_is_not_signed_is_unsure() -> None:
    for status in (400, 403, 404, 500):
        error = fails(lambda _, s=status: httpx.Response(s, json=complaint("NO_AUTH")))  # type: ignore[misc]
        assert isinstance(error, RailUnsureError)
        assert "UNSIGNED" in str(error)


def changed(header: bytes, value: bytes | None) -> Answering:
    def answer(_: httpx.Request) -> httpx.Response:
        response = said({"code_url": "weixin://a"})
        headers = {k.lower(): v for k, v in response.headers.raw}
        if value is None:
            del headers[header]
        else:
            headers[header] = value
        return httpx.Response(200, content=response.content, headers=list(headers.items()))

    return answer


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        (b"wechatpay-signature", None, "UNSIGNED"),
        (b"wechatpay-signature", b"A" * 344, "FORGED"),
        (b"wechatpay-signature", b"WECHATPAY/SIGNTEST/AAAA", "FORGED"),
        (b"wechatpay-serial", b"5157F09EFDC096DE15EBE81A47057A72", "UNKNOWN_SERIAL"),
        (b"wechatpay-serial", None, "UNKNOWN_SERIAL"),
        (b"wechatpay-timestamp", b"", "FORGED"),
        (b"wechatpay-nonce", b"other", "FORGED"),
        (b"wechatpay-signature-type", b"WECHATPAY2-SM2-WITH-SM3", "FORGED"),
    ],
)
def test_a_success_that_is_not_signed_is_none(
    header: bytes, value: bytes | None, code: str
) -> None:
    error = fails(changed(header, value))
    assert isinstance(error, RailUnsureError)
    assert error.code == code


def test_a_success_of_another_time_is_none() -> None:
    for at_s in (NOW - 301, NOW + 301):
        error = fails(lambda _, at=at_s: said({"code_url": "weixin://a"}, at_s=at))  # type: ignore[misc]
        assert isinstance(error, RailUnsureError)
        assert error.code == "STALE"
    assert client(lambda _: said({"code_url": "weixin://a"}, at_s=NOW - 300)).create(ASK, key=KEY)


def test_a_clock_that_is_wrong_is_named_for_people() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        response = said(complaint("SIGN_ERROR"), status=401)
        response.headers["date"] = "Mon, 23 Nov 2026 00:10:00 GMT"
        return response

    assert "the other clock differs by +600 s" in str(fails(answer))


def breaking(error: Exception) -> Answering:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")],
)
def test_no_answer_is_unsure(error: Exception) -> None:
    found = fails(breaking(error))
    assert isinstance(found, RailUnsureError)
    assert found.code == "NO_ANSWER"


def test_a_redirect_is_followed_nowhere() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(302, headers={"location": "https://elsewhere.example/"})

    assert isinstance(fails(answer), RailUnsureError)
    assert len(asked) == 1


def test_an_answer_without_end_or_sense_is_unsure() -> None:
    for body in (b"x" * (1 << 20 | 1), b"", b"[]", b"\xff", b"{}", b'{"code_url":1}'):
        assert isinstance(fails(lambda _, b=body: said(b)), RailUnsureError)  # type: ignore[misc]


def test_closing_what_is_paid_or_closed() -> None:
    seen = Seen(b"", status=204)
    client(seen).close(ORDER, PAYEE, key=KEY)
    assert seen.target.endswith(f"/out-trade-no/{ORDER}/close")
    assert seen.body == {"sp_mchid": PARTNER, "sub_mchid": CHARITY}
    client(Seen(complaint("ORDER_CLOSED"), status=400)).close(ORDER, PAYEE, key=KEY)
    client(Seen(complaint("ORDERCLOSED"), status=400)).close(ORDER, PAYEE, key=KEY)
    with pytest.raises(RailRefusedError) as refused:
        client(Seen(complaint("ORDERPAID"), status=400)).close(ORDER, PAYEE, key=KEY)
    assert refused.value.code == "paid"


def refund_told(**changes: Any) -> dict[str, Any]:
    return {
        "refund_id": "50300000000000000001", "out_refund_no": f"{ORDER}-1",
        "transaction_id": TRANSACTION, "out_trade_no": KEY, "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱", "status": "PROCESSING",
        "amount": {"total": 2_000, "refund": 500, "currency": "CNY"},
    } | changes  # fmt: skip


def test_a_refund_names_payment_part_and_whole() -> None:
    seen = Seen(refund_told())
    got = client(seen).refund(PAID, PAYEE, amount=500, reason="误操作" * 40, key=f"{ORDER}-1")
    assert got == Returned(f"{ORDER}-1", TRANSACTION, 500, "pending")
    body = seen.body
    assert len(body.pop("reason").encode()) <= 80
    assert body == {
        "sub_mchid": CHARITY, "transaction_id": TRANSACTION, "out_refund_no": f"{ORDER}-1",
        "notify_url": "https://jusha.example/n",
        "amount": {"refund": 500, "total": 2_000, "currency": "CNY"},
    }  # fmt: skip


def test_what_became_of_a_refund() -> None:
    at = {"success_time": "2026-11-23T00:00:00+08:00"}
    for status, ours in (
        ("SUCCESS", "arrived"), ("CLOSED", "failed"), ("ABNORMAL", "failed"),
        ("PROCESSING", "pending"), ("ELSE", "unknown"),
    ):  # fmt: skip
        seen = Seen(refund_told(status=status, **(at if status == "SUCCESS" else {})))
        got = client(seen).query_refund(f"{ORDER}-1", PAID, PAYEE)
        assert got.state == ours
        assert got.at == (1_795_363_200 if status == "SUCCESS" else 0)
        assert seen.target == f"/v3/refund/domestic/refunds/{ORDER}-1?sub_mchid={CHARITY}"


def test_an_answer_about_another_refund_is_none() -> None:
    for told in (
        refund_told(out_refund_no="x"), refund_told(transaction_id="1"),
        refund_told(amount={"total": 2_000, "refund": 501, "currency": "CNY"}),
        refund_told(amount={"total": 2_000, "refund": 500, "currency": "USD"}),
    ):  # fmt: skip
        with pytest.raises(RailUnsureError, match="MISMATCH"):
            client(Seen(told)).refund(PAID, PAYEE, amount=500, reason="", key=f"{ORDER}-1")


def billing(text: bytes, **changes: str) -> Answering:
    sha1 = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    told = {
        "hash_type": "SHA1",
        "hash_value": sha1,
        "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Fb",
    } | changes

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v3/billdownload"):
            assert request.url.raw_path == b"/v3/billdownload/file?token=a%2Fb"
            return httpx.Response(200, content=gzip.compress(text))
        assert request.url.params["tar_type"] == "GZIP"
        return said(told)

    return answer


def test_a_bill_comes_unpacked_and_only_with_the_hash_that_was_signed() -> None:
    text = "交易时间\n".encode() * 100_000
    got = b"".join(client(billing(text)).bill(date(2026, 11, 22), PAYEE))
    assert got == text
    for change in (
        {"hash_value": "0" * 40},
        {"hash_type": "MD5"},
        {"download_url": "https://elsewhere.example/v3/billdownload/file?token=a%2Fb"},
        {"download_url": "http://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Fb"},
    ):
        with pytest.raises(RailUnsureError):
            next(client(billing(text, **change)).bill(date(2026, 11, 22), PAYEE))


def test_a_bill_that_is_cut_short_gives_not_one_byte() -> None:
    whole = gzip.compress(b"x" * 10_000)
    sha1 = hashlib.sha1(b"x" * 10_000, usedforsecurity=False).hexdigest()
    for packed in (whole[:-4], whole + b"more", b"no gzip", b""):

        def answer(request: httpx.Request, packed: bytes = packed) -> httpx.Response:
            if request.url.path.startswith("/v3/billdownload"):
                return httpx.Response(200, content=packed)
            url = "https://api.mch.weixin.qq.com/v3/billdownload/file"
            return said({"hash_type": "SHA1", "hash_value": sha1, "download_url": url})

        with pytest.raises(RailUnsureError, match="UNREADABLE"):
            next(client(answer).bill(date(2026, 11, 22), None))


def test_a_day_without_a_bill_says_which_way() -> None:
    empty = client(Seen(complaint("NO_STATEMENT_EXIST"), status=400))
    with pytest.raises(RailRefusedError, match="NO_STATEMENT_EXIST"):
        next(empty.bill(date(2026, 11, 22), PAYEE))
    early = client(Seen(complaint("STATEMENT_CREATING"), status=400))
    with pytest.raises(RailUnsureError, match="STATEMENT_CREATING"):
        next(early.bill(date(2026, 11, 22), PAYEE))


def test_the_account_of_the_wire_is_the_clients() -> None:
    rail = client(Seen({}))
    with pytest.raises(ValueError, match="merchant"):
        type(rail)(
            PROVIDER._replace(mchid="1"), wire=rail.wire, seal=rail._seal, notify_url="https://a/b"
        )
