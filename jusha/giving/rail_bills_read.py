"""From a rail's bill to rows that can be copied in: what is compared, and nothing of the payer.

A rail's own file must be whole: its sums are its lines' sums and every line can be read, else
nothing of it is taken. Names of payers, banks and goods are not looked at.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from jusha.inbox.keys import deed_key, hmac_sha256
from jusha.payments.bills.records import (
    FileRefusedError,
    Record,
    Rejected,
    RowRefusedError,
    amount_fen,
    short,
)
from jusha.payments.bills.statement import Form, Statement, micro, no_column, open_statement
from jusha.payments.rails.deed import ORDER_DIGITS_MAX
from jusha.payments.rails.names import ALIPAY, WECHAT

FORMS: Final[Mapping[str, Form]] = {WECHAT: "wechat", ALIPAY: "alipay-trade"}
TIME: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]")
REFUND_KEY: Final = re.compile(r"[0-9A-Za-z_|*@-]{1,64}", re.ASCII)
"""What WeChat Pay and Alipay take as a merchant's number of a refund."""
CHUNK_LINES: Final = 4_096
REMEMBERED_MAX: Final = 1 << 17
PAYMENT, REFUND = 0, 1
ARRIVED, UNDER_WAY, FAILED = 0, 1, 2
WECHAT_STATES: Final = {"SUCCESS": ARRIVED, "": ARRIVED, "PROCESSING": UNDER_WAY}


class Account(NamedTuple):
    """Whose bill it is: the rail, its merchants' charities, and the bill's own charity if any."""

    rail: str
    charities: Mapping[str, str]
    charity: str = ""


class Row(NamedTuple):
    """One line as it is kept; amounts in fen, the fee in millionths of a yuan."""

    line: int
    kind: int
    state: int
    key: bytes
    order_no: int
    amount: int
    fee_micro: int
    at: str
    """Shanghai time as written."""
    charity: str
    refund: str


class Bill:
    """Reads the lines of one file. `lines` counts them as they go by."""

    def __init__(self, account: Account, *, deed_secret: bytes) -> None:
        """Read a bill of this account."""
        self.account, self.secret = account, deed_secret
        self.lines = 0
        self._amounts: dict[str, int] = {}
        self._times: set[str] = set()

    def rows(self, file: Path) -> Iterator[Row]:
        """Every line of the file. Raises FileRefusedError, at the latest behind the last one."""
        with file.open("rb") as opened:
            form = FORMS[self.account.rail]
            with open_statement(opened, form=form) as statement:
                read = self._wechat if form == "wechat" else self._alipay
                yield from read(statement)
                statement.check()

    def copied(self, file: Path) -> Iterator[str]:
        """The rows as COPY takes them, in pieces. Raises FileRefusedError."""
        piece: list[str] = []
        for row in self.rows(file):
            self.lines += 1
            piece.append(
                f"{row.line}\t{row.kind}\t{row.state}\t{row.key.hex()}\t{row.order_no}\t"
                f"{row.amount}\t{row.fee_micro}\t{row.at}+08\t{row.charity}\t{row.refund}\n"
            )
            if len(piece) == CHUNK_LINES:
                yield "".join(piece)
                piece.clear()
        yield "".join(piece)

    def _wechat(self, statement: Statement) -> Iterator[Row]:
        columns = (
            "交易时间", "商户号", "特约商户号", "微信订单号", "商户订单号", "交易状态", "货币种类",
            "商户退款单号", "退款状态", "手续费", "订单金额", "申请退款金额",
        )  # fmt: skip
        places = _places(statement, columns)
        time, own, sub, transaction, order, state, money, refund, came, fee, paid, back = places
        charities, rail = self.account.charities, self.account.rail
        for record in _taken(statement):
            cells = record.cells
            if cells[money] != "CNY":
                raise _refused(record.line, RowRefusedError("bad-currency"))
            is_paid = cells[state] == "SUCCESS"
            try:
                yield Row(
                    record.line,
                    PAYMENT if is_paid else REFUND,
                    ARRIVED if is_paid else WECHAT_STATES.get(cells[came], FAILED),
                    deed_key(self.secret, rail, cells[transaction]),
                    _order_of(cells[order]),
                    self._fen(cells[paid if is_paid else back]),
                    self._micro(cells[fee]),
                    self._at(cells[time]),
                    charities.get(cells[sub] if cells[sub] not in {"", "0"} else cells[own], ""),
                    "" if is_paid else self._refund(cells[refund]),
                )
            except RowRefusedError as refusal:
                raise _refused(record.line, refusal) from None

    def _alipay(self, statement: Statement) -> Iterator[Row]:
        columns = (
            "支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额（元）",
            "退款批次号/请求号", "服务费（元）",
        )  # fmt: skip
        transaction, order, kind, time, amount, refund, fee = _places(statement, columns)
        for record in _taken(statement):
            cells = record.cells
            is_paid = cells[kind] != "退款"
            try:
                yield Row(
                    record.line,
                    PAYMENT if is_paid else REFUND,
                    ARRIVED,
                    deed_key(self.secret, self.account.rail, cells[transaction]),
                    _order_of(cells[order]),
                    self._fen(cells[amount] if is_paid else cells[amount].lstrip("-")),
                    -self._micro(cells[fee]),  # Alipay writes what it takes below zero
                    self._at(cells[time]),
                    self.account.charity,
                    "" if is_paid else self._refund(cells[refund]),
                )
            except RowRefusedError as refusal:
                raise _refused(record.line, refusal) from None

    def _fen(self, text: str) -> int:
        found = self._amounts.get(text)
        if found is None:
            found = amount_fen(text, unit="yuan")
            if len(self._amounts) < REMEMBERED_MAX:
                self._amounts[text] = found
        return found

    def _micro(self, text: str) -> int:
        found = micro(text or "0")
        if found is None:
            raise RowRefusedError("bad-amount", short(text))
        return found

    def _at(self, text: str) -> str:
        if text not in self._times:
            if not TIME.fullmatch(text):
                raise RowRefusedError("bad-time", short(text))
            if len(self._times) < REMEMBERED_MAX:
                self._times.add(text)
        return text

    def _refund(self, text: str) -> str:
        """The key by which we know a refund; one that is nobody's of ours gets a keyed name."""
        if text in {"", "0"}:
            return ""
        if REFUND_KEY.fullmatch(text):
            return text
        return f"x-{hmac_sha256(self.secret, text.encode()).hex()[:32]}"


def _places(statement: Statement, columns: tuple[str, ...]) -> list[int]:
    lost = [name for name in columns if name not in statement.header]
    if lost:
        raise no_column(lost)
    return [statement.header.index(name) for name in columns]


def _taken(statement: Statement) -> Iterator[Record]:
    for record in statement.records:
        if isinstance(record, Rejected):
            raise _refused(record.line, RowRefusedError(record.reason, record.detail))
        yield record


def _refused(line: int, refusal: RowRefusedError) -> FileRefusedError:
    why = f"{refusal.reason} {refusal.detail}".strip()
    return FileRefusedError(f"第 {line} 行读不出来", f"line {line}: {why}")


def _order_of(text: str) -> int:
    is_ours = text.isascii() and text.isdigit() and len(text) <= ORDER_DIGITS_MAX
    return int(text) if is_ours else 0
