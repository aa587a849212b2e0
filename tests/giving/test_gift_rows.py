"""Rows become gifts exactly, and a bad row costs itself and nothing else."""

import hashlib
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.giving.gift_maps import GiftMap, read_map
from jusha.giving.gift_rows import REASONS, Found, Gift, GiftReader
from jusha.payments.bills.records import (
    LINE_BYTES_MAX,
    FileRefusedError,
    Record,
    Rejected,
    RowRefusedError,
    amount_fen,
    read_records,
)

NOW = 1_800_000_000
HEAD = "id,time,amount,project,state\n"
MAP = """
channel = "slips"
[project]
code = "books"
[id]
columns = ["id"]
[time]
column = "time"
format = "%Y-%m-%d %H:%M:%S"
timezone = "Asia/Shanghai"
[amount]
column = "amount"
unit = "yuan"
"""


def read(text: str | bytes, more: str = "", base: str = MAP) -> list[Found]:
    raw = text.encode() if isinstance(text, str) else text
    return list(GiftReader(io.BytesIO(raw), the_map(more, base), now_s=NOW, projects=None))


def the_map(more: str = "", base: str = MAP) -> GiftMap:
    return read_map((more + base).encode())


def reasons(found: list[Found]) -> list[str]:
    return [row.reason if isinstance(row, Rejected) else type(row).__name__ for row in found]


def test_a_row_becomes_a_gift_with_its_time_amount_and_the_hash_of_its_bytes() -> None:
    line = "a-1,2020-01-24 09:09:26,12.50,x,ok"
    assert read(HEAD + line + "\r\n") == [
        Gift(2, "a-1", 1579828166, 1250, "books", "", hashlib.sha256(line.encode()).digest())
    ]


@pytest.mark.parametrize(
    ("text", "unit", "fen"),
    [
        ("0.01", "yuan", 1),
        ("7", "yuan", 700),
        ("7.1", "yuan", 710),
        ("7.10000", "yuan", 710),
        ("90071992547.93", "yuan", 9007199254793),
        ("0007", "fen", 7),
    ],
)
def test_amounts_are_read_by_their_digits(text: str, unit: str, fen: int) -> None:
    assert amount_fen(text, unit=unit) == fen


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("0.001", "yuan", "bad-amount"),
        ("1e3", "yuan", "bad-amount"),
        (".5", "yuan", "bad-amount"),
        ("1,000", "yuan", "bad-amount"),
        ("١٢", "yuan", "bad-amount"),
        ("¥5", "yuan", "bad-amount"),
        ("", "yuan", "bad-amount"),
        ("5.0", "fen", "bad-amount"),
        ("-5", "yuan", "negative-amount"),
        ("0.00", "yuan", "zero-amount"),
        ("0", "fen", "zero-amount"),
        ("100000000000.01", "yuan", "amount-too-large"),
    ],
)
def test_amounts_that_are_not_plain_numbers_are_rejected(text: str, unit: str, reason: str) -> None:
    with pytest.raises(RowRefusedError) as refused:
        amount_fen(text, unit=unit)
    assert refused.value.reason == reason


def test_commas_are_read_only_where_the_map_says_so_and_only_in_their_places() -> None:
    assert amount_fen("1,234,567.80", unit="yuan", thousands_commas=True) == 123456780
    with pytest.raises(RowRefusedError):
        amount_fen("1,23", unit="yuan", thousands_commas=True)


@given(st.integers(min_value=1, max_value=10**13))
def test_yuan_and_fen_of_one_amount_agree(fen: int) -> None:
    assert amount_fen(str(fen), unit="fen") == fen
    assert amount_fen(format(Decimal(fen).scaleb(-2), "f"), unit="yuan") == fen


def test_each_fault_of_a_row_has_its_own_reason_and_the_rest_is_read() -> None:
    rows = {
        "a,2020-01-24 09:09:26,1,x": "wrong-field-count",
        ",2020-01-24 09:09:26,1,x,ok": "no-id",
        f"{'i' * 201},2020-01-24 09:09:26,1,x,ok": "id-too-long",
        "b,24.01.2020,1,x,ok": "bad-time",
        "c,2099-01-24 09:09:26,1,x,ok": "time-in-future",
        "d,1969-01-24 09:09:26,1,x,ok": "bad-time",
        "e,2020-01-24 09:09:26,one,x,ok": "bad-amount",
        '"f"x,2020-01-24 09:09:26,1,x,ok': "bad-quoting",
        "good,2020-01-24 09:09:26,1,x,ok": "Gift",
    }
    found = read(HEAD + "\n".join(rows))
    assert reasons(found) == list(rows.values())
    assert [row.line for row in found if row] == list(range(2, len(rows) + 2))
    assert set(rows.values()) - {"Gift"} <= set(REASONS)


def test_a_quote_that_never_closes_costs_one_line() -> None:
    good = "\n".join(f"g{i},2020-01-24 09:09:26,1,x,ok" for i in range(300))
    found = read(f'{HEAD}a,"2020-01-24 09:09:26,1,x,ok\n{good}\n')
    assert reasons(found) == ["line-too-long"] + ["Gift"] * 300
    found = read(f'{HEAD}a,"2020-01-24 09:09:26,1,x,ok\ng,2020-01-24 09:09:26,1,x,ok\n')
    assert reasons(found) == ["bad-quoting", "Gift"]
    assert [row.line for row in found if row] == [2, 3]


def test_a_quoted_field_may_hold_commas_and_line_ends() -> None:
    raw = '"a,\n1",2020-01-24 09:09:26,1,x,ok'
    found = read(f"{HEAD}{raw}\nb,2020-01-24 09:09:26,1,x,ok\n")
    first, second = found
    assert isinstance(first, Gift)
    assert isinstance(second, Gift)
    assert (first.external_id, first.line, second.line) == ("a,\n1", 2, 4)
    assert first.body == hashlib.sha256(raw.encode()).digest()


def test_bytes_of_another_encoding_cost_one_line_and_gbk_is_read_as_such() -> None:
    gbk = (HEAD + "甲,2020-01-24 09:09:26,1,x,ok\n").encode("gbk")
    assert reasons(read(gbk + b"b,2020-01-24 09:09:26,1,x,ok\n")) == ["bad-encoding", "Gift"]
    (found,) = read(gbk, 'encoding = "gbk"\n')
    assert isinstance(found, Gift)
    assert found.external_id == "甲"


def test_a_line_without_end_is_skipped_and_reading_goes_on() -> None:
    found = read(HEAD + "x" * (3 * LINE_BYTES_MAX) + "\nb,2020-01-24 09:09:26,1,x,ok\n")
    assert reasons(found) == ["line-too-long", "Gift"]


def test_a_bank_file_with_lines_above_its_header_and_a_byte_order_mark_is_read() -> None:
    raw = "\ufeff账单\n#----\n" + HEAD + "a\t,2020-01-24 09:09:26 ,1.00 ,x,ok\n\n"
    (found,) = read(raw, "skip_lines = 2\n")
    assert isinstance(found, Gift)
    assert (found.external_id, found.amount, found.line) == ("a", 100, 4)


def test_a_file_without_header_takes_the_names_from_the_map() -> None:
    more = 'header = ["id", "time", "amount"]\n'
    assert reasons(read("a,2020-01-24 09:09:26,1\n", more)) == ["Gift"]


def test_a_file_that_lacks_a_column_is_refused_with_the_columns_it_has() -> None:
    with pytest.raises(FileRefusedError, match="no column amount; its columns: id, time, sum"):
        read("id,time,sum\n")
    with pytest.raises(FileRefusedError, match="no header"):
        read("")


def test_keep_and_drop_leave_rows_out_without_rejecting_them() -> None:
    more = """
[[keep]]
column = "state"
values = ["ok", "late"]
[[drop]]
column = "project"
values = ["test"]
"""
    rows = "a,2020-01-24 09:09:26,1,x,ok\nb,?,?,x,failed\nc,?,?,test,ok\n"
    assert reasons(read(HEAD + rows, base=MAP + more)) == ["Gift", "NoneType", "NoneType"]


def test_a_column_of_words_for_projects_is_translated_and_other_words_are_rejected() -> None:
    base = MAP.replace('code = "books"', 'column = "project"\ncodes = {"书" = "books"}')
    rows = "a,2020-01-24 09:09:26,1,书,ok\nb,2020-01-24 09:09:26,1,水,ok\n"
    assert reasons(read(HEAD + rows, base=base)) == ["Gift", "unknown-project"]


def test_an_id_of_two_columns_needs_both() -> None:
    base = MAP.replace('columns = ["id"]', 'columns = ["id", "state"]')
    found = read(HEAD + "a,2020-01-24 09:09:26,1,x,7\nb,2020-01-24 09:09:26,1,x,\n", base=base)
    assert isinstance(found[0], Gift)
    assert found[0].external_id == "a|7"
    assert reasons(found) == ["Gift", "no-id"]


def test_iso_times_use_their_own_zone_and_without_one_the_maps() -> None:
    base = MAP.replace('"%Y-%m-%d %H:%M:%S"', '"iso"')
    rows = "a,2020-01-24T09:09:26+00:00,1,x,ok\nb,2020-01-24T09:09:26,1,x,ok\n"
    found = read(HEAD + rows, base=base)
    assert [row.at_s for row in found if isinstance(row, Gift)] == [1579856966, 1579828166]
    bare = base.replace('timezone = "Asia/Shanghai"', "")
    assert reasons(read(HEAD + rows, base=bare)) == ["Gift", "bad-time"]


@given(st.binary(max_size=400))
def test_no_bytes_stop_the_reader_and_every_line_is_accounted_for(raw: bytes) -> None:
    found = list(read_records(io.BytesIO(raw), encoding="utf-8", delimiter=",", skip_lines=0))
    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
    blank = sum(not line.strip(b"\r\n") for line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    spanned = sum(row.raw.count(b"\n") + 1 if isinstance(row, Record) else 1 for row in found)
    assert spanned + blank >= len(raw.split(b"\n"))
