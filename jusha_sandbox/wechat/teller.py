"""Sends what is owed, by WeChat Pay's schedule of retries on the virtual clock, until answered.

Each sending is sealed and signed anew, with the real time; its id stays the same.
"""

import http.client
import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

from jusha_sandbox.wechat.notices import PER_SENDING, WAITS, notice_body
from jusha_sandbox.wechat.refunds import carry_out
from jusha_sandbox.wechat.store import Store, merchant, virtual_now

ANSWER_SECONDS: Final = 5
TOLD: Final = range(200, 300)
AT_ONCE: Final = 64
TICK_SECONDS: Final = 0.05
STALE_SECONDS: Final = 86_400


class Teller:
    """Sends what is owed. `round` sends what is due now; `start` does so until `stop`."""

    def __init__(self, store: Store) -> None:
        """Tell from a store."""
        self.store = store
        self._stopping = threading.Event()
        self._round = threading.Lock()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="teller")
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to send in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End it, after the sendings under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.round():
                self._stopping.wait(TICK_SECONDS)

    def round(self) -> int:
        """Carry out refunds and send every notice that is due; return how many were sent."""
        with self._round:
            with self.store.open() as database:
                now = virtual_now(database)
                waiting = database.execute(
                    "SELECT 1 FROM refund WHERE status = 'PROCESSING' AND due_at <= ? LIMIT 1",
                    (now,),
                ).fetchone()
            if waiting:
                with self.store.claim() as database:
                    carry_out(database)
            with self.store.open() as database:
                due = database.execute(
                    "SELECT * FROM event WHERE state = 'waiting' AND due_at <= ?"
                    " ORDER BY due_at LIMIT ?",
                    (virtual_now(database), AT_ONCE),
                ).fetchall()
            list(self._pool.map(self._send, due))
            return len(due)

    def _send(self, event: sqlite3.Row) -> None:
        troubles: dict[str, int] = json.loads(event["troubles"])
        spoilt = [n for n in PER_SENDING if n in troubles and event["tries"] < troubles[n]]
        with self.store.open() as database:
            known = merchant(database, event["mchid"])
            key = self.store.signer(database, event["mchid"])
        assert known is not None
        body = notice_body(event, known.apiv3_key)
        at = int(time.time()) - (STALE_SECONDS if "stale" in spoilt else 0)
        headers = key.headers(body, at_s=at, probe="probe-signature" in spoilt)
        if "tampered" in spoilt:
            body = body.replace(b'"id":"', b'"id":"0', 1)
        status = post(event["url"], headers, body)
        with self.store.claim() as database:
            _note(database, event, status=status, trouble=",".join(spoilt))


def _note(database: sqlite3.Connection, event: sqlite3.Row, *, status: int, trouble: str) -> None:
    """Write down what became of a sending, and when the next is due."""
    database.execute(
        "INSERT INTO delivery (event, at, due_at, trouble, status) VALUES (?, ?, ?, ?, ?)",
        (event["id"], int(time.time()), event["due_at"], trouble, status),
    )
    tries, again = event["tries"] + 1, event["again"]
    state, due = "waiting", event["due_at"]
    if status in TOLD and again > 0:
        again -= 1
    elif status in TOLD:
        state = "told"
    elif tries > len(WAITS):
        state = "given-up"
    else:
        due += WAITS[tries - 1]
    database.execute(
        "UPDATE event SET tries = ?, again = ?, state = ?, due_at = ? WHERE id = ?",
        (tries, again, state, due, event["id"]),
    )
    if status in TOLD:  # what waited for a later one to overtake it may go now
        database.execute(
            "UPDATE event SET due_at = ? WHERE state = 'waiting' AND tries = 0 AND id <> ?"
            " AND troubles LIKE '%out-of-order%'",
            (virtual_now(database), event["id"]),
        )


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """Send one notice; return the HTTP status, 0 without one. Redirects are not followed."""
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
    try:
        sent = {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **headers}
        connection.request("POST", address.path or "/", body, sent)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
