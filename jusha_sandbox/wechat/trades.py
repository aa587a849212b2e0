"""Orders: made, asked about, closed, paid. Each verb is one transaction."""

import hashlib
import json
import re
import secrets
import sqlite3
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from jusha_sandbox.wechat.notices import owe
from jusha_sandbox.wechat.store import Merchant, merchant, virtual_now
from jusha_sandbox.wechat.wire import ComplaintError, Fields

SHANGHAI: Final = timezone(timedelta(hours=8))
NUMBER: Final = r"[0-9a-zA-Z_\-|*]{6,32}"
URL: Final = r"https?://[^\s?#]{1,250}"
OPENID: Final = r"[0-9a-zA-Z_-]{1,128}"
LIFE_SECONDS: Final = 7 * 86_400
TYPES: Final = {"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB"}
WORDS: Final = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "CLOSED": "订单已关闭",
    "REFUND": "转入退款",
}


class Party(NamedTuple):
    """Who an order is for: the merchant that signs, and its sub-merchant ("" if direct)."""

    mchid: str
    sub_mchid: str


def rfc3339(at_s: int) -> str:
    """Write a time as WeChat Pay does."""
    return datetime.fromtimestamp(at_s, UTC).astimezone(SHANGHAI).isoformat()


def party(
    database: sqlite3.Connection, signer: Merchant, asked: Fields, *, partner: bool, named: bool
) -> Party:
    """Read who an order is for, and whether the signer may act for it. Raises ComplaintError.

    `named`: the provider's own number is asked as well.
    """
    own = "sp_mchid" if partner else "mchid"
    if named and asked.text(own, "[0-9]{1,32}") != signer.mchid:
        raise ComplaintError(400, "PARAM_ERROR", "商户号与签名的商户号不一致", f"/{own}")
    if partner != (signer.role == "partner"):
        raise ComplaintError(403, "NO_AUTH", "商户无权限")
    if not partner:
        return Party(signer.mchid, "")
    sub = asked.text("sub_mchid", "[0-9]{1,32}")
    known = merchant(database, sub)
    if known is None or known.role != "sub" or known.partner != signer.mchid:
        raise ComplaintError(403, "NO_AUTH", "子商户与服务商无受理关系", "/sub_mchid")
    return Party(signer.mchid, sub)


def create(
    database: sqlite3.Connection, signer: Merchant, asked: Fields, *, partner: bool, way: str
) -> sqlite3.Row:
    """Make an order, or find the same one made before. Raises ComplaintError."""
    who = party(database, signer, asked, partner=partner, named=True)
    wish = _wish(signer, asked, partner=partner, way=way)
    now = virtual_now(database)
    request = json.dumps([way, asked.told], sort_keys=True, ensure_ascii=False)
    before = find(database, who, wish["out_trade_no"])
    if before is not None:
        return _again(before, request)
    if wish["expires_at"] <= now:
        raise ComplaintError(400, "PARAM_ERROR", "订单失效时间应晚于当前时间", "/time_expire")
    row = {
        **wish,
        "mchid": who.mchid,
        "sub_mchid": who.sub_mchid,
        "way": way,
        "request": request,
        "token": secrets.token_urlsafe(18),
        "prepay_id": f"wx{datetime.now(SHANGHAI):%d%H%M%S}{secrets.token_hex(13)}",
        "created_at": int(time.time()),
        "state": "NOTPAY",
    }
    _insert(database, row)
    found = find(database, who, wish["out_trade_no"])
    assert found is not None
    return found


def _insert(database: sqlite3.Connection, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO trade ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - names are ours


def _wish(signer: Merchant, asked: Fields, *, partner: bool, way: str) -> dict[str, Any]:
    """Read what is wished for. Raises ComplaintError."""
    app = "sp_appid" if partner else "appid"
    if asked.text(app, "[0-9a-zA-Z]{1,32}") != signer.appid:
        raise ComplaintError(400, "APPID_MCHID_NOT_MATCH", "商户号和appid不匹配", f"/{app}")
    amount = asked.object("amount")
    if amount.text("currency", "[A-Z]{3}", needed=False) not in {"", "CNY"}:
        raise amount.wrong("currency", "境内商户仅支持人民币")
    openid = ""
    if way == "jsapi":
        openid = asked.object("payer").text("sp_openid" if partner else "openid", OPENID)
    if way == "h5":
        scene = asked.object("scene_info")
        scene.text("payer_client_ip", r"[0-9a-fA-F.:]{3,45}")
        scene.object("h5_info").text("type", ".{1,32}")
    ends = asked.text("time_expire", needed=False)
    return {
        "appid": signer.appid,
        "out_trade_no": asked.text("out_trade_no", NUMBER),
        "title": asked.text("description", ".{1,127}"),
        "total": amount.fen("total"),
        "attach": asked.text("attach", ".{1,128}", needed=False),
        "notify_url": asked.text("notify_url", URL),
        "expires_at": _moment(asked, ends) if ends else int(time.time()) + LIFE_SECONDS,
        "openid": openid,
    }


def _moment(asked: Fields, text: str) -> int:
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)"
    try:
        if re.fullmatch(form, text):
            return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        pass
    raise asked.wrong("time_expire", "时间格式应为rfc3339")


def _again(before: sqlite3.Row, request: str) -> sqlite3.Row:
    """Answer an order that was made before, if it is asked for in the same words."""
    if before["state"] == "SUCCESS":
        raise ComplaintError(400, "ORDERPAID", "该订单已支付")
    if before["request"] != request:
        raise ComplaintError(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
    if before["state"] == "CLOSED":
        raise ComplaintError(400, "ORDER_CLOSED", "订单已关闭")
    return before


def find(database: sqlite3.Connection, who: Party, out_trade_no: str) -> sqlite3.Row | None:
    """One order by its merchant's number, ended if its time is over."""
    _end(database)
    found: sqlite3.Row | None = database.execute(
        "SELECT * FROM trade WHERE mchid = ? AND sub_mchid = ? AND out_trade_no = ?",
        (*who, out_trade_no),
    ).fetchone()
    return found


def by_token(database: sqlite3.Connection, *, column: str, value: str) -> sqlite3.Row | None:
    """One order by the code's `token`, its `prepay_id` or its `transaction_id`."""
    assert column in {"token", "prepay_id", "transaction_id"}
    _end(database)
    found: sqlite3.Row | None = database.execute(
        f"SELECT * FROM trade WHERE {column} = ?",  # noqa: S608 - one of three names
        (value,),
    ).fetchone()
    return found


def _end(database: sqlite3.Connection) -> None:
    database.execute(
        "UPDATE trade SET state = 'CLOSED' WHERE state = 'NOTPAY' AND expires_at <= ?",
        (virtual_now(database),),
    )


def close(database: sqlite3.Connection, who: Party, out_trade_no: str) -> None:
    """Let nobody pay it any more. Raises ComplaintError.

    As WeChat Pay does, a number never seen is taken as closed, and is used up by that.
    """
    before = find(database, who, out_trade_no)
    if before is None:
        row = {
            "mchid": who.mchid, "sub_mchid": who.sub_mchid, "appid": "", "way": "native",
            "out_trade_no": out_trade_no, "request": "", "title": "", "total": 0, "attach": "",
            "notify_url": "", "expires_at": 0, "openid": "", "token": secrets.token_urlsafe(18),
            "prepay_id": secrets.token_hex(16), "created_at": int(time.time()), "state": "CLOSED",
        }  # fmt: skip
        _insert(database, row)
        return
    if before["state"] == "SUCCESS":
        raise ComplaintError(400, "ORDERPAID", "该订单已支付")
    if before["state"] == "CLOSED":
        raise ComplaintError(400, "ORDER_CLOSED", "订单已关闭")
    database.execute("UPDATE trade SET state = 'CLOSED' WHERE id = ?", (before["id"],))


def openid(appid: str, wallet: str) -> str:
    """A wallet's id for one app: always the same, and of WeChat's form."""
    return "o" + hashlib.sha256(f"{appid} {wallet}".encode()).hexdigest()[:27]


def pay(database: sqlite3.Connection, trade: sqlite3.Row, *, wallet: str) -> sqlite3.Row:
    """Simulate a payment: the order is paid now, and its notice is owed. Once; no money moves.

    Raises ComplaintError if it was closed.
    """
    if trade["state"] == "CLOSED":
        raise ComplaintError(400, "ORDER_CLOSED", "订单已关闭")
    if trade["state"] == "NOTPAY":
        now = int(time.time())
        day = datetime.fromtimestamp(now, UTC).astimezone(SHANGHAI)
        number = f"42000{secrets.randbelow(10**5):05d}{day:%Y%m%d}{secrets.randbelow(10**10):010d}"
        database.execute(
            "UPDATE trade SET state = 'SUCCESS', transaction_id = ?, paid_at = ?, payer = ?"
            " WHERE id = ? AND state = 'NOTPAY'",
            (number, now, trade["openid"] or openid(trade["appid"], wallet), trade["id"]),
        )
    paid: sqlite3.Row = database.execute(
        "SELECT * FROM trade WHERE id = ?", (trade["id"],)
    ).fetchone()
    if trade["state"] == "NOTPAY":
        owe(
            database,
            mchid=paid["mchid"],
            url=paid["notify_url"],
            kind="TRANSACTION.SUCCESS",
            summary="支付成功",
            resource=told(database, paid, state="SUCCESS"),
        )
    return paid


def told(database: sqlite3.Connection, trade: sqlite3.Row, *, state: str = "") -> dict[str, Any]:
    """Tell of an order, as a query's answer and as a notice's resource do."""
    partner = bool(trade["sub_mchid"])
    who = (
        {"sp_appid": trade["appid"], "sp_mchid": trade["mchid"], "sub_mchid": trade["sub_mchid"]}
        if partner
        else {"appid": trade["appid"], "mchid": trade["mchid"]}
    )
    now = state or trade["state"]
    if now == "SUCCESS" and not state:
        back = database.execute(
            "SELECT count(*) FROM refund WHERE trade = ? AND status <> 'CLOSED'", (trade["id"],)
        ).fetchone()[0]
        now = "REFUND" if back else now
    said: dict[str, Any] = {
        **who,
        "out_trade_no": trade["out_trade_no"],
        "trade_state": now,
        "trade_state_desc": WORDS[now],
        "attach": trade["attach"],
    }
    if trade["transaction_id"]:
        total = trade["total"]
        said |= {
            "transaction_id": trade["transaction_id"],
            "trade_type": TYPES[trade["way"]],
            "bank_type": "OTHERS",
            "success_time": rfc3339(trade["paid_at"]),
            "payer": {"sp_openid" if partner else "openid": trade["payer"]},
            "amount": {
                "total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY",
            },
        }  # fmt: skip
    elif trade["total"]:
        said["amount"] = {"total": trade["total"], "currency": "CNY"}
    return said
