"""The next day's bills as Alipay packs them: a ZIP of CSV files in GBK, names and all.

`trade` has a summary by shop and 25 columns of details; `signcustomer` has a summary and the 12
columns of the account with its running balance. Lines of "#" stand above and below, and numbers
carry a tab that keeps a spreadsheet from rounding them.
"""

import io
import sqlite3
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from jusha_sandbox.alipay.store import SHANGHAI, yuan_text
from jusha_sandbox.alipay.store import clock_text as text_of

KINDS: Final = {"trade": "业务", "signcustomer": "账务"}
READY_HOUR: Final = 9
TRADE_COLUMNS: Final = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,"
    "分润（元）,备注"
)
SHOP_COLUMNS: Final = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)
ACCOUNT_COLUMNS: Final = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
    "账户余额（元）,交易渠道,业务类型,备注"
)
KIND_COLUMNS: Final = "业务类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）"


def ready_at(day: date) -> float:
    """When a day's bill is there, in Unix seconds: the next morning."""
    return datetime.combine(day + timedelta(days=1), time(READY_HOUR), SHANGHAI).timestamp()


def bill(database: sqlite3.Connection, kind: str, seller: str, day: date, *, now: float) -> bytes:
    """The ZIP of one account's day."""
    begins = int(datetime.combine(day, time(), SHANGHAI).timestamp())
    lines = database.execute(
        "SELECT line.*, trade.out_trade_no, trade.subject, trade.buyer, trade.created_at"
        " FROM line JOIN trade USING (trade_no)"
        " WHERE line.seller = ? AND at >= ? AND at < ? ORDER BY n",
        (seller, begins, begins + 86_400),
    ).fetchall()
    write = _trade_files if kind == "trade" else _account_files
    summary, details = write(lines)
    name = f"{seller}0156_{day:%Y%m%d}_{KINDS[kind]}明细"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, title, inner in (
            (f"{name}(汇总).csv", "汇总", summary),
            (f"{name}.csv", "明细", details),
        ):
            text = _framed(f"{KINDS[kind]}{title}", seller, day, inner, now)
            # Python writes cp437 without the UTF-8 flag, which is how GBK bytes get in unmarked.
            raw_name = file.encode("gbk").decode("cp437")
            archive.writestr(raw_name, text.encode("gb18030"))
    return out.getvalue()


def _framed(
    title: str, seller: str, day: date, inner: tuple[list[str], list[str]], now: float
) -> str:
    rows, tail = inner
    until, dashes = day + timedelta(days=1), "-" * 40
    return "\r\n".join(
        [
            f"#支付宝{title}查询",
            f"#账号：[{seller}0156]",
            f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{until:%Y年%m月%d日} 00:00:00]",
            f"#{dashes}{title}列表{dashes}",
            *rows,
            f"#{dashes}{title}列表结束{dashes}",
            *tail,
            f"#导出时间：[{datetime.fromtimestamp(now, SHANGHAI):%Y年%m月%d日 %H:%M:%S}]",
            "",
        ]
    )


def _plain(text: str) -> str:
    """A title as it can stand between commas."""
    return " ".join(text.replace(",", "，").replace('"', "”").split())


def _trade_files(
    lines: Sequence[sqlite3.Row],
) -> tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]:
    fees = {(r["trade_no"], r["key"]): r["amount"] for r in lines if r["kind"] == "收费"}
    moves = [r for r in lines if r["kind"] != "收费"]
    rows, fee_sum = [TRADE_COLUMNS], 0
    paid: list[int] = []
    back: list[int] = []
    for row in moves:
        amount, fee = row["amount"], fees.get((row["trade_no"], row["key"]), 0)
        fee_sum += fee
        (paid if amount > 0 else back).append(amount)
        yuan = yuan_text(amount)
        rows.append(
            ",".join(
                [
                    f"{row['trade_no']}\t", f"{row['out_trade_no']}\t",
                    "交易" if amount > 0 else "退款", _plain(row["subject"]),
                    text_of(row["created_at"]), text_of(row["at"]), "\t", "\t", "\t", "\t",
                    f"*户({row['buyer'][:3]}****{row['buyer'][-4:]})\t", yuan, yuan, "0.00", "0.00",
                    "0.00", "0.00", "0.00", "", "0.00\t", "0.00", f"{row['key']}\t",
                    yuan_text(fee), "0.00", "",
                ]
            )
        )  # fmt: skip
    total, net = yuan_text(sum(paid) + sum(back)), yuan_text(sum(paid) + sum(back) + fee_sum)
    counted = f"{len(paid)},{len(back)},{total},{total},0.00,0.00,0.00,{yuan_text(fee_sum)},0.00"
    shops = [SHOP_COLUMNS, f"合计\t,\t,{counted},{net}"]
    told = [
        f"#交易合计：{len(paid)}笔，商家实收共{yuan_text(sum(paid))}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{yuan_text(sum(back))}元，商家优惠退款共0.00元",
    ]
    return (shops, []), (rows, told)


def _account_files(
    lines: Sequence[sqlite3.Row],
) -> tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]:
    rows = [ACCOUNT_COLUMNS]
    for row in lines:
        came, went = (row["amount"], 0) if row["amount"] > 0 else (0, row["amount"])
        rows.append(
            ",".join(
                [
                    f"{int(row['at'])}{row['n']:06d}\t", f"{row['trade_no']}\t",
                    f"{row['out_trade_no']}\t", _plain(row["subject"]), text_of(row["at"]),
                    f"*户({row['buyer'][:3]}****{row['buyer'][-4:]})\t", yuan_text(came),
                    yuan_text(went), yuan_text(row["balance"]), "支付宝", row["kind"],
                    row["key"],
                ]
            )
        )  # fmt: skip
    came_all = [r["amount"] for r in lines if r["amount"] > 0]
    went_all = [r["amount"] for r in lines if r["amount"] < 0]
    kinds = [KIND_COLUMNS]
    for kind in sorted({r["kind"] for r in lines}):
        came_in = [r["amount"] for r in lines if r["kind"] == kind and r["amount"] > 0]
        went_out = [r["amount"] for r in lines if r["kind"] == kind and r["amount"] < 0]
        both = yuan_text(sum(came_in) + sum(went_out))
        kinds.append(
            f"{kind},{len(came_in)},{yuan_text(sum(came_in))},{len(went_out)},"
            f"{yuan_text(sum(went_out))},{both}"
        )
    told = [
        f"#支出合计：{len(went_all)}笔，共{yuan_text(sum(went_all))}元",
        f"#收入合计：{len(came_all)}笔，共{yuan_text(sum(came_all))}元",
    ]
    return (kinds, []), (rows, told)
