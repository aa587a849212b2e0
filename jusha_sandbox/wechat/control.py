"""The gateway's control page and its JSON twin, for this machine alone.

What can be turned: the virtual clock, the switches, the outcome of refunds, merchants, planted
differences of bills, a payment without a browser, a new platform certificate.
"""

import html
import json
import sqlite3
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from jusha_sandbox.wechat import bills, refunds
from jusha_sandbox.wechat.api import ANSWER_SWITCHES
from jusha_sandbox.wechat.keys import merchant_key
from jusha_sandbox.wechat.notices import DEFAULTS, PER_EVENT, PER_FACT, PER_SENDING
from jusha_sandbox.wechat.pages import SAFE, missing, shown
from jusha_sandbox.wechat.store import (
    Merchant,
    Store,
    merchant,
    put_merchant,
    put_setting,
    real_clock,
    set_clock,
    setting,
    virtual_now,
)
from jusha_sandbox.wechat.trades import OPENID, Party, find, pay
from jusha_sandbox.wechat.wire import Asked, ComplaintError, Fields, Said, say

SWITCHES: Final = (*PER_EVENT, *PER_FACT, *PER_SENDING, *ANSWER_SWITCHES)
HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
RATE_MAX: Final = 1_000_000
SHOWN_MAX: Final = 50


class Control:
    """Turns the knobs of one gateway."""

    def __init__(self, store: Store) -> None:
        """Turn those of a store."""
        self.store = store

    def answer(self, asked: Asked) -> Said:
        """Answer one request from this machine; everyone else gets nothing."""
        host = urlsplit(f"//{asked.headers.get('host', '')}").hostname
        origin = asked.headers.get("origin", "")
        local = asked.peer in HERE and host in HERE
        if not local or (origin and urlsplit(origin).netloc != asked.headers.get("host")):
            return Said(403, b"this machine only\n", (("content-type", "text/plain"),))
        if asked.method != "POST":
            return self._tell(asked.path)
        is_json = "json" in asked.headers.get("content-type", "")
        try:
            done = self._turn(asked, is_json=is_json)
        except ComplaintError as complaint:
            return complaint.said()
        return say(done) if is_json else Said(303, b"", (("location", "/control"), *SAFE))

    def _tell(self, path: str) -> Said:
        if path == "/control/platform":
            return say(platform(self.store))
        with self.store.open() as database:
            told = state(database)
        if path == "/control/state":
            return say(told)
        return _page(told) if path == "/control" else missing()

    def _turn(self, asked: Asked, *, is_json: bool) -> dict[str, Any]:
        turn = TURNS.get(asked.path.removeprefix("/control/"))
        if turn is None:
            raise ComplaintError(404, "RESOURCE_NOT_EXISTS", "接口不存在")
        if is_json:
            fields = Fields(asked.body)
        else:
            form = parse_qs(asked.body.decode("utf-8", "replace"))
            fields = Fields({name: _number(values[0]) for name, values in form.items()})
        if asked.path == "/control/rotate":
            serial = self.store.keyring.rotate()
            self.store.read_keys()
            return {"serial": serial}
        with self.store.claim() as database:
            return turn(database, fields)


def platform(store: Store) -> dict[str, Any]:
    """What a merchant downloads from the merchants' site: keys that verify."""
    key = store.public_key
    return {
        "public_key_id": key.id,
        "public_key": key.public_pem,
        "certificates": {k.id: k.certificate_pem for k in store.certificates},
    }


def _number(text: str) -> Any:
    return int(text) if text.removeprefix("-").isdigit() and len(text) < 12 else text  # noqa: PLR2004


def _clock(database: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Set `rate` (1 is as fast as real, 0 stands still), step by `advance`, or be `real` again."""
    if fields.told.get("real") is True:
        return {"now": real_clock(database)}
    rate, advance = fields.told.get("rate"), fields.told.get("advance", 0)
    if rate is not None and not (isinstance(rate, int | float) and 0 <= rate <= RATE_MAX):
        raise fields.wrong("rate")
    if not isinstance(advance, int | float) or advance < 0:
        raise fields.wrong("advance")
    return {"now": set_clock(database, rate=rate, advance_s=float(advance))}


def _switch(database: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Turn switch `name` on for the next `times` (-1: until turned off; 0: off)."""
    name = fields.text("name")
    times, value = fields.told.get("times", 1), fields.told.get("value", DEFAULTS.get(name, 1))
    if name not in SWITCHES or not isinstance(times, int) or not isinstance(value, int):
        raise fields.wrong("name")
    database.execute("INSERT OR REPLACE INTO switch VALUES (?, ?, ?)", (name, times, value))
    return {"name": name, "times": times, "value": value}


def _refunds(database: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Decide how refunds asked for from now on end, and after how many (virtual) seconds."""
    outcome = fields.text("outcome", "|".join(refunds.OUTCOMES))
    seconds = fields.told.get("seconds", 5)
    if not isinstance(seconds, int) or seconds < 0:
        raise fields.wrong("seconds")
    put_setting(database, refunds.OUTCOME, outcome)
    put_setting(database, refunds.TAKES_SECONDS, seconds)
    return {"outcome": outcome, "seconds": seconds}


def put(database: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Make or change a merchant, from the control endpoint or from a file of them.

    A provider or a direct merchant brings its public key (or certificate) and its APIv3 key; a
    sub-merchant only its name and whose it is.
    """
    role = fields.text("role", "partner|sub|direct")
    mchid, name = fields.text("mchid", "[0-9]{8,10}"), fields.text("name", ".{1,64}")
    if role == "sub":
        partner = fields.text("partner", "[0-9]{8,10}")
        known = merchant(database, partner)
        if known is None or known.role != "partner":
            raise fields.wrong("partner", "没有这个服务商")
        put_merchant(database, Merchant(mchid, role, name, "", partner, "", "", "", ""))
        return {"mchid": mchid}
    key, serial = merchant_key(fields.text("public_key", ".{100,8192}"))
    serial = fields.text("serial", "[0-9A-Fa-f]{8,40}", needed=not serial).upper() or serial
    by = fields.text("verified_by", "public-key|certificate", needed=False) or "public-key"
    appid = fields.text("appid", "wx[0-9a-z]{16}")
    apiv3_key = fields.text("apiv3_key", "[!-~]{32}")
    put_merchant(database, Merchant(mchid, role, name, appid, "", apiv3_key, serial, key, by))
    if secret := fields.text("app_secret", "[0-9a-f]{32}", needed=False):
        put_setting(database, f"app-secret {appid}", secret)
    return {"mchid": mchid, "serial": serial}


def _pay(database: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Pay an order as its page would, for a wallet."""
    who = Party(fields.text("mchid"), fields.text("sub_mchid", needed=False))
    trade = find(database, who, fields.text("out_trade_no"))
    if trade is None:
        raise ComplaintError(404, "ORDER_NOT_EXIST", "订单不存在")
    paid = pay(database, trade, wallet=fields.text("wallet", OPENID, needed=False) or "somebody")
    return {"transaction_id": paid["transaction_id"], "openid": paid["payer"]}


def _bill(database: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Plant a difference in the bill of the day of a payment."""
    kind = fields.text("kind", "|".join(bills.PLANTED))
    number = fields.text("transaction_id", "[0-9]{20,32}")
    fen = fields.fen("fen") if kind == "amount" else 0
    database.execute(
        "INSERT INTO planted (kind, transaction_id, fen) VALUES (?, ?, ?)", (kind, number, fen)
    )
    return {"kind": kind, "transaction_id": number}


TURNS: Final[dict[str, Callable[[sqlite3.Connection, Fields], dict[str, Any]]]] = {
    "clock": _clock,
    "switch": _switch,
    "refunds": _refunds,
    "merchants": put,
    "pay": _pay,
    "bill": _bill,
    "rotate": lambda _, __: {},
}


def state(database: sqlite3.Connection) -> dict[str, Any]:
    """Everything that the page shows, without keys."""

    def rows(sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in database.execute(f"{sql} LIMIT {SHOWN_MAX}")]

    return {
        "now": virtual_now(database),
        "rate": setting(database, "clock", (0, 0, 1.0))[2],
        "refunds": {
            "outcome": setting(database, refunds.OUTCOME, "success"),
            "seconds": setting(database, refunds.TAKES_SECONDS, 5),
        },
        "switches": rows("SELECT name, left_ AS times, value FROM switch WHERE left_ <> 0"),
        "merchants": rows("SELECT mchid, role, name, appid, partner, verified_by FROM merchant"),
        "orders": rows(
            "SELECT mchid, sub_mchid, out_trade_no, way, total, state, transaction_id"
            " FROM trade ORDER BY id DESC"
        ),
        "refunds_asked": rows(
            "SELECT out_refund_no, amount, status FROM refund ORDER BY created_at DESC"
        ),
        "notices": rows(
            "SELECT id, kind, tries, state, due_at, troubles FROM event ORDER BY created_at DESC"
        ),
        "deliveries": rows(
            "SELECT event, at, due_at, trouble, status FROM delivery ORDER BY n DESC"
        ),
    }


def _page(told: dict[str, Any]) -> Said:
    switches = "".join(f"<option>{name}</option>" for name in SWITCHES)
    outcomes = "".join(f"<option>{name}</option>" for name in refunds.OUTCOMES)
    on = ", ".join(f"{s['name']}×{s['times']}" for s in told["switches"]) or "—"
    forms = (
        f"<h1>控制台 <span lang='en'>Control</span></h1>"
        f"<p>时钟 <span lang='en'>clock</span> {told['now']:.0f} ×{told['rate']:g} · "
        f"退款 <span lang='en'>refunds</span> {told['refunds']['outcome']} "
        f"{told['refunds']['seconds']}s · 开关 <span lang='en'>switches</span> {on}</p>"
        + _form("clock", '<input name="rate" type="number" min="0" value="1">', "走速 Rate")
        + _form("clock", '<input name="advance" type="number" min="0" value="15">', "拨快 Advance")
        + _form(
            "switch",
            f'<select name="name">{switches}</select><input name="times" type="number" value="1">',
            "打开 Switch",
        )
        + _form(
            "refunds",
            f'<select name="outcome">{outcomes}</select>'
            '<input name="seconds" type="number" min="0" value="5">',
            "退款结果 Refunds",
        )
    )
    lists = "".join(
        _table(name, told[name])
        for name in ("notices", "deliveries", "orders", "refunds_asked", "merchants")
    )
    return shown(forms + lists, width="wide")


def _form(path: str, fields: str, label: str) -> str:
    return (
        f'<form class="small" method="post" action="/control/{path}">{fields}'
        f'<button type="submit">{label}</button></form>'
    )


def _table(name: str, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return f"<h2>{name}</h2><p>—</p>"
    head = "".join(f"<th>{html.escape(column)}</th>" for column in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(v))}</td>" for v in row.values()) + "</tr>"
        for row in rows
    )
    return (
        f'<h2>{name}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
