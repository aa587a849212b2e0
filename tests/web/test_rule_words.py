"""A rule is read as sentences: nothing of it is left out, in either language."""

import re
from typing import Any

import msgspec
import pytest
from django.utils import translation

from jusha.matching.rules import RuleTerms, check_terms
from jusha.web.rule_words import percent, rule_brief, rule_lines, rule_sentence, rule_title
from tests.matching.test_document import HASH, KINDS, terms_of

ZH, EN = "zh-hans", "en"


def said(terms: RuleTerms, lang: str = ZH) -> str:
    with translation.override(lang):
        return rule_sentence(terms)


def brief(terms: RuleTerms, lang: str = ZH) -> str:
    with translation.override(lang):
        return rule_brief(terms)


def ratio(**more: Any) -> RuleTerms:
    raw = {
        "gives": {"kind": "ratio", "numerator": 1, "denominator": 2},
        "window": {"budget": 5_000_000, "from_minute": 540, "to_minute": 1320},
        "caps": {"gift": 10_000, "person_day": 30_050},
    }
    return msgspec.convert(raw | more, RuleTerms)


def test_a_rule_is_text_to_plan_by() -> None:
    assert said(ratio()) == (
        "每捐 2 元配 1 元，不足 1 分舍去。每天 09:00 至 22:00，付款成功就按账本上的先后逐笔决定。"
        "每天一共 50,000 元。余额不够配足一笔时，配到用完为止。单笔最多配 100 元，"
        "每人每天最多配 300.50 元。除单笔上限外，都和活动的其他规则合并计算。"
        "单笔满 1 元起配。只配能辨认捐赠人的捐赠。"
    )
    assert said(ratio(), EN) == (
        "Each ¥2 given is matched with ¥1, rounded down to the fen. Every day from 09:00 to 22:00,"
        " each gift is decided as soon as it is paid, in the order of the log. ¥50,000 a day in"
        " all. A gift that the rest cannot match in full gets what is left. At most ¥100 for one"
        " gift, at most ¥300.50 for one person a day. All but the limit for one gift count the"
        " campaign's other rules too. Starting at gifts of ¥1. Only for gifts whose donor is known."
    )


GIVEN = {
    "ratio": "每捐 3 元配 1 元，不足 1 分舍去。",
    "flat": "每笔捐赠配 0.99 元，和捐多少无关。",
    "per-unit": "捐款每满 10 元配 1 元，一笔最多算 5 份。",
    "tier-bonus": "一笔捐款满 100 元配全额的 20%，满 500 元配全额的 30%，不足 1 分舍去。",
    "random-range": "没有抽中的配 0。抽中的在 5% 至 50% 之间每 0.1% 机会相同。",
    "one-one-x": "规则 R1 给这笔捐赠配多少，再随机配它的 10% 至 50%，平均 30%，每 0.1% 机会相同",
    "friends": "再配 3 至 10 倍，平均 6.5 倍，每个整倍数机会相同。",
    "coupon": "每张最多配 20 元，不足 1 分舍去。加倍卡共 100 张，编号 0 至 99",
    "lump-sum": "累计达到 1,000 元时，一次配给它 100 元。每个项目只有一次，退款不减少累计。",
    "quadratic": "每位捐赠人对一个项目的捐款总额以 1 元为单位开平方，都只取整数。",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_it_gives_with_its_numbers(kind: str) -> None:
    assert GIVEN[kind] in said(terms_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_whole_sentences_in_both_languages(kind: str) -> None:
    for lang, end in ((ZH, "。"), (EN, ".")):
        with translation.override(lang):
            lines = rule_lines(terms_of(kind))
        assert len({line.heading for line in lines}) == len(lines) >= 4
        assert all(line.sentence.endswith(end) for line in lines)
        assert all("%(" not in line.sentence and "%%" not in line.sentence for line in lines)
    assert not re.search(r"[\u4e00-\u9fff]", said(terms_of(kind), EN))
    assert all(s[0].isupper() or not s[0].isalpha() for s in said(terms_of(kind), EN).split(". "))


SLICE = {"slice_minutes": 5, "slice_budget": 10_000, "budget": 900_000}
OPTIONS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"decided": "slice", "window": SLICE}, "每 5 分钟为一段，同一段里的捐赠不分先后"),
    ({"decided": "slice", "window": SLICE}, "一段结束 11 分钟后分配"),
    ({"decided": "slice", "window": SLICE, "late_minutes": 30}, "一段结束 30 分钟后分配"),
    ({"decided": "slice", "window": SLICE}, "每天一共 9,000 元，每 5 分钟 100 元。"),
    ({"decided": "slice", "window": SLICE}, "一段没有用完的，当天留给后面的时段。"),
    ({"window": SLICE | {"carry": False}}, "一段没有用完的留在配捐池，不给后面的时段。"),
    ({"decided": "slice", "window": SLICE}, "该配的总数超过时同比例减少，不到时剩下的留在配捐池。"),
    (
        {"decided": "slice", "window": SLICE, "share": "all"},
        "不论该配的总数是多是少，都把钱全部分完",
    ),
    ({"decided": "close"}, "活动结束 11 分钟后一起分配，不分先后"),
    ({"decided": "close"}, "一共 50,000 元。该配"),
    (
        {"decided": "retro", "since": "2026-09-01T01:00Z", "until": "2026-09-02T01:00Z"},
        "补配北京时间 2026-09-01 09:00 起、2026-09-02 09:00 之前已经完成且没有退款的捐赠",
    ),
    ({"exhaustion": "whole"}, "余额不够配足一笔时，这一笔不配。"),
    ({"fills": "R1"}, "再减去规则 R1（和它所补足的规则）已经配给这一笔的金额，只配差额。"),
    ({"anonymous": "gift"}, "不能辨认捐赠人的捐赠也配，每人的上限对它不起作用。"),
    ({"gift_min": 5_000}, "单笔满 50 元起配。"),
    ({"caps": {"person_campaign": 900}}, "每人在整个活动中最多配 9 元。和活动的其他规则合并计算。"),
    ({"caps": {"project": 900, "charity": 800}}, "每个项目最多配 9 元，每家机构最多配 8 元。"),
    ({"window": {"budget": 9, "surprise": HASH}}, "只在惊喜时段内配捐，具体起止事先封存。"),
    ({"window": {"budget": 9}}, "全天，"),
)


@pytest.mark.parametrize(("more", "sentence"), OPTIONS)
def test_every_option_is_said(more: dict[str, Any], sentence: str) -> None:
    window = {"budget": 5_000_000}
    terms = ratio(**({"window": window} | more))
    assert check_terms(terms) == ""
    assert sentence in said(terms)
    assert not re.search(r"[\u4e00-\u9fff]", said(terms, EN))
    plain = ratio(window=window)
    assert said(terms) != said(plain) or more == {"window": {"budget": 9}}


def test_before_giving_a_random_rule_shows_its_range_and_mean_and_no_odds() -> None:
    terms = terms_of("random-range")
    assert brief(terms).startswith("每笔随机配捐款额的 0% 至 50%，平均 8.25%。")
    assert "机会" not in brief(terms)
    assert "chance" not in brief(terms, EN)
    assert "drawn" not in brief(terms, EN)
    assert "30%" in said(terms)


def test_a_rule_that_always_draws_has_its_own_lowest_share() -> None:
    raw = {"kind": "random-range", "low": 50, "high": 505}
    assert brief(ratio(gives=raw)).startswith("每笔随机配捐款额的 5% 至 50.5%，平均 27.75%。")


def test_a_lump_sum_speaks_of_no_person_and_no_single_gift() -> None:
    terms = terms_of("lump-sum", caps={"gift": 5, "person_day": 5, "project": 9_900})
    assert "单笔最多" not in said(terms)
    assert "每人" not in said(terms)
    assert "每个项目最多配 99 元" in said(terms)


@pytest.mark.parametrize("kind", ["random-range", "one-one-x", "friends"])
def test_rules_that_draw_say_how_and_who_takes_no_part(kind: str) -> None:
    assert "种子的散列至少提前一小时写进公示账本。" in said(terms_of(kind))
    assert "还没有和支付对过账的捐赠不参加。" in said(terms_of(kind))
    assert "种子" not in said(ratio())


def test_a_fixed_multiplier_draws_nothing() -> None:
    gives = {"kind": "friends", "on": "R1", "friends": 3, "low": 2, "high": 2}
    assert "再配 2 倍。" in said(ratio(gives=gives))
    assert "种子" not in said(ratio(gives=gives))


def test_a_title_is_told_in_the_language_of_the_reader() -> None:
    terms = ratio(title_zh="一比一", title_en="One to one")
    with translation.override(ZH):
        assert rule_title(terms) == "一比一"
    with translation.override(EN):
        assert rule_title(terms) == "One to one"


def test_shares_are_written_exactly() -> None:
    shares = [(85, 10), (1000, 10), (1, 20_000), (3, 20), (100_000, 10)]
    assert [percent(*share) for share in shares] == ["8.5%", "100%", "0.00005%", "0.15%", "10,000%"]
