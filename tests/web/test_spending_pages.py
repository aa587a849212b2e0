"""Spending in public: the project's table, where my money is, and what an expense was for."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.projects.expense_queries import covering, listed
from jusha.projects.line import PROGRAMME, RUNNING, Interval, intervals
from jusha.projects.models import Expense, Fund
from tests.cast import BOB, BOOKS, WATER
from tests.web.conftest import Site
from tests.web.test_spending_desk import Desk, paper


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def plain(page: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"<[^>]+>", "", page)


def spend(site: Site, amount: int, project: str = BOOKS, **more: Any) -> int:
    told = {"line": "programme", "ref": "X1", "what": "goods", "words": bytes(32)} | more
    code, number = site.house.instruct(
        "spend", project=project, amount=amount, evidence=bytes(32), **told
    )
    assert code == "done"
    return number


def test_an_expense_is_on_its_project_with_place_and_picture_and_proof(desk: Desk) -> None:
    desk.ask(files={"evidence": paper(), "picture": paper("school.jpg")})
    desk.press(desk.finance, "confirm")
    desk.site.house.settle()
    desk.site.publish()
    number = Expense.objects.get().number
    page = desk.site.text(f"/p/{BOOKS}")
    assert "课外书 62 册" in page
    assert "云南省怒江州" in page
    assert f'href="/d/{number}"' in page
    assert "課外書 62 冊" in desk.site.text(f"/p/{BOOKS}", lang="zh-hant")
    english = plain(desk.site.text(f"/p/{BOOKS}/spending", lang="en"))
    assert "¥18.40, spent ¥12.40, " in english.replace("used", "spent")
    whole = desk.site.text(f"/p/{BOOKS}/spending")
    assert "课外书 62 册" in whole
    assert "收到 ¥18.40，已用 ¥12.40，未用 ¥6.00" in plain(whole)
    entry = desk.site.text(f"/d/{number}")
    picture = desk.newest().body["pictures"][0]
    assert f'src="/files/{picture}.jpg"' in entry
    assert "在我的浏览器里核对" in entry
    for text in (page, whole, entry):
        assert "新华书店" not in text


def test_a_donor_sees_where_the_own_money_is(desk: Desk) -> None:
    first = desk.site.house.settlement.world.next_number - 1
    second = desk.site.house.give(1_000, person=BOB)
    desk.ask()
    desk.press(desk.finance, "confirm")
    desk.site.house.settle()
    page = desk.site.text(f"/d/{first}")
    told = "这笔 20 元里，12.40 元已经用了，7.60 元还在等待使用"
    assert told.replace(" ", "") in plain(page).replace(" ", "")
    assert "课外书 62 册" in page
    assert "还没有登记用到这一段的支出" in desk.site.text(f"/d/{second}")
    spend(desk.site, 700)
    spend(desk.site, 240, line="running")
    assert "已经全部用了" in desk.site.text(f"/d/{first}")
    third = desk.site.text(f"/d/{second}")
    assert "其中您的" in third
    assert "没有在平台上登记说明" in desk.site.text(f"/d/{Expense.objects.latest('number').number}")


def test_words_that_do_not_hash_to_their_entry_are_not_shown(desk: Desk) -> None:
    desk.ask()
    spend(desk.site, 500, ref=f"E{desk.newest().pk}")
    assert "课外书 62 册" not in desk.site.text(f"/p/{BOOKS}")
    assert listed(Fund.objects.get(code=BOOKS).project, count=5)[0].words is None


def test_the_table_goes_on_page_by_page(site: Site) -> None:
    site.house.give(100, WATER)
    numbers = [spend(site, 1, WATER) for _ in range(51)]
    page = site.text(f"/p/{WATER}/spending")
    assert f'"/d/{numbers[1]}"' in page
    assert f'"/d/{numbers[0]}"' not in page
    rest = site.text(f"/p/{WATER}/spending?below={numbers[1]}")
    assert f'"/d/{numbers[0]}"' in rest
    assert site.get("/p/nowhere/spending").status_code == 404
    assert site.get(f"/p/{WATER}/spending?below=x").status_code == 200


def test_a_project_without_expenses_says_so(site: Site) -> None:
    assert "还没有登记支出" in site.text(f"/p/{WATER}/spending")
    assert "没有登记支出" in site.text(f"/p/{WATER}")


def test_which_expenses_cover_an_interval_is_the_overlap_of_each(site: Site) -> None:
    for _ in range(3):
        site.house.give(1_000, BOOKS)
    for amount in (100, 300, 7, 500, 40, 900):
        spend(site, amount)
    for amount in (30, 50):
        spend(site, amount, line="running")
    project = Fund.objects.get(code=BOOKS).project
    for line in (PROGRAMME, RUNNING):
        rows = list(Expense.objects.filter(line=line).order_by("start"))
        for start in range(0, 2_000, 37):
            for length in (1, 90, 800):
                asked = Interval(start, start + length)
                wanted = [
                    (each.number, both)
                    for each in rows
                    if (both := min(each.upto, asked.end) - max(each.start, asked.start)) > 0
                ]
                found = covering(project, {line: asked}, count=99)
                assert [(each.number, each.mine) for each in found] == wanted


def test_one_question_finds_them_and_it_asks_an_index(site: Site) -> None:
    site.house.give(100_000, WATER)
    site.house.send(*[site.house.deed(10, WATER) for _ in range(3)])
    for _ in range(60):
        spend(site, 100, WATER)
    project = Fund.objects.get(code=WATER).project
    with CaptureQueriesContext(connection) as asked:
        assert len(covering(project, {PROGRAMME: Interval(1_950, 2_150)}, count=9)) == 3
    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SET enable_seqscan = on")
    assert plan.count("projects_expense_place") >= 2
    assert "Seq Scan on projects_expense" not in plan


@pytest.mark.parametrize("refunded", [0, 1, 37, 99, 100])
@pytest.mark.parametrize("permille", [0, 80, 333, 1_000])
def test_what_stays_of_a_gift_is_what_did_not_go_back(refunded: int, permille: int) -> None:
    lines = intervals(100, permille, (1_000, 50), refunded)
    assert sum(each.length for each in lines.values()) == 100 - refunded
    assert lines[PROGRAMME].start == 1_000
    assert lines[RUNNING].start == 50
