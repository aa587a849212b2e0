"""The simulated issuer over HTTP (WSGI, PEP 3333).

POST /v1/receipts        issue; JSON, signed
POST /v1/reversals       reverse a whole receipt
GET  /v1/keys/<key>      what became of a key
GET  /                   what this is, its newest papers, its switches
GET  /r/<code>/<number>  one paper, by its numbers
POST /switch             name, count: spoil the next requests
"""

import hashlib
import hmac
import html
import json
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from jusha_sandbox.receipts.store import SWITCHES, Row, Store, add, by_key, by_number, spoil, turn

NAME: Final = "jusha-receipts-v1"
SKEW_SECONDS: Final = 300
LATE_SECONDS: Final = 60
BODY_MAX: Final = 16_384
COUNT_MAX: Final = 100
KEY: Final = re.compile(r"[0-9A-Za-z-]{8,80}")
DAY: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")
PAPER: Final = re.compile(r"/r/([0-9]{8})/([0-9]{10})")
AMOUNT_MAX: Final = 10**15
NAME_MAX: Final = 100
JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
PAGE: Final = Template((Path(__file__).parent / "page.html").read_text("utf-8"))

Start = Callable[[str, list[tuple[str, str]]], Any]
Said = tuple[HTTPStatus, dict[str, Any]]


class NotAcceptedError(Exception):
    """The request is not one that is done; `status` and the text are answered."""

    def __init__(self, status: HTTPStatus, code: str) -> None:
        super().__init__(code)
        self.status = status


class Issuer:
    """One simulated issuer as a WSGI application. `clock` tells Unix seconds."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        """Stand on a store."""
        self.store, self.clock = store, clock

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/v1/"):
            return self._api(environ, start, path)
        if environ["REQUEST_METHOD"] == "POST" and path == "/switch":
            return self._switch(environ, start)
        return self._page(start, path)

    def _api(self, environ: dict[str, Any], start: Start, path: str) -> Iterable[bytes]:
        body = _body(environ)
        if body is None:
            return _answer(start, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, JSON, b"{}", [])
        secret = self.store.secret(environ.get("HTTP_RECEIPTS_CLIENT", ""))
        status, told = self._judged(environ, path, body, secret)
        key = b"somebody else" if told.pop("forged", False) else secret or b""
        raw = json.dumps(told, separators=(",", ":")).encode()
        at = str(int(self.clock()))
        headers = [("receipts-time", at)]
        if secret:
            said = f"{NAME}\n{status.value}\n{path}\n{at}\n".encode() + raw
            headers.append(("receipts-signature", "v1=" + _mac(key, said)))
        return _answer(start, status, JSON, raw, headers)

    def _judged(
        self, environ: dict[str, Any], path: str, body: bytes, secret: bytes | None
    ) -> Said:
        method = environ["REQUEST_METHOD"]
        try:
            self._check(environ, method, path, body, secret)
            if method == "GET" and path.startswith("/v1/keys/"):
                return self._told(unquote(path.removeprefix("/v1/keys/")))
            if method == "POST" and path in {"/v1/receipts", "/v1/reversals"}:
                return self._do(path, body)
        except NotAcceptedError as error:
            return error.status, {"error": str(error)}
        return HTTPStatus.NOT_FOUND, {"error": "no-such-path"}

    def _check(
        self, environ: dict[str, Any], method: str, path: str, body: bytes, secret: bytes | None
    ) -> None:
        at = environ.get("HTTP_RECEIPTS_TIME", "")
        said = f"{NAME}\n{method}\n{path}\n{at}\n".encode() + body
        given = environ.get("HTTP_RECEIPTS_SIGNATURE", "").encode()
        if secret is None or not hmac.compare_digest(f"v1={_mac(secret, said)}".encode(), given):
            raise NotAcceptedError(HTTPStatus.UNAUTHORIZED, "bad-signature")
        if not at.isdecimal() or abs(int(at) - self.clock()) > SKEW_SECONDS:
            raise NotAcceptedError(HTTPStatus.UNAUTHORIZED, "stale")

    def _told(self, key: str) -> Said:
        with self.store.claim() as database:
            row = by_key(database, key)
        if row is None:
            return HTTPStatus.OK, {"key": key, "state": "unknown"}
        return self._said(row)

    def _said(self, row: Row) -> Said:
        if row.ready_at > self.clock():
            return HTTPStatus.ACCEPTED, {"key": row.key, "state": "pending"}
        told = {"key": row.key, "state": "issued", "code": row.code, "check": row.proof}
        return HTTPStatus.OK, told | {"number": f"{row.number:010d}", "amount": row.amount}

    def _do(self, path: str, body: bytes) -> Said:
        """Issue or reverse once a key; the same key and body is answered as before."""
        wish = _read(body, path)
        with self.store.claim() as database:
            earlier = by_key(database, wish["key"])
            if earlier is not None:
                if earlier.body != body:
                    raise NotAcceptedError(HTTPStatus.CONFLICT, "another-body")
                return self._said(earlier)
            spoilt = spoil(database)
            if spoilt == "refused":
                return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "not-accepted"}
            if spoilt == "unsure":
                return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "try-again"}
            row = self._added(database, wish, body, late=spoilt == "late")
        if spoilt == "repeated":
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "try-again"}
        status, told = self._said(row)
        return status, told | ({"forged": True} if spoilt == "forged" else {})

    def _added(self, database: Any, wish: dict[str, Any], body: bytes, *, late: bool) -> Row:
        at = int(self.clock())
        reverses = None
        if "number" in wish:
            found = by_number(database, wish["code"], int(wish["number"]))
            if found is None or found.does != "issue" or found.amount != wish["amount"]:
                raise NotAcceptedError(HTTPStatus.UNPROCESSABLE_ENTITY, "no-such-receipt")
            gone = database.execute("SELECT 1 FROM paper WHERE reverses = ?", (found.key,))
            if gone.fetchone():
                raise NotAcceptedError(HTTPStatus.CONFLICT, "reversed-before")
            reverses = found.key
        payer = wish.get("payer", {})
        return add(
            database,
            key=wish["key"],
            body=body,
            amount=wish["amount"],
            told=str(payer.get("name", "")),
            reverses=reverses,
            at=at,
            ready_at=at + (LATE_SECONDS if late else 0),
        )

    def _switch(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        form = parse_qs((_body(environ) or b"").decode("ascii", "replace"))
        name, count = form.get("name", [""])[0], form.get("count", ["1"])[0]
        if name in SWITCHES and re.fullmatch("[0-9]{1,3}", count) and int(count) <= COUNT_MAX:
            with self.store.claim() as database:
                turn(database, name, int(count))
        return _answer(start, HTTPStatus.SEE_OTHER, HTML, b"", [("location", "/")])

    def _page(self, start: Start, path: str) -> Iterable[bytes]:
        rows = self.store.papers()
        status = HTTPStatus.OK
        if wanted := PAPER.fullmatch(path):
            rows = [r for r in rows if (r.code, f"{r.number:010d}") == wanted.groups()]
        if (path != "/" and not wanted) or (wanted and not rows):
            status, rows = HTTPStatus.NOT_FOUND, []
        on = self.store.switches()
        switches = "".join(
            f'<form method="post" action="/switch"><input type="hidden" name="name" value="{each}">'
            f'<button name="count" value="1">{each}</button> {on.get(each, 0)}</form>'
            for each in SWITCHES
        )
        body = PAGE.substitute(rows="".join(map(_line, rows)), switches=switches).encode()
        return _answer(start, status, HTML, body, [])


def _line(row: Row) -> str:
    number = f"{row.number:010d}"
    what = "模拟冲红" if row.does == "reverse" else "模拟票据"
    return (
        f'<tr><td><a href="/r/{row.code}/{number}">{row.code} {number}</a></td><td>{what}</td>'
        f"<td>{row.proof}</td><td>{row.amount // 100}.{row.amount % 100:02d}</td>"
        f"<td>{html.escape(row.told)}</td></tr>"
    )


def _read(body: bytes, path: str) -> dict[str, Any]:
    """Read a wish. Raises NotAcceptedError for anything that is not one."""
    try:
        wish = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAcceptedError(HTTPStatus.BAD_REQUEST, "not-json") from error
    good = isinstance(wish, dict) and _is_key(wish.get("key")) and _is_amount(wish.get("amount"))
    if good and path == "/v1/receipts":
        payer = wish.get("payer")
        good = (
            isinstance(payer, dict)
            and all(isinstance(payer.get(each), str) for each in ("title", "name", "code", "mail"))
            and 0 < len(payer["name"]) <= NAME_MAX
            and isinstance(wish.get("charity"), str)
            and bool(DAY.fullmatch(str(wish.get("day"))))
            and "number" not in wish
        )
    elif good:
        good = all(
            isinstance(wish.get(each), str) and re.fullmatch("[0-9]{8,10}", wish[each])
            for each in ("code", "number")
        )
    if not good:
        raise NotAcceptedError(HTTPStatus.BAD_REQUEST, "not-a-wish")
    return dict(wish)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and bool(KEY.fullmatch(value))


def _is_amount(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= AMOUNT_MAX


def _body(environ: dict[str, Any]) -> bytes | None:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_MAX:
        return None
    return bytes(environ["wsgi.input"].read(int(length)))


def _mac(secret: bytes, said: bytes) -> str:
    return hmac.new(secret, said, hashlib.sha256).hexdigest()


def _answer(
    start: Start, status: HTTPStatus, kind: str, body: bytes, headers: list[tuple[str, str]]
) -> Iterable[bytes]:
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    start(
        f"{status.value} {status.phrase}",
        [
            *headers,
            ("content-type", kind),
            ("content-length", str(len(body))),
            ("content-security-policy", policy),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ],
    )
    return [body]
