"""The gateway over HTTP (WSGI, PEP 3333).

GET, POST /gateway.do   the open platform's methods, signed both ways
GET, POST /pay/<code>   the page on which a simulated buyer pays
GET /bill               the file that a bill's address names, for 30 seconds
GET, POST /control      switches, the clock and accounts; from this machine only
"""

import hmac
import html
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from datetime import date
from hashlib import sha256
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from jusha_sandbox.alipay import bills
from jusha_sandbox.alipay.signing import is_by, joined, signature
from jusha_sandbox.alipay.store import (
    APP_ID,
    OWN_SELLER,
    SWITCHES,
    Store,
    clock_text,
    yuan_text,
)
from jusha_sandbox.alipay.trades import Refusal, Trades, Words, business, invalid, read_words

BODY_MAX: Final = 64 * 1024
PAGE: Final = Template((Path(__file__).parent / "page.html").read_text("utf-8"))
STYLE: Final = (Path(__file__).parent / "page.css").read_bytes()
CODE: Final = re.compile(r"/pay/(bax[0-9a-f]{24})")
WALLET: Final = re.compile(r"2088[0-9]{12}")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
BILL_SECONDS: Final = 30
PAGES: Final = frozenset({"alipay.trade.page.pay", "alipay.trade.wap.pay"})
HTML: Final = "text/html; charset=utf-8"
POLICY: Final = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"

Start = Callable[[str, list[tuple[str, str]]], Any]
Headers = list[tuple[str, str]]
Said = tuple[HTTPStatus, str, bytes, Headers]


class Gateway:
    """One simulated gateway."""

    def __init__(self, store: Store) -> None:
        """Stand on a store."""
        self.store = store

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request."""
        status, kind, body, headers = self._route(environ)
        start(
            f"{status.value} {status.phrase}",
            [
                *headers,
                ("content-type", kind),
                ("content-length", str(len(body))),
                ("content-security-policy", POLICY),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
            ],
        )
        return [body]

    def _route(self, environ: dict[str, Any]) -> Said:  # noqa: PLR0911 - one line an address
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path.startswith("http://"):  # absolute form (RFC 9112, 3.2.2): the official SDK sends it
            path = f"/{path.split('/', 3)[-1]}"
        if method not in {"GET", "POST"}:
            return _page(HTTPStatus.METHOD_NOT_ALLOWED, "请用浏览器打开", "GET or POST")
        if path == "/page.css":
            return HTTPStatus.OK, "text/css", STYLE, []
        form = _form(environ)
        if form is None:
            return _page(HTTPStatus.BAD_REQUEST, "请求无法读取", "The request is not readable.")
        if path == "/gateway.do":
            return self._gateway(environ, form)
        if found := CODE.fullmatch(path):
            return self._pay(environ, found[1], form)
        if path == "/bill" and method == "GET":
            return self._bill(form)
        if path == "/control" and _is_here(environ):
            return self._control(form, change=method == "POST")
        return _page(HTTPStatus.NOT_FOUND, "没有这个页面", "There is no such page.")

    def _gateway(self, environ: dict[str, Any], form: dict[str, str]) -> Said:
        method = form.get("method", "")
        try:
            with self.store.claim() as database:
                seller = self._authentic(database, form)
                trades = Trades(self.store, database, seller)
                if method in PAGES:
                    trade = _opened(trades, form)
                    return HTTPStatus.SEE_OTHER, HTML, b"", [("location", f"/pay/{trade['code']}")]
                said = self._do(environ, trades, method, form)
        except Refusal as refusal:
            if method in PAGES:
                told = str(refusal.words["sub_code"])
                return _page(HTTPStatus.BAD_REQUEST, "无法付款", f"Not payable: {told}")
            said = refusal.words
        raw = self._signed(method, said, certified="app_cert_sn" in form)
        return HTTPStatus.OK, "application/json;charset=utf-8", raw, []

    def _authentic(self, database: sqlite3.Connection, form: dict[str, str]) -> sqlite3.Row:
        if form.get("app_id") != APP_ID:
            raise invalid("isv.invalid-app-id", "无效的AppID参数")
        if form.get("sign_type") != "RSA2":
            raise invalid("isv.invalid-signature-type", "无效签名类型")
        if form.get("charset", "").lower() != "utf-8":
            raise invalid("isv.invalid-charset", "字符集错误")
        if "app_cert_sn" in form:
            own = self.store.certificates()
            if (form["app_cert_sn"], form.get("alipay_root_cert_sn")) != (own.app, own.root):
                raise invalid("isv.invalid-app-cert-sn", "应用公钥证书或根证书序列号错误")
        given = {name: value for name, value in form.items() if value}
        if not is_by(
            self.store.app_key, joined(given, without=frozenset({"sign"})), form.get("sign", "")
        ):
            raise invalid("isv.invalid-signature", "无效签名")
        seller = self.store.seller(database, form.get("app_auth_token", ""))
        if seller is None:
            code = "aop.invalid-app-auth-token"
            raise Refusal("20001", "Insufficient Token Permissions", code, "无效的应用授权令牌")
        return seller

    def _do(
        self, environ: dict[str, Any], trades: Trades, method: str, form: dict[str, str]
    ) -> Words:
        words = read_words(form.get("biz_content", ""))
        verbs: dict[str, Callable[[Words], Words]] = {
            "alipay.trade.query": trades.query,
            "alipay.trade.close": trades.close,
            "alipay.trade.refund": trades.refund,
            "alipay.trade.fastpay.refund.query": trades.query_refund,
        }
        if method in verbs:
            return verbs[method](words)
        here = f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '')}"
        if method == "alipay.trade.precreate":
            trade = _opened(trades, form)
            code = f"{here}/pay/{trade['code']}"
            return {
                "code": "10000",
                "msg": "Success",
                "out_trade_no": trade["out_trade_no"],
                "qr_code": code,
            }
        if method == "alipay.data.dataservice.bill.downloadurl.query":
            return self._bill_address(here, trades, words)
        raise invalid("isv.invalid-method", "不存在的方法名")

    def _signed(self, method: str, said: Words, *, certified: bool) -> bytes:
        """The answer: its inner object's exact bytes are what is signed, and by what if asked."""
        inner = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        name = f"{method.replace('.', '_')}_response" if method else "error_response"
        name = name if re.fullmatch("[a-z_]{1,100}", name) else "error_response"
        sign = signature(self.store.alipay_key, inner)
        named = f'"alipay_cert_sn":"{self.store.certificates().alipay}",' if certified else ""
        return b'{"%s":%s,%s"sign":"%s"}' % (name.encode(), inner, named.encode(), sign.encode())

    # --- the bill: an address that carries its own proof, so nothing has to be remembered

    def _bill_address(self, here: str, trades: Trades, words: Words) -> Words:
        kind = str(words.get("bill_type", ""))
        try:
            day = date.fromisoformat(str(words.get("bill_date", "")))
        except ValueError:
            raise invalid("isv.invalid-parameter", "bill_date") from None
        if kind not in bills.KINDS:
            raise invalid("isv.invalid-parameter", "bill_type")
        if bills.ready_at(day) > self.store.now(trades.database):
            raise business("isp.bill_not_exist", "账单不存在")
        asked = {
            "bill_type": kind,
            "day": day.isoformat(),
            "seller": str(trades.seller["id"]),
            "until": str(self.store.stamp() + BILL_SECONDS),
        }
        asked["proof"] = self._proof(asked)
        return {
            "code": "10000",
            "msg": "Success",
            "bill_download_url": f"{here}/bill?{urlencode(asked)}",
        }

    def _proof(self, asked: dict[str, str]) -> str:
        key = (self.store.folder / "alipay_private.pem").read_bytes()
        text = joined(asked, without=frozenset({"proof"}))
        return hmac.new(sha256(key).digest(), text, sha256).hexdigest()

    def _bill(self, form: dict[str, str]) -> Said:
        fresh = form.get("until", "").isdigit() and int(form["until"]) >= self.store.stamp()
        if not fresh or not hmac.compare_digest(self._proof(form), form.get("proof", "")):
            return _page(HTTPStatus.FORBIDDEN, "下载地址已失效", "The address is no longer valid.")
        with self.store.claim() as database:
            day, now = date.fromisoformat(form["day"]), self.store.now(database)
            raw = bills.bill(database, form["bill_type"], form["seller"], day, now=now)
        return HTTPStatus.OK, "application/zip", raw, []

    # --- pages

    def _pay(self, environ: dict[str, Any], code: str, form: dict[str, str]) -> Said:
        wallet = _wallet(environ)
        with self.store.claim() as database:
            find = "SELECT * FROM trade WHERE code = ?"
            trade = database.execute(find, (code,)).fetchone()
            if trade is None:
                return _page(HTTPStatus.NOT_FOUND, "没有这笔订单", "There is no such order.")
            owner = database.execute(
                "SELECT * FROM seller WHERE id = ?", (trade["seller"],)
            ).fetchone()
            trades = Trades(self.store, database, owner)
            trade = trades.find({"trade_no": trade["trade_no"]})
            if environ["REQUEST_METHOD"] == "POST" and form.get("action") == "pay":
                try:
                    trade = trades.pay(trade, wallet)
                except Refusal:
                    return _page(HTTPStatus.CONFLICT, "订单已关闭", "The order is closed.")
        cookie = [("set-cookie", f"alipay={wallet}; Path=/; HttpOnly; SameSite=Lax")]
        back = self._back(environ, trade)
        if environ["REQUEST_METHOD"] == "POST" and back:
            return HTTPStatus.SEE_OTHER, HTML, b"", [("location", back), *cookie]
        status, kind, body, _ = _page(
            HTTPStatus.OK, *_state(trade), inner=_order(trade, owner, back)
        )
        return status, kind, body, cookie

    def _back(self, environ: dict[str, Any], trade: sqlite3.Row) -> str:
        """Where the browser goes back to, signed as Alipay does; never to another host."""
        url = trade["return_url"]
        try:
            back, here = urlsplit(url), urlsplit(f"//{environ.get('HTTP_HOST', '')}")
            same = back.hostname in {here.hostname} | LOOPBACK and back.scheme in {"http", "https"}
        except ValueError:
            return ""
        if not same or not url.isprintable():
            return ""
        if not trade["paid_at"]:
            return str(url)
        told = {
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "charset": "utf-8",
            "method": "alipay.trade.page.pay.return",
            "out_trade_no": trade["out_trade_no"],
            "seller_id": trade["seller"],
            "timestamp": clock_text(self.store.stamp()),
            "total_amount": yuan_text(trade["amount"]),
            "trade_no": trade["trade_no"],
            "version": "1.0",
        }
        told["sign"] = signature(self.store.alipay_key, joined(told, without=frozenset()))
        told["sign_type"] = "RSA2"
        return f"{url}{'&' if back.query else '?'}{urlencode(told)}"

    def _control(self, form: dict[str, str], *, change: bool) -> Said:
        more: Words = {}
        try:
            with self.store.claim() as database:
                if change:
                    more = self._change(database, form)
                state = self._state(database) | more
        except ValueError as error:
            return _page(HTTPStatus.BAD_REQUEST, "参数无效", str(error))
        if form.get("format") == "json":
            raw = json.dumps(state, ensure_ascii=False).encode()
            return HTTPStatus.OK, "application/json", raw, []
        if change:
            return HTTPStatus.SEE_OTHER, HTML, b"", [("location", "/control")]
        return _page(HTTPStatus.OK, "模拟网关的开关", "Switches", inner=_controls(state))

    def _change(self, database: sqlite3.Connection, form: dict[str, str]) -> Words:
        """Do what the form says. Raises ValueError."""
        action = form.get("action")
        if action == "switch" and form.get("name") in SWITCHES:
            on = self.store.switches(database) - {form["name"]}
            on |= {form["name"]} if form.get("on") == "1" else set()
            self.store.put(database, "switches", sorted(on))
            return {}
        if action == "clock":
            rate = float(form["rate"]) if form.get("rate") else None
            step = float(form.get("step") or 0)
            if not all(0 <= value < 10**8 for value in (rate or 0, step)):
                raise ValueError("rate, step")
            self.store.set_clock(database, rate=rate, step_seconds=step)
            return {}
        if action == "seller" and form.get("name"):
            return {"seller": self.store.add_seller(database, form["name"][:100])}
        raise ValueError("action")

    def _state(self, database: sqlite3.Connection) -> Words:
        waiting = database.execute(
            "SELECT state, count(*) AS n FROM notice GROUP BY state ORDER BY state"
        ).fetchall()
        return {
            "app_id": APP_ID,
            "own_seller": OWN_SELLER,
            "clock": clock_text(self.store.now(database)),
            "rate": self.store.setting(database, "clock", {"rate": 1})["rate"],
            "switches": sorted(self.store.switches(database)),
            "notices": {row["state"]: row["n"] for row in waiting},
        }


def _opened(trades: Trades, form: dict[str, str]) -> sqlite3.Row:
    words = read_words(form.get("biz_content", ""))
    notify, back = form.get("notify_url", ""), form.get("return_url", "")
    return trades.open(words, notify_url=notify, return_url=back)


def _form(environ: dict[str, Any]) -> dict[str, str] | None:
    """The parameters of address and body together, as the gateway takes them."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_MAX:
        return None
    body = environ["wsgi.input"].read(int(length)) if int(length) else b""
    try:
        pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="strict")
        pairs += parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except (UnicodeError, ValueError):
        return None
    return dict(pairs)


def _is_here(environ: dict[str, Any]) -> bool:
    """Whether the asker is on this machine, and no page of another site asks through it."""
    try:
        host = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname
        origin = environ.get("HTTP_ORIGIN")
        own = origin is None or urlsplit(origin).netloc == environ.get("HTTP_HOST")
    except ValueError:
        return False
    return environ.get("REMOTE_ADDR") in LOOPBACK and host in LOOPBACK and own


def _wallet(environ: dict[str, Any]) -> str:
    """The simulated buyer: one a browser, so that a person's daily cap can be tried."""
    cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("alipay")
    if cookie and WALLET.fullmatch(cookie.value):
        return cookie.value
    return f"2088{secrets.randbelow(10**12):012d}"


def _state(trade: sqlite3.Row) -> tuple[str, str]:
    return {
        "WAIT_BUYER_PAY": ("确认付款", "Confirm the payment"),
        "TRADE_CLOSED": ("订单已关闭", "The order is closed."),
    }.get(trade["status"], ("已付款（模拟）", "Paid (simulated)"))


def _order(trade: sqlite3.Row, seller: sqlite3.Row, back: str) -> str:
    escaped = html.escape
    parts = [
        f'<p class="sum"><small>¥</small>{yuan_text(trade["amount"])}</p>',
        f'<p class="order">{escaped(trade["subject"])}<br>{escaped(seller["name"])}</p>',
        f'<p>订单 <span lang="en">Order</span> {escaped(trade["out_trade_no"])}</p>',
    ]
    if trade["status"] == "WAIT_BUYER_PAY":
        parts.append(
            '<form method="post"><button name="action" value="pay">确认（模拟支付）'
            '<span lang="en">Confirm (simulated)</span></button></form>'
        )
    if back:
        parts.append(
            f'<p class="away"><a href="{escaped(back, quote=True)}">返回 '
            '<span lang="en">Back</span></a></p>'
        )
    return "".join(parts)


def _controls(state: Words) -> str:
    rows = []
    for name, told in SWITCHES.items():
        on = name in state["switches"]
        rows.append(
            '<form method="post" action="/control">'
            f'<input type="hidden" name="name" value="{name}">'
            f'<input type="hidden" name="on" value="{0 if on else 1}">'
            f'<button name="action" value="switch" class="{"on" if on else "off"}">'
            f"{'开 ON' if on else '关 off'} · {told}</button></form>"
        )
    clock = (
        f"<p>时钟 <span lang=en>clock</span> {state['clock']} × {state['rate']} · "
        f"{html.escape(json.dumps(state['notices']))}</p>"
        '<form method="post" action="/control"><label>快几倍 <span lang="en">times faster</span>'
        '<input name="rate" inputmode="decimal"></label><label>前进秒数 <span lang="en">step, '
        'seconds</span><input name="step" inputmode="decimal"></label>'
        '<button name="action" value="clock">拨钟 <span lang="en">Set</span></button></form>'
    )
    return clock + "".join(rows)


def _page(status: HTTPStatus, chinese: str, english: str, *, inner: str = "") -> Said:
    said = {"chinese": html.escape(chinese), "english": html.escape(english)}
    return status, HTML, PAGE.substitute(said, inner=inner).encode(), []
