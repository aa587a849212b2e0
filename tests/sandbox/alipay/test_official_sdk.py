"""Alipay's official SDK, unmodified, against the gateway; and the hash that it does not pin."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import build_opener

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from jusha.payments.rails.alipay.client import Alipay
from jusha.payments.rails.alipay.signing import is_signed
from jusha.payments.rails.seam import RailUnsureError
from jusha_sandbox.alipay.signing import signature
from jusha_sandbox.alipay.store import APP_ID
from tests.home import REPO
from tests.sandbox.alipay.conftest import ORDER, World

SDK = Path(os.environ.get("JUSHA_ALIPAY_SDK", REPO / "var" / "oracles" / "alipay"))
"""It owns the folder `alipay/`, as python-alipay-sdk does: the two cannot share an environment."""

needs_sdk = pytest.mark.skipif(
    not (SDK / "alipay" / "aop").is_dir(),
    reason="the official SDK is not there: `make alipay` puts it in var/oracles (33 MB)",
)


def official(world: World, *steps: dict[str, Any]) -> list[Any]:
    """Have the SDK do these, each after the other, in a process of its own."""
    told = {
        "port": urlsplit(world.address).port,
        "app_id": APP_ID,
        "app_private": (world.store.folder / "app_private.pem").read_text(),
        "alipay_public": (world.store.folder / "alipay_public.pem").read_text(),
        "steps": steps,
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("official.py"))],
        input=json.dumps(told),
        env={"PATH": os.defpath, "PYTHONPATH": str(SDK)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def here(world: World, address: str) -> str:
    """The same page of the gateway, with the port that it listens on."""
    there = urlsplit(address)
    return f"{world.address}{there.path}?{there.query}"


@needs_sdk
def test_the_official_sdk_orders_asks_refunds_and_closes(world: World) -> None:
    order = {"out_trade_no": "7", "total_amount": "12.30", "subject": "捐 阅读包"}
    made, page = official(
        world,
        {"verb": "precreate", "words": order, "notify_url": world.listener.address},
        {"verb": "page", "words": order | {"out_trade_no": "8"}},
    )
    assert (made["code"], made["out_trade_no"]) == ("10000", "7")
    # Its Host names no port, so the addresses that it is given name none either.
    build_opener().open(here(world, made["qr_code"]), b"action=pay").close()
    build_opener().open(here(world, page)).close()
    known = {"out_trade_no": "7"}
    part = known | {"refund_amount": "2.30", "out_request_no": "7-1"}
    paid, back, asked, closed, again = official(
        world,
        {"verb": "query", "words": known},
        {"verb": "refund", "words": part},
        {"verb": "refund_query", "words": known | {"out_request_no": "7-1"}},
        {"verb": "close", "words": {"out_trade_no": "8"}},
        {"verb": "query", "words": {"out_trade_no": "8"}},
    )
    assert (paid["trade_status"], paid["total_amount"]) == ("TRADE_SUCCESS", "12.30")
    assert (back["fund_change"], back["refund_fee"]) == ("Y", "2.30")
    assert asked["refund_status"] == "REFUND_SUCCESS"
    assert (closed["code"], again["trade_status"]) == ("10000", "TRADE_CLOSED")


@needs_sdk
def test_the_official_sdk_acts_for_a_charity_and_finds_its_bill(world: World) -> None:
    world.pay(9)
    world.step(2 * 86_400)
    token = world.payee.token
    paid, bill = official(
        world,
        {"verb": "query", "words": {"out_trade_no": "9"}, "token": token},
        {
            "verb": "bill",
            "words": {"bill_type": "trade", "bill_date": "2026-09-22"},
            "token": token,
        },
    )
    assert paid["trade_status"] == "TRADE_SUCCESS"
    packed = httpx.get(here(world, bill["bill_download_url"])).content
    assert packed.startswith(b"PK")


def sha1_answer(world: World) -> bytes:
    """An answer of the right key by the hash that RSA2 is not."""
    inner = f'{{"code":"10000","out_trade_no":"{ORDER}","trade_status":"TRADE_CLOSED"}}'
    sign = signature(world.store.alipay_key, inner.encode(), kind="RSA")
    return f'{{"alipay_trade_query_response":{inner},"sign":"{sign}"}}'.encode()


def answered(world: World, raw: bytes) -> Alipay:
    """Our client, answered with these bytes."""
    ours = world.client
    return Alipay(
        app_id=ours.app_id,
        app_key=ours.app_key,
        alipay_key=ours.alipay_key,
        gateway=ours.gateway,
        notify_url=ours.notify_url,
        http=httpx.Client(
            transport=httpx.MockTransport(lambda _: httpx.Response(200, content=raw))
        ),
    )


def test_our_client_takes_no_answer_that_is_signed_by_sha1(world: World) -> None:
    raw = sha1_answer(world)
    with pytest.raises(RailUnsureError, match="unsigned"):
        answered(world, raw).query(ORDER, world.payee)
    inner = raw[raw.index(b":{") + 1 : raw.index(b',"sign"')]
    good = signature(world.store.alipay_key, inner).encode()
    right = b'{"alipay_trade_query_response":' + inner + b',"sign":"' + good + b'"}'
    assert answered(world, right).query(ORDER, world.payee).state == "closed"


@needs_sdk
def test_the_official_sdk_takes_it(world: World) -> None:
    old = padding.PKCS1v15(), hashes.SHA1()  # noqa: S303 - what must not pass
    sign = world.store.alipay_key.sign(b"x", *old)
    text = base64.b64encode(sign).decode()
    _, taken, parsed = official(
        world,
        {"verb": "query", "words": {"out_trade_no": "7"}},  # its first call sets it up
        {"verb": "verify", "text": "x", "sign": text},
        {"verb": "parse", "raw": sha1_answer(world).decode()},
    )
    assert taken is True
    assert parsed["trade_status"] == "TRADE_CLOSED"
    assert not is_signed(world.client.alipay_key, b"x", text.encode())
