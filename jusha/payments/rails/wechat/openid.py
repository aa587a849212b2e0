"""Who a browser inside WeChat is to our app: a one-time code becomes an openid (网页授权).

The call carries the app's secret in its address, as WeChat wants it, and the answer is signed by
nobody: so it goes by TLS or to this machine, and by http.client, because httpx writes addresses
to the log. Source: developers.weixin.qq.com, OA web apps, snsapi_base.
"""

import http.client
import json
import re
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from jusha.payments.rails.seam import RailRefusedError, RailUnsureError

PATH: Final = "/sns/oauth2/access_token"
TIMEOUT_SECONDS: Final = 10
ANSWER_MAX: Final = 1 << 14
OPENID: Final = re.compile(r"[0-9A-Za-z_-]{1,60}")
CODE: Final = re.compile(r"[0-9A-Za-z_-]{1,120}")
SECRET: Final = re.compile(r"[0-9a-zA-Z]{16,64}")
BUSY: Final = frozenset({-1, 45011})
"""The system is busy, or it was asked too often: the code is still good."""
SPENT: Final = frozenset({40029, 40163, 41008, 42003})
"""Not a code, used before, missing, or too old: the donor has to come again."""
OURS: Final = frozenset({40001, 40013, 40125, 40164})
"""Our app, its secret or this machine's address is not as WeChat knows it: an operator mends that
(docs/rails.md), and the code is still good."""
UNKNOWN: Final = "payer-unknown"


class Openids:
    """Asks WeChat for one app. The secret is in no representation."""

    def __init__(self, appid: str, *, secret: str, address: str) -> None:
        """Ask at `address`, without a path. Raises ValueError."""
        parts = urlsplit(address)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("the address of WeChat's OAuth is none")
        if not SECRET.fullmatch(secret):
            raise ValueError("the app's secret is none")
        self.appid, self._secret, self._parts = appid, secret, parts

    def openid(self, code: str) -> str:
        """Swap a code; it works once. Raises RailRefusedError(UNKNOWN), RailUnsureError."""
        if not CODE.fullmatch(code):
            raise RailRefusedError(UNKNOWN)
        asked = {
            "appid": self.appid,
            "secret": self._secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        told = self._get(f"{PATH}?{urlencode(asked)}")
        number = told.get("errcode", 0)
        if number in BUSY | OURS:
            raise RailUnsureError(f"oauth {number}")
        if number in SPENT:
            raise RailRefusedError(UNKNOWN)
        if number:
            raise RailRefusedError(f"oauth {number}")
        openid = told.get("openid")
        if not isinstance(openid, str) or not OPENID.fullmatch(openid):
            raise RailUnsureError("UNREADABLE", "openid")
        return openid

    def _get(self, target: str) -> dict[str, Any]:
        make = (
            http.client.HTTPSConnection
            if self._parts.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = make(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", target)
            raw = connection.getresponse().read(ANSWER_MAX)
            told = json.loads(raw)
        except (OSError, http.client.HTTPException) as error:
            raise RailUnsureError("UNREACHABLE", type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise RailUnsureError("UNREADABLE", "oauth") from error
        finally:
            connection.close()
        if not isinstance(told, dict):
            raise RailUnsureError("UNREADABLE", "oauth")
        return told
