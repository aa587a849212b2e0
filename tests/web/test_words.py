"""Codes never reach a reader without their word."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from jusha.matching.rules import BY, DayWindow, RuleTerms
from jusha.settlement import decide
from jusha.web.words import REASONS, money, rule_sentence, why

TERMS = RuleTerms(
    "ratio",
    1,
    2,
    DayWindow(540, 1320, 5_000_000),
    gift_min=100,
    gift_max=10_000,
    person_day_max=30_050,
)


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("amount", [0, 820])
def test_every_reason_of_a_match_has_a_sentence(lang: str, by: str, amount: int) -> None:
    with translation.override(lang):
        sentence = why({"amt": amount, "by": by})
    assert sentence != by
    assert sentence.endswith("。" if lang == "zh-hans" else ".")


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
    assert given - {""} <= set(REASONS)


def test_a_rule_is_one_sentence_to_plan_by() -> None:
    with translation.override("zh-hans"):
        assert rule_sentence(TERMS) == (
            "每天 09:00 至 22:00，每捐 2 元配 1 元，满 1 元起配，单笔最多配 100 元，"
            "每人每天最多配 300.50 元，只配能辨认捐赠人的捐赠，每天共 50,000 元，用完为止。"
        )
    with translation.override("en"):
        assert rule_sentence(TERMS) == (
            "Every day from 09:00 to 22:00, each ¥2 given is matched with ¥1, starting at gifts of"
            " ¥1, with at most ¥100 for one gift, at most ¥300.50 for one person a day, only for"
            " gifts whose donor is known, and ¥50,000 a day in all, while it lasts."
        )


def test_money_in_a_sentence_shows_fen_only_where_there_are_any() -> None:
    with translation.override("zh-hans"):
        assert [money(820), money(123_400), money(5, "USD")] == ["8.20 元", "1,234 元", "0.05 USD"]
