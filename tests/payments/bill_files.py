"""Bills as the rails write them, with invented lines."""

import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

WECHAT_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
ALIPAY_HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,"
    "分润（元）,备注"
)
ALIPAY_SHOPS = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)
ACCOUNT_HEADER = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
    "账户余额（元）,交易渠道,业务类型,备注"
)


def wechat_line(
    no: str,
    yuan: str,
    *,
    at: str = "2026-03-01 09:30:00",
    state: str = "SUCCESS",
    name: str = "捐",
    refund: str = "0",
    came: str = "",
) -> str:
    """One line: a payment, or with the state REFUND the refund of so much called `refund`."""
    back = state == "REFUND"
    fee = f"{Decimal(yuan) * Decimal('0.006') * (-1 if back else 1):.5f}"
    paid, refunded = ("0.00", yuan) if back else (yuan, "0.00")
    cells = [at, "wx1", "1900000001", "0", "", no, f"m-{no}", "openid", "JSAPI", state, "OTHERS"]
    cells += ["CNY", paid, "0.00", refund, "0", refunded, "0.00", "", came, name, "", fee, "0.60%"]
    return ",".join(f"`{cell}" for cell in [*cells, paid, refunded, ""])


def wechat(lines: Sequence[str], *, summary: str | None = None) -> bytes:
    """A bill with its sums."""
    cells = [line[1:].split(",`") for line in lines]
    sums = [str(len(lines))]
    sums += [str(sum(Decimal(line[n]) for line in cells)) for n in (12, 16, 17, 22, 24, 25)]
    said = ",".join(f"`{value}" for value in sums) if summary is None else summary
    text = "\r\n".join([WECHAT_HEADER, *lines, WECHAT_SUMMARY, said, ""])
    return b"\xef\xbb\xbf" + text.encode()


def alipay_line(
    no: str, yuan: str, *, at: str = "2026-03-01 09:30:00", kind: str = "交易", refund: str = ""
) -> str:
    """One line; a 退款 has a negative amount."""
    cells = [
        f"{no}\t",
        f"m-{no}\t",
        kind,
        "善款",
        at,
        at,
        "\t",
        "\t",
        "\t",
        "\t",
        "**博(156******89)\t",
    ]
    cells += [yuan, yuan, "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00"]
    cells.append(f"{refund}\t")
    return ",".join([*cells, "-0.01", "0.00", ""])


def alipay(lines: Sequence[str], *, tail: Sequence[str] | None = None) -> bytes:
    """The details of a day, in GBK, with lines of # above and below."""
    cells = [line.split(",") for line in lines]
    paid = [Decimal(c[12]) for c in cells if c[2] == "交易"]
    back = [Decimal(c[12]) for c in cells if c[2] == "退款"]
    told = [
        f"#交易合计：{len(paid)}笔，商家实收共{sum(paid):.2f}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{sum(back):.2f}元，商家优惠退款共0.00元",
    ]
    dashes = "-" * 40
    text = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        "#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]",
        f"#{dashes}业务明细列表{dashes}",
        ALIPAY_HEADER,
        *lines,
        f"#{dashes}业务明细列表结束{dashes}",
        *(told if tail is None else tail),
        "#导出时间：[2026年03月02日 07:27:37]",
    ]
    return ("\r\n".join(text) + "\r\n").encode("gbk")


def shops(lines: Sequence[str], *, received: str | None = None) -> bytes:
    """The summary of a day by shop, with its line for all."""
    cells = [line.split(",") for line in lines]
    asked, got, fee = (f"{sum(Decimal(c[n]) for c in cells):.2f}" for n in (11, 12, 22))
    line = f"合计\t,,{len(lines)},0,{asked},{received or got},0.00,0.00,0.00,{fee},0.00,0.00"
    return f"#支付宝业务汇总查询\r\n{ALIPAY_SHOPS}\r\n{line}\r\n#结束\r\n".encode("gbk")


def account(lines: Sequence[str], *, count: int | None = None) -> bytes:
    """Account details: lines are `no,in,out,balance`."""
    rows = [line.split(",") for line in lines]
    came = [Decimal(r[1]) for r in rows if Decimal(r[1] or 0)]
    went = [Decimal(r[2]) for r in rows if Decimal(r[2] or 0)]
    body = [
        f"{no}\t,b-{no}\t,m-{no}\t,善款,2026-03-01 09:30:00,某人,{i},{o},{b},支付宝,在线支付,"
        for no, i, o, b in rows
    ]
    text = ["#支付宝账务明细查询", "#----账务明细列表----", ACCOUNT_HEADER, *body]
    text += ["#----账务明细列表结束----", f"#支出合计：{len(went)}笔，共{sum(went):.2f}元"]
    text += [f"#收入合计：{len(came) if count is None else count}笔，共{sum(came):.2f}元"]
    return ("\r\n".join(text) + "\r\n").encode("gbk")


def packed(members: dict[str, bytes]) -> bytes:
    """A ZIP whose names are GBK, as Alipay writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(name.encode("gbk").decode("cp437"), raw)
    return out.getvalue()


def sheet(
    rows: Sequence[Sequence[str | int | Decimal]], *, extra: str = "", sheets: int = 1
) -> bytes:
    """A spreadsheet with text and numbers, as small as the format allows."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    names = range(1, sheets + 1)
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in names)
    linked = "".join(
        f'<Relationship Id="r{n}" Type="{kind}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in names
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "application/vnd.openxmlformats-officedocument"
    part = f'<Override PartName="/xl/{{}}" ContentType="{office}.{{}}"/>'
    types = part.format("workbook.xml", "spreadsheetml.sheet.main+xml") + "".join(
        part.format(f"worksheets/sheet{n}.xml", "spreadsheetml.worksheet+xml") for n in names
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="w"'
        f' Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{kind}"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{linked}'
        "</Relationships>",
    }
    for n in names:
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'{extra}<worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def _cell(value: str | int | Decimal) -> str:
    if not isinstance(value, str):
        return f"<c><v>{value}</v></c>"
    if value.startswith("="):
        return f"<c><f>{escape(value[1:])}</f><v>7</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
