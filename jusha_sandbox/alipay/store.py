"""What the gateway must not forget: accounts, trades, refunds, lines of bills and notices."""

import secrets
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from jusha_sandbox.alipay.certificates import Numbers, numbers
from jusha_sandbox.alipay.signing import key_pair, public_of
from jusha_sandbox.state import State

SHANGHAI: Final = timezone(timedelta(hours=8))
APP_ID: Final = "2021000000000001"
OWN_SELLER: Final = "2088000000000001"
SWITCHES: Final = {
    "late": "支付通知晚一小时 · payment notices an hour late",
    "lost": "不发支付通知 · no payment notices",
    "repeated": "每条通知发三次 · each notice thrice",
    "out-of-order": "支付通知排在下一条之后 · payment notices behind the next one",
    "tampered": "首次通知被改过 · the first try is changed on the way",
    "stale": "首次通知是昨天的 · the first try is yesterday's",
    "wrong-amount": "通知金额不符 · notices of another amount",
    "wrong-seller": "通知商户不符 · notices of another seller",
    "sha1": "首次通知用 SHA-1 签名 · the first try is signed with SHA-1",
    "refund-refused": "退款被拒：余额不足 · refunds refused",
    "refund-unsure": "退款成功但回答系统繁忙 · refunds done, answered as unsure",
    "refund-slow": "退款一分钟后才到 · refunds arrive a minute later",
    "refund-bank": "退回银行卡处理中 · refunds wait for the bank",
}
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seller (
    id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    balance INTEGER NOT NULL, fee_per_mille INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS trade (
    trade_no TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, seller TEXT NOT NULL,
    out_trade_no TEXT NOT NULL, subject TEXT NOT NULL, amount INTEGER NOT NULL,
    status TEXT NOT NULL, notify_url TEXT NOT NULL, return_url TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, paid_at INTEGER NOT NULL,
    buyer TEXT NOT NULL, refunded INTEGER NOT NULL, UNIQUE (seller, out_trade_no)) STRICT;
CREATE TABLE IF NOT EXISTS refund (
    trade_no TEXT NOT NULL, key TEXT NOT NULL, amount INTEGER NOT NULL, reason TEXT NOT NULL,
    at INTEGER NOT NULL, due REAL NOT NULL, bank TEXT NOT NULL,
    PRIMARY KEY (trade_no, key)) STRICT;
CREATE TABLE IF NOT EXISTS line (
    n INTEGER PRIMARY KEY, seller TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    trade_no TEXT NOT NULL, key TEXT NOT NULL, amount INTEGER NOT NULL,
    balance INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS notice (
    n INTEGER PRIMARY KEY, fields TEXT NOT NULL, url TEXT NOT NULL, switches TEXT NOT NULL,
    tries INTEGER NOT NULL, taken INTEGER NOT NULL, next_at REAL NOT NULL,
    state TEXT NOT NULL) STRICT;
"""


class Store(State):
    """One gateway's folder: keys, `state.sqlite`, the switches and the clock that runs ahead."""

    def __init__(self, folder: Path, *, wall: Callable[[], float] = time.time) -> None:
        """Open the folder; keys and database are made where there are none."""
        super().__init__(folder, SCHEMA, wall=wall)
        self.alipay_key = key_pair(folder, "alipay")
        key_pair(folder, "app")
        self.app_key = public_of(folder / "app_public.pem")
        with self.claim() as database:
            row = (OWN_SELLER, "", "平台自有账户", 0, 6)
            database.execute("INSERT OR IGNORE INTO seller VALUES (?, ?, ?, ?, ?)", row)

    def certificates(self) -> Numbers:
        """The numbers of the folder's certificates, which lie beside its keys from now on."""
        return numbers(self.folder, alipay=self.alipay_key.public_key(), app=self.app_key)

    def seller(self, database: sqlite3.Connection, token: str) -> sqlite3.Row | None:
        """The account that a token speaks for; no token is the application's own."""
        row: sqlite3.Row | None = database.execute(
            "SELECT * FROM seller WHERE token = ?", (token,)
        ).fetchone()
        return row

    def add_seller(self, database: sqlite3.Connection, name: str) -> dict[str, str]:
        """Open an account that has authorised the application: its id and token."""
        (count,) = database.execute("SELECT count(*) FROM seller").fetchone()
        found = {"seller_id": f"{int(OWN_SELLER) + count}", "token": secrets.token_hex(20)}
        row = (found["seller_id"], found["token"], name, 0, 6)
        database.execute("INSERT INTO seller VALUES (?, ?, ?, ?, ?)", row)
        return found


def clock_text(seconds: float) -> str:
    """A time as the clock in Shanghai shows it."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def yuan_text(fen: int) -> str:
    """Fen as yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
