"""网页授权, simulated: a browser that says it is WeChat's gets a code, and the app swaps it once.

`snsapi_base` asks the visitor nothing: the page sends back at once. The app's secret comes with
the merchant (`app_secret` in the file of merchants); an app without one has no OAuth here.
"""

import hmac
import re
import secrets
import sqlite3
import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from jusha_sandbox.wechat.store import Store, setting
from jusha_sandbox.wechat.trades import openid
from jusha_sandbox.wechat.wire import Asked, Said, say

SCOPE: Final = "snsapi_base"
STATE: Final = re.compile(r"[0-9A-Za-z]{0,128}")
CODE_SECONDS: Final = 300
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS code (
    code TEXT PRIMARY KEY, appid TEXT NOT NULL, wallet TEXT NOT NULL, made_at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0) STRICT"""


def secret_of(database: sqlite3.Connection, appid: str) -> str:
    """The app's secret; "" for an app that has none."""
    return str(setting(database, f"app-secret {appid}", ""))


def sent_back(store: Store, asked: Asked, *, wallet: str, back: str) -> str:
    """Where the browser goes back to with its code; "" for what WeChat would not accept."""
    query = asked.query
    appid, state = query.get("appid", ""), query.get("state", "")
    wanted = (query.get("response_type"), query.get("scope"))
    if wanted != ("code", SCOPE) or not STATE.fullmatch(state) or not back:
        return ""
    code = secrets.token_hex(16)
    with store.claim() as database:
        if not secret_of(database, appid):
            return ""
        database.execute(SCHEMA)
        row = (code, appid, wallet, time.time())
        database.execute("INSERT INTO code (code, appid, wallet, made_at) VALUES (?, ?, ?, ?)", row)
    mark = "&" if urlsplit(back).query else "?"
    return f"{back}{mark}{urlencode({'code': code, 'state': state})}"


def swapped(store: Store, asked: Asked) -> Said:
    """GET /sns/oauth2/access_token: who the code was given to, once. Errors come with a 200."""
    query = asked.query
    appid = query.get("appid", "")
    with store.claim() as database:
        secret = secret_of(database, appid)
        if not secret:
            return _error(40013, "invalid appid")
        if not hmac.compare_digest(secret.encode(), query.get("secret", "").encode()):
            return _error(40125, "invalid appsecret")
        if query.get("grant_type") != "authorization_code":
            return _error(40002, "invalid grant_type")
        database.execute(SCHEMA)
        find = "SELECT * FROM code WHERE code = ? AND appid = ?"
        row = database.execute(find, (query.get("code", ""), appid)).fetchone()
        if row is None or time.time() - row["made_at"] > CODE_SECONDS:
            return _error(40029, "invalid code")
        if row["used"]:
            return _error(40163, "code been used")
        database.execute("UPDATE code SET used = 1 WHERE code = ?", (row["code"],))
    told: dict[str, Any] = {
        "access_token": secrets.token_hex(32),
        "expires_in": 7_200,
        "refresh_token": secrets.token_hex(32),
        "openid": openid(appid, row["wallet"]),
        "scope": SCOPE,
    }
    return say(told)


def _error(number: int, told: str) -> Said:
    return say({"errcode": number, "errmsg": f"{told}, rid: {secrets.token_hex(8)}"})
