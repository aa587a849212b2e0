"""A gateway on this machine with its merchants, and a house that hears its notices."""

import base64
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from jusha_sandbox.wechat.keys import Keyring
from jusha_sandbox.wechat.server import Server

PARTNER, DIRECT, CHARITY, OTHER = "1900000100", "1900000200", "1900000109", "1900000110"
APPID = "wx8888888888888888"
APIV3 = "0123456789abcdef0123456789ABCDEF"
NUMBER = "202611230000000001"
NATIVE = "/v3/pay/partner/transactions/native"
SERIAL = "444F4864EA9B34415A2B9C8D7E6F5A4B3C2D1E0F"


@cache
def merchant_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def private_pem() -> bytes:
    return merchant_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem() -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return merchant_key().public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


@cache
def made_keys() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wechat-keys-"))
    Keyring(folder)
    return folder


def merchants(verified_by: str) -> list[dict[str, str]]:
    both = {
        "appid": APPID,
        "apiv3_key": APIV3,
        "serial": SERIAL,
        "public_key": public_pem(),
        "verified_by": verified_by,
    }
    return [
        {"role": "partner", "mchid": PARTNER, "name": "聚沙", **both},
        {"role": "direct", "mchid": DIRECT, "name": "独立公益", **both},
        {"role": "sub", "mchid": CHARITY, "name": "山月公益", "partner": PARTNER},
        {"role": "sub", "mchid": OTHER, "name": "海风公益", "partner": PARTNER},
    ]


class Heard(NamedTuple):
    headers: dict[bytes, bytes]
    body: bytes


class House:
    """Hears notices; `statuses` are its answers in turn, then 200."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.statuses: list[int] = []
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                names = {k.lower().encode(): v.encode() for k, v in self.headers.items()}
                house.heard.append(Heard(names, body))
                self.send_response(house.statuses.pop(0) if house.statuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/door/v1/wechat"


class World:
    """The gateway, its house, and a hand on its knobs."""

    def __init__(self, server: Server, house: House) -> None:
        self.server, self.house = server, house
        self.address = server.address
        self.gateway = server.gateway
        self.closing = ExitStack()

    def turn(self, knob: str, **told: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.address}/control/{knob}", json=told, trust_env=False)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def state(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.address}/control/state", trust_env=False).json())

    def pay(self, number: int | str, *, sub: str = CHARITY, wallet: str = "alice") -> str:
        mchid = PARTNER if sub else DIRECT
        told = self.turn("pay", mchid=mchid, sub_mchid=sub, out_trade_no=str(number), wallet=wallet)
        return str(told["transaction_id"])

    def tell(self) -> int:
        """Send what is due now, and say how many."""
        return self.gateway.teller.round()


@contextmanager
def open_world(folder: Path, *, verified_by: str = "public-key") -> Iterator[World]:
    shutil.copytree(made_keys(), folder / "keys")
    (folder / "merchants.json").write_text(json.dumps(merchants(verified_by)))
    server = Server(
        folder, host="127.0.0.1", port=0, address="", merchants=folder / "merchants.json"
    )
    house = House()
    threads = [
        threading.Thread(target=one.serve_forever, args=(0.01,)) for one in (server, house.server)
    ]
    for thread in threads:
        thread.start()
    try:
        world = World(server, house)
        with world.closing:
            yield world
    finally:
        for one in (server, house.server):
            one.shutdown()
            one.server_close()
        for thread in threads:
            thread.join()
        server.gateway.teller.stop()
        server.gateway.store.close()


def authorization(
    method: str, target: str, body: bytes, *, at_s: int, mchid: str = PARTNER, nonce: str = "n" * 32
) -> str:
    """A request's header, as the documents say and by nobody's code but this."""
    text = f"{method}\n{target}\n{at_s}\n{nonce}\n".encode() + body + b"\n"
    made = merchant_key().sign(text, padding.PKCS1v15(), hashes.SHA256())
    return (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{mchid}",nonce_str="{nonce}",'
        f'signature="{base64.b64encode(made).decode()}",timestamp="{at_s}",serial_no="{SERIAL}"'
    )


def wish(number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    return {
        "sp_appid": APPID,
        "sp_mchid": PARTNER,
        "sub_mchid": CHARITY,
        "description": "山月公益 捐赠",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:1/n",
        "amount": {"total": 2_000, "currency": "CNY"},
    } | changes


def send(
    world: World,
    method: str,
    target: str,
    told: Any = None,
    *,
    late_s: int = 0,
    mchid: str = PARTNER,
    **headers: str,
) -> httpx.Response:
    body = b"" if told is None else json.dumps(told).encode()
    header = authorization(method, target, body, at_s=int(time.time()) - late_s, mchid=mchid)
    given = {"authorization": header, "content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.request(method, world.address + target, content=body, headers=given)


def order(world: World, number: str) -> None:
    answer = send(world, "POST", NATIVE, wish(number, notify_url=world.house.url))
    assert answer.status_code == 200, answer.text
