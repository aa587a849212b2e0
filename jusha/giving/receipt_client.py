"""An issuer over HTTP: wire format jusha-receipts-v1, which docs/how-to-receipts.md writes down.

JSON bodies, signed with HMAC-SHA256 in both directions over method, path, time and raw bytes. An
answer without a good signature is no answer.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx
import msgspec

from jusha.giving.receipt_issuer import (
    Answer,
    IssuerRefusedError,
    IssuerUnsureError,
    Stamp,
    State,
    Wish,
)

NAME: Final = "jusha-receipts-v1"
SKEW_SECONDS: Final = 300
TIMEOUT_SECONDS: Final = 10.0
ANSWER_MAX: Final = 16_384
CODE: Final = re.compile(r"[0-9]{8}")
NUMBER: Final = re.compile(r"[0-9]{10}")
CHECK: Final = re.compile(r"[0-9A-Za-z]{6}")
REFUSAL: Final = re.compile(r"[a-z0-9-]{1,40}")
REFUSED: Final = frozenset({400, 403, 404, 409, 422})


class _Said(msgspec.Struct, forbid_unknown_fields=False):
    key: str
    state: State
    amount: int = 0
    code: str = ""
    number: str = ""
    check: str = ""


class _Refusal(msgspec.Struct, forbid_unknown_fields=False):
    error: str


class Account(NamedTuple):
    """How we are known to the issuer: where it is, our name there, the shared secret."""

    address: str
    client: str
    secret: bytes


class Client:
    """A ReceiptIssuer that speaks jusha-receipts-v1. Safe to use from several threads."""

    def __init__(
        self,
        account: Account,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Speak for this account; `clock` tells Unix seconds."""
        self._account, self._clock = account, clock
        self._http = httpx.Client(
            base_url=account.address,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def issue(self, wish: Wish, *, key: str) -> Answer:
        """Ask for a receipt. Raises IssuerUnsureError, IssuerRefusedError."""
        body = {
            "key": key,
            "charity": wish.charity_code,
            "project": {"code": wish.project_code, "name": wish.project_name},
            "payer": {
                "title": wish.payer_title,
                "name": wish.payer_name,
                "code": wish.payer_code,
                "mail": wish.mail,
            },
            "amount": wish.amount,
            "day": wish.day,
            "deed": wish.deed,
        }
        return self._ask("POST", "/v1/receipts", body, key=key, amount=wish.amount)

    def reverse(self, stamp: Stamp, *, amount: int, key: str) -> Answer:
        """Ask for a reversal. Raises IssuerUnsureError, IssuerRefusedError."""
        body = {"key": key, "code": stamp.code, "number": stamp.number, "amount": amount}
        return self._ask("POST", "/v1/reversals", body, key=key, amount=amount)

    def query(self, key: str) -> Answer:
        """Ask what became of a key. Raises IssuerUnsureError, IssuerRefusedError."""
        return self._ask("GET", f"/v1/keys/{quote(key, safe='')}", None, key=key, amount=None)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None, *, key: str, amount: int | None
    ) -> Answer:
        raw = msgspec.json.encode(body) if body is not None else b""
        at = str(int(self._clock()))
        headers = {
            "content-type": "application/json",
            "receipts-client": self._account.client,
            "receipts-time": at,
            "receipts-signature": signature(self._account.secret, method, path, at, raw),
        }
        try:
            found = self._http.request(method, path, content=raw, headers=headers)
            said = found.content
        except httpx.HTTPError as error:
            raise IssuerUnsureError("unreachable") from error
        self._check_signature(found, path, said)
        if found.status_code in REFUSED:
            raise IssuerRefusedError(_refusal(said))
        if found.status_code not in {200, 202}:
            raise IssuerUnsureError(f"status-{found.status_code}")
        return read_answer(said, key=key, amount=amount)

    def _check_signature(self, found: httpx.Response, path: str, said: bytes) -> None:
        at = found.headers.get("receipts-time", "")
        good = signature(self._account.secret, str(found.status_code), path, at, said)
        given = found.headers.get("receipts-signature", "")
        if len(said) > ANSWER_MAX or not hmac.compare_digest(good.encode(), given.encode()):
            raise IssuerUnsureError("bad-signature")
        if not at.isdecimal() or abs(int(at) - self._clock()) > SKEW_SECONDS:
            raise IssuerUnsureError("stale")


def signature(secret: bytes, verb: str, path: str, at: str, body: bytes) -> str:
    """Sign a request (`verb` is its method) or an answer (`verb` is its status)."""
    text = f"{NAME}\n{verb}\n{path}\n{at}\n".encode() + body
    return "v1=" + hmac.new(secret, text, hashlib.sha256).hexdigest()


def read_answer(said: bytes, *, key: str, amount: int | None) -> Answer:
    """Read a signed answer about our key and amount; any other raises IssuerUnsureError."""
    try:
        told = msgspec.json.decode(said, type=_Said)
    except msgspec.MsgspecError as error:
        raise IssuerUnsureError("unreadable") from error
    if told.key != key:
        raise IssuerUnsureError("another-key")
    if told.state != "issued":
        return Answer(told.state)
    if amount is not None and told.amount != amount:
        raise IssuerUnsureError("another-amount")
    whole = CODE.fullmatch(told.code) and NUMBER.fullmatch(told.number)
    if not whole or not CHECK.fullmatch(told.check):
        raise IssuerUnsureError("unreadable")
    return Answer("issued", Stamp(told.code, told.number, told.check))


def _refusal(said: bytes) -> str:
    try:
        code = msgspec.json.decode(said, type=_Refusal).error
    except msgspec.MsgspecError:
        return "refused"
    return code if REFUSAL.fullmatch(code) else "refused"
