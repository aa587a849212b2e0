"""Killed at any moment, the gateway has what it answered, and owes what it owed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.wechat.world import (
    CHARITY,
    NATIVE,
    NUMBER,
    PARTNER,
    House,
    made_keys,
    merchants,
    send,
    wish,
)

ROOT = Path(__file__).parents[3]


class Process:
    """The real process, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(made_keys(), folder / "gateway" / "keys")
        (folder / "merchants.json").write_text(json.dumps(merchants("public-key")))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"http://localhost:{self.port}"

    def start(self) -> None:
        argv = [sys.executable, "-m", "jusha_sandbox.wechat", str(self.folder / "gateway")]
        argv += ["--port", str(self.port), "--merchants", str(self.folder / "merchants.json")]
        self.process = subprocess.Popen(argv, cwd=ROOT, env=os.environ | {"JUSHA_MODE": "sandbox"})
        for _ in range(400):
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}/health", trust_env=False).status_code == 200:
                    return
            assert self.process.poll() is None
            time.sleep(0.05)
        raise AssertionError("it never came up")

    def kill(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def notices(self) -> list[str]:
        """The states of all notices, when the clock was moved until none waits."""
        for _ in range(600):
            state = httpx.get(f"{self.address}/control/state", trust_env=False).json()
            states = [one["state"] for one in state["notices"]]
            if "waiting" not in states:
                return states
            self.turn("clock", advance=15)
            time.sleep(0.05)
        raise AssertionError("never told")

    def turn(self, knob: str, **told: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.address}/control/{knob}", json=told, trust_env=False)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.mark.drill
def test_killed_and_started_again_it_keeps_its_word(tmp_path: Path) -> None:
    gateway, house = Process(tmp_path), House()
    thread = threading.Thread(target=house.server.serve_forever, args=(0.01,))
    thread.start()
    world: Any = gateway
    told = wish(notify_url=house.url)
    try:
        gateway.start()
        made = send(world, "POST", NATIVE, told)
        gateway.kill()
        gateway.start()
        again = send(world, "POST", NATIVE, told)
        assert (again.status_code, again.json()) == (200, made.json())
        house.statuses = [500] * 3  # it is told, and not answered, and owed
        gateway.turn("clock", rate=0)
        who = {"mchid": PARTNER, "sub_mchid": CHARITY, "out_trade_no": NUMBER}
        transaction = gateway.turn("pay", **who)["transaction_id"]
        gateway.kill()
        gateway.start()
        target = f"/v3/pay/partner/transactions/out-trade-no/{NUMBER}"
        asked = send(world, "GET", f"{target}?sp_mchid={PARTNER}&sub_mchid={CHARITY}").json()
        assert (asked["trade_state"], asked["transaction_id"]) == ("SUCCESS", transaction)
        assert gateway.turn("pay", **who)["transaction_id"] == transaction
        assert gateway.notices() == ["told"], "one payment, one notice"
        assert gateway.kill(signal.SIGTERM) == 0
    finally:
        with suppress(ProcessLookupError):
            gateway.process.kill()
        gateway.process.wait()
        house.server.shutdown()
        house.server.server_close()
        thread.join()


def test_it_starts_in_the_sandbox_alone(tmp_path: Path) -> None:
    for mode in ("beside", "own-site", "designated"):
        argv = [sys.executable, "-m", "jusha_sandbox.wechat", str(tmp_path / "none")]
        done = subprocess.run(
            argv, cwd=ROOT, env=os.environ | {"JUSHA_MODE": mode}, check=False, capture_output=True
        )
        assert done.returncode == 1
        assert mode in done.stderr.decode()
        assert not (tmp_path / "none").exists()
