"""A page comes in the language its reader asks for: 简体, 繁體 or English."""

import pytest
from django.test import Client

from jusha.web.hant import CHARACTERS, WORDS, reworded, traditional
from tests.cast import BOOKS
from tests.web.conftest import Site


@pytest.mark.parametrize(
    ("asked", "html"),
    [
        ("zh", "zh-Hans"),
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-MO", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("en-GB,en;q=0.9", "en"),
        ("fr", "zh-Hans"),
    ],
)
def test_the_browser_s_language_chooses_and_the_page_says_which(
    site: Site, asked: str, html: str
) -> None:
    assert f'<html lang="{html}">' in site.text("/", lang=asked)


def test_a_choice_outlives_the_browser_s_language_and_offers_the_other_two(site: Site) -> None:
    client = Client()
    for code, html, others in (
        ("zh-hant", "zh-Hant", ("zh-hans", "en")),
        ("en", "en", ("zh-hans", "zh-hant")),
        ("zh-hans", "zh-Hans", ("zh-hant", "en")),
    ):
        client.post("/language", {"language": code, "next": "/"})
        page = site.get("/", lang="de", client=client).content.decode()
        assert f'<html lang="{html}">' in page
        assert f'value="{code}"' not in page
        for other in others:
            assert f'name="language" value="{other}"' in page


def test_a_traditional_page_is_traditional_throughout(site: Site) -> None:
    site.house.give(2000)
    page = site.text(f"/p/{BOOKS}", lang="zh-TW")
    assert "公示帳本" in page
    assert "書香進山" in page
    assert "把書送進山裡。" in page
    for simplified in ("账", "书香", "们", "这", "项目"):
        assert simplified not in page


def test_our_own_words_are_reworded_and_what_others_wrote_is_only_respelt() -> None:
    assert (
        reworded("请用别的软件打开“文件”，账本里有散列。")
        == "請用別的軟件打開「檔案」，帳本裡有雜湊值。"
    )
    assert traditional("数据文件基金会的账本里") == "數據文件基金會的帳本里"
    assert reworded("互联网公开募捐信息平台的信息") == "互聯網公開募捐信息平台的資訊"
    assert traditional("聚沙成塔") == "聚沙成塔"


def test_what_is_said_instead_is_not_reworded_again() -> None:
    for pairs in (CHARACTERS, WORDS):
        assert {said for said in pairs.values() if reworded(said) != said} == set()
