"""Every step of every derivation has words in both languages, and none names another donor."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from jusha.matching.kinds import KINDS as FUNCTIONS
from jusha.matching.kinds.ask import Ask
from jusha.matching.queries import Published
from jusha.settlement.explain import Bound, Drawn, Explanation, Share, Verdict
from jusha.web.derivation import ARITHMETIC, SILENT, after, brief, differs, nothing, told
from tests.matching.test_document import KINDS, terms_of

DRAWN = Drawn("digest==", 41, 3, "seed==", 7)
REVEALED = replace(DRAWN, revealed_entry=99, secret="s", draw="00ff", hit=True, picked=275)
SHARE = Share(
    "close", "paid", "2026-09-09T04:12Z", 900, 300, 3, 33, 300, 300, 12, one_more=True, paid=34
)
FACTS: dict[str, dict[str, Any]] = {
    "other-coupon": {"coupon": "R2.7"},
    "coupon-beyond": {"coupon": "R2.7", "count": 5},
    "friends-count": {"gift": 9, "come": 1, "wanted": 3},
    "threshold-ahead": {"before": 0, "after": 900, "threshold": 1_000},
    "threshold-passed": {"before": 1_100, "after": 1_200, "threshold": 1_000},
    "outside-surprise": {"from": "2026-09-09T04:10Z", "to": "2026-09-09T04:20Z", "entry": 9},
}


def rule(kind: str, **more: Any) -> Published:
    return Published(1, "R2.1", 1, 1, 6, datetime(2026, 9, 9, tzinfo=UTC), terms_of(kind, **more))


def explained(*verdicts: Verdict, **more: Any) -> Explanation:
    fields: dict[str, Any] = {"refunds": (), "claw_back": None, "whole": True} | more
    at = "2026-09-09T04:12Z"
    return Explanation(12, 2_000, "CNY", "books", "day", at, verdicts, **fields)


def said(*verdicts: Verdict, lang: str = "zh-hans") -> str:
    """All words of an explanation."""
    with translation.override(lang):
        parts = [
            word
            for each in told(explained(*verdicts))
            for word in (each.why, each.sentence, *each.steps, *each.shares)
        ]
        parts += [f"{row.name} {row.how}" for v in told(explained(*verdicts)) for row in v.rows]
    text = "\n".join(parts)
    assert "%(" not in text
    assert lang == "zh-hans" or not re.search(r"[\u4e00-\u9fff]", text), text
    return text


def test_every_kind_has_its_arithmetic() -> None:
    assert set(ARITHMETIC) == set(FUNCTIONS)


ASKED = {
    "ratio": "2,000 分 × 1 ÷ 3 ＝ 666 分",
    "flat": "每笔固定 99 分 ＝ 666 分",
    "per-unit": "2,000 分里有 2 个 1,000 分，2 × 100 分 ＝ 666 分",
    "tier-bonus": "没有达到最低一档 10,000 分",
    "random-range": "2,000 分 × 275 ÷ 1,000 ＝ 666 分",
    "one-one-x": "R1 1,500 分 × 275 ÷ 1,000 ＝ 666 分",
    "friends": "R1 700 分 × 275 ＝ 666 分",
    "coupon": "2,000 分 × 1,000 ÷ 1,000，最多 2,000 分 ＝ 666 分",
    "lump-sum": "这一笔使项目的累计捐赠达到 100,000 分 ＝ 666 分",
    "quadratic": "计入平方分配的捐款 2,000 分 ＝ 666 分",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_arithmetic_of_a_kind_shows_its_numbers(kind: str) -> None:
    ask = Ask(2_000, {"R1": 1_500}, base=700)
    verdict = Verdict(
        rule(kind), "matched", 666, by="rule", asked=666, ask=ask, drawn=REVEALED, for_number=-1
    )
    assert ASKED[kind] in said(verdict)
    assert "666 fen" in said(verdict, lang="en")


def test_a_tier_and_a_limit_of_units_are_named() -> None:
    ask = Ask(60_000, {})
    tier = Verdict(rule("tier-bonus"), "matched", 18_000, by="rule", asked=18_000, ask=ask)
    assert "达到 50,000 分一档：60,000 分 × 300 ÷ 1,000" in said(tier)
    units = Verdict(rule("per-unit"), "matched", 500, by="rule", asked=500, ask=ask)
    assert "60,000 分里有 60 个 1,000 分，最多算 5 个，5 × 100 分 ＝ 500 分" in said(units)


def test_what_a_rule_fills_is_taken_off_in_the_open() -> None:
    ask = Ask(2_000, {}, filled=500)
    terms = rule("ratio", fills="R1")
    verdict = Verdict(terms, "matched", 166, by="rule", asked=166, ask=ask)
    expected = "（2,000 分 × 1 ÷ 3）－ 已由规则 R1 等配的 500 分 ＝ 166 分"
    assert expected in said(verdict)


def test_a_draw_shows_its_grounds_and_keeps_the_number_back_until_the_seed_is_public() -> None:
    secret = Verdict(rule("random-range"), "matched", 550, by="rule", drawn=DRAWN)
    text = said(replace(secret, bounds=(Bound("rule", None, decided=True),)))
    for part in ("digest==", "seed==", "位置是 3", "第 41 条", "第 7 条", "种子公开以后才能显示"):
        assert part in text
    assert "275" not in text
    assert "种子已在第 99 条公开" in said(replace(secret, drawn=REVEALED))
    assert "后 8 个字节决定抽到的数：275" in said(replace(secret, drawn=REVEALED))
    lost = replace(REVEALED, hit=False, picked=None)
    assert "没有抽中" in said(replace(secret, drawn=lost))
    assert "not drawn" in said(replace(secret, drawn=lost), lang="en")


@pytest.mark.parametrize("reason", sorted(SILENT))
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_every_reason_for_silence_is_a_sentence(reason: str, lang: str) -> None:
    verdict = Verdict(rule("coupon"), "silent", silent=reason, facts=FACTS.get(reason, {}))
    first = said(verdict, lang=lang).splitlines()[0]
    assert first.endswith("。" if lang == "zh-hans" else ".")


def test_a_share_goes_from_claim_to_the_last_fen() -> None:
    verdict = Verdict(rule("ratio"), "claimed", claim=100, by="rule", share=SHARE)
    text = said(verdict)
    for part in (
        "按比例分到配捐 0.34 元。",
        "记下的应配金额：100 分",
        "3 笔一共应配 900 分，有 300 分可分",
        "100 × 300 ÷ 900 ＝ 33 分，余数 300",
        "到余数 300 的第 12 条为止：加 1 分",
    ):
        assert part in text
    none = replace(SHARE, cut_number=-1, one_more=False)
    assert "没有需要再分的零头" in said(replace(verdict, share=none))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("waiting", "最早在北京时间 2026-09-09 12:12 分配"),
        ("paying", "正在分配，还没有轮到这一笔"),
        ("void", "应得的一份作废。"),
    ],
)
def test_a_share_that_is_not_paid_says_how_it_stands(state: str, sentence: str) -> None:
    share = replace(SHARE, state=state, paid=0)
    verdict = Verdict(rule("ratio"), "claimed", claim=100, by="rule", share=share)
    assert sentence in said(verdict)
    said(verdict, lang="en")


def test_a_quadratic_share_goes_to_projects() -> None:
    verdict = Verdict(rule("quadratic"), "claimed", claim=100, by="rule", share=SHARE)
    assert "这笔钱按各项目的分数分给项目" in said(verdict)
    assert "÷ 900" not in said(verdict)


def test_another_donors_sums_are_not_told() -> None:
    bounds = (Bound("person-day", None, 9_000, None),)
    verdict = Verdict(rule("friends"), "matched", 9, by="rule", bounds=bounds, for_number=5)
    text = said(verdict)
    assert "属于发出邀请的捐赠人，不在这里显示" in text
    assert "90 元" not in text
    assert "这一份配给发出邀请的第 5 条。" in text


def test_what_was_decided_later_is_told_as_later() -> None:
    friends = Verdict(rule("friends"), "matched", 900, by="rule", later="friends")
    retro = Verdict(rule("ratio"), "matched", 900, by="rule", later="retro")
    assert "受邀的朋友到齐了，又配捐 9 元。" in said(friends)
    assert "后来的规则补配 9 元。" in said(retro)
    said(friends, retro, lang="en")


def test_refunds_and_claw_backs_come_in_their_order() -> None:
    found = explained(refunds=((21, 500, 400), (40, 100, 0)), claw_back=(30, 600))
    with translation.override("zh-hans"):
        assert after(found) == [
            "第 21 条退款 5 元，配捐退回 4 元。",
            "第 30 条收回配捐 6 元。",
            "第 40 条退款 1 元。",
        ]


def test_a_leaf_alone_has_its_one_sentence() -> None:
    with translation.override("zh-hans"):
        assert brief({"amt": 900, "by": "rule"}).why == "按规则全额配捐 9 元。"
        assert brief({"amt": 0, "by": "rule", "c": 900}).claim == 900
        assert nothing().endswith("。")
        assert differs().endswith("。")
