"""Refunds: asked for, under way, arrived or not. The merchant's number sends one once."""

import secrets
import sqlite3
import time
from datetime import datetime
from typing import Any, Final

from jusha_sandbox.wechat.notices import owe
from jusha_sandbox.wechat.store import Merchant, setting, virtual_now
from jusha_sandbox.wechat.trades import SHANGHAI, URL, Party, find, party, rfc3339
from jusha_sandbox.wechat.wire import ComplaintError, Fields

KEY: Final = r"[0-9A-Za-z_\-|*@]{1,64}"
PARTS_MAX: Final = 50
YEAR_SECONDS: Final = 365 * 86_400
OUTCOMES: Final = {"success": "SUCCESS", "abnormal": "ABNORMAL", "closed": "CLOSED"}
OUTCOME: Final = "refund_outcome"
TAKES_SECONDS: Final = "refund_seconds"
WORDS: Final = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


def ask(database: sqlite3.Connection, signer: Merchant, asked: Fields) -> dict[str, Any]:
    """Begin a refund, or tell of the same one begun before. Raises ComplaintError."""
    who = party(database, signer, asked, partner=signer.role == "partner", named=False)
    key, amount = asked.text("out_refund_no", KEY), asked.object("amount")
    wish, total = amount.fen("refund"), amount.fen("total")
    if amount.text("currency", "[A-Z]{3}") != "CNY":
        raise amount.wrong("currency", "仅支持人民币")
    url = asked.text("notify_url", URL, needed=False)
    asked.text("reason", ".{1,80}", needed=False)
    trade = _trade(database, who, asked)
    before = refund(database, who, key)
    if before is not None:
        if (before["trade"], before["amount"]) != (trade["id"], wish):
            raise ComplaintError(
                400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试"
            )
        return told(database, before)
    _check_room(database, trade, wish=wish, total=total)
    outcome = OUTCOMES[setting(database, OUTCOME, "success")]
    takes = setting(database, TAKES_SECONDS, 5)
    now = int(time.time())
    day = datetime.now(SHANGHAI)
    number = f"50300{secrets.randbelow(10**5):05d}{day:%Y%m%d}{secrets.randbelow(10**11):011d}"
    row = (
        number, trade["id"], *who, key, wish, url, now, virtual_now(database) + takes, outcome,
        "PROCESSING", 0,
    )  # fmt: skip
    database.execute(f"INSERT INTO refund VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - marks
    made = refund(database, who, key)
    assert made is not None
    return told(database, made)


def _trade(database: sqlite3.Connection, who: Party, asked: Fields) -> sqlite3.Row:
    """Find the payment that is to go back. Raises ComplaintError."""
    number = asked.text("transaction_id", "[0-9]{1,32}", needed=False)
    if number:
        trade: sqlite3.Row | None = database.execute(
            "SELECT * FROM trade WHERE transaction_id = ? AND mchid = ? AND sub_mchid = ?",
            (number, *who),
        ).fetchone()
    else:
        trade = find(database, who, asked.text("out_trade_no", ".{1,32}"))
    if trade is None or trade["state"] != "SUCCESS":
        raise ComplaintError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    return trade


def _check_room(database: sqlite3.Connection, trade: sqlite3.Row, *, wish: int, total: int) -> None:
    """Raise ComplaintError unless so much may still go back."""
    if total != trade["total"]:
        raise ComplaintError(400, "PARAM_ERROR", "订单金额与原订单不一致", "/amount/total")
    parts, gone = database.execute(
        "SELECT count(*), coalesce(sum(amount), 0) FROM refund WHERE trade = ?"
        " AND status <> 'CLOSED'",
        (trade["id"],),
    ).fetchone()
    if gone + wish > trade["total"]:
        raise ComplaintError(400, "INVALID_REQUEST", "申请退款金额超过订单可退金额")
    if parts >= PARTS_MAX:
        raise ComplaintError(400, "INVALID_REQUEST", "一笔订单最多支持50次部分退款")
    if virtual_now(database) - trade["paid_at"] > YEAR_SECONDS:
        raise ComplaintError(400, "INVALID_REQUEST", "交易时间超过一年的订单无法提交退款")


def refund(database: sqlite3.Connection, who: Party, key: str) -> sqlite3.Row | None:
    """One refund by its merchant's number."""
    found: sqlite3.Row | None = database.execute(
        "SELECT * FROM refund WHERE mchid = ? AND sub_mchid = ? AND out_refund_no = ?",
        (*who, key),
    ).fetchone()
    return found


def told(database: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Tell of a refund, as its answers do."""
    trade = _of(database, row)
    amount, total = row["amount"], trade["total"]
    said: dict[str, Any] = {
        "refund_id": row["refund_id"],
        "out_refund_no": row["out_refund_no"],
        "transaction_id": trade["transaction_id"],
        "out_trade_no": trade["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": rfc3339(row["created_at"]),
        "status": row["status"],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": total, "refund": amount, "payer_total": total, "payer_refund": amount,
            "settlement_refund": amount, "settlement_total": total, "discount_refund": 0,
            "currency": "CNY",
        },
    }  # fmt: skip
    if row["status"] == "SUCCESS":
        said["success_time"] = rfc3339(row["done_at"])
    return said


def _of(database: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    trade: sqlite3.Row = database.execute(
        "SELECT * FROM trade WHERE id = ?", (row["trade"],)
    ).fetchone()
    return trade


def carry_out(database: sqlite3.Connection) -> int:
    """Let every refund whose time has come arrive, or fail; return how many."""
    due = database.execute(
        "SELECT * FROM refund WHERE status = 'PROCESSING' AND due_at <= ?",
        (virtual_now(database),),
    ).fetchall()
    for row in due:
        database.execute(
            "UPDATE refund SET status = outcome, done_at = ? WHERE refund_id = ?",
            (int(time.time()), row["refund_id"]),
        )
        trade = _of(database, row)
        if row["notify_url"]:
            owe(
                database,
                mchid=row["mchid"],
                url=row["notify_url"],
                kind=f"REFUND.{row['outcome']}",
                summary=WORDS[row["outcome"]],
                resource=_resource(row, trade),
            )
    return len(due)


def _resource(row: sqlite3.Row, trade: sqlite3.Row) -> dict[str, Any]:
    who = (
        {"sp_mchid": row["mchid"], "sub_mchid": row["sub_mchid"]}
        if row["sub_mchid"]
        else {"mchid": row["mchid"]}
    )
    said: dict[str, Any] = {
        **who,
        "out_trade_no": trade["out_trade_no"],
        "transaction_id": trade["transaction_id"],
        "out_refund_no": row["out_refund_no"],
        "refund_id": row["refund_id"],
        "refund_status": row["outcome"],
        "amount": {
            "total": trade["total"], "refund": row["amount"], "payer_total": trade["total"],
            "payer_refund": row["amount"],
        },
        "user_received_account": "支付用户零钱",
    }  # fmt: skip
    if row["outcome"] == "SUCCESS":
        said["success_time"] = rfc3339(int(time.time()))
    return said
