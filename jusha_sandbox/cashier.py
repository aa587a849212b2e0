"""A simulated cashier: the page between an order and its payment, where no money moves.

GET /pay shows the order; POST /pay "pays" it by sending the door the same signed
notification a payment rail would send, and goes back to the site. Paying twice sends
the same id twice, as rails do.
"""

import html
import os
import re
import secrets
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jusha_sandbox.wire import post, read_secret

CHANNEL = "sandbox-cashier"
BODY_MAX = 4_096
ORDER = re.compile(r"[1-9][0-9]{0,17}")
AMOUNT = re.compile(r"[1-9][0-9]{0,12}")
WALLET = re.compile(r"[0-9a-f]{16}")
DOOR_OK = 200
PAGE = Template((Path(__file__).parent / "cashier.html").read_text())
STYLE = (Path(__file__).parent / "cashier.css").read_bytes()

if (mode := os.environ.get("JUSHA_MODE", "sandbox")) != "sandbox":
    raise SystemExit(
        f"JUSHA_MODE={mode} 不能启动模拟收银台。\nno simulated cashier starts in JUSHA_MODE={mode}"
    )

Start = Callable[[str, list[tuple[str, str]]], Any]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one request (WSGI, PEP 3333)."""
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    if method == "GET" and path == "/cashier.css":
        return _answer(start, HTTPStatus.OK, STYLE, [("content-type", "text/css")])
    if path != "/pay" or method not in {"GET", "POST"}:
        return _page(start, HTTPStatus.NOT_FOUND, "没有这个页面", "There is no such page.", {})
    query = environ.get("QUERY_STRING", "") if method == "GET" else _form(environ)
    wish = {name: values[0] for name, values in parse_qs(query).items()}
    if not _is_sane(wish, environ):
        return _page(
            start, HTTPStatus.BAD_REQUEST, "订单信息不完整", "The order is not readable.", {}
        )
    if method == "GET":
        return _page(start, HTTPStatus.OK, "", "", wish)
    return _pay(environ, start, wish)


def _pay(environ: dict[str, Any], start: Start, wish: dict[str, str]) -> Iterable[bytes]:
    wallet = _wallet(environ)
    message = {
        "id": f"cashier-{wish['order']}",
        "asset": "CNY",
        "amount": int(wish["amount"]),
        "order": wish["order"],
        "payer": wallet,
    }
    secret = read_secret(Path(os.environ["SANDBOX_SECRETS"]), CHANNEL)
    status = post(os.environ["SANDBOX_DOOR"], "/door/v1/deeds", CHANNEL, secret, message)
    if status != DOOR_OK:
        return _page(
            start,
            HTTPStatus.BAD_GATEWAY,
            "暂时没有送达，可以再点一次，不会重复记账",
            "Not delivered yet. Press again: nothing is counted twice.",
            wish,
        )
    cookie = f"wallet={wallet}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
    headers = [("location", wish["back"]), ("set-cookie", cookie)]
    return _answer(start, HTTPStatus.SEE_OTHER, b"", headers)


def _wallet(environ: dict[str, Any]) -> str:
    """The simulated payer: one a browser, so that a person's daily cap can be tried."""
    cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("wallet")
    if cookie and WALLET.fullmatch(cookie.value):
        return cookie.value
    return secrets.token_hex(8)


def _form(environ: dict[str, Any]) -> str:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_MAX:
        return ""
    return str(environ["wsgi.input"].read(int(length)).decode("ascii", "replace"))


def _is_sane(wish: dict[str, str], environ: dict[str, Any]) -> bool:
    """Check the order's form, and that we only ever send people back to the same host."""
    try:
        back = urlsplit(wish.get("back", ""))
        here = urlsplit(f"//{environ.get('HTTP_HOST', '')}")
    except ValueError:  # brackets that are no address
        return False
    return bool(
        ORDER.fullmatch(wish.get("order", ""))
        and AMOUNT.fullmatch(wish.get("amount", ""))
        and back.scheme in {"http", "https"}
        and back.hostname
        and back.hostname == here.hostname
        and wish["back"].isprintable()
    )


def _page(
    start: Start, status: HTTPStatus, chinese: str, english: str, wish: dict[str, str]
) -> Iterable[bytes]:
    yuan = f"{int(wish['amount']) // 100}.{int(wish['amount']) % 100:02d}" if wish else "—"
    shown = {name: html.escape(wish.get(name, ""), quote=True) for name in ("order", "amount")}
    body = PAGE.substitute(
        shown,
        back=html.escape(wish.get("back", "/"), quote=True),
        yuan=yuan,
        chinese=html.escape(chinese),
        english=html.escape(english),
        notice="" if chinese else "hidden",
        form="" if wish else "hidden",
    ).encode()
    return _answer(start, status, body, [("content-type", "text/html; charset=utf-8")])


def _answer(
    start: Start, status: HTTPStatus, body: bytes, headers: list[tuple[str, str]]
) -> Iterable[bytes]:
    policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
    start(
        f"{status.value} {status.phrase}",
        [
            *headers,
            ("content-length", str(len(body))),
            ("content-security-policy", policy),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ],
    )
    return [body]
