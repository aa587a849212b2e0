"""Bills of trades: 27 columns in yuan, a backtick before each value, seven sums at the end.

Source: WeChat Pay, download of bills of trades (交易账单). A difference can be planted: a line
left out, a line too many, another amount, as a reconciler must find them.
"""

import gzip
import hashlib
import secrets
import sqlite3
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from jusha_sandbox.wechat.store import Merchant, merchant, virtual_now
from jusha_sandbox.wechat.trades import SHANGHAI, TYPES
from jusha_sandbox.wechat.wire import ComplaintError, Said

HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
READY_HOUR: Final = 10
KEPT_DAYS: Final = 92
LINK_SECONDS: Final = 30
KINDS: Final = ("ALL", "SUCCESS", "REFUND")
PLANTED: Final = ("missing", "amount", "extra")


def yuan(fen: int) -> str:
    """Write fen as yuan."""
    return f"{fen // 100}.{fen % 100:02d}"


def check_day(database: sqlite3.Connection, text: str) -> date:
    """Read the day of a bill that is ready by now (virtual clock). Raises ComplaintError."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ComplaintError(400, "PARAM_ERROR", "账单日期格式不正确", "/bill_date") from error
    now = datetime.fromtimestamp(virtual_now(database), UTC).astimezone(SHANGHAI)
    if day >= now.date() or now.date() - day > timedelta(days=KEPT_DAYS):
        raise ComplaintError(400, "PARAM_ERROR", "账单日期应为三个月内的过去日期", "/bill_date")
    if now.date() - day == timedelta(days=1) and now.hour < READY_HOUR:
        raise ComplaintError(400, "STATEMENT_CREATING", "账单生成中，请在10点后再试")
    return day


def offer(
    database: sqlite3.Connection, signer: Merchant, asked: dict[str, str], *, address: str
) -> dict[str, Any]:
    """Make a bill and the link to it, for half a minute. Raises ComplaintError."""
    day = check_day(database, asked.get("bill_date", ""))
    kind, packed = asked.get("bill_type", "ALL"), asked.get("tar_type", "")
    sub = asked.get("sub_mchid", "")
    if kind not in KINDS or packed not in {"", "GZIP"}:
        raise ComplaintError(400, "PARAM_ERROR", "账单类型或压缩类型不正确", "/bill_type")
    known = merchant(database, sub) if sub else None
    if sub and (known is None or known.partner != signer.mchid):
        raise ComplaintError(403, "NO_AUTH", "子商户与服务商无受理关系", "/sub_mchid")
    lines = _lines(database, signer.mchid, sub, day, kind)
    if not lines:
        raise ComplaintError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    text = _text(lines)
    token = secrets.token_urlsafe(24)
    database.execute("DELETE FROM link WHERE made_at < ?", (int(time.time()) - LINK_SECONDS,))
    row = (token, signer.mchid, int(time.time()), int(packed == "GZIP"), text)
    database.execute("INSERT INTO link VALUES (?, ?, ?, ?, ?)", row)
    return {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(text, usedforsecurity=False).hexdigest(),
        "download_url": f"{address}/v3/billdownload/file?token={token}",
    }


def download(database: sqlite3.Connection, signer: Merchant, token: str) -> Said:
    """Serve a bill to who was offered it; its answer is not signed. Raises ComplaintError."""
    row = database.execute(
        "SELECT * FROM link WHERE token = ? AND mchid = ? AND made_at >= ?",
        (token, signer.mchid, int(time.time()) - LINK_SECONDS),
    ).fetchone()
    if row is None:
        raise ComplaintError(403, "NO_AUTH", "下载地址已失效")
    body = gzip.compress(row["text"], mtime=0) if row["packed"] else row["text"]
    kind = "application/octet-stream" if row["packed"] else "text/plain; charset=utf-8"
    return Said(200, body, (("content-type", kind),))


def _lines(
    database: sqlite3.Connection, mchid: str, sub: str, day: date, kind: str
) -> list[list[str]]:
    """The lines of a day, in the order of their times."""
    begins = int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())
    bounds = (mchid, sub, sub, begins, begins + 86_400)
    found: list[tuple[int, list[str]]] = []
    if kind in {"ALL", "SUCCESS"}:
        trades = database.execute(
            "SELECT * FROM trade WHERE mchid = ? AND (? = '' OR sub_mchid = ?) AND paid_at >= ?"
            " AND paid_at < ? AND transaction_id IS NOT NULL",
            bounds,
        ).fetchall()
        found += [(t["paid_at"], _line(t)) for t in trades]
    if kind in {"ALL", "REFUND"}:
        refunds = database.execute(
            "SELECT * FROM refund WHERE mchid = ? AND (? = '' OR sub_mchid = ?)"
            " AND created_at >= ? AND created_at < ?",
            bounds,
        ).fetchall()
        for refund in refunds:
            trade = database.execute(
                "SELECT * FROM trade WHERE id = ?", (refund["trade"],)
            ).fetchone()
            found.append((refund["created_at"], _line(trade, refund)))
    return _planted(database, [line for _, line in sorted(found, key=lambda one: one[0])])


def _line(trade: sqlite3.Row, refund: sqlite3.Row | None = None) -> list[str]:
    at = trade["paid_at"] if refund is None else refund["created_at"]
    moment = datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI)
    paid = trade["total"] if refund is None else 0
    back = refund["amount"] if refund is not None else 0
    titles = str.maketrans(",`\r\n", "    ")
    return [
        f"{moment:%Y-%m-%d %H:%M:%S}", trade["appid"], trade["mchid"], trade["sub_mchid"] or "0",
        "", trade["transaction_id"], trade["out_trade_no"], trade["payer"], TYPES[trade["way"]],
        "SUCCESS" if refund is None else "REFUND", "OTHERS", "CNY", yuan(paid), "0.00",
        "0" if refund is None else refund["refund_id"],
        "0" if refund is None else refund["out_refund_no"], yuan(back), "0.00",
        "" if refund is None else "ORIGINAL", "" if refund is None else refund["status"],
        trade["title"].translate(titles), trade["attach"].translate(titles), "0.00000", "0.00%",
        yuan(paid), yuan(back), "",
    ]  # fmt: skip


def _planted(database: sqlite3.Connection, lines: list[list[str]]) -> list[list[str]]:
    """Change the lines as was planted; a payment's line only."""
    for kind, number, fen in database.execute("SELECT kind, transaction_id, fen FROM planted"):
        mine = [line for line in lines if line[5] == number and line[9] == "SUCCESS"]
        for line in mine:
            if kind == "missing":
                lines.remove(line)
            elif kind == "amount":
                line[12] = line[24] = yuan(fen)
            else:
                more = list(line)
                more[5], more[6] = f"{int(number) + 1}", f"{line[6]}9"
                lines.append(more)
    return lines


def _text(lines: list[list[str]]) -> bytes:
    sums = [_sum(lines, column) for column in (12, 16, 17)]
    ends = [_sum(lines, column) for column in (24, 25)]
    told = [str(len(lines)), *map(yuan, sums), "0.00000", *map(yuan, ends)]
    rows = [HEADER, *(_row(line) for line in lines), SUMS, _row(told), ""]
    return b"\xef\xbb\xbf" + "\r\n".join(rows).encode()


def _row(cells: list[str]) -> str:
    return ",".join(f"`{cell}" for cell in cells)


def _sum(lines: list[list[str]], column: int) -> int:
    return sum(int(line[column].replace(".", "")) for line in lines)
