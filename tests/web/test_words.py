"""Codes never reach a reader without their word."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from jusha.matching.rules import BY
from jusha.settlement import decide
from jusha.web.words import REASONS, about, kind_name, money, why

LATER = (
    {"k": "draw", "d": "AA==", "n": 1, "t": "2026-09-09T01:12Z"},
    {"k": "seed", "day": "2026-09-09", "h": "AA==", "r": "R1"},
    {"k": "reveal", "h": "AA==", "s": "AA=="},
    {"k": "share", "bud": 900, "cnt": 3, "slice": "close", "r": "R1.1", "m": [], "upto": 9},
    {"k": "share", "bud": 900, "cnt": 0, "slice": "retro", "r": "R1.1", "m": [[3, 5, "rule"]]},
    {"k": "freeze", "prj": "p", "st": "frozen"},
    {"k": "freeze", "prj": "p", "st": "free"},
    {"k": "clawback", "ref": 7},
    {"k": "review", "ref": 7, "st": "open"},
    {"k": "review", "ref": 7, "st": "let"},
    {"k": "notice", "pool": "tree", "until": "2026-09-09T01:12Z"},
    {"k": "close", "pool": "tree", "rest": 5, "to": "sponsor"},
    {"k": "close", "pool": "tree", "rest": 5, "to": "projects", "prj": []},
    {"k": "release", "amt": 5, "org": "shan", "pool": "tree", "prj": "p"},
    {"k": "paid", "amt": 5, "how": "secured", "org": "shan", "pool": "tree"},
)


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("amount", [0, 820])
def test_every_reason_of_a_match_has_a_sentence(lang: str, by: str, amount: int) -> None:
    if amount and by not in BY[:6] + BY[11:16]:
        return  # a reason why nothing is matched never comes with an amount
    with translation.override(lang):
        sentence = why({"amt": amount, "by": by})
    assert sentence != by
    assert sentence.endswith("。" if lang == "zh-hans" else ".")


@pytest.mark.parametrize("by", ["rule", "person-day"])
def test_a_claim_is_said_to_wait_for_its_share(by: str) -> None:
    with translation.override("zh-hans"):
        assert "记下 8.20 元" in why({"amt": 0, "by": by, "c": 820})
    with translation.override("en"):
        assert "¥8.20" in why({"amt": 0, "by": by, "c": 820})


@pytest.mark.parametrize("entry", LATER)
def test_every_later_kind_of_entry_has_a_name_and_a_line(entry: dict[str, object]) -> None:
    for lang in ("zh-hans", "en"):
        with translation.override(lang):
            line = about(entry, {})
            assert kind_name(str(entry["k"])) != entry["k"]
        assert "不认识" not in line
        assert "%" not in line
        assert "does not know" not in line


def test_a_retroactive_share_says_how_much_it_gave_to_how_many() -> None:
    with translation.override("zh-hans"):
        assert about(LATER[4], {}) == "规则 R1.1 给以前的 1 笔捐赠补配 0.05 元"


def test_every_reason_that_settlement_gives_has_a_word() -> None:
    tree = ast.parse(Path(decide.__file__).read_text("utf-8"))
    given = {
        node.value.value
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and function.name in {"disagreement", "beyond_rights"}
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
    }
    given |= {"project-gone", "unknown-project", "unknown-campaign", "order-number-taken"}
    given |= {"unknown-coupon"}
    assert given - {""} <= set(REASONS)


def test_money_in_a_sentence_shows_fen_only_where_there_are_any() -> None:
    with translation.override("zh-hans"):
        assert [money(820), money(123_400), money(5, "USD")] == ["8.20 元", "1,234 元", "0.05 USD"]
