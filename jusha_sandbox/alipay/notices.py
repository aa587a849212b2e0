"""The gateway's notices: queued with what they are about, sent until the receiver says success.

A notice is queued in the transaction that makes it true, so a killed gateway sends it later. It
is signed anew at each try, with that moment's notify_time and the same notify_id.
"""

import http.client
import json
import secrets
import sqlite3
import threading
from typing import Final
from urllib.parse import urlencode, urlsplit

from jusha_sandbox.alipay.signing import joined, signature
from jusha_sandbox.alipay.store import APP_ID, Store, clock_text, yuan_text

WAITS_SECONDS: Final = (240, 600, 600, 3_600, 7_200, 21_600, 54_000)
"""Between the eight tries: 4m, 10m, 10m, 1h, 2h, 6h, 15h."""
TIMEOUT_SECONDS: Final = 10
POLL_SECONDS: Final = 0.2
LATE_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400
REPEATS: Final = 3
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
UNSIGNED: Final = frozenset({"sign", "sign_type"})
OTHER_SELLER: Final = "2088999999999999"
BY_THE_RULES: Final = frozenset({"late", "lost", "out-of-order"})
"""What holds a payment's notice back; a refund's goes as it would."""


def queue(
    store: Store, database: sqlite3.Connection, trade: sqlite3.Row, refund: dict[str, str]
) -> None:
    """Queue the notice of a trade as it now stands; `refund` has a refund's own fields."""
    if not trade["notify_url"]:
        return
    switches = store.switches(database) - (BY_THE_RULES if refund else set())
    now = store.now(database)
    held = bool(switches & {"late", "out-of-order"})
    row = (
        json.dumps(_fields(trade, refund), ensure_ascii=False),
        trade["notify_url"],
        json.dumps(sorted(switches)),
        now + LATE_SECONDS * held,
        "lost" if "lost" in switches else "waits",
    )
    database.execute(
        "INSERT INTO notice (fields, url, switches, tries, taken, next_at, state)"
        " VALUES (?, ?, ?, 0, 0, ?, ?)",
        row,
    )


def _fields(trade: sqlite3.Row, refund: dict[str, str]) -> dict[str, str]:
    amount = yuan_text(trade["amount"])
    fields = {
        "app_id": APP_ID,
        "auth_app_id": APP_ID,
        "buyer_id": trade["buyer"],
        "buyer_logon_id": f"{trade['buyer'][-3:]}****@sandbox.com",
        "buyer_pay_amount": amount,
        "charset": "utf-8",
        "fund_bill_list": json.dumps([{"amount": amount, "fundChannel": "ALIPAYACCOUNT"}]),
        "gmt_create": clock_text(trade["created_at"]),
        "gmt_payment": clock_text(trade["paid_at"]),
        "invoice_amount": amount,
        "notify_id": f"{clock_text(trade['paid_at'])[:10].replace('-', '')}{secrets.token_hex(13)}",
        "notify_type": "trade_status_sync",
        "out_trade_no": trade["out_trade_no"],
        "point_amount": "0.00",
        "receipt_amount": amount,
        "seller_id": trade["seller"],
        "subject": trade["subject"],
        "total_amount": amount,
        "trade_no": trade["trade_no"],
        "trade_status": trade["status"],
        "version": "1.0",
    }
    return fields | refund


def body(store: Store, notice: sqlite3.Row) -> bytes:
    """A try's bytes, signed now; the switches that were on when it was queued do their harm."""
    fields: dict[str, str] = json.loads(notice["fields"])
    switches = set(json.loads(notice["switches"]))
    first = notice["tries"] == 0
    yesterday = DAY_SECONDS * (first and "stale" in switches)
    fields["notify_time"] = clock_text(store.stamp() - yesterday)
    if "wrong-amount" in switches:
        fields["total_amount"] = yuan_text(_fen(fields["total_amount"]) + 1)
    if "wrong-seller" in switches:
        fields["seller_id"] = OTHER_SELLER
    kind = "RSA" if first and "sha1" in switches else "RSA2"
    sign = signature(store.alipay_key, joined(fields, without=UNSIGNED), kind=kind)
    if first and "tampered" in switches:
        fields["total_amount"] = yuan_text(_fen(fields["total_amount"]) * 100)
    return urlencode({**fields, "sign_type": "RSA2", "sign": sign}).encode()


def _fen(text: str) -> int:
    return int(text.replace(".", ""))


def send_due(store: Store) -> int:
    """Send what is due by the clock, in order, and write down what was answered; how many."""
    with store.claim() as database:
        due = database.execute(
            "SELECT * FROM notice WHERE state = 'waits' AND next_at <= ? ORDER BY next_at, n",
            (store.now(database),),
        ).fetchall()
    for notice in due:
        taken = post(notice["url"], body(store, notice)) == b"success"
        # Killed here, it is sent once more: a receiver lives with that.
        with store.claim() as database:
            _settle(store, database, notice, taken=taken)
    return len(due)


def _settle(
    store: Store, database: sqlite3.Connection, notice: sqlite3.Row, *, taken: bool
) -> None:
    tries, times = notice["tries"] + 1, notice["taken"] + taken
    wanted = REPEATS if "repeated" in json.loads(notice["switches"]) else 1
    now, state, wait = store.now(database), "waits", 0
    if times >= wanted:
        state = "taken"
    elif not taken and tries > len(WAITS_SECONDS):
        state = "given up"
    elif not taken:
        wait = WAITS_SECONDS[tries - 1]
    database.execute(
        "UPDATE notice SET tries = ?, taken = ?, next_at = ?, state = ? WHERE n = ?",
        (tries, times, now + wait, state, notice["n"]),
    )
    if taken:
        database.execute(
            "UPDATE notice SET next_at = ? WHERE state = 'waits' AND tries = 0 AND n <> ?"
            " AND switches LIKE '%out-of-order%'",
            (now, notice["n"]),
        )


def post(url: str, data: bytes) -> bytes:
    """Send one notice; what was answered with 200, else nothing. This machine only."""
    address = urlsplit(url)
    if address.scheme != "http" or address.hostname not in LOOPBACK:
        return b""
    path = f"{address.path or '/'}{'?' if address.query else ''}{address.query}"
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=TIMEOUT_SECONDS
    )
    kind = {"content-type": "application/x-www-form-urlencoded; text/html; charset=utf-8"}
    try:
        connection.request("POST", path, data, kind)
        answer = connection.getresponse()
        said = answer.read(64)
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()
    return said if answer.status == http.client.OK else b""


class Sender(threading.Thread):
    """Sends what is due until it is stopped."""

    def __init__(self, store: Store) -> None:
        """Stand ready; `start` begins."""
        super().__init__(daemon=True)
        self.store, self.ended = store, threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self.ended.wait(POLL_SECONDS):
            send_due(self.store)

    def stop(self) -> None:
        """End after the try that is under way."""
        self.ended.set()
        self.join()
