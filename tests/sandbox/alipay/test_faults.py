"""Answers that get lost, come twice or come from a killed gateway move no money twice."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.request import build_opener

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.payments.rails.alipay.client import Alipay
from jusha.payments.rails.alipay.signing import private_key, public_key
from jusha.payments.rails.seam import Ask, Paid, Payee, RailUnsureError
from jusha_sandbox.alipay.app import Gateway
from jusha_sandbox.alipay.store import APP_ID, OWN_SELLER, Store
from jusha_sandbox.alipay.trades import Trades
from tests.sandbox.alipay.conftest import NOON, ORDER

T = TypeVar("T")
PAYEE = Payee("own", OWN_SELLER)


class Lossy(httpx.BaseTransport):
    """Does what chance says with each request: serves, loses it, loses the answer, serves twice."""

    def __init__(self, gateway: Gateway, chances: Iterator[str]) -> None:
        self.inner = httpx.WSGITransport(gateway)
        self.chances = chances

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        chance = next(self.chances, "serve")
        if chance == "lose":
            raise httpx.ConnectError("lost")
        body = request.read()
        answer = self.inner.handle_request(request)
        answer.read()
        if chance == "twice":
            again = httpx.Request(
                request.method, request.url, headers=request.headers, content=body
            )
            answer = self.inner.handle_request(again)
        if chance == "lose-answer":
            raise httpx.ReadTimeout("lost")
        if chance == "cut":
            return httpx.Response(200, content=answer.read()[:-20])
        return answer


def client_of(folder: Path, http: httpx.Client, gateway: str) -> Alipay:
    return Alipay(
        app_id=APP_ID,
        app_key=private_key((folder / "app_private.pem").read_text()),
        alipay_key=public_key((folder / "alipay_public.pem").read_text()),
        gateway=gateway,
        notify_url="",
        http=http,
        clock=lambda: NOON,
    )


CHANCE = st.sampled_from(["serve", "lose", "lose-answer", "twice", "cut"])


@pytest.fixture(scope="module")
def keys() -> Iterator[Path]:
    """A folder with keys, copied for each example: making keys takes long."""
    with tempfile.TemporaryDirectory() as name:
        Store(Path(name))
        yield Path(name)


@settings(max_examples=25, deadline=None)
@given(chances=st.lists(CHANCE, max_size=24))
def test_whatever_is_lost_or_doubled_ends_in_one_payment_and_one_refund(
    keys: Path, chances: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        for file in keys.glob("*.pem"):
            (Path(name) / file.name).write_bytes(file.read_bytes())
        store = Store(Path(name), wall=lambda: NOON)
        transport = Lossy(Gateway(store), iter(chances))
        with httpx.Client(transport=transport) as http:
            client = client_of(Path(name), http, "http://gateway.invalid/gateway.do")
            ask = Ask(ORDER, 3505, "CNY", PAYEE, "捐", int(NOON) + 900, "precreate")
            persist(lambda: client.create(ask, key="1"))
            buy(store)
            paid = persist(lambda: client.query(ORDER, PAYEE)).paid
            assert paid is not None
            back = persist(
                lambda: client.refund(paid, PAYEE, amount=505, reason="x", key=f"{ORDER}-1")
            )
            assert (back.state, back.amount) == ("arrived", 505)
        with store.claim() as database:
            lines = database.execute("SELECT kind, amount FROM line ORDER BY n").fetchall()
        moved = [tuple(line) for line in lines if line["kind"] != "收费"]
        assert moved == [("在线支付", 3505), ("退款", -505)]


def persist(ask: Callable[[], T]) -> T:
    """Ask with the same key until there is an answer."""
    for _ in range(40):
        try:
            return ask()
        except RailUnsureError:
            continue
    raise AssertionError("no answer in forty tries")


def buy(store: Store) -> None:
    with store.claim() as database:
        seller = store.seller(database, "")
        assert seller is not None
        trades = Trades(store, database, seller)
        trades.pay(trades.find({"out_trade_no": str(ORDER)}), "2088000000000777")


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A gateway of its own, killed at the end as a machine dies."""
    command = [sys.executable, "-m", "jusha_sandbox.alipay", str(folder), "--port", "0"]
    environ = {**os.environ, "JUSHA_MODE": "sandbox"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as running:
        assert running.stdout is not None
        found = re.match(r"(\S+) app_id", running.stdout.readline())
        assert found
        try:
            yield running, found[1]
        finally:
            running.send_signal(signal.SIGKILL)


def test_a_gateway_killed_at_once_keeps_all_that_it_answered(tmp_path: Path) -> None:
    ask = Ask(ORDER, 3505, "CNY", PAYEE, "捐", 4_000_000_000, "precreate")
    paid: Paid | None = None
    with httpx.Client() as http:
        with process(tmp_path) as (_, gateway):
            code = client_of(tmp_path, http, gateway).create(ask, key="1").code
            build_opener().open(code, b"action=pay").close()
        with process(tmp_path) as (_, gateway):
            client = client_of(tmp_path, http, gateway)
            paid = client.query(ORDER, PAYEE).paid
            assert paid is not None
            client.refund(paid, PAYEE, amount=5, reason="x", key="r")
        with process(tmp_path) as (_, gateway):
            client = client_of(tmp_path, http, gateway)
            assert client.query(ORDER, PAYEE).paid == paid
            assert client.query_refund("r", paid, PAYEE).amount == 5
            assert client.refund(paid, PAYEE, amount=5, reason="x", key="r").amount == 5
        with pytest.raises(RailUnsureError, match="unreachable"):
            client.query(ORDER, PAYEE)
