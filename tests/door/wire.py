"""A door process of the tests, and a client that can write what no client library would."""

import hashlib
import hmac
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import psycopg

from jusha.config.postgres import database_url
from jusha.config.supervisor import plan
from jusha.people.vault import load, seal
from tests.home import HOME

CHANNEL = "partner"
SECRET = hashlib.sha256(b"the partner's secret in these tests").digest()
DEEDS, BATCH = "/door/v1/deeds", "/door/v1/deeds/batch"
ORDERS, ORDERS_BATCH = "/door/v1/orders", "/door/v1/orders/batch"
WAIT_SECONDS = 30


class Answer(NamedTuple):
    """What the door said; `code` is the problem's, "" for none."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        if self.status < 400:
            return ""
        assert self.headers["content-type"] == "application/problem+json"
        told = json.loads(self.body)
        assert told["status"] == self.status
        assert told["title"]
        assert told["detail"]
        return str(told["type"]).removeprefix("urn:jusha:problem:")


def sign(
    body: bytes,
    *,
    path: str = DEEDS,
    channel: str = CHANNEL,
    secret: bytes = SECRET,
    timestamp: str = "",
) -> dict[str, str]:
    """Write the headers that docs/door.md asks for, with no code of the door."""
    timestamp = timestamp or str(int(time.time()))
    text = f"jusha-hmac-v1\nPOST\n{path}\n{channel}\n{timestamp}\n".encode() + body
    return {
        "Jusha-Channel": channel,
        "Jusha-Timestamp": timestamp,
        "Jusha-Signature": "v1=" + hmac.new(secret, text, hashlib.sha256).hexdigest(),
    }


def request(body: bytes, headers: dict[str, str], *, path: str = DEEDS, method: str = "POST") -> (
    bytes
):  # fmt: skip
    """Write one request with its length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: door", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Line:
    """One connection to the door."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self._partial = b""

    def send(self, raw: bytes) -> None:
        self.sock.sendall(raw)

    def answer(self) -> Answer:
        """Read one answer. Raises ConnectionError if the door hangs up without one."""
        while b"\r\n\r\n" not in self._partial:
            self._more()
        head, _, rest = self._partial.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        self._partial = rest
        length = int(headers.get("content-length", "0"))
        while len(self._partial) < length:
            self._more()
        body, self._partial = self._partial[:length], self._partial[length:]
        return Answer(int(first.split()[1]), headers, body)

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("closed without an answer")
        self._partial += data

    def is_closed_by_the_door(self) -> bool:
        """Wait until the door hangs up; fails by time-out if it does not."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self.sock.close()


class DoorProcess:
    """A running door, and short words to speak to it."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], database: str) -> None:
        self.port, self.process, self.database = port, process, database

    def raw(self, data: bytes) -> Answer:
        """Send these bytes on a connection of their own; return the answer."""
        line = Line(self.port)
        try:
            line.send(data)
            return line.answer()
        finally:
            line.close()

    def post(self, message: Any, *, path: str = DEEDS, **how: Any) -> Answer:
        """Post a message (or raw bytes), signed unless told otherwise."""
        body = message if isinstance(message, bytes) else encode(message)
        return self.raw(request(body, sign(body, path=path, **how), path=path))

    def health(self) -> dict[str, int]:
        """What the door says of itself."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/door/v1/health", timeout=WAIT_SECONDS
        ) as answer:
            told: dict[str, int] = json.load(answer)
        return told

    def wait_for(self, **state: int) -> None:
        """Return when the health page shows this state."""
        until = time.monotonic() + WAIT_SECONDS
        found: dict[str, int] = {}
        while time.monotonic() < until:
            found = self.health()
            if all(found[name] == value for name, value in state.items()):
                return
            time.sleep(0.01)
        raise AssertionError(f"{found}, not {state}")


def encode(message: Any) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def deed(external: str = "gift-1", amount: Any = 500, **more: Any) -> dict[str, Any]:
    """Make a deed message for the house's open project."""
    told = {"id": external, "asset": "CNY", "amount": amount, "project": "shan-books"}
    return told | {"campaign": "day", "payer": "payer-wx-alice"} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def give_secret(database: str, channel: str = CHANNEL, secret: bytes = SECRET) -> None:
    """Let a channel sign, as payments.secret does."""
    with psycopg.connect(database_url("owner", HOME, database), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO jusha_channelsecret (code, sealed, created_at) VALUES (%s, %s, now())",
            (channel, seal(load(HOME, "channels"), secret, channel.encode())),
        )


def door_argv(port: int) -> tuple[list[str], dict[str, str]]:
    """The door's command and environment as the supervisor starts it."""
    child = plan(
        SimpleNamespace(
            JUSHA_HOST="127.0.0.1",
            JUSHA_DOOR_PORT=port,
            JUSHA_WEB_PORT=port,
            STATIC_ROOT=Path("static"),
            HOME=HOME,
        ),
        sandbox=False,
    )[0]
    assert child.name == "door"
    return child.argv, child.environment | {"JUSHA_DB_ROLE": child.role}


@contextmanager
def door_on(database: str, *, web_url: str = "", wait: bool = True) -> Iterator[DoorProcess]:
    """Run a door on a database until the block ends."""
    port = free_port()
    argv, environment = door_argv(port)
    environment |= {
        "JUSHA_HOME": str(HOME),
        "DATABASE_URL": database_url("owner", HOME, database),
        "DATABASE_WEB_URL": web_url or database_url("web", HOME, database),
    }
    with subprocess.Popen(argv, env=os.environ | environment) as process:
        try:
            door = DoorProcess(port, process, database)
            _wait(door, ready=wait)
            yield door
        finally:
            process.terminate()


def _wait(door: DoorProcess, *, ready: bool) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and door.process.poll() is None:
        try:
            door.health()
        except urllib.error.HTTPError:
            if not ready:
                return
        except OSError:
            pass
        else:
            return
        time.sleep(0.02)
    raise AssertionError("the door did not open")
