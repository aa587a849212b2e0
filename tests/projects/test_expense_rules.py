"""Requests for expenses: what is wrong is named, and what is public hashes to one name."""

from datetime import date
from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from jusha.projects.expense_rules import (
    ROWS_MAX,
    Asked,
    clean,
    evidence_hash,
    faults,
    public_words,
    read_fen,
    read_sheet,
    words_hash,
)

TODAY = date(2026, 11, 23)
GOOD = Asked("shan-books", "programme", 1_240, "goods", "课外书 62 册", "云南省怒江州", "新华书店",
             "2026-11-23", 62)  # fmt: skip


def test_a_request_that_says_everything_has_no_fault() -> None:
    assert faults(GOOD, today=TODAY) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"line": "both"}, "line"), ({"amount": 0}, "amount"), ({"amount": -1}, "amount"),
        ({"amount": 10**13 + 1}, "amount"), ({"what": "gold"}, "what"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "x" * 201}, "purpose"), ({"place": ""}, "place"), ({"on": "23.11."}, "on"),
        ({"supplier": "x" * 81}, "supplier"), ({"on": "2026-11-24"}, "to-come"),
        ({"on": "2026-02-30"}, "on"), ({"units": -1}, "units"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong: dict[str, Any], code: str) -> None:
    assert faults(replace(GOOD, **wrong), today=TODAY) == [code]


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12.4", 1_240), ("1,234.50", 123_450), ("￥20", 2_000), ("20元", 2_000), ("0.001", 0),
     ("1e400", 0), ("nan", 0), ("十", 0), ("", 0), ("Infinity", 0), ("-3", -300)],
)  # fmt: skip
def test_yuan_are_read_to_the_fen(text: str, fen: int) -> None:
    assert read_fen(text) == fen


def test_a_sheet_is_read_in_chinese_with_its_heading() -> None:
    text = (
        "\ufeff项目,款项,金额,类别,用途,地点,供应方,日期,数量\r\n"
        "shan-books,用于项目,12.40,物资,课外书 62 册,云南省怒江州,新华书店,2026/11/23,62\r\n\r\n"
    )
    assert read_sheet(text) == [GOOD]


@pytest.mark.parametrize(
    "text", ["", "项目,款项\n", "a,b,c\n", "\n".join(["a,b,1,c,d,e,f,g,1"] * (ROWS_MAX + 1))]
)
def test_a_sheet_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rows|columns"):
        read_sheet(text)


def test_cells_that_cannot_be_read_are_named_as_faults() -> None:
    (row,) = read_sheet("shan-books,half,ten,gold,x,y,z,tomorrow,some\n")
    assert faults(row, today=TODAY) == ["line", "amount", "what", "on", "units"]


def test_text_is_kept_composed_and_on_one_line() -> None:
    assert clean(" a\u0301 \r\n\tb\u202e c ") == "\u00e1 b c"


def test_public_words_never_name_the_supplier_and_hash_to_one_name() -> None:
    body = to_builtins(GOOD)
    assert "新华书店" not in str(public_words(body))
    assert words_hash(body) == words_hash(dict(reversed(body.items())))
    assert words_hash(body) != words_hash(body | {"place": "别处"})
    assert words_hash(body) == words_hash(body | {"supplier": "别人"})
    assert evidence_hash(["b", "a"], "x") == evidence_hash(["a", "b"], "x")
    assert evidence_hash(["a"], "x") != evidence_hash(["a"], "y")
