"""What a browser sees: the order, a button that pays it in simulation, and that it is paid.

The pages need no script. A wallet is a cookie, so that a person's daily cap can be tried.
"""

import html
import re
import secrets
import sqlite3
import time
from http.cookies import SimpleCookie
from pathlib import Path
from string import Template
from typing import Final, Literal
from urllib.parse import parse_qs, quote, urlsplit

from jusha_sandbox.wechat import oauth
from jusha_sandbox.wechat.bills import yuan
from jusha_sandbox.wechat.keys import is_signed
from jusha_sandbox.wechat.store import Store, merchant
from jusha_sandbox.wechat.trades import by_token, pay
from jusha_sandbox.wechat.wire import Asked, ComplaintError, Said

PAGE: Final = Template((Path(__file__).parent / "page.html").read_text("utf-8"))
STYLE: Final = (Path(__file__).parent / "wechat.css").read_bytes()
POLICY: Final = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
WALLET: Final = re.compile(r"[0-9a-f]{16}")
FRESH_SECONDS: Final = 300
OWN_BROWSER: Final = "MicroMessenger/"
H5: Final = "/cgi-bin/mmpayweb-bin/checkmweb"


def shown(body: str, *, status: int = 200, width: Literal["phone", "wide"] = "phone") -> Said:
    """Put a body into the page that says what this is."""
    kind = ("content-type", "text/html; charset=utf-8")
    return Said(status, PAGE.substitute(body=body, width=width).encode(), (kind, *SAFE))


SAFE: Final = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)


def told(chinese: str, english: str, *, status: int, good: bool = False) -> Said:
    """Say one thing, in two languages."""
    kind = "notice good" if good else "notice"
    return shown(
        f'<p class="{kind}" role="alert"><strong>{html.escape(chinese)}</strong><br>'
        f'<span lang="en">{html.escape(english)}</span></p>',
        status=status,
    )


def missing() -> Said:
    """Say that there is nothing."""
    return told("没有这个页面或订单", "There is no such page or order.", status=404)


class Pages:
    """The pay pages."""

    def __init__(self, store: Store) -> None:
        """Show orders of a store."""
        self.store = store

    def answer(self, asked: Asked) -> Said:
        """Answer one request of a browser."""
        if asked.path == "/wechat.css":
            return Said(200, STYLE, (("content-type", "text/css"), *SAFE))
        views = {
            ("GET", "/bizpayurl"): self._native,
            ("GET", H5): self._h5,
            ("POST", "/jsapi"): self._jsapi,
            ("POST", "/pay"): self._pay,
            ("GET", "/paid"): self._paid,
            ("GET", "/connect/oauth2/authorize"): self._authorize,
            ("GET", "/sns/oauth2/access_token"): self._swap,
        }
        view = views.get((asked.method, asked.path))
        return view(asked) if view else missing()

    def _native(self, asked: Asked) -> Said:
        return self._order(asked, token=asked.query.get("pr", ""))

    def _h5(self, asked: Asked) -> Said:
        with self.store.claim() as database:
            trade = by_token(database, column="prepay_id", value=asked.query.get("prepay_id", ""))
        if trade is None or trade["way"] != "h5":
            return missing()
        return self._order(asked, token=trade["token"], back=asked.query.get("redirect_url", ""))

    def _jsapi(self, asked: Asked) -> Said:
        """Take what a page would hand to getBrandWCPayRequest: signed by the merchant, fresh."""
        form = _form(asked)
        prepay_id = form.get("package", "").removeprefix("prepay_id=")
        with self.store.claim() as database:
            trade = by_token(database, column="prepay_id", value=prepay_id)
            known = merchant(database, trade["mchid"]) if trade else None
        if trade is None or known is None or trade["way"] != "jsapi":
            return missing()
        text = "".join(
            f"{form.get(n, '')}\n" for n in ("appId", "timeStamp", "nonceStr", "package")
        )
        fresh = re.fullmatch("[0-9]{1,12}", form.get("timeStamp", "")) is not None and (
            abs(time.time() - int(form["timeStamp"])) <= FRESH_SECONDS
        )
        signed = form.get("appId") == trade["appid"] and form.get("signType") == "RSA"
        if not (fresh and signed and is_signed(
            known.public_key, text.encode(), form.get("paySign", "")
        )):  # fmt: skip
            return told("支付验证签名失败", "The signature of the payment is wrong.", status=403)
        return self._order(asked, token=trade["token"], back=form.get("back", ""))

    def _authorize(self, asked: Asked) -> Said:
        """Send WeChat's own browser back with a code, without a question."""
        if OWN_BROWSER not in asked.headers.get("user-agent", ""):
            return told("请在微信客户端打开链接", "Open this inside WeChat.", status=403)
        wallet, back = _wallet(asked), _safe(asked.query.get("redirect_uri", ""), asked)
        there = oauth.sent_back(self.store, asked, wallet=wallet, back=back)
        if not there:
            return told("参数错误", "WeChat would not accept this address.", status=400)
        cookie = f"wechat-wallet={wallet}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
        return Said(302, b"", (("location", there), ("set-cookie", cookie), *SAFE))

    def _swap(self, asked: Asked) -> Said:
        return oauth.swapped(self.store, asked)

    def _order(self, asked: Asked, *, token: str, back: str = "") -> Said:
        with self.store.claim() as database:
            trade = by_token(database, column="token", value=token)
            payee = _payee(database, trade) if trade else ""
        if trade is None:
            return missing()
        if trade["state"] == "CLOSED":
            return told("订单已关闭，不能支付", "The order is closed.", status=410)
        if trade["state"] == "SUCCESS":
            return _see(token, _safe(back, asked))
        away = html.escape(_safe(back, asked), quote=True)
        leave = (
            f'<p class="away"><a href="{away}">返回，不支付 <span lang="en">Back without paying'
            "</span></a></p>"
            if away
            else ""
        )
        return shown(
            f'<p class="payee">{html.escape(payee)}</p>'
            f'<p class="title">{html.escape(trade["title"])}</p>'
            f'<p class="sum"><small>¥</small>{yuan(trade["total"])}</p>'
            '<form method="post" action="/pay">'
            f'<input type="hidden" name="pr" value="{html.escape(token, quote=True)}">'
            f'<input type="hidden" name="back" value="{away}">'
            '<button type="submit">确认支付（模拟）<span lang="en">Pay (simulated)</span></button>'
            f"</form>{leave}"
        )

    def _pay(self, asked: Asked) -> Said:
        wallet, form = _wallet(asked), _form(asked)
        token, back = form.get("pr", ""), _safe(form.get("back", ""), asked)
        try:
            with self.store.claim() as database:
                trade = by_token(database, column="token", value=token)
                if trade is None:
                    return missing()
                pay(database, trade, wallet=wallet)
        except ComplaintError:
            return told("订单已关闭，不能支付", "The order is closed.", status=410)
        cookie = f"wechat-wallet={wallet}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
        return _see(token, back, (("set-cookie", cookie),))

    def _paid(self, asked: Asked) -> Said:
        with self.store.claim() as database:
            trade = by_token(database, column="token", value=asked.query.get("pr", ""))
        if trade is None or trade["state"] != "SUCCESS":
            return missing()
        back = html.escape(_safe(asked.query.get("back", ""), asked), quote=True)
        leave = (
            f'<p class="away"><a href="{back}">返回商家 <span lang="en">Back to the site</span>'
            "</a></p>"
            if back
            else ""
        )
        return shown(
            '<p class="notice good" role="status"><strong>支付成功（模拟）</strong><br>'
            '<span lang="en">Paid, in simulation.</span></p>'
            f'<p class="title">{html.escape(trade["title"])}</p>'
            f'<p class="sum"><small>¥</small>{yuan(trade["total"])}</p>'
            f'<p class="title">交易单号 <span lang="en">Transaction</span> '
            f"{html.escape(trade['transaction_id'])}</p>{leave}"
        )


def _form(asked: Asked) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(asked.body.decode("utf-8", "replace")).items()}


def _see(token: str, back: str, headers: tuple[tuple[str, str], ...] = ()) -> Said:
    tail = f"&back={quote(back, safe='')}" if back else ""
    return Said(303, b"", (("location", f"/paid?pr={quote(token)}{tail}"), *headers, *SAFE))


def _payee(database: sqlite3.Connection, trade: sqlite3.Row) -> str:
    known = merchant(database, trade["sub_mchid"] or trade["mchid"])
    return known.name if known else ""


def _wallet(asked: Asked) -> str:
    cookie = SimpleCookie(asked.headers.get("cookie", "")).get("wechat-wallet")
    if cookie and WALLET.fullmatch(cookie.value):
        return cookie.value
    return secrets.token_hex(8)


def _safe(back: str, asked: Asked) -> str:
    """The address to go back to, if it is on the same host; "" for any other."""
    try:
        there, here = urlsplit(back), urlsplit(f"//{asked.headers.get('host', '')}")
    except ValueError:
        return ""
    fine = there.scheme in {"http", "https"} and there.hostname and back.isprintable()
    return back if fine and there.hostname == here.hostname else ""
