"""What the gateway does when it is asked: trades, refunds and bills, each once whatever is lost.

Every method takes the words of biz_content and returns the words of its answer; a refusal is
an answer too. The caller's transaction makes it durable before it is signed.
"""

import json
import secrets
import sqlite3
from datetime import datetime
from typing import Any, Final

from jusha_sandbox.alipay import notices
from jusha_sandbox.alipay.store import SHANGHAI, Store, clock_text, yuan_text

Words = dict[str, Any]
DAY_SECONDS: Final = 86_400
SLOW_SECONDS: Final = 60
GOOD: Final = {"code": "10000", "msg": "Success"}
AMOUNT_MAX: Final = 10_000_000_000
NUMBER_MAX: Final = 64


class Refusal(Exception):
    """The gateway's word for why not: (code, msg, sub_code, sub_msg)."""

    @property
    def words(self) -> Words:
        """The refusal as the answer's object."""
        return dict(zip(("code", "msg", "sub_code", "sub_msg"), self.args, strict=True))


def business(sub_code: str, told: str) -> Refusal:
    """Refuse for a reason of the business."""
    return Refusal("40004", "Business Failed", sub_code, told)


def invalid(sub_code: str, told: str) -> Refusal:
    """Refuse because of how it was asked."""
    return Refusal("40002", "Invalid Arguments", sub_code, told)


def fen_of(value: object) -> int:
    """Read yuan; the SDKs also send JSON numbers. Raises Refusal."""
    text = str(value)
    whole, _, part = text.partition(".")
    digits = whole + f"{part:0<2}"
    if not (digits.isascii() and digits.isdigit()) or len(part) > len("00") or len(digits) > 13:  # noqa: PLR2004
        raise business("ACQ.INVALID_PARAMETER", "total_amount")
    amount = int(digits)
    if not 0 < amount <= AMOUNT_MAX:
        raise business("ACQ.TOTAL_FEE_EXCEED", "总金额超过限额")
    return amount


def _moment(value: object, default: int) -> int:
    if not value:
        return default
    try:
        moment = datetime.fromisoformat(str(value)).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise business("ACQ.INVALID_PARAMETER", "time_expire") from None
    return int(moment.timestamp())


class Trades:
    """The verbs of alipay.trade.* for one seller in one transaction."""

    def __init__(self, store: Store, database: sqlite3.Connection, seller: sqlite3.Row) -> None:
        """Stand in a transaction."""
        self.store, self.database, self.seller = store, database, seller

    def open(self, words: Words, *, notify_url: str, return_url: str) -> sqlite3.Row:
        """Make the trade of an order, or find it again. Raises Refusal."""
        number = str(words.get("out_trade_no", ""))
        if not 0 < len(number) <= NUMBER_MAX or not words.get("subject"):
            raise business("ACQ.INVALID_PARAMETER", "参数无效")
        if words.get("seller_id") not in {None, "", self.seller["id"]}:
            raise business("ACQ.PARTNER_ERROR", "seller_id")
        amount, now = fen_of(words.get("total_amount")), self.store.stamp()
        trade = self._by_order(number)
        if trade is None:
            trade_no = (
                f"{clock_text(now)[:10].replace('-', '')}22001{secrets.randbelow(10**15):015d}"
            )
            row = (
                trade_no, f"bax{secrets.token_hex(12)}", self.seller["id"], number,
                str(words["subject"])[:256], amount, "WAIT_BUYER_PAY", notify_url, return_url, now,
                _moment(words.get("time_expire"), now + 15 * DAY_SECONDS),
            )  # fmt: skip
            self.database.execute(
                "INSERT INTO trade VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0)", row
            )
            trade = self._by_order(number)
        assert trade is not None
        if trade["status"] in {"TRADE_SUCCESS", "TRADE_FINISHED"}:
            raise business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        if trade["status"] == "TRADE_CLOSED":
            raise business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        if trade["amount"] != amount:
            raise business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        return trade

    def _by_order(self, number: str) -> sqlite3.Row | None:
        where = "SELECT * FROM trade WHERE seller = ? AND out_trade_no = ?"
        row = self.database.execute(where, (self.seller["id"], number)).fetchone()
        return self._closed_if_over(row)

    def _closed_if_over(self, trade: sqlite3.Row | None) -> sqlite3.Row | None:
        if trade is None or trade["status"] != "WAIT_BUYER_PAY":
            return trade
        return self._closed(trade) if trade["expires_at"] <= self.store.stamp() else trade

    def _closed(self, trade: sqlite3.Row) -> sqlite3.Row:
        self.database.execute(
            "UPDATE trade SET status = 'TRADE_CLOSED' WHERE trade_no = ?", (trade["trade_no"],)
        )
        return again(self.database, trade)

    def find(self, words: Words) -> sqlite3.Row:
        """The trade that is asked about. Raises Refusal."""
        trade = None
        if words.get("trade_no"):
            row = self.database.execute(
                "SELECT * FROM trade WHERE seller = ? AND trade_no = ?",
                (self.seller["id"], str(words["trade_no"])),
            ).fetchone()
            trade = self._closed_if_over(row)
        elif words.get("out_trade_no"):
            trade = self._by_order(str(words["out_trade_no"]))
        if trade is None:
            raise business("ACQ.TRADE_NOT_EXIST", "交易不存在")
        return trade

    def query(self, words: Words) -> Words:
        """alipay.trade.query."""
        trade = self.find(words)
        amount = yuan_text(trade["amount"])
        said = GOOD | {
            "buyer_pay_amount": amount,
            "invoice_amount": amount,
            "out_trade_no": trade["out_trade_no"],
            "point_amount": "0.00",
            "receipt_amount": amount,
            "total_amount": amount,
            "trade_no": trade["trade_no"],
            "trade_status": trade["status"],
        }
        if trade["paid_at"]:
            logon = f"{trade['buyer'][-3:]}****@sandbox.com"
            said |= {"buyer_logon_id": logon, "buyer_user_id": trade["buyer"]}
            said |= {"buyer_user_type": "PRIVATE", "send_pay_date": clock_text(trade["paid_at"])}
            said["fund_bill_list"] = [{"amount": amount, "fund_channel": "ALIPAYACCOUNT"}]
        return said

    def close(self, words: Words) -> Words:
        """alipay.trade.close."""
        trade = self.find(words)
        if trade["status"] != "WAIT_BUYER_PAY":
            raise business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        self._closed(trade)
        return GOOD | {"trade_no": trade["trade_no"], "out_trade_no": trade["out_trade_no"]}

    def pay(self, trade: sqlite3.Row, buyer: str) -> sqlite3.Row:
        """The buyer pays, once. Raises Refusal."""
        current = self._closed_if_over(again(self.database, trade))
        assert current is not None
        if current["status"] == "TRADE_CLOSED":
            raise business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        if current["status"] == "WAIT_BUYER_PAY":
            row = (self.store.stamp(), buyer, trade["trade_no"])
            self.database.execute(
                "UPDATE trade SET status = 'TRADE_SUCCESS', paid_at = ?, buyer = ?"
                " WHERE trade_no = ?",
                row,
            )
            current = again(self.database, trade)
            self._line("在线支付", current, "", current["amount"])
            notices.queue(self.store, self.database, current, {})
        return current

    def refund(self, words: Words) -> Words:
        """alipay.trade.refund, once for each out_request_no."""
        trade, amount = self.find(words), fen_of(words.get("refund_amount"))
        key = str(words.get("out_request_no") or trade["out_trade_no"])
        done = self.database.execute(
            "SELECT * FROM refund WHERE trade_no = ? AND key = ?", (trade["trade_no"], key)
        ).fetchone()
        if done and done["amount"] != amount:
            raise business("ACQ.DISCORDANT_REPEAT_REQUEST", "同一退款请求号的金额不一致")
        switches = self.store.switches(self.database)
        changed = "N"
        if not done:
            self._may_refund(trade, amount, switches)
            trade = self._refund(trade, key, amount, str(words.get("refund_reason", "")), switches)
            changed = "N" if "refund-slow" in switches else "Y"
        if "refund-unsure" in switches and not done:
            # It stands in the database already: who gives up here has paid it back all the same.
            return {"code": "20000", "msg": "Service Currently Unavailable",
                    "sub_code": "aop.unknow-error", "sub_msg": "系统繁忙"}  # fmt: skip
        return GOOD | {
            "buyer_logon_id": f"{trade['buyer'][-3:]}****@sandbox.com",
            "buyer_user_id": trade["buyer"],
            "fund_change": changed,
            "gmt_refund_pay": clock_text(done["at"] if done else self.store.stamp()),
            "out_trade_no": trade["out_trade_no"],
            "refund_fee": yuan_text(trade["refunded"]),
            "send_back_fee": yuan_text(amount if changed == "Y" else 0),
            "trade_no": trade["trade_no"],
        }

    def _may_refund(self, trade: sqlite3.Row, amount: int, switches: set[str]) -> None:
        if trade["status"] != "TRADE_SUCCESS":
            raise business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        if trade["refunded"] + amount > trade["amount"]:
            raise business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        if "refund-refused" in switches:
            raise business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")

    def _refund(
        self, trade: sqlite3.Row, key: str, amount: int, reason: str, switches: set[str]
    ) -> sqlite3.Row:
        now = self.store.stamp()
        due = self.store.now(self.database) + SLOW_SECONDS * ("refund-slow" in switches)
        bank = "P" if "refund-bank" in switches else ""
        row = (trade["trade_no"], key, amount, reason[:256], now, due, bank)
        self.database.execute("INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        whole = trade["refunded"] + amount == trade["amount"]
        self.database.execute(
            "UPDATE trade SET refunded = refunded + ?, status = ? WHERE trade_no = ?",
            (amount, "TRADE_CLOSED" if whole else "TRADE_SUCCESS", trade["trade_no"]),
        )
        trade = again(self.database, trade)
        self._line("退款", trade, key, -amount)
        told = {
            "gmt_refund": f"{clock_text(now)}.000",
            "out_biz_no": key,
            "refund_fee": yuan_text(trade["refunded"]),
        }
        notices.queue(self.store, self.database, trade, told)
        return trade

    def query_refund(self, words: Words) -> Words:
        """alipay.trade.fastpay.refund.query."""
        trade, key = self.find(words), str(words.get("out_request_no", ""))
        done = self.database.execute(
            "SELECT * FROM refund WHERE trade_no = ? AND key = ?", (trade["trade_no"], key)
        ).fetchone()
        if done is None or done["due"] > self.store.now(self.database):
            return dict(GOOD)
        said = GOOD | {
            "gmt_refund_pay": clock_text(done["at"]),
            "out_request_no": key,
            "out_trade_no": trade["out_trade_no"],
            "refund_amount": yuan_text(done["amount"]),
            "refund_reason": done["reason"],
            "refund_status": "REFUND_SUCCESS",
            "total_amount": yuan_text(trade["amount"]),
            "trade_no": trade["trade_no"],
        }
        if done["bank"]:
            back = {"dback_amount": said["refund_amount"], "dback_status": done["bank"]}
            said["deposit_back_info"] = back | {"has_deposit_back": "true"}
        return said

    def _line(self, kind: str, trade: sqlite3.Row, key: str, amount: int) -> None:
        """Move the seller's balance, and the rail's fee (which a refund gives back) beside it."""
        fee = (abs(amount) * self.seller["fee_per_mille"] + 500) // 1000
        for name, moved in ((kind, amount), ("收费", -fee if amount > 0 else fee)):
            if not moved:
                continue
            self.database.execute(
                "UPDATE seller SET balance = balance + ? WHERE id = ?", (moved, self.seller["id"])
            )
            self.database.execute(
                "INSERT INTO line (seller, at, kind, trade_no, key, amount, balance) SELECT"
                " id, ?, ?, ?, ?, ?, balance FROM seller WHERE id = ?",
                (self.store.stamp(), name, trade["trade_no"], key, moved, self.seller["id"]),
            )


def again(database: sqlite3.Connection, trade: sqlite3.Row) -> sqlite3.Row:
    """The trade as it stands now."""
    row: sqlite3.Row = database.execute(
        "SELECT * FROM trade WHERE trade_no = ?", (trade["trade_no"],)
    ).fetchone()
    return row


def read_words(text: str) -> Words:
    """Read biz_content. Raises Refusal."""
    try:
        words = json.loads(text or "{}")
    except ValueError:
        raise invalid("isv.invalid-parameter", "biz_content") from None
    if not isinstance(words, dict):
        raise invalid("isv.invalid-parameter", "biz_content")
    return words
