"""The events of the simulated Stripe: queued with what is true, sent until they are taken.

An event is queued in the transaction that makes it true, so a killed process sends it later. Its
bytes stay the same; the signature is made anew at each try, with that moment's time.
"""

import hmac
import http.client
import json
import sqlite3
import threading
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from jusha_sandbox.stripe.store import OLD_SECRET, Store, Words, new_id

WAITS_SECONDS: Final = (300, 1_800, 7_200, 18_000, 36_000, 43_200, 43_200, 43_200, 43_200)
"""Stripe says "up to three days, with growing pauses" and gives no table; these are ours."""
API_VERSION: Final = "2024-06-20"
TIMEOUT_SECONDS: Final = 10
POLL_SECONDS: Final = 0.2
LATE_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400
REPEATS: Final = 3
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
OTHER_ACCOUNT: Final = "acct_1SomebodyElse"
PAYMENT: Final = "charge.succeeded"
BY_THE_RULES: Final = frozenset({"late", "lost", "out-of-order"})
"""What holds a payment's event back; a refund's goes as it would."""


def queue(
    store: Store, database: sqlite3.Connection, kind: str, about: Words, account: str
) -> None:
    """Queue an event about an object as it now stands; there is one endpoint or none."""
    if not store.setting(database, "endpoint", ""):
        return
    switches = store.switches(database) - (set() if kind == PAYMENT else BY_THE_RULES)
    shown = about
    if kind == PAYMENT and "wrong-amount" in switches:
        shown = about | {"amount": about["amount"] + 1, "amount_captured": about["amount"] + 1}
    event = {
        "id": new_id("evt"),
        "object": "event",
        "account": OTHER_ACCOUNT if "wrong-account" in switches else account,
        "api_version": API_VERSION,
        "created": store.stamp(),
        "data": {"object": shown},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": new_id("req"), "idempotency_key": None},
        "type": kind,
    }
    held = bool(switches & {"late", "out-of-order"})
    row = (
        json.dumps(event, ensure_ascii=False, indent=2),
        json.dumps(sorted(switches)),
        store.now(database) + LATE_SECONDS * held,
        "lost" if "lost" in switches else "waits",
    )
    database.execute(
        "INSERT INTO event (body, switches, tries, taken, next_at, state)"
        " VALUES (?, ?, 0, 0, ?, ?)",
        row,
    )


def signed(store: Store, event: sqlite3.Row) -> tuple[bytes, str]:
    """A try's bytes and Stripe-Signature; the switches of its queueing do their harm."""
    switches, first = set(json.loads(event["switches"])), event["tries"] == 0
    body: bytes = event["body"].encode()
    at = store.stamp() - DAY_SECONDS * (first and "stale" in switches)
    used = ["webhook.key"]
    if "rolled" in switches:
        used = [OLD_SECRET, "webhook.key"]
    if first and "wrong-secret" in switches:
        used = ["publishable.key"]
    marks = [f"v1={_mac(store.secret(name), at, body)}" for name in used]
    if first and "tampered" in switches:
        body = body.replace(b'"currency": "cny"', b'"currency": "usd"')
    return body, ",".join([f"t={at}", *marks])


def _mac(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % at + body, sha256).hexdigest()


def send_due(store: Store) -> int:
    """Send what is due by the clock, in order, and write down what was answered; how many."""
    with store.claim() as database:
        endpoint = store.setting(database, "endpoint", "")
        due = database.execute(
            "SELECT * FROM event WHERE state = 'waits' AND next_at <= ? ORDER BY next_at, n",
            (store.now(database),),
        ).fetchall()
    for event in due:
        taken = post(endpoint, *signed(store, event))
        # Killed here, it is sent once more: a receiver lives with that.
        with store.claim() as database:
            _settle(store, database, event, taken=taken)
    return len(due)


def _settle(store: Store, database: sqlite3.Connection, event: sqlite3.Row, *, taken: bool) -> None:
    tries, times = event["tries"] + 1, event["taken"] + taken
    wanted = REPEATS if "repeated" in json.loads(event["switches"]) else 1
    now, state, wait = store.now(database), "waits", 0
    if times >= wanted:
        state = "taken"
    elif not taken and tries > len(WAITS_SECONDS):
        state = "given-up"
    elif not taken:
        wait = WAITS_SECONDS[tries - 1]
    database.execute(
        "UPDATE event SET tries = ?, taken = ?, next_at = ?, state = ? WHERE n = ?",
        (tries, times, now + wait, state, event["n"]),
    )
    if taken:
        database.execute(
            "UPDATE event SET next_at = ? WHERE state = 'waits' AND tries = 0 AND n <> ?"
            " AND switches LIKE '%out-of-order%'",
            (now, event["n"]),
        )


def post(url: str, body: bytes, signature: str) -> bool:
    """Send one event; whether it was taken with a 2xx. This machine only."""
    address = urlsplit(url)
    if address.scheme != "http" or address.hostname not in LOOPBACK:
        return False
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=TIMEOUT_SECONDS
    )
    kind = {"content-type": "application/json; charset=utf-8", "stripe-signature": signature}
    try:
        connection.request("POST", address.path or "/", body, kind)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return http.client.OK <= status < http.client.MULTIPLE_CHOICES


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
