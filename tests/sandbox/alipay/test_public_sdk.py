"""The public SDK python-alipay-sdk, with nothing changed but the base address."""

from typing import Any
from urllib.parse import parse_qsl
from urllib.request import build_opener

import pytest
from alipay import AliPay, ISVAliPay  # type: ignore[import-untyped]

from jusha.payments.rails.alipay.notice import Reader
from jusha_sandbox.alipay.notices import send_due
from jusha_sandbox.alipay.store import APP_ID
from tests.sandbox.alipay.conftest import NOON, World


@pytest.fixture
def sdk(world: World) -> Any:
    keys = {
        "app_private_key_string": (world.store.folder / "app_private.pem").read_text(),
        "alipay_public_key_string": (world.store.folder / "alipay_public.pem").read_text(),
    }
    made = AliPay(appid=APP_ID, app_notify_url=world.listener.address, **keys)
    made._gateway = f"{world.address}/gateway.do"
    return made


def test_the_sdk_orders_asks_and_refunds_and_every_answer_is_signed(world: World, sdk: Any) -> None:
    made = sdk.api_alipay_trade_precreate(subject="捐", out_trade_no="7", total_amount="12.30")
    assert made["code"] == "10000"
    build_opener().open(made["qr_code"], b"action=pay").close()
    said = sdk.api_alipay_trade_query(out_trade_no="7")
    assert (said["trade_status"], said["total_amount"]) == ("TRADE_SUCCESS", "12.30")
    back = sdk.api_alipay_trade_refund("2.30", out_trade_no="7", out_request_no="7-1")
    assert (back["fund_change"], back["refund_fee"]) == ("Y", "2.30")
    asked = sdk.api_alipay_trade_fastpay_refund_query("7-1", out_trade_no="7")
    assert asked["refund_status"] == "REFUND_SUCCESS"


def test_the_sdk_verifies_the_notice_that_our_reader_verifies(world: World, sdk: Any) -> None:
    url = sdk.api_alipay_trade_page_pay(subject="捐", out_trade_no="8", total_amount="1.00")
    page = build_opener().open(f"{world.address}/gateway.do?{url}")
    build_opener().open(page.url, b"action=pay").close()
    send_due(world.store)
    body = world.listener.bodies[0]
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    given = form.pop("sign")
    assert sdk.verify(form, given)
    paid = world.reader.read(body, now_seconds=NOON).paid
    assert paid is not None
    assert (paid.order, paid.amount) == ("8", 100)


def test_the_sdk_and_our_client_sign_a_request_alike(world: World, sdk: Any) -> None:
    url = world.client.create(world.ask(way="page"), key="1").url
    form = dict(parse_qsl(url.partition("?")[2]))
    given = form.pop("sign")
    text = "&".join(f"{name}={form[name]}" for name in sorted(form))
    assert sdk._sign(text) == given


def test_the_sdk_takes_a_notice_of_yesterday_and_of_another_app_and_we_do_not(
    world: World, sdk: Any
) -> None:
    world.pay()
    send_due(world.store)
    body = world.listener.bodies[0]
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    given = form.pop("sign")
    assert sdk.verify(form, given)
    for reader, now in (
        (world.reader, NOON + 86_400),
        (Reader(app_id="2021000000000002", alipay_key=world.client.alipay_key), NOON),
    ):
        with pytest.raises(Exception, match=r"stale|unauthentic"):
            reader.read(body, now_seconds=now)


def test_the_sdk_for_partners_asks_with_the_charitys_token(world: World) -> None:
    world.pay(9)
    isv = ISVAliPay(
        appid=APP_ID,
        app_private_key_string=(world.store.folder / "app_private.pem").read_text(),
        alipay_public_key_string=(world.store.folder / "alipay_public.pem").read_text(),
        app_auth_token=world.payee.token,
    )
    isv._gateway = f"{world.address}/gateway.do"
    assert isv.api_alipay_trade_query(out_trade_no="9")["trade_status"] == "TRADE_SUCCESS"
