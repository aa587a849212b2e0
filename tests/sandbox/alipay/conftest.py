"""A gateway behind a real port, our client of it, and a listener for its notices."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import httpx
import pytest

from jusha.payments.rails.alipay.client import Alipay
from jusha.payments.rails.alipay.notice import Reader
from jusha.payments.rails.alipay.signing import private_key, public_key
from jusha.payments.rails.seam import Ask, Payee
from jusha_sandbox.alipay.app import Gateway
from jusha_sandbox.alipay.notices import send_due
from jusha_sandbox.alipay.store import APP_ID, Store
from tests.sandbox.serving import served

NOON = 1_790_049_600.0
ORDER = 202609220000000001


@dataclass
class Wall:
    """A clock that stands until it is moved."""

    seconds: float = NOON

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Listener:
    """Keeps what it is sent and answers as told."""

    bodies: list[bytes] = field(default_factory=list)
    answer: bytes = b"success"
    address: str = ""


@dataclass
class World:
    """Everything a story needs."""

    store: Store
    address: str
    client: Alipay
    reader: Reader
    payee: Payee
    wall: Wall
    listener: Listener

    def control(self, **form: str) -> dict[str, Any]:
        said = httpx.post(f"{self.address}/control", data={"format": "json", **form})
        assert said.status_code == 200
        return dict(said.json())

    def switch(self, name: str) -> None:
        self.control(action="switch", name=name, on="1")

    def step(self, seconds: float) -> int:
        """Let time run ahead, and send what is due."""
        self.control(action="clock", step=str(seconds))
        return send_due(self.store)

    def ask(self, order: int = ORDER, *, amount: int = 3505, way: Any = "precreate") -> Ask:
        until = int(self.wall()) + 900
        return Ask(order, amount, "CNY", self.payee, "向日葵 · 阅读包", until, way)

    def pay(self, order: int = ORDER, *, amount: int = 3505) -> None:
        code = self.client.create(self.ask(order, amount=amount), key=str(order)).code
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        with browser.open(code, urlencode({"action": "pay"}).encode()) as page:
            assert page.status == 200


@pytest.fixture
def listener() -> Iterator[Listener]:
    kept = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", str(len(kept.answer)))
            self.end_headers()
            self.wfile.write(kept.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    kept.address = f"http://127.0.0.1:{server.server_port}/door/v1/notices/alipay"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(tmp_path: Path, listener: Listener) -> Iterator[World]:
    wall = Wall()
    store = Store(tmp_path / "alipay", wall=wall)
    # By hand: nothing runs ahead unless a test says so.
    with store.claim() as database:
        store.set_clock(database, rate=0, step_seconds=0)
        seller = store.add_seller(database, "向日葵基金会")
    with served(Gateway(store)) as address, httpx.Client() as http:
        alipay_key = public_key((store.folder / "alipay_public.pem").read_text())
        client = Alipay(
            app_id=APP_ID,
            app_key=private_key((store.folder / "app_private.pem").read_text()),
            alipay_key=alipay_key,
            gateway=f"{address}/gateway.do",
            notify_url=listener.address,
            http=http,
            clock=wall,
        )
        payee = Payee("sunflower", seller["seller_id"], seller["token"])
        reader = Reader(app_id=APP_ID, alipay_key=alipay_key)
        yield World(store, address, client, reader, payee, wall, listener)
