"""Files as they really come: torn, empty, in another encoding, with formulas, far too different."""

from pathlib import Path

import pytest

from jusha.giving import accounts_table
from jusha.giving.accounts_table import TableTooLongError
from jusha.giving.beside import fingerprint, publish_days, published, read_folder, without_files
from jusha.giving.beside_settings import read_beside
from jusha.settlement.accounts import ACCOUNTS_BYTES_MAX
from tests.cast import House
from tests.giving.beside_desk import NOW, Desk
from tests.payments import bill_files as bills
from tests.payments.bill_files import sheet, wechat_line

BANK_MAP = """
channel = "nongxin"
form = "xlsx"
skip_lines = 3
[project]
code = "general"
[id]
columns = ["平台流水号"]
[time]
column = "交易日期"
clock = "交易时间"
format = "%Y%m%d %H:%M:%S"
timezone = "Asia/Shanghai"
[amount]
column = "金额（元）"
unit = "yuan"
thousands_commas = true
[[keep]]
column = "交易状态"
values = ["交易成功"]
[refund]
of = ["原平台流水号"]
id = ["平台流水号"]
"""
HEAD = ["交易日期", "交易时间", "平台流水号", "金额（元）", "交易状态", "原平台流水号"]


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    """A desk with one gift."""
    desk = Desk(house, tmp_path)
    desk.wechat("0227.csv", wechat_line("420001", "20.00", at="2026-02-27 10:00:00"))
    return desk


def test_a_bill_of_an_unknown_bank_is_read_by_a_map_alone(house: House, tmp_path: Path) -> None:
    desk = Desk(house, tmp_path)
    file = desk.home / "wechat.toml"
    file.write_text(BANK_MAP)
    desk.beside = read_beside(desk.home / "beside.toml")
    rows = [
        ["农村信用社 交易明细", *[""] * 5],
        ["商户：善小", *[""] * 5],
        [""] * 6,
        HEAD,
        ["20260228", "08:01:05", "N1", "1,234.50", "交易成功", ""],
        ["20260228", "08:02:05", "N2", "7.00", "交易失败", ""],
        ["20260228", "22:10:00", "N3", "-1,000.00", "交易成功", "N1"],
        ["合计", "", "", "241.50", "", ""],
    ]
    desk.lay("wechat/nongxin.xlsx", sheet(rows))
    read, _, _ = desk.round()
    (seen,) = read.sources[0].files
    assert (seen.read, seen.gifts, seen.refunds, seen.left_out) == (4, 1, 1, 2)
    assert [e["amt"] for e in house.entries() if e["k"] == "don"] == [123_450]
    assert [amount for amount, _ in desk.refunds()] == [100_000]


def test_a_file_without_a_gift_stands_under_the_day_on_which_it_was_laid_in(desk: Desk) -> None:
    desk.wechat("empty.csv", age_s=24 * 3600)
    _, _, sent = desk.round()
    assert "2026-03-01" in sent
    (source,) = desk.table("2026-03-01")["sources"]
    (file,) = source["files"]
    assert (source["lines"], file["read"], file["laid"]) == (0, 0, "2026-03-01")


def test_text_that_ends_in_the_middle_of_a_line_waits_longer(desk: Desk) -> None:
    whole = "交易单号,日期,金额\n420001,2026-02-27,20.00\n".encode()
    desk.lay("own/list.csv", whole[:-3], age_s=30)
    assert read_folder(desk.beside, desk.folder, now=NOW).waiting == ["own/list.csv"]
    before = fingerprint(desk.beside, desk.folder, now=NOW)
    desk.lay("own/list.csv", whole[:-3], age_s=300)
    assert read_folder(desk.beside, desk.folder, now=NOW).waiting == []
    desk.lay("own/list.csv", whole, age_s=30)
    assert read_folder(desk.beside, desk.folder, now=NOW).waiting == []
    assert fingerprint(desk.beside, desk.folder, now=NOW) != before


def test_a_file_that_grows_while_it_is_read_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(range(100))
    monkeypatch.setattr("jusha.giving.beside._looks", lambda _file: (next(looks), 0))
    read = read_folder(desk.beside, desk.folder, now=NOW)
    assert read.waiting == ["wechat/0227.csv"]
    assert read.sources[0].files == []


def test_the_same_lines_in_other_bytes_make_no_second_gift(desk: Desk) -> None:
    desk.round()
    raw = (desk.folder / "wechat/0227.csv").read_bytes()
    desk.lay("wechat/unix.csv", raw.replace(b"\r\n", b"\n"), age_s=60)
    read, _, _ = desk.round()
    assert read.replaced == 1
    assert sum(e["k"] == "don" for e in desk.house.entries()) == 1
    row = desk.house.web.execute("SELECT count(*) FROM giving_case").fetchone()
    assert row == (0,), "the same line is no case"


def test_days_whose_files_were_taken_away_are_named_and_stay(desk: Desk) -> None:
    desk.round()
    (desk.folder / "wechat/0227.csv").unlink()
    read, _, sent = desk.round()
    assert sent == {}
    assert without_files(published(desk.house.web, "shan"), read) == ["2026-02-27"]


def test_a_table_that_would_be_too_long_lists_fewer_lines_and_says_how_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{n},2026-02-27,1.00" for n in range(500)]
    desk.own(*rows)
    monkeypatch.setattr(accounts_table, "TABLE_BYTES_MAX", 20_000)
    desk.round()
    (pair,) = desk.table("2026-02-27")["pairs"]
    told = pair["classes"]["only-here"]["lines"] + pair["classes"]["only-there"]["lines"]
    assert len(pair["differences"]) + pair["more"] == told == 501
    assert len(pair["differences"]) > 20


def test_a_table_that_cannot_be_cut_is_refused_with_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.round()
    monkeypatch.setattr(accounts_table, "TABLE_BYTES_MAX", 50)
    read = read_folder(desk.beside, desk.folder, now=NOW)
    with pytest.raises(TableTooLongError, match=r"2026-02-27 .* one file for many"):
        publish_days(desk.house.web, desk.beside, read, now=NOW)


def test_settlement_takes_as_long_a_table_as_is_written() -> None:
    assert accounts_table.TABLE_BYTES_MAX == ACCOUNTS_BYTES_MAX


def test_a_list_in_another_encoding_is_refused_with_the_right_one(desk: Desk) -> None:
    text = "交易单号,日期,金额\n420001,2026-02-27,20.00\n"
    desk.lay("own/list.csv", text.encode("gb18030"))
    why = read_folder(desk.beside, desk.folder, now=NOW).refused["own/list.csv"]
    assert "line 1: bad-encoding column 1 is not utf-8" in why
    assert "encoding" in why
    file = desk.home / "own-list.toml"
    file = file if file.exists() else desk.home / "own.toml"
    file.write_text('encoding = "gb18030"\n' + file.read_text())
    desk.beside = read_beside(desk.home / "beside.toml")
    desk.lay("own/list.csv", text.encode())
    why = read_folder(desk.beside, desk.folder, now=NOW).refused["own/list.csv"]
    assert "encoding = 'utf-8'" in why


def test_a_sheet_with_formulas_and_a_bomb_are_refused_by_name(desk: Desk) -> None:
    desk.lay("own/sum.csv", b"\xd0\xcf\x11\xe0" + bytes(100))
    why = read_folder(desk.beside, desk.folder, now=NOW).refused["own/sum.csv"]
    assert "save it as .xlsx" in why
    desk.beside = read_beside(_with_bank_map(desk))
    desk.lay("wechat/f.xlsx", sheet([HEAD, ["=1+1", "", "", "", "", ""]]))
    desk.lay("wechat/b.xlsx", bills.packed({"xl/a.xml": bytes(50_000_000)}))
    refused = read_folder(desk.beside, desk.folder, now=NOW).refused
    assert "formulas" in refused["wechat/f.xlsx"]
    assert "unpacks from" in refused["wechat/b.xlsx"]


def _with_bank_map(desk: Desk) -> Path:
    (desk.home / "wechat.toml").write_text(BANK_MAP)
    return desk.home / "beside.toml"


def test_cells_that_a_spreadsheet_would_run_are_told_to_nobody(desk: Desk) -> None:
    evil = '=HYPERLINK("http://x","y")'.replace('"', "'")
    desk.wechat("evil.csv", wechat_line(evil, "1.00", at="2026-02-27 11:00:00", name="=1+1"))
    desk.round()
    assert "HYPERLINK" not in str(desk.table("2026-02-27"))
