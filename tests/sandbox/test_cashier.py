"""The simulated cashier: says what it is, moves no money, and sends nobody away."""

import hashlib
import hmac
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from jusha_sandbox.cashier import CHANNEL, application

SECRET = bytes(range(32))
HERE = "localhost:8002"
GOOD = {"order": "202611230000000001", "amount": "2000", "back": "http://localhost:8000/o/x"}


class Door:
    """A listener in the door's place that keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.signed: list[bool] = []
        self.status = 200
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                head = f"jusha-hmac-v1\nPOST\n{self.path}\n{CHANNEL}\n"
                text = f"{head}{self.headers['jusha-timestamp']}\n".encode() + body
                wanted = "v1=" + hmac.new(SECRET, text, hashlib.sha256).hexdigest()
                door.signed.append(self.headers["jusha-signature"] == wanted)
                door.bodies.append(body)
                door.messages.append(json.loads(body))
                self.send_response(door.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    (tmp_path / f"{CHANNEL}.secret").write_text(SECRET.hex())
    door = Door()
    thread = threading.Thread(target=door.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("SANDBOX_SECRETS", str(tmp_path))
    monkeypatch.setenv("SANDBOX_DOOR", door.address)
    yield door
    door.server.shutdown()
    door.server.server_close()
    thread.join()


def ask(
    method: str = "GET", path: str = "/pay", wish: dict[str, str] | None = None, **more: str
) -> tuple[str, dict[str, str], str]:
    """Send one request to the application; return status, headers and body."""
    form = urlencode(GOOD if wish is None else wish)
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": HERE}
    if method == "GET":
        environ["QUERY_STRING"] = form
    else:
        environ |= {"CONTENT_LENGTH": str(len(form)), "wsgi.input": io.BytesIO(form.encode())}
    seen: list[Any] = []
    body = b"".join(application(environ | more, lambda *told: seen.extend(told)))
    status, headers = seen
    return status, dict(headers), body.decode()


@pytest.mark.parametrize(
    ("path", "wish"), [("/pay", GOOD), ("/pay", {}), ("/elsewhere", {}), ("/", GOOD)]
)
def test_every_page_says_that_no_money_moves(path: str, wish: dict[str, str]) -> None:
    _, headers, body = ask(path=path, wish=wish)
    assert "不会动用任何真实资金" in body
    assert "this is a sandbox and no money moves" in body
    assert "default-src 'none'" in headers["content-security-policy"]


def test_the_page_shows_the_order_and_the_amount_in_yuan() -> None:
    status, _, body = ask()
    assert status == "200 OK"
    assert ">20.00<" in body.replace("</small>", ">").replace("</p>", "<")
    assert GOOD["order"] in body


@pytest.mark.parametrize(
    "back",
    [
        "http://evil.invalid/", "//evil.invalid/", "javascript:alert(1)", "http://localhost@evil.invalid/",
        "https:evil.invalid", "", "/relative", "http://localhost.evil.invalid/", "ftp://localhost/",
        "http://localhost:8000/\r\nset-cookie: x=1", "http://[::1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_sends_nobody_to_another_host(door: Door, back: str, method: str) -> None:
    status, headers, body = ask(method, wish=GOOD | {"back": back})
    assert status == "400 Bad Request"
    assert "location" not in headers
    assert "evil" not in body
    assert door.messages == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": "0"}, {"order": "1 OR 1"}, {"order": "-1"}, {"order": "9" * 19}, {"order": "x"},
        {"order": "١"}, {"amount": "0"}, {"amount": "-5"}, {"amount": "1.5"}, {"amount": "1e3"},
        {"amount": "9" * 14}, {"amount": ""},
    ],
)  # fmt: skip
def test_an_order_or_amount_that_is_none_is_refused_and_nothing_is_sent(
    door: Door, wrong: dict[str, str]
) -> None:
    assert ask("POST", wish=GOOD | wrong)[0] == "400 Bad Request"
    assert door.messages == []


def test_paying_sends_a_signed_message_and_goes_back(door: Door) -> None:
    status, headers, _ = ask("POST")
    assert (status, headers["location"]) == ("303 See Other", GOOD["back"])
    assert door.signed == [True]
    message = door.messages[0]
    assert (message["order"], message["amount"], message["asset"]) == (GOOD["order"], 2000, "CNY")
    assert "HttpOnly" in headers["set-cookie"]


def test_paying_twice_sends_the_same_bytes_so_that_nothing_is_counted_twice(door: Door) -> None:
    _, headers, _ = ask("POST")
    wallet = headers["set-cookie"].split(";")[0]
    ask("POST", HTTP_COOKIE=wallet)
    assert door.bodies[0] == door.bodies[1]


def test_a_forged_wallet_is_not_taken(door: Door) -> None:
    ask("POST", HTTP_COOKIE="wallet=somebody-else")
    assert len(door.messages[0]["payer"]) == 16


def test_a_door_that_does_not_take_it_is_said_and_may_be_tried_again(door: Door) -> None:
    door.status = 503
    status, headers, body = ask("POST")
    assert status == "502 Bad Gateway"
    assert "location" not in headers
    assert "nothing is counted twice" in body


def test_a_door_that_is_not_there_is_said_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_DOOR", "http://127.0.0.1:1")
    assert ask("POST")[0] == "502 Bad Gateway"


@pytest.mark.parametrize("length", ["999999", "-1", "x", "", "²"])
def test_a_form_of_a_strange_length_is_not_read(door: Door, length: str) -> None:
    assert ask("POST", CONTENT_LENGTH=length)[0] == "400 Bad Request"
    assert door.messages == []
