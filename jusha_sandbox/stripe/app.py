"""The simulated Stripe over HTTP (WSGI, PEP 3333).

/v1/…                the API: Bearer key, Stripe-Account, Idempotency-Key, forms in and JSON out
GET, POST /control   switches, the clock, accounts, the endpoint, a payment; this machine only
"""

import hmac
import json
import re
import sqlite3
from collections.abc import Callable, Iterable
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from jusha_sandbox.stripe import reports
from jusha_sandbox.stripe.payments import Complaint, Payments, invalid, paged
from jusha_sandbox.stripe.store import PLATFORM, SWITCHES, Store, Words, new_id

BODY_MAX: Final = 64 * 1024
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
JSON: Final = "application/json"
INTENT: Final = re.compile(r"/v1/payment_intents/(pi_[A-Za-z0-9]{1,64})(?:/(confirm|cancel))?")
CHARGE: Final = re.compile(r"/v1/charges/(ch_[A-Za-z0-9]{1,64})")
REFUND: Final = re.compile(r"/v1/refunds/(re_[A-Za-z0-9]{1,64})")
RUN: Final = re.compile(r"/v1/reporting/report_runs/(frr_[A-Za-z0-9]{1,64})")
FILE: Final = re.compile(r"/v1/files/(file_[A-Za-z0-9]{1,64})/contents")
INTENTS: Final = "/v1/payment_intents"

Start = Callable[[str, list[tuple[str, str]]], Any]
Said = tuple[int, str, bytes]


class Gateway:
    """One simulated Stripe."""

    def __init__(self, store: Store) -> None:
        """Stand on a store."""
        self.store = store

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request."""
        status, kind, body = self._route(environ)
        headers = [
            ("content-type", kind),
            ("content-length", str(len(body))),
            ("request-id", new_id("req")),
            ("cache-control", "no-store"),
        ]
        start(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _route(self, environ: dict[str, Any]) -> Said:
        path = environ.get("PATH_INFO", "")
        try:
            fields = _fields(environ)
            if path == "/control":
                return self._control(environ, fields)
            self._authentic(environ)
            return self._api(environ, path, fields)
        except Complaint as complaint:
            return _json(complaint.status, {"error": complaint.words})

    def _authentic(self, environ: dict[str, Any]) -> None:
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.store.secret("api.key").encode()):
            told = "Invalid API Key provided"
            raise Complaint(401, "invalid_request_error", "api_key_invalid", told)

    def _api(self, environ: dict[str, Any], path: str, fields: dict[str, str]) -> Said:
        method, account = environ["REQUEST_METHOD"], environ.get("HTTP_STRIPE_ACCOUNT", PLATFORM)
        key = environ.get("HTTP_IDEMPOTENCY_KEY", "") if method == "POST" else ""
        asked = sha256(json.dumps([path, sorted(fields.items())]).encode()).hexdigest()
        with self.store.claim() as database:
            if not self.store.is_account(database, account):
                told = "The provided key does not have access to this account."
                raise Complaint(403, "invalid_request_error", "account_invalid", told)
            if known := self._known(database, account, key, asked):
                return known
            if found := FILE.fullmatch(path):
                return 200, "text/csv", reports.written(self.store, database, account, found[1])
            try:
                done = self._do(database, environ, account, fields)
                said = self._unsure(database, method, path) or _json(200, done)
            except Complaint as complaint:
                # Refused before it began is not remembered; refused while it was done is.
                if complaint.words["code"] not in {
                    "card_declined", "balance_insufficient", "charge_already_refunded",
                }:  # fmt: skip
                    raise
                said = _json(complaint.status, {"error": complaint.words})
            if key:
                row = (account, key, asked, said[0], said[2].decode())
                database.execute("INSERT INTO answer VALUES (?, ?, ?, ?, ?)", row)
            return said

    def _known(
        self, database: sqlite3.Connection, account: str, key: str, asked: str
    ) -> Said | None:
        """The first answer to this key. Raises Complaint if something else was asked then."""
        find = "SELECT * FROM answer WHERE account = ? AND key = ?"
        row = database.execute(find, (account, key)).fetchone() if key else None
        if row is None:
            return None
        if row["asked"] != asked:
            told = "Keys for idempotent requests can only be used with the same parameters."
            raise Complaint(400, "idempotency_error", "idempotency_error", told)
        return row["status"], JSON, row["body"].encode()

    def _unsure(self, database: sqlite3.Connection, method: str, path: str) -> Said | None:
        """Say that something went wrong, although it was done, if a switch says so."""
        switch = {INTENTS: "create-unsure", "/v1/refunds": "refund-unsure"}.get(path)
        if method != "POST" or switch not in self.store.switches(database):
            return None
        return _json(500, {"error": {"type": "api_error", "message": "An unknown error occurred"}})

    def _do(
        self,
        database: sqlite3.Connection,
        environ: dict[str, Any],
        account: str,
        fields: dict[str, str],
    ) -> Words:
        """Carry out one request of the API. Raises Complaint."""
        call = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
        payments, path = Payments(self.store, database, account), call.partition(" ")[2]
        verbs: dict[str, Callable[[], Words]] = {
            f"POST {INTENTS}": lambda: payments.create(fields),
            f"GET {INTENTS}": lambda: _opened(payments, paged(payments.intents(), fields, path)),
            f"GET {INTENTS}/search": lambda: _search(payments, fields),
            "POST /v1/refunds": lambda: payments.refund(fields),
            "GET /v1/refunds": lambda: paged(
                payments.refunds(fields.get("charge", "")), fields, path
            ),
            "POST /v1/reporting/report_runs": lambda: reports.run(
                self.store, database, account, fields
            ),
        }
        if call in verbs:
            return verbs[call]()
        if found := INTENT.fullmatch(path):
            return _intent(payments, call, found[1], found[2], fields)
        if (found := CHARGE.fullmatch(path)) and call.startswith("GET"):
            return payments.charge(found[1])
        if (found := REFUND.fullmatch(path)) and call.startswith("GET"):
            return payments.find_refund(found[1])
        if (found := RUN.fullmatch(path)) and call.startswith("GET"):
            here = f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '')}"
            return reports.find(self.store, database, account, found[1], here)
        told = f"Unrecognized request URL ({call})."
        raise Complaint(404, "invalid_request_error", "url_invalid", told)

    def _control(self, environ: dict[str, Any], fields: dict[str, str]) -> Said:
        if not _is_here(environ):
            return 403, "text/plain", b"this machine only\n"
        with self.store.claim() as database:
            more: Words = {}
            if environ["REQUEST_METHOD"] == "POST":
                more = self._change(database, fields)
            waiting = database.execute("SELECT state, count(*) AS n FROM event GROUP BY state")
            state = {
                "what": "a simulated Stripe: no money moves",
                "account": PLATFORM,
                "clock": int(self.store.now(database)),
                "endpoint": self.store.setting(database, "endpoint", ""),
                "events": {row["state"]: row["n"] for row in waiting},
                "switches": {
                    name: [name in self.store.switches(database), told]
                    for name, told in SWITCHES.items()
                },
            }
            return _json(200, state | more)

    def _change(self, database: sqlite3.Connection, fields: dict[str, str]) -> Words:
        """Do what the form says. Raises Complaint."""
        action, name = fields.get("action"), fields.get("name", "")
        if action == "switch" and name in SWITCHES:
            on = self.store.switches(database) - {name}
            on |= {name} if fields.get("on") == "1" else set()
            self.store.put(database, "switches", sorted(on))
            return {}
        if action == "clock":
            rate, step = fields.get("rate", ""), fields.get("step", "0")
            if not all(re.fullmatch(r"[0-9]{0,8}", text) for text in (rate, step)):
                raise invalid("parameter_invalid", "rate, step")
            self.store.set_clock(
                database, rate=float(rate) if rate else None, step_seconds=float(step or 0)
            )
            return {}
        if action == "endpoint":
            self.store.put(database, "endpoint", fields.get("url", "")[:200])
            return {}
        if action == "account" and name:
            return {"opened": self.store.add_account(database, name[:100])}
        if action == "arrive":
            Payments(self.store, database, fields.get("account", PLATFORM)).arrive()
            return {}
        raise invalid("parameter_invalid", "action")


def _intent(
    payments: Payments, call: str, id_: str, verb: str | None, fields: dict[str, str]
) -> Words:
    if call.startswith("GET") and verb is None:
        found = payments.intent(id_)
    elif call.startswith("POST") and verb == "confirm":
        found = payments.confirm(id_, fields)
    elif call.startswith("POST") and verb == "cancel":
        found = payments.cancel(id_)
    else:
        told = f"Unrecognized request URL ({call})."
        raise Complaint(404, "invalid_request_error", "url_invalid", told)
    wanted = any(name.startswith("expand") for name in fields)
    return payments.expanded(found) if wanted else found


def _opened(payments: Payments, page: Words) -> Words:
    """A list of intents with their charges in them."""
    return page | {"data": [payments.expanded(each) for each in page["data"]]}


def _search(payments: Payments, fields: dict[str, str]) -> Words:
    rows = payments.search(fields.get("query", ""))
    page = _opened(payments, paged(rows, {"limit": "100"}, f"{INTENTS}/search"))
    return page | {"object": "search_result", "next_page": None, "has_more": False}


def _fields(environ: dict[str, Any]) -> dict[str, str]:
    """The fields of address and body, flat as they are sent. Raises Complaint."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_MAX:
        raise invalid("parameter_invalid", "too long")
    body = environ["wsgi.input"].read(int(length)) if int(length) else b""
    try:
        pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="strict")
        pairs += parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict")
    except (UnicodeError, ValueError):
        raise invalid("parameter_invalid", "not a form") from None
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


def _json(status: int, told: Words) -> Said:
    return status, JSON, json.dumps(told, ensure_ascii=False, indent=2).encode()
