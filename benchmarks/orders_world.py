"""The world of bench_orders: a settled project, a gateway in another process, the rail's worker."""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import psutil
import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection

from benchmarks.usual_django.measure import free_port
from jusha.inbox.append import append, new_id
from jusha.inbox.connect import connect, django_connection
from jusha.inbox.envelopes import Instruction
from jusha.payments.attempt import Attempts, Keys, show_on
from jusha.payments.order import Wish, place_orders
from jusha.payments.rails.wechat.client import WeChat
from jusha.payments.rails.wechat.keys import Merchant, Platform, Seal
from jusha.payments.rails.wechat.transaction import Account
from jusha.payments.rails.wechat.wire import Wire
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over

PARTNER, SUB, APPID, SERIAL = "1900000100", "1900000109", "wx8888888888888888", "AB" * 8
APIV3: Final = "k" * 32
WISH: Final = Wish("books", "", 2_000, note="愿你们都好")
READY_SECONDS: Final = 15.0


class World:
    """Opens everything; closes it when the block is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settle = connect()
        self.settlement = Settlement(self._settle, epoch=take_over(self._settle, holder="bench"))
        self._work = connect(autocommit=True)
        self._gateway: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._furnish()
        port, private = free_port(), rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        self._begin_gateway(port, private)
        self._attempts = Attempts({"wechat": self._rail(port, private)}, KEYS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._gateway is not None:
            self._gateway.terminate()
            self._gateway.wait()
        self._work.close()
        self._settle.close()
        connection.close()

    def _furnish(self) -> None:
        steps: tuple[tuple[str, dict[str, Any]], ...] = (
            ("admit-channel", {"code": "wechat", "terms": {"assets": ["CNY"], "clock": "rail"}}),
            ("admit-charity", {"code": "shan"}),
            ("open-project", {"code": "books", "charity": "shan", "running_permille": 80}),
        )
        told = [Instruction(new_id(), kind, "li", "wang", body) for kind, body in steps]
        append(self._work, lane="console", envelopes=list(told))
        self.settle()
        self._work.execute(
            "INSERT INTO jusha_merchant (rail, charity, merchant, sealed_token, set_by, second,"
            " set_at) VALUES ('wechat', 'shan', %s, '', 'li', 'wang', now())",
            (SUB,),
        )

    def _begin_gateway(self, port: int, private: rsa.RSAPrivateKey) -> None:
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        merchants = [
            {
                "role": "partner", "mchid": PARTNER, "name": "bench", "appid": APPID,
                "apiv3_key": APIV3, "serial": SERIAL, "public_key": public.decode(),
            },
            {"role": "sub", "mchid": SUB, "name": "shan", "partner": PARTNER},
        ]  # fmt: skip
        file = self._folder / "merchants.json"
        file.write_text(json.dumps(merchants))
        told = ["jusha_sandbox.wechat", str(self._folder / "gateway"), "--port", str(port)]
        self._gateway = subprocess.Popen([sys.executable, "-m", *told, "--merchants", str(file)])
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
            except httpx.HTTPError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def _rail(self, port: int, private: rsa.RSAPrivateKey) -> WeChat:
        address = f"http://127.0.0.1:{port}"
        platform = httpx.get(f"{address}/control/platform", trust_env=False).json()
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        wire = Wire(
            Merchant(PARTNER, serial=SERIAL, private_pem=pem),
            Platform.from_pems(
                public_keys={platform["public_key_id"]: platform["public_key"].encode()}
            ),
            address=address,
        )
        seal = Seal(APIV3.encode())
        return WeChat(Account(PARTNER, APPID), wire=wire, seal=seal, notify_url=f"{address}/none")

    def settle(self) -> None:
        """Settle all that waits."""
        while self.settlement.settle_next().rows:
            pass

    def place_one_by_one(self, count: int) -> None:
        """Place orders as a page does."""
        for _ in range(count):
            place_orders([WISH])

    def place_rows(self, count: int, row: int) -> None:
        """Place orders as prepared gifts are."""
        for _ in range(0, count, row):
            place_orders([WISH] * row)

    def place_and_show(self, count: int) -> None:
        """Place orders, settle them, and get a code for each from the rail.

        Settlement's own time is in it too: some 30 µs an order.
        """
        for number in [place_orders([WISH])[0] for _ in range(count)]:
            show_on(django_connection(), order_no=number, rail="wechat", way="native", back="")
        self.settle()
        while self._open():
            self._attempts.round(self._work)
            time.sleep(0.001)

    def _open(self) -> bool:
        row = self._work.execute(
            "SELECT EXISTS (SELECT FROM jusha_attempt WHERE state = 'asked')"
        ).fetchone()
        assert row is not None
        return bool(row[0])

    def server_seconds(self) -> float:
        """Processor time so far of PostgreSQL's processes that work for this one."""
        total = 0.0
        for each in (self._settle, self._work, _raw()):
            cpu = psutil.Process(each.info.backend_pid).cpu_times()
            total += cpu.user + cpu.system
        return total


KEYS: Final = Keys(deed=b"d" * 32, person=b"p" * 32, merchants=b"m" * 32)


def _raw() -> psycopg.Connection[Any]:
    return django_connection()
