"""Every line of a bill comes out, and a bill that does not add up is refused."""

import gzip
import io
import struct
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.payments.bills.packed import (
    RATIO_MAX,
    UNPACKED_BYTES_MAX,
    check_members,
    open_plain,
    open_zip,
)
from jusha.payments.bills.records import LINE_BYTES_MAX, FileRefusedError, Record, Rejected
from jusha.payments.bills.statement import MICRO, Form, micro, open_statement
from tests.payments import bill_files as bills


def read(raw: bytes, form: Form, *, sheet: str = "") -> tuple[list[str], list[Record | Rejected]]:
    """Read a whole bill, and check its sums."""
    with open_statement(io.BytesIO(raw), form=form, sheet=sheet) as statement:
        found = list(statement.records)
        statement.check()
        return statement.header, found


def states(found: list[Record | Rejected]) -> list[str]:
    return [row.reason if isinstance(row, Rejected) else row.cells[0] for row in found]


def test_a_wechat_bill_is_read_behind_its_backticks_and_its_seven_sums_agree() -> None:
    lines = [
        bills.wechat_line("420001", "12.34", name='有"引号",逗号'),
        bills.wechat_line("420002", "7.66"),
        bills.wechat_line("420001", "12.34", state="REFUND"),
    ]
    with open_statement(io.BytesIO(bills.wechat(lines)), form="wechat") as statement:
        found = list(statement.records)
        assert len(statement.header) == 27
        assert all(isinstance(row, Record) and len(row.cells) == 27 for row in found)
        assert isinstance(found[0], Record)
        assert found[0].cells[20] == '有"引号",逗号'
        assert found[0].raw == lines[0].encode()
        assert [total.what for total in statement.totals][:2] == ["总交易单数", "应结订单总金额"]
        assert len(statement.totals) == 7
        statement.check()


@pytest.mark.parametrize(
    ("summary", "why"),
    [
        (
            "`2,`20.01,`0.00,`0.00,`0.12004,`20.00,`0.00",
            "应结订单总金额 20.01, its lines give 20.00",
        ),
        ("`3,`20.00,`0.00,`0.00,`0.12,`20.00,`0.00", "总交易单数 3, its lines give 2"),
        ("`2,`20.00", "does not fit"),
        ("2,20.00,0.00,0.00,0.12,20.00,0.00", "missing"),
        ("`2,`many,`0.00,`0.00,`0.12,`20.00,`0.00", "no number"),
    ],
)
def test_a_wechat_bill_that_does_not_add_up_is_refused(summary: str, why: str) -> None:
    lines = [bills.wechat_line("1", "12.34"), bills.wechat_line("2", "7.66")]
    with pytest.raises(FileRefusedError, match=why):
        read(bills.wechat(lines, summary=summary), "wechat")


@given(cut=st.integers(min_value=0, max_value=2000))
def test_a_wechat_bill_cut_anywhere_is_refused_or_has_all_its_lines(cut: int) -> None:
    raw = bills.wechat([bills.wechat_line(str(n), "0.30") for n in range(1, 4)])
    try:
        _, found = read(raw[: max(0, len(raw) - cut)], "wechat")
    except FileRefusedError:
        return
    assert states(found) == ["2026-03-01 09:30:00"] * 3


def test_lines_that_are_no_lines_of_the_bill_are_refused_one_by_one() -> None:
    good = bills.wechat_line("1", "12.34")
    bad = [good.replace("`", "", 1), good + ",`x", good.replace("12.34", "12,34")]
    raw = bills.wechat([good]).replace(
        good.encode(), "\r\n".join([good, *bad, "`\udcff"]).encode("utf-8", "surrogateescape")
    )
    _, found = read(raw, "wechat")
    assert states(found)[1:] == [
        "bad-quoting",
        "wrong-field-count",
        "bad-amount",
        "bad-encoding",
    ]


@pytest.mark.parametrize("form", ["wechat", "alipay-trade", "alipay-account"])
@pytest.mark.parametrize("raw", [b"", b"id,amount\n1,2\n", bytes(range(256)), "交易".encode()])
def test_what_is_no_bill_of_the_form_is_refused(form: Form, raw: bytes) -> None:
    with pytest.raises(FileRefusedError):
        read(raw, form)


def test_an_alipay_zip_holds_gbk_details_and_a_summary_that_agree() -> None:
    lines = [
        bills.alipay_line("2026030122001", "20.00"),
        bills.alipay_line("2026030122002", "0.01"),
        bills.alipay_line("2026030122001", "-20.00", kind="退款"),
    ]
    raw = bills.packed(
        {
            "2088_20260301_业务明细(汇总).csv": bills.shops(lines),
            "2088_20260301_业务明细.csv": bills.alipay(lines),
        }
    )
    header, found = read(raw, "alipay-trade")
    assert len(header) == 25
    assert states(found) == ["2026030122001", "2026030122002", "2026030122001"]
    assert read(bills.alipay(lines), "alipay-trade")[1] == found


def test_an_alipay_bill_that_does_not_add_up_is_refused() -> None:
    lines = [bills.alipay_line("1", "20.00"), bills.alipay_line("2", "3.00")]
    wrong = ["#交易合计：2笔，商家实收共24.00元，商家优惠共0.00元"]
    with pytest.raises(FileRefusedError, match=r"交易合计 24\.00, its lines give 23\.00"):
        read(bills.alipay(lines, tail=wrong), "alipay-trade")
    shortened = bills.alipay(lines).replace((lines[1] + "\r\n").encode("gbk"), b"")
    with pytest.raises(FileRefusedError, match="交易笔数 2, its lines give 1"):
        read(shortened, "alipay-trade")
    with pytest.raises(FileRefusedError, match="cut short"):
        read(bills.alipay(lines)[:700], "alipay-trade")
    details = {"业务明细.csv": bills.alipay(lines)}
    with pytest.raises(FileRefusedError, match="汇总 商家实收"):
        read(
            bills.packed(details | {"汇总.csv": bills.shops(lines, received="9.00")}),
            "alipay-trade",
        )


def test_alipay_account_details_agree_with_their_own_last_lines() -> None:
    lines = ["1,2274.00,0.00,14533.03", "2,,-33.03,14500.00"]
    header, found = read(bills.account(lines), "alipay-account")
    assert len(header) == 12
    assert states(found) == ["1", "2"]
    with pytest.raises(FileRefusedError, match="收入笔数 2, its lines give 1"):
        read(bills.account(lines, count=2), "alipay-account")


def test_a_bill_saved_anew_in_another_encoding_is_refused_by_its_header() -> None:
    raw = bills.alipay([bills.alipay_line("1", "20.00")]).decode("gbk")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        with pytest.raises(FileRefusedError):
            read(raw.encode(encoding), "alipay-trade")
    wechat = bills.wechat([bills.wechat_line("1", "20.00")]).decode("utf-8-sig")
    with pytest.raises(FileRefusedError):
        read(wechat.encode("gbk"), "wechat")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=5))
def test_sums_are_exact_in_millionths(value: Decimal) -> None:
    assert micro(f"{value:f}") == int(value * MICRO)


@pytest.mark.parametrize("text", ["", "1e3", "1,000", "١", "0.0000001", "--1", "NaN", "1."])
def test_what_is_no_decimal_is_none(text: str) -> None:
    assert micro(text) is None


# --- spreadsheets


def test_a_sheet_is_read_as_it_is_written() -> None:
    rows: list[list[str | int | Decimal]] = [
        ["流水号", "金额", "备注"],
        ["00012", Decimal("12.5"), ""],
        ["7", 300, "a & b"],
    ]
    header, found = read(bills.sheet(rows), "xlsx")
    assert header == ["流水号", "金额", "备注"]
    assert [row.cells for row in found if isinstance(row, Record)] == [
        ["00012", "12.5", ""],
        ["7", "300", "a & b"],
    ]


@given(st.integers(min_value=1, max_value=10**12))
def test_an_amount_in_a_sheet_keeps_every_fen(fen: int) -> None:
    yuan = Decimal(fen) / 100
    _, found = read(bills.sheet([["a"], [yuan]]), "xlsx")
    assert isinstance(found[0], Record)
    assert Decimal(found[0].cells[0]) == yuan


def test_a_number_that_the_spreadsheet_has_shortened_is_refused() -> None:
    _, found = read(bills.sheet([["id"], [4200000925202101284997714292], ["4200"]]), "xlsx")
    assert states(found) == ["number-shortened", "4200"]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (bills.sheet([["a"], ["=SUM(A1)"]]), "formulas"),
        (bills.sheet([["a"], ["b"]], extra='<!DOCTYPE x [<!ENTITY y "z">]>'), "document type"),
        (bills.sheet([["a"]], sheets=2), "must name one"),
        (bills.sheet([["a"], ["0" * 3_000_000]]), "save it as CSV"),
        (b"PK\x03\x04 and nothing", "not a whole"),
        (bills.packed({"a.csv": b"a,b\n"}), "cannot be read"),
    ],
    ids=["formula", "doctype", "two sheets", "bomb", "no zip", "no workbook"],
)
def test_a_sheet_that_is_not_plain_values_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(FileRefusedError, match=why):
        read(raw, "xlsx")


def test_a_sheet_may_be_named() -> None:
    assert read(bills.sheet([["a"], ["b"]], sheets=2), "xlsx", sheet="S2")[0] == ["a"]
    with pytest.raises(FileRefusedError, match="no sheet S3; it has: S1, S2"):
        read(bills.sheet([["a"]], sheets=2), "xlsx", sheet="S3")


# --- hostile files


def bomb(size: int) -> bytes:
    return bills.packed({"明细.csv": b"0" * size})


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(FileRefusedError, match=f"more than {RATIO_MAX} times"):
        read(bomb(30_000_000), "alipay-trade")


def test_a_zip_that_lies_about_its_size_gives_no_more_than_it_said() -> None:
    raw = bytearray(bomb(200_000))
    at = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 1_000)  # the list's own word for the size
    with (
        open_zip(io.BytesIO(bytes(raw))) as (member,),
        member.open() as opened,
        pytest.raises(FileRefusedError, match="not whole"),
    ):
        opened.read()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (bills.packed({"a.zip": bills.packed({"b.csv": b"x"})}), "CSV only"),
        (bills.packed({f"{n}.csv": b"x" for n in range(17)}), "17 files"),
        (bills.packed({"a.csv": b"#\n"}), "0 files that begin"),
        (b"PK\x03\x04" + bytes(100), "not a whole ZIP"),
    ],
    ids=["nested", "many", "other", "torn"],
)
def test_a_zip_that_is_no_bill_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(FileRefusedError, match=why):
        read(raw, "alipay-trade")


def test_a_locked_or_overlarge_zip_is_refused() -> None:
    info = zipfile.ZipInfo("a.csv")
    info.file_size = UNPACKED_BYTES_MAX + 1
    with pytest.raises(FileRefusedError, match="at most"):
        check_members([info], packed_bytes=UNPACKED_BYTES_MAX)
    info.file_size, info.flag_bits = 10, 1
    with pytest.raises(FileRefusedError, match="locked"):
        check_members([info], packed_bytes=10)


def test_an_endless_line_is_refused_and_takes_no_memory() -> None:
    class Endless(io.RawIOBase):
        """A line of a gigabyte that is never held as a whole."""

        left = 1 << 30

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = min(len(buffer), self.left)
            buffer[:size] = b"0" * size
            self.left -= size
            return size

    opened = cast("BinaryIO", io.BufferedReader(Endless(), 1 << 20))
    with open_statement(opened, form="csv", header=["a"]) as statement:
        assert [row.reason for row in statement.records if isinstance(row, Rejected)] == [
            "line-too-long"
        ]
    assert LINE_BYTES_MAX < 1 << 17


def test_old_spreadsheets_and_wide_text_are_refused_in_words(tmp_path: Path) -> None:
    for start, why in ((b"\xd0\xcf\x11\xe0", "save it as .xlsx"), (b"\xff\xfea\0", "UTF-16")):
        file = tmp_path / "x"
        file.write_bytes(start)
        with pytest.raises(FileRefusedError, match=why), open_plain(file):
            pass


def test_a_torn_gzip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.gz"
    file.write_bytes(gzip.compress(b"a,b\n" * 10_000)[:-20])
    with pytest.raises(FileRefusedError, match="not whole"), open_plain(file) as opened:
        opened.read()
