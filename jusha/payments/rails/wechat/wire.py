"""One signed question to WeChat Pay, and an answer that is believed for its signature alone.

An answer of success that is not signed, signed by a key that is not known, or older than five
minutes is no answer: the caller is unsure and asks again with the same key.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeVar

import httpx
import msgspec

from jusha.payments.rails.seam import FRESH_SECONDS, RailRefusedError, RailUnsureError
from jusha.payments.rails.wechat.keys import Merchant, Platform
from jusha.payments.rails.wechat.signing import SCHEME, is_signed

ADDRESS: Final = "https://api.mch.weixin.qq.com"
CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 10.0
"""For a whole answer, however slowly it comes."""
DOWNLOAD_SECONDS: Final = 300.0
ANSWER_BYTES_MAX: Final = 1 << 20
CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
FIELD: Final = re.compile(r"[A-Za-z0-9_/.\[\]-]{1,80}")

UNSURE: Final = frozenset(
    {
        "BANKERROR",
        "BANK_ERROR",
        "FREQUENCY_LIMITED",
        "FREQUENCY_LIMIT_EXCEED",
        "RATELIMIT_EXCEEDED",
        "SIGN_ERROR",
        "STATEMENT_CREATING",
        "SYSTEMERROR",
        "SYSTEM_ERROR",
        "USERPAYING",
        "USER_PAYING",
    }
)
"""Codes after which the same question is asked again; every other signed one is a refusal.

SIGN_ERROR is among them: a clock or a key of ours is wrong, and the order is none the worse.
"""
SAME: Final = {
    "ORDERPAID": "paid",
    "ORDER_PAID": "paid",
    "ORDERCLOSED": "ORDER_CLOSED",
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "NOTENOUGH": "NOT_ENOUGH",
}
"""Older and newer spellings of one code; `paid` is the seam's word."""

T = TypeVar("T")


class Answer(NamedTuple):
    """A signed answer of success; empty where there is nothing to say (204)."""

    status: int
    body: bytes


class Complaint(msgspec.Struct):
    """The body of a refusal."""

    class Detail(msgspec.Struct):
        """Where in our question the mistake is; its value is not read, it may be a person's."""

        field: str = ""

    code: str = ""
    detail: Detail | None = None


class Wire:
    """Sends what the merchant signs, and believes what the platform signs."""

    def __init__(
        self,
        merchant: Merchant,
        platform: Platform,
        *,
        address: str = ADDRESS,
        http: httpx.Client | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Speak to `address`; `platform` may be replaced while others ask."""
        self.merchant, self.platform, self.clock = merchant, platform, clock
        self.address = httpx.URL(address)
        self._http = http or httpx.Client(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def ask(self, method: str, target: str, message: object = None) -> Answer:
        """Ask once. Raises RailUnsureError, RailRefusedError."""
        body = b"" if message is None else msgspec.json.encode(message)
        deadline = time.monotonic() + ANSWER_SECONDS
        with self._sent(method, target, body) as response:
            text = _read(response, ANSWER_BYTES_MAX, deadline)
        fault = self._fault(response, text)
        if response.is_success:
            if fault:
                raise RailUnsureError(fault, f"http {response.status_code}")
            return Answer(response.status_code, text)
        raise self._refusal(response, text, fault)

    def read(self, method: str, target: str, kind: type[T], message: object = None) -> T:
        """Ask once and read the answer. Raises RailUnsureError, RailRefusedError."""
        answer = self.ask(method, target, message)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RailUnsureError("UNREADABLE", "a signed answer of another form") from error

    def download(self, target: str) -> Iterator[bytes]:
        """Yield a file's bytes; it is not signed, so its hash must be known from an answer.

        Raises RailUnsureError, RailRefusedError.
        """
        deadline = time.monotonic() + DOWNLOAD_SECONDS
        with self._sent("GET", target, b"") as response:
            if not response.is_success:
                text = _read(response, ANSWER_BYTES_MAX, deadline)
                raise self._refusal(response, text, self._fault(response, text))
            for part in response.iter_raw():
                if time.monotonic() > deadline:
                    raise RailUnsureError("TIMEOUT", "in the middle of a file")
                yield part

    @contextmanager
    def _sent(self, method: str, target: str, body: bytes) -> Iterator[httpx.Response]:
        """Send, and stand for everything that can go wrong on the way as one refusal to guess."""
        request = self._http.build_request(
            method, self.address.join(target), content=body, headers={"accept-encoding": "identity"}
        )
        sent_target = request.url.raw_path.decode("ascii")
        headers = {
            "accept": "application/json",
            "authorization": self.merchant.authorization(
                method=method,
                target=sent_target,
                timestamp_s=int(self.clock()),
                nonce=secrets.token_hex(16),
                body=body,
            ),
            "user-agent": "jusha",
        }
        if body:
            headers["content-type"] = "application/json"
        if self.platform.preferred:
            headers["wechatpay-serial"] = self.platform.preferred
        request.headers.update(headers)
        try:
            response = self._http.send(request, stream=True)
            try:
                yield response
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise RailUnsureError("NO_ANSWER", type(error).__name__) from error

    def _fault(self, response: httpx.Response, text: bytes) -> str:
        """Say why an answer is not WeChat Pay's word; "" if it is."""
        headers = {name.lower(): value for name, value in response.headers.raw}
        timestamp = headers.get(b"wechatpay-timestamp", b"")
        key = self.platform.key(headers.get(b"wechatpay-serial", b""), now_s=self.clock())
        if b"wechatpay-signature" not in headers:
            return "UNSIGNED"
        if key is None:
            return "UNKNOWN_SERIAL"
        authentic = is_signed(
            key,
            given=headers[b"wechatpay-signature"],
            timestamp=timestamp,
            nonce=headers.get(b"wechatpay-nonce", b""),
            body=text,
        )
        if not authentic or headers.get(b"wechatpay-signature-type", SCHEME.encode()) != (
            SCHEME.encode()
        ):
            return "FORGED"
        return "" if abs(self.clock() - int(timestamp)) <= FRESH_SECONDS else "STALE"

    def _refusal(
        self, response: httpx.Response, text: bytes, fault: str
    ) -> RailUnsureError | RailRefusedError:
        """Tell a refusal from what is to be asked again, by who signed it and by its code."""
        try:
            complaint = msgspec.json.decode(text, type=Complaint)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            complaint = Complaint()
        code = complaint.code if CODE.fullmatch(complaint.code) else "UNREADABLE"
        field = complaint.detail.field if complaint.detail else ""
        told = [f"http {response.status_code}", *([field] if FIELD.fullmatch(field) else [])]
        if code == "SIGN_ERROR":
            told.append(self._skew(response))
        unsure = fault or code in UNSURE or code == "UNREADABLE"
        if unsure or not response.is_client_error:
            return RailUnsureError(code, " ".join([*told, fault]).strip())
        return RailRefusedError(SAME.get(code, code), " ".join(told))

    def _skew(self, response: httpx.Response) -> str:
        """How far the other clock seems to be from ours; a hint for people, nothing acts on it."""
        try:
            there = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return "the other clock is not known"
        return f"the other clock differs by {there.timestamp() - self.clock():+.0f} s"


def _read(response: httpx.Response, most: int, deadline: float) -> bytes:
    """Read a body within its size and time. Raises RailUnsureError."""
    parts, length = [], 0
    for part in response.iter_raw():
        length += len(part)
        if length > most:
            raise RailUnsureError("TOO_LARGE", f"an answer of more than {most} bytes")
        if time.monotonic() > deadline:
            raise RailUnsureError("TIMEOUT", "in the middle of an answer")
        parts.append(part)
    return b"".join(parts)
