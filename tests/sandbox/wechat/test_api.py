"""The gateway's endpoints, asked by hand-made requests."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.sandbox.wechat.world import (
    CHARITY,
    DIRECT,
    NATIVE,
    NUMBER,
    PARTNER,
    World,
    authorization,
    order,
    send,
    wish,
)

WHO = f"sp_mchid={PARTNER}&sub_mchid={CHARITY}"
CLOSE = f"/v3/pay/partner/transactions/out-trade-no/{NUMBER}/close"


def is_signed(world: World, answer: httpx.Response) -> bool:
    key = world.gateway.store.public_key
    public = serialization.load_pem_public_key(key.public_pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    stamp, nonce = (answer.headers[f"wechatpay-{name}"] for name in ("timestamp", "nonce"))
    public.verify(
        base64.b64decode(answer.headers["wechatpay-signature"]),
        f"{stamp}\n{nonce}\n".encode() + answer.content + b"\n",
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    return answer.headers["wechatpay-serial"] == key.id


def test_every_answer_is_signed_refusals_and_empty_ones_too(world: World) -> None:
    made = send(world, "POST", NATIVE, wish())
    assert made.status_code == 200
    gone = send(world, "GET", f"/v3/pay/partner/transactions/out-trade-no/999999?{WHO}")
    assert (gone.status_code, gone.json()["code"]) == (404, "ORDER_NOT_EXIST")
    closed = send(world, "POST", CLOSE, {"sp_mchid": PARTNER, "sub_mchid": CHARITY})
    assert (closed.status_code, closed.content) == (204, b"")
    stranger = send(world, "POST", NATIVE, wish(), authorization="Basic abc")
    assert stranger.status_code == 401
    assert all(is_signed(world, one) for one in (made, gone, closed, stranger))


@pytest.mark.parametrize("late_s", [301, -301])
def test_a_request_of_another_time_is_not_believed(world: World, late_s: int) -> None:
    answer = send(world, "POST", NATIVE, wish(), late_s=late_s)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


def test_a_request_that_was_changed_is_not_believed(world: World) -> None:
    body = json.dumps(wish()).encode()
    header = authorization("POST", NATIVE, body, at_s=int(time.time()))
    h5 = NATIVE.replace("native", "h5")
    for target, sent in ((NATIVE, body + b" "), (h5, body), (NATIVE + "?a=b", body)):
        answer = httpx.post(world.address + target, content=sent, headers={"authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    for changed in (
        header.replace(PARTNER, DIRECT),
        header.replace('serial_no="4', 'serial_no="5'),
    ):
        answer = httpx.post(
            world.address + NATIVE, content=body, headers={"authorization": changed}
        )
        assert answer.status_code in {400, 401}
    assert world.state()["orders"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": {"total": 0}}, "/amount/total"),
        ({"amount": {"total": 1.5}}, "/amount/total"),
        ({"amount": {"total": "1"}}, "/amount/total"),
        ({"amount": {"total": True}}, "/amount/total"),
        ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency"),
        ({"amount": None}, "/amount"),
        ({"description": ""}, "/description"),
        ({"description": "x" * 128}, "/description"),
        ({"out_trade_no": "12345"}, "/out_trade_no"),
        ({"out_trade_no": "1" * 33}, "/out_trade_no"),
        ({"notify_url": "http://a/n?b=c"}, "/notify_url"),
        ({"notify_url": "ftp://a/n"}, "/notify_url"),
        ({"time_expire": "2018-06-08"}, "/time_expire"),
        ({"time_expire": "2018-06-08T10:34:56+08:00"}, "/time_expire"),
        ({"sp_mchid": DIRECT}, "/sp_mchid"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    world: World, change: dict[str, Any], field: str
) -> None:
    answer = send(world, "POST", NATIVE, wish(**change))
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert answer.json()["detail"]["field"] == field


def test_a_provider_acts_for_its_own_sub_merchants_alone(world: World) -> None:
    answer = send(world, "POST", NATIVE, wish(sub_mchid=DIRECT))
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")
    answer = send(world, "POST", NATIVE, wish(sp_mchid=DIRECT), mchid=DIRECT)
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")
    answer = send(world, "POST", NATIVE, wish(sp_appid="wx0"))
    assert answer.json()["code"] == "APPID_MCHID_NOT_MATCH"


def test_a_number_that_was_closed_before_it_was_used_is_used_up(world: World) -> None:
    assert (
        send(world, "POST", CLOSE, {"sp_mchid": PARTNER, "sub_mchid": CHARITY}).status_code == 204
    )
    answer = send(world, "POST", NATIVE, wish())
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_an_order_ends_when_its_time_is_over(world: World) -> None:
    order(world, NUMBER)
    target = f"/v3/pay/partner/transactions/out-trade-no/{NUMBER}?{WHO}"
    assert send(world, "GET", target).json()["trade_state"] == "NOTPAY"
    world.turn("clock", advance=8 * 86_400)
    assert send(world, "GET", target).json()["trade_state"] == "CLOSED"
    soon = datetime.now(UTC) + timedelta(minutes=15)
    told = wish("73010001", time_expire=soon.isoformat(timespec="seconds"))
    assert send(world, "POST", NATIVE, told).status_code == 400, "it would end before it began"
    world.turn("clock", real=True)
    assert send(world, "POST", NATIVE, told).status_code == 200


def test_fifty_parts_and_no_more(world: World) -> None:
    order(world, NUMBER)
    number = world.pay(NUMBER)

    def back(n: int) -> httpx.Response:
        told = {"sub_mchid": CHARITY, "transaction_id": number, "out_refund_no": f"r-{n}"}
        amount = {"refund": 1, "total": 2_000, "currency": "CNY"}
        return send(world, "POST", "/v3/refund/domestic/refunds", told | {"amount": amount})

    assert {back(n).status_code for n in range(50)} == {200}
    assert back(50).json()["code"] == "INVALID_REQUEST"
    assert back(49).status_code == 200, "the same one again"
    assert world.state()["refunds_asked"][0]["status"] == "PROCESSING"


def test_no_request_makes_it_stumble(world: World) -> None:
    for body in (b"", b"[]", b"\xff", b"[" * 5_000, b'"a"'):
        header = authorization("POST", NATIVE, body, at_s=int(time.time()))
        answer = httpx.post(world.address + NATIVE, content=body, headers={"authorization": header})
        assert answer.status_code == 400, body
    for target in ("/v3/nothing", "/v3/bill/tradebill", "/v3/bill/tradebill?bill_date=x"):
        assert send(world, "GET", target).status_code in {400, 404}
    assert httpx.get(f"{world.address}/v3/certificates").status_code == 401
    assert httpx.put(f"{world.address}/pay").status_code == 404
