"""The public SDK, unmodified: nothing is changed but the address it talks to."""

import gzip
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType  # type: ignore[import-untyped]
from wechatpayv3.core import Core  # type: ignore[import-untyped]

from tests.sandbox.wechat.world import (
    APIV3,
    APPID,
    CHARITY,
    DIRECT,
    PARTNER,
    SERIAL,
    World,
    open_world,
    private_pem,
)

AMOUNT = {"total": 2_000, "currency": "CNY"}
NUMBER = "202611230000000001"


@pytest.fixture(params=["public-key", "certificate"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, verified_by=request.param) as opened:
        opened.verified_by = request.param  # type: ignore[attr-defined]
        yield opened


def sdk(
    world: World, monkeypatch: pytest.MonkeyPatch, *, partner: bool = True, way: str = "NATIVE"
) -> Any:
    """The SDK writes its address into a constant of its core; that, and only that, is changed."""

    def address(core: Any, name: str, value: object) -> None:
        object.__setattr__(core, name, world.address if name == "_gate_way" else value)

    monkeypatch.setattr(Core, "__setattr__", address)
    by_key = world.verified_by == "public-key"  # type: ignore[attr-defined]
    key = world.gateway.store.public_key
    return WeChatPay(
        wechatpay_type=getattr(WeChatPayType, way),
        mchid=PARTNER if partner else DIRECT,
        private_key=private_pem().decode(),
        cert_serial_no=SERIAL,
        apiv3_key=APIV3,
        appid=APPID,
        notify_url=world.house.url,
        partner_mode=partner,
        public_key=key.public_pem if by_key else None,
        public_key_id=key.id if by_key else None,
        timeout=(5, 20),
    )


def test_the_sdk_orders_asks_closes_and_refunds_for_a_sub_merchant(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay = sdk(world, monkeypatch)
    wish = {"description": "山月公益 捐赠", "amount": AMOUNT, "sub_mchid": CHARITY}
    code, told = pay.pay(out_trade_no=NUMBER, **wish)
    assert code == 200, told
    assert json.loads(told)["code_url"].startswith(f"{world.address}/bizpayurl?pr=")
    code, told = pay.query(out_trade_no=NUMBER, sub_mchid=CHARITY)
    assert (code, json.loads(told)["trade_state"]) == (200, "NOTPAY")
    transaction = world.pay(NUMBER)
    code, told = pay.query(transaction_id=transaction, sub_mchid=CHARITY)
    assert (code, json.loads(told)["trade_state"]) == (200, "SUCCESS")
    part = {"refund": 500, **AMOUNT}
    code, told = pay.refund("r-1", part, transaction_id=transaction, sub_mchid=CHARITY, reason="误")
    assert (code, json.loads(told)["status"]) == (200, "PROCESSING")
    world.turn("clock", advance=10)
    world.tell()
    code, told = pay.query_refund("r-1", sub_mchid=CHARITY)
    assert (code, json.loads(told)["status"]) == (200, "SUCCESS")
    code, told = pay.pay(out_trade_no=f"{NUMBER}2", **wish)
    assert pay.close(f"{NUMBER}2", sub_mchid=CHARITY)[0] == 204
    code, told = pay.pay(out_trade_no=f"{NUMBER}2", **wish)
    assert (code, json.loads(told)["code"]) == (400, "ORDER_CLOSED")


def test_the_sdk_verifies_and_opens_the_gateways_notices(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay = sdk(world, monkeypatch, way="JSAPI")
    code, told = pay.pay(
        description="捐", out_trade_no=NUMBER, amount=AMOUNT, sub_mchid=CHARITY,
        payer={"sp_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    )  # fmt: skip
    assert code == 200, told
    assert json.loads(told)["prepay_id"].startswith("wx")
    transaction = world.pay(NUMBER)
    pay.refund("r-2", {"refund": 2_000, **AMOUNT}, transaction_id=transaction, sub_mchid=CHARITY)
    world.turn("clock", advance=10)
    assert (world.tell(), world.tell()) == (2, 0)
    read = [
        pay.callback({k.decode().title(): v.decode() for k, v in h.headers.items()}, h.body)
        for h in world.house.heard
    ]
    found = {one["event_type"]: one["resource"] for one in read}
    assert found["TRANSACTION.SUCCESS"]["transaction_id"] == transaction
    assert found["TRANSACTION.SUCCESS"]["payer"] == {"sp_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    assert found["REFUND.SUCCESS"]["out_refund_no"] == "r-2"


def test_the_sdk_works_for_a_merchant_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay = sdk(world, monkeypatch, partner=False, way="H5")
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    code, told = pay.pay(description="捐", out_trade_no=NUMBER, amount=AMOUNT, scene_info=scene)
    assert code == 200, told
    assert "/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx" in json.loads(told)["h5_url"]
    world.pay(NUMBER, sub="")
    code, told = pay.query(out_trade_no=NUMBER)
    assert json.loads(told)["mchid"] == DIRECT


def test_the_sdk_fetches_the_next_days_bill(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pay = sdk(world, monkeypatch)
    pay.pay(description="捐", out_trade_no=NUMBER, amount=AMOUNT, sub_mchid=CHARITY)
    transaction = world.pay(NUMBER)
    world.turn("clock", advance=2 * 86_400)
    day = datetime.now(timezone(timedelta(hours=8))).date()
    code, told = pay.trade_bill(day.isoformat(), sub_mchid=CHARITY)
    assert code == 200, told
    link = json.loads(told)
    code, packed = pay.download_bill(link["download_url"])
    text = gzip.decompress(packed)
    assert hashlib.sha1(text, usedforsecurity=False).hexdigest() == link["hash_value"]
    assert f"`{transaction},`{NUMBER}," in text.decode()


def test_the_sdk_cannot_tell_a_notice_of_yesterday(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay = sdk(world, monkeypatch)
    pay.pay(description="捐", out_trade_no=NUMBER, amount=AMOUNT, sub_mchid=CHARITY)
    world.turn("switch", name="stale")
    world.pay(NUMBER)
    world.tell()
    headers, body = world.house.heard[0]
    names = {k.decode().title(): v.decode() for k, v in headers.items()}
    assert int(names["Wechatpay-Timestamp"]) < time.time() - 86_000
    assert pay.callback(names, body), "the SDK has no look at the age; ours has (test_switches)"
