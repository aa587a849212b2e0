"""A rule has an address: what it says, its document and hash, who pays, when it acts."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.matching.document import read_document
from jusha.matching.rules import terms_hash
from tests.cast import BOB, CAROL, ratio
from tests.settlement.test_kinds import at, kind, sliced
from tests.web.conftest import Site

TITLES = {"title_zh": "一比一", "title_en": "One to one"}


def words(html: str) -> str:
    """The text of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_a_rule_page_says_all_that_can_be_asked_of_a_rule(site: Site) -> None:
    site.house.rule(ratio(gift_max=900) | TITLES, code="R2")
    entry = site.house.entries()[-1]
    text = words(site.text("/rule/R2.1"))
    assert "一比一 R2.1" in text
    assert "每捐 1 元配 1 元。" in text
    assert "单笔最多配 9 元。" in text
    assert "Tree Ltd 配捐池 tree" in text
    assert f"公示账本第 {entry['n']} 条" in text
    assert "从 2020-01-01 08:00 起生效" in text
    assert entry["h"] in text.replace(" ", "")
    english = words(site.text("/rule/R2.1", lang="en"))
    assert "One to one R2.1" in english
    assert "Each ¥1 given is matched with ¥1." in english


def test_the_document_on_the_page_and_as_a_file_is_the_published_one(site: Site) -> None:
    entry = next(e for e in site.house.entries() if e["k"] == "rule")
    answer = site.get("/rule/R1.1.toml")
    assert answer.headers["Content-Type"] == "application/toml; charset=utf-8"
    terms = read_document(answer.content.decode())
    assert terms_hash(terms) == entry["h"]
    assert "budget = 1000000000  # ¥10,000,000.00" in site.text("/rule/R1.1")


def test_versions_are_listed_and_an_old_one_says_when_it_ended(site: Site) -> None:
    site.house.rule(ratio(numerator=2), from_="2021-01-01T00:00Z")
    site.house.rule(ratio(numerator=3), from_="2090-01-01T00:00Z")
    assert "2020-01-01 08:00 至 2021-01-01 08:00 生效，已由新的版本接替" in site.text("/rule/R1.1")
    assert "从 2021-01-01 08:00 起生效" in site.text("/rule/R1.2")
    html = site.text("/rule/R1.3")
    assert "从 2090-01-01 08:00 起生效，还没有开始" in html
    for name in ("R1.1", "R1.2"):
        assert f'href="/rule/{name}"' in html


@pytest.mark.parametrize(
    "path",
    ["/rule/R9.1", "/rule/R1.2", "/rule/R1.01", "/rule/R1", "/rule/R1.0", "/rule/R9.1.toml"],
)
def test_a_rule_that_is_not_there_is_not_found(site: Site, path: str) -> None:
    assert "这里没有沙，也没有塔。" in site.text(path, status=404)


def test_campaign_deed_and_log_entry_lead_to_the_rule(site: Site) -> None:
    number = site.house.give(2000)
    entry = next(e for e in site.house.entries() if e["k"] == "rule")
    for path in ("/c/day", f"/d/{number}", f"/d/{entry['n']}"):
        assert 'href="/rule/R1.1"' in site.text(path), path


def test_a_rule_page_asks_few_questions_however_many_gifts_there_are(site: Site) -> None:
    site.get("/rule/R1.1")
    for _ in range(5):
        site.house.give(2000)
    with CaptureQueriesContext(connection) as asked:
        site.get("/rule/R1.1")
    assert len(asked) == 6, [each["sql"][:90] for each in asked]


def test_a_deed_shows_the_arithmetic_and_every_bound_as_it_stood(site: Site) -> None:
    site.house.rule(ratio(budget=90_000, gift_max=3_000), from_="2021-01-01T00:00Z")
    site.house.give(1000, person=BOB)
    number = site.house.give(2000)
    site.house.give(500)
    text = words(site.text(f"/d/{number}"))
    assert "规则给出：2,000 分 × 1 ÷ 1 ＝ 2,000 分" in text
    assert "总额度900 元 － 已用 10 元¥890.00" in text
    assert "单笔最多¥30.00" in text
    assert "由它决定" in text
    english = words(site.text(f"/d/{number}", lang="en"))
    assert "The rule gives: 2,000 fen × 1 ÷ 1 = 2,000 fen" in english


def test_rules_that_did_not_concern_a_gift_stand_apart(site: Site) -> None:
    coupon = {"count": 9, "permille": 500, "most": 300}
    site.house.rule(kind("coupon", gives=coupon), code="R2")
    text = words(site.text(f"/d/{site.house.give(2000)}"))
    assert "另有 1 条规则和这一笔无关" in text
    assert "没有配捐：这笔捐赠没有用加倍卡。" in text


def test_a_share_is_shown_from_claim_to_the_last_fen(site: Site) -> None:
    house = site.house
    terms: dict[str, Any] = sliced(window={"carry": False})
    body = {"opens": "2025-09-08T16:00Z", "closes": "2025-09-09T16:00Z", "channels": ["late"]}
    rights = {"assets": ["CNY"], "clock": "file"}
    assert house.instruct("admit-channel", code="late", terms=rights)[0] == "done"
    assert house.instruct("open-campaign", code="past", terms=body)[0] == "done"
    house.fund(10_000, code="grove", campaign="past")
    house.rule(terms, code="P1", from_="2025-09-08T16:00Z", pool="grove")
    first = at(house, 100, channel="late")
    at(house, 800, CAROL, channel="late")
    waiting = words(site.text(f"/d/{first}"))
    assert "配捐多少，什么时候知道？ 按规则记下 1 元" in waiting
    assert "最早在北京时间 2025-09-09 12:12 分配" in waiting
    assert house.instruct("close-claims", rule="P1.1", slice="2025-09-09T04:00Z")[0] == "done"
    paid = words(site.text(f"/d/{first}"))
    assert "为什么配捐 0.33 元？ 按比例分到配捐 0.33 元。" in paid
    assert "100 × 300 ÷ 900 ＝ 33 分，余数 300" in paid
    assert "2 笔一共应配 900 分，有 300 分可分" in paid


def test_a_far_gift_adds_its_bounds_up_only_when_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.house.give(2000)
    monkeypatch.setattr("jusha.settlement.explain.NEAR", 0)
    html = site.text(f"/d/{number}")
    assert 'href="?all"' in html
    assert "配捐池余额" not in html
    assert "配捐池余额" in site.text(f"/d/{number}?all")
