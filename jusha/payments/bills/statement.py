"""A bill as lines under a header, whatever form it comes in, and its own sums beside them.

Forms are how the rails write, not what a line means: that is said by a map. What a rail says of
the sums of its bill is compared with the lines that were read, so a bill that was cut short, or
whose lines were changed, cannot pass for whole.

Sources: WeChat Pay, bill of trades (27 columns, 7 sums); Alipay, business details (25 columns, a
summary of 12 by shop) and account details (12 columns).
"""

import csv
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import BinaryIO, Final, Literal, NamedTuple

from jusha.payments.bills.packed import ZIP_START, open_zip
from jusha.payments.bills.records import (
    BYTE_ORDER_MARK,
    FileRefusedError,
    Record,
    Rejected,
    read_lines,
    read_records,
    short,
)
from jusha.payments.bills.sheets import read_sheet

Form = Literal["csv", "xlsx", "wechat", "alipay-trade", "alipay-account"]
MICRO: Final = 10**6
"""Sums are kept in millionths of a yuan: a rail's fee may have five decimals."""
DECIMAL: Final = re.compile(r"([+-]?)([0-9]{1,15})(?:\.([0-9]{1,6}))?")
COUNT: Final = re.compile(r"[0-9]{1,15}")
CACHE_MAX: Final = 1 << 16
WECHAT_FIRST: Final = "交易时间"
WECHAT_SUMS: Final = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
WECHAT_COUNT: Final = "总交易单数"
ALIPAY_FIRST: Final = {"alipay-trade": "支付宝交易号", "alipay-account": "账务流水号"}
ALIPAY_SHOPS: Final = "门店编号"
ALIPAY_ALL: Final = "合计"
ALIPAY_SHOP_SUMS: Final = {
    "订单金额（元）": "订单金额（元）",
    "商家实收（元）": "商家实收（元）",
    "服务费（元）": "服务费（元）",
}
ALIPAY_TAIL: Final = re.compile(r"#+(交易|退款|收入|支出)合计：([0-9]{1,15})笔，\D*(-?[0-9.]+)元.*")
HEADER_LOOK_LINES: Final = 50
"""A header that has not come by then is not there."""


class Total(NamedTuple):
    """One sum that the file says of itself, beside the same sum of its lines.

    Counts as they are, money in millionths of a yuan.
    """

    what: str
    said: int
    read: int


class Statement:
    """A file's header, its lines one by one, and then its own totals.

    `records` may be read once; `totals` are complete behind the last of them.
    """

    def __init__(self, header: list[str], records: Iterator[Record | Rejected]) -> None:
        self.header = header
        self.records = records
        self.totals: list[Total] = []

    def check(self) -> None:
        """Raise FileRefusedError unless the file's own sums are those of its lines."""
        if wrong := [total for total in self.totals if total.said != total.read]:
            first = wrong[0]
            said, read = _said(first.said, first.what), _said(first.read, first.what)
            raise FileRefusedError(
                f"文件的合计对不上：它写{first.what} {said}，逐行相加是 {read}",
                f"the file does not add up: it says {first.what} {said}, its lines give {read}",
            )


def open_statement(
    file: BinaryIO,
    *,
    form: Form = "csv",
    encoding: str = "utf-8",
    delimiter: str = ",",
    skip_lines: int = 0,
    header: list[str] | None = None,
    sheet: str = "",
) -> AbstractContextManager[Statement]:
    """Open a bill in its form; encoding, delimiter and the rest are for `csv` and `xlsx`.

    Raises FileRefusedError, also while its records are read.
    """
    if form == "csv":
        records = read_records(file, encoding=encoding, delimiter=delimiter, skip_lines=skip_lines)
        return _Opened(_headed(records, header))
    if form == "xlsx":
        return _Opened(_headed(_behind(read_sheet(file, sheet=sheet), skip_lines), header))
    if form == "wechat":
        return _Opened(_wechat(file))
    return _Alipay(file, form)


class _Opened(AbstractContextManager[Statement]):
    """A statement that has nothing to close."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    def __enter__(self) -> Statement:
        return self.statement

    def __exit__(self, *_: object) -> None:
        return None


def _behind(records: Iterator[Record | Rejected], skip: int) -> Iterator[Record | Rejected]:
    return (record for record in records if record.line > skip)


def _headed(records: Iterator[Record | Rejected], header: list[str] | None) -> Statement:
    if header:
        return Statement(header, records)
    first = next(records, None)
    if not isinstance(first, Record):
        why = f"{first.line}: {first.reason} {first.detail}".strip() if first else ""
        raise FileRefusedError(
            f"读不出标题行（{f'第 {why}' if why else '文件是空的'}）。请看对照表写的 encoding"
            "（utf-8、gbk、gb18030）和 skip_lines 对不对",
            f"the file has no header that can be read ({f'line {why}' if why else 'empty'}); does"
            " the map name its `encoding` (utf-8, gbk, gb18030) and its `skip_lines`?",
        )
    return Statement([cell.strip() for cell in first.cells], records)


def no_column(names: list[str]) -> FileRefusedError:
    """The refusal of a bill that lacks columns."""
    named = ", ".join(names)
    return FileRefusedError(f"账单缺少这些列：{named}", f"the bill has no column {named}")


class _Sums:
    """Adds up columns of decimals exactly, remembering texts that come often."""

    def __init__(self, header: list[str], columns: list[str]) -> None:
        lost = [name for name in columns if name not in header]
        if lost:
            raise no_column(lost)
        self.places = [header.index(name) for name in columns]
        self.sums = [0] * len(columns)
        self.seen: dict[str, int] = {}

    def add(self, cells: list[str]) -> bool:
        """Add a line's columns; False, and nothing added, if one is no decimal."""
        found = []
        for place in self.places:
            text = cells[place]
            value = self.seen.get(text)
            if value is None:
                value = micro(text)
                if value is None:
                    return False
                if len(self.seen) < CACHE_MAX:
                    self.seen[text] = value
            found.append(value)
        for number, value in enumerate(found):
            self.sums[number] += value
        return True


def micro(text: str) -> int | None:
    """Read a decimal exactly, in millionths: "-0.06" is -60,000; None for anything else."""
    found = DECIMAL.fullmatch(text)
    if found is None:
        return None
    value = int(found[2]) * MICRO + int(f"{found[3] or '':0<6}")
    return -value if found[1] == "-" else value


def _said(value: int, what: str) -> str:
    if what in COUNTS:
        return str(value)
    whole, part = divmod(abs(value), MICRO)
    decimals = f"{part:06d}".rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}.{decimals:0<2}"


COUNTS: Final = frozenset({WECHAT_COUNT, "交易笔数", "退款笔数", "收入笔数", "支出笔数"})


# --- WeChat Pay: values behind backticks, in yuan; two lines of sums at the end


def _wechat(file: BinaryIO) -> Statement:
    lines = read_lines(file, encoding="utf-8")
    first = next(lines, None)
    text = "" if first is None or isinstance(first, Rejected) else first[2]
    header = [cell.strip() for cell in text.split(",")]
    if header[0] != WECHAT_FIRST:
        raise FileRefusedError(
            f"这不是微信支付的账单：开头是 {short(text)}。请用微信支付下载的原文件",
            f"this is no WeChat Pay bill: it begins with {short(text)}",
        )
    statement = Statement(header, iter(()))
    statement.records = _wechat_records(lines, statement)
    return statement


def _wechat_records(
    lines: Iterator[tuple[int, bytes, str] | Rejected], statement: Statement
) -> Iterator[Record | Rejected]:
    sums = _Sums(statement.header, [c for c in WECHAT_SUMS.values() if c in statement.header])
    taken = 0
    for found in lines:
        if isinstance(found, Rejected):
            yield found
            continue
        number, raw, text = found
        if text.startswith(WECHAT_COUNT):
            statement.totals = _wechat_totals(text, lines, sums, taken, statement.header)
            return
        cells = text[1:].split(",`")
        if not text.startswith("`"):
            yield Rejected(number, "bad-quoting", "a value without its backtick")
        elif len(cells) != len(statement.header):
            detail = f"{len(cells)} fields, the header has {len(statement.header)}"
            yield Rejected(number, "wrong-field-count", detail)
        elif not sums.add(cells):
            yield Rejected(number, "bad-amount", "")
        else:
            taken += 1
            yield Record(number, raw, cells)
    raise FileRefusedError(
        "账单末尾没有合计：文件不完整，或被改过。请重新下载",
        "the bill has no sums at its end: it was cut short, or changed",
    )


def _wechat_totals(
    text: str,
    lines: Iterator[tuple[int, bytes, str] | Rejected],
    sums: _Sums,
    taken: int,
    header: list[str],
) -> list[Total]:
    names = [name.strip() for name in text.split(",")]
    found = next(lines, None)
    if found is None or isinstance(found, Rejected) or not found[2].startswith("`"):
        raise FileRefusedError(
            "账单缺合计行：文件不完整，或被改过。请重新下载", "the bill's line of sums is missing"
        )
    values = found[2][1:].split(",`")
    if len(values) != len(names) or not COUNT.fullmatch(values[0]):
        raise FileRefusedError(
            "账单的合计行和它的标题对不上：文件被改过。请重新下载",
            "the bill's line of sums does not fit its names",
        )
    if next(lines, None) is not None:
        raise FileRefusedError(
            "账单的合计行后面还有内容：文件被改过。请重新下载",
            "there are lines behind the bill's sums",
        )
    read = dict(zip([c for c in WECHAT_SUMS.values() if c in header], sums.sums, strict=True))
    totals = [Total(WECHAT_COUNT, int(values[0]), taken)]
    for name, value in zip(names[1:], values[1:], strict=True):
        said = micro(value)
        if said is None:
            raise FileRefusedError(
                f"账单合计里的{name}不是数字：{short(value)}",
                f"the bill's sum {name} is no number: {short(value)}",
            )
        if WECHAT_SUMS.get(name) in read:
            totals.append(Total(name, said, read[WECHAT_SUMS[name]]))
    return totals


# --- Alipay: GBK, lines of # above and below, tabs behind values, in a ZIP or out of it


class _Alipay(AbstractContextManager[Statement]):
    """The details of an Alipay bill; in a ZIP, with the summary by shop that lies beside them."""

    def __init__(self, file: BinaryIO, form: Literal["alipay-trade", "alipay-account"]) -> None:
        self.file = file
        self.first = ALIPAY_FIRST[form]
        self.stack = ExitStack()

    def __enter__(self) -> Statement:
        start = self.file.read(len(ZIP_START))
        self.file.seek(0)
        with ExitStack() as stack:
            if start != ZIP_START:
                statement = _alipay(self.file, self.first, {})
            else:
                statement = self._unpack(stack)
            self.stack = stack.pop_all()
            return statement

    def _unpack(self, stack: ExitStack) -> Statement:
        details: list[BinaryIO] = []
        shops: dict[str, int] = {}
        for member in stack.enter_context(open_zip(self.file)):
            if not member.name.lower().endswith(".csv"):
                raise FileRefusedError(
                    f"ZIP 里有 {short(member.name)}：账单的 ZIP 里只有 CSV",
                    f"the ZIP holds {short(member.name)}: a bill holds CSV only",
                )
            with member.open() as looked_at:
                begins, lines = _alipay_header(looked_at)
                if begins[0] == ALIPAY_SHOPS:
                    shops = _shop_sums(begins, lines)
            if begins[0] == self.first:
                details.append(stack.enter_context(member.open()))
        if len(details) != 1:
            raise FileRefusedError(
                f"ZIP 里以「{self.first}」开头的文件有 {len(details)} 份，应当正好一份",
                f"the ZIP holds {len(details)} files that begin with {self.first}; it must be one",
            )
        return _alipay(details[0], self.first, shops)

    def __exit__(self, *_: object) -> None:
        self.stack.close()


AlipayLines = Iterator[tuple[int, bytes, str] | Rejected]


def _alipay_header(file: BinaryIO) -> tuple[list[str], AlipayLines]:
    lines = read_lines(_without_mark(file), encoding="gb18030")
    for _, found in zip(range(HEADER_LOOK_LINES), lines, strict=False):
        if isinstance(found, Rejected):
            break
        if not found[2].startswith("#"):
            return [cell.strip() for cell in found[2].split(",")], lines
    return [""], lines


def _without_mark(file: BinaryIO) -> BinaryIO:
    """Refuse what is UTF-8 and says so; Alipay's own files are GBK."""
    peek = getattr(file, "peek", None)
    if peek is not None and peek(len(BYTE_ORDER_MARK)).startswith(BYTE_ORDER_MARK):
        raise FileRefusedError(
            "这份支付宝账单被另存成了 UTF-8。请用下载的原文件",
            "this Alipay bill was saved anew in UTF-8: use it as downloaded",
        )
    return file


def _alipay(file: BinaryIO, first: str, shops: dict[str, int]) -> Statement:
    header, lines = _alipay_header(file)
    if header[0] != first:
        raise FileRefusedError(
            f"这不是以「{first}」开头的支付宝账单（GBK 编码）：标题是 {short(header[0])}",
            f"this is no Alipay bill that begins with {first} in GBK: {short(header[0])}",
        )
    statement = Statement(header, iter(()))
    statement.records = _alipay_records(lines, statement, shops)
    return statement


class _AlipaySums:
    """Counts and sums of an Alipay bill by what its own last lines speak of."""

    def __init__(self, header: list[str], shops: dict[str, int]) -> None:
        self.shops = shops
        self.by_shop = _Sums(header, list(shops))
        trade = "业务类型" in header and "商家实收（元）" in header
        columns = ["商家实收（元）"] if trade else ["收入金额（+元）", "支出金额（-元）"]
        self.trade = header.index("业务类型") if trade else -1
        self.money = _Sums(header, columns)
        names = ("交易", "退款") if trade else ("收入", "支出")
        self.counts = dict.fromkeys(names, 0)
        self.sums = dict.fromkeys(names, 0)

    def add(self, cells: list[str]) -> bool:
        """Add a line; False if an amount cannot be read."""
        before = list(self.money.sums)
        plain = [cell or "0" for cell in cells]
        if not self.by_shop.add(plain) or not self.money.add(plain):
            return False
        moved = [now - then for now, then in zip(self.money.sums, before, strict=True)]
        if self.trade >= 0:
            kind = "退款" if cells[self.trade] == "退款" else "交易"
            self.counts[kind] += 1
            self.sums[kind] += moved[0]
        else:
            for kind, amount in zip(("收入", "支出"), moved, strict=True):
                self.counts[kind] += amount != 0
                self.sums[kind] += amount
        return True

    def said(self, text: str) -> list[Total]:
        """Compare a tail line's count and sum with ours; [] where it says none."""
        found = ALIPAY_TAIL.fullmatch(text.strip().rstrip(","))
        if found is None or found[1] not in self.counts:
            return []
        kind, count, amount = found[1], int(found[2]), micro(found[3])
        if amount is None:
            raise FileRefusedError(
                f"账单的合计不是数字：{short(text)}", f"the bill's sum is no number: {short(text)}"
            )
        return [
            Total(f"{kind}笔数", count, self.counts[kind]),
            Total(f"{kind}合计", abs(amount), abs(self.sums[kind])),
        ]


def _alipay_records(
    lines: AlipayLines, statement: Statement, shops: dict[str, int]
) -> Iterator[Record | Rejected]:
    sums = _AlipaySums(statement.header, shops)
    closed = False
    for found in lines:
        if isinstance(found, Rejected):
            yield found
            continue
        number, raw, text = found
        if text.startswith("#"):
            closed = True
            statement.totals += sums.said(text)
            continue
        cells = [cell.strip() for cell in next(csv.reader([text]))]
        if closed:
            yield Rejected(number, "bad-quoting", "behind the bill's end")
        elif len(cells) != len(statement.header):
            detail = f"{len(cells)} fields, the header has {len(statement.header)}"
            yield Rejected(number, "wrong-field-count", detail)
        elif not sums.add(cells):
            yield Rejected(number, "bad-amount", "")
        else:
            yield Record(number, raw, cells)
    if not closed:
        raise FileRefusedError(
            "账单没有结束行：文件不完整，或被改过。请重新下载",
            "the bill has no end line: it was cut short, or changed",
        )
    said = zip(shops.items(), sums.by_shop.sums, strict=True)
    statement.totals += [Total(f"汇总 {name}", value, read) for (name, value), read in said]


def _shop_sums(header: list[str], lines: AlipayLines) -> dict[str, int]:
    """The line that adds up all shops: column of the details -> sum in millionths."""
    for found in lines:
        if isinstance(found, Rejected) or not found[2].startswith(ALIPAY_ALL):
            continue
        cells = [cell.strip() for cell in found[2].split(",")]
        line = dict(zip(header, cells, strict=False))
        said = {mine: micro(line[name]) for name, mine in ALIPAY_SHOP_SUMS.items() if name in line}
        if None in said.values():
            raise FileRefusedError(
                "汇总的合计行里没有数字", "the summary's line of sums holds no numbers"
            )
        return {name: value for name, value in said.items() if value is not None}
    return {}
