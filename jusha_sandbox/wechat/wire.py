"""What the gateway hears and says, before HTTP and after it; and how it complains."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
TEXT_MAX: Final = 512


class Asked(NamedTuple):
    """One request: `target` as it was sent, names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's first values."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


class Said(NamedTuple):
    """One answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class ComplaintError(Exception):
    """The gateway will not, and says so as WeChat Pay does."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        """Answer `status` with `code`; `field` is a JSON pointer to what is wrong."""
        super().__init__(f"{status} {code} {message} {field}".strip())
        self.status, self.code, self.message, self.field = status, code, message, field

    def said(self) -> Said:
        """Write it out."""
        told: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            told["detail"] = {"field": self.field, "location": "body"}
        return say(told, status=self.status)


class NoAnswerError(Exception):
    """What was asked is done, and the answer is lost on the way: a switch."""


def say(told: object, *, status: int = 200) -> Said:
    """Answer with JSON."""
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return Said(status, body, (("content-type", "application/json; charset=utf-8"),))


class Fields:
    """Reads a JSON object field by field, complaining as WeChat Pay does of what does not fit."""

    def __init__(self, body: bytes | dict[str, Any], path: str = "") -> None:
        """Read a body, or an object within one. Raises ComplaintError."""
        self.path = path
        try:
            told = json.loads(body) if isinstance(body, bytes) else body
        except (ValueError, RecursionError) as error:
            raise ComplaintError(400, "PARAM_ERROR", "请求体不是合法的JSON") from error
        if not isinstance(told, dict):
            raise ComplaintError(400, "PARAM_ERROR", "请求体不是JSON对象", path)
        self.told: dict[str, Any] = told

    def wrong(self, name: str, why: str = "参数不符合规则") -> ComplaintError:
        """Complain of one field."""
        return ComplaintError(400, "PARAM_ERROR", why, f"{self.path}/{name}")

    def text(self, name: str, pattern: str = ".{1,512}", *, needed: bool = True) -> str:
        """Read a string that fits a pattern; "" where it may be left out. Raises ComplaintError."""
        value = self.told.get(name)
        if value in (None, "") and not needed:
            return ""
        if value is None:
            raise self.wrong(name, "此字段为必填项")
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.DOTALL):
            raise self.wrong(name)
        return value

    def fen(self, name: str) -> int:
        """Read an amount in whole fen. Raises ComplaintError."""
        value = self.told.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**11:
            raise self.wrong(name, "金额应为大于零的整数，单位为分")
        return value

    def object(self, name: str, *, needed: bool = True) -> "Fields":
        """Read an object. Raises ComplaintError."""
        value = self.told.get(name)
        if value is None and not needed:
            return Fields({}, f"{self.path}/{name}")
        if not isinstance(value, dict):
            raise self.wrong(name, "此字段为必填项")
        return Fields(value, f"{self.path}/{name}")
