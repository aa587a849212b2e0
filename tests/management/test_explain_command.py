"""`jusha explain`: the same derivation as the page, on a terminal."""

import pytest
from django.core.management.base import CommandError

from tests.cast import BOB, ratio
from tests.management.conftest import Console


def test_a_gift_is_explained_in_the_language_asked_for(console: Console) -> None:
    console.house.furnish(rule=ratio(budget=90_000, person_day_max=2_500))
    console.house.give(1_000)
    console.house.give(700, person=BOB)
    number = console.house.give(2_000)
    _, refund = console.house.instruct("refund", deed=number, amount=500, reason="asked")
    said = console.run("explain", str(number))
    assert "R1.1: 配捐 15 元：到了这位捐赠人当天的配捐上限。" in said
    assert "规则给出：2,000 分 × 1 ÷ 1 ＝ 2,000 分" in said
    assert "> 每人每天最多 15 元 (25 元 － 已用 10 元)" in said
    assert "  总额度 883 元 (900 元 － 已用 17 元)" in said
    assert f"第 {refund} 条退款 5 元，配捐退回 3.75 元。" in said
    english = console.run("explain", str(number), "--lang", "en")
    assert "this donor" in english
    assert "The rule gives: 2,000 fen × 1 ÷ 1 = 2,000 fen" in english
    assert "不一致" not in said


def test_a_gift_outside_campaigns_has_no_rule(console: Console) -> None:
    console.house.furnish()
    number = console.house.give(2_000, campaign="")
    assert "没有规则和这笔捐赠有关。" in console.run("explain", str(number))


@pytest.mark.parametrize(("number", "what"), [("0", "is channel"), ("999", "is not there")])
def test_what_is_no_gift_is_said_so(console: Console, number: str, what: str) -> None:
    console.house.furnish()
    with pytest.raises(CommandError, match=f"There is no gift to explain: entry {number} {what}"):
        console.run("explain", number)
