"""Every page says what it must, in both languages, with few questions to the database."""

import base64
import json
import re
import time
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jusha.law import queries as law_queries
from tests.cast import BOB, BOOKS, WATER
from tests.web.conftest import Site

PAGES = (
    "/",
    f"/p/{BOOKS}",
    f"/p/{BOOKS}/donate?campaign=day",
    "/c/day",
    "/rule/R1.1",
    "/log",
    "/entries",
    "/charity/shan",
    "/d/0",
    "/d/7",
    "/styleguide",
    "/health",
    "/oversight/abuse",
)


class Strict(HTMLParser):
    """Collects what a policy without exceptions forbids, and ids that stand twice."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.wrong.append(f"<{tag} {name}>")
            if name in {"src", "href"} and value and value.startswith(("http:", "https:", "//")):
                self.wrong.append(f"<{tag} {name}={value}>")
            if name == "id" and value:
                self.ids.append(value)
        if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.wrong.append(f"<{tag}> inline")
        if tag == "img" and "alt" not in dict(attrs):
            self.wrong.append("<img> without alt")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_every_page_says_that_it_is_a_sandbox_and_obeys_its_own_policy(
    site: Site, path: str, lang: str
) -> None:
    site.house.give(2000)
    response = site.get(path, lang=lang)
    html = response.content.decode()
    assert response.status_code == 200
    assert ("沙盒演示" if lang == "zh-hans" else "Sandbox") in html
    assert f'<html lang="{"zh-Hans" if lang == "zh-hans" else "en"}">' in html
    page = Strict()
    page.feed(html)
    assert page.wrong == []
    assert len(page.ids) == len(set(page.ids))
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://testserver:8002" in policy


@pytest.mark.parametrize("path", PAGES)
def test_no_chinese_is_left_on_an_english_page(site: Site, path: str) -> None:
    site.house.give(2000)
    html = site.text(path, lang="en")
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    left = set(re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<[^>]*>", " ", body)))
    # The language switch, the seal, a certificate's number and issuer are Chinese on purpose.
    assert left <= {"简体", "繁體", "待证", "公募", "演示公募", "演示民政局"}


def test_home_counts_the_deeds_of_today_and_shows_projects(site: Site) -> None:
    site.house.give(2000)
    site.house.give(3000, WATER, BOB)
    html = site.text("/")
    assert "<strong>2</strong>" in html
    assert "合计 50 元" in html
    assert "书香进山" in html
    assert "good deeds today" in site.text("/", lang="en")


def test_a_held_deed_is_not_counted_as_given(site: Site) -> None:
    site.house.give(2000, "no-such-project")
    assert "<strong>0</strong>" in site.text("/")


def test_project_shows_who_answers_for_it_as_the_law_asks(site: Site) -> None:
    html = site.text(f"/p/{BOOKS}")
    names = ("善小基金会", "53330000DEMO000001", "演示公募 001", "51530000DEMO26001")
    for fact in (
        *names,
        "400-000-0000",
        "演示市和平路 1 号",
        "查询方法",
        "2026-09-01 至 2027-02-28",
    ):
        assert fact in html, fact


def test_project_money_line_is_what_came_in_less_refunds(site: Site) -> None:
    number = site.house.give(10_000)
    site.house.give(5000, person=BOB)
    site.house.instruct("refund", deed=number, amount=10_000, reason="asked")
    html = re.sub(r"<[^>]*>", "", site.text(f"/p/{BOOKS}"))
    assert "用于项目 ¥46.00" in html
    assert "执行成本 8% ¥4.00" in html


def test_a_closed_project_offers_no_gift(site: Site) -> None:
    site.house.instruct("close-project", code=BOOKS)
    assert "现在不接受捐赠" in site.text(f"/p/{BOOKS}")
    assert "<form method" not in site.text(f"/p/{BOOKS}/donate")


def test_deed_says_what_why_and_where_the_money_is(site: Site) -> None:
    site.house.give(1000, person=BOB)
    number = site.house.give(2000)
    html = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", site.text(f"/d/{number}")))
    assert "捐给「书香进山」" in html
    assert "为什么配捐 20 元？" in html
    assert "按规则全额配捐 20 元。" in html
    assert "这一笔是第 9.20 元到第 27.60 元" in html
    assert f"第 {number} 条，等待下一次签名" in html
    site.publish()
    assert f"已写入公示账本 第 {number} 条" in site.text(f"/d/{number}")
    english = site.text(f"/d/{number}", lang="en")
    assert "Why a match of ¥20?" in english
    assert f"Written into the public log: entry {number}" in english


def test_a_project_and_a_campaign_of_one_code_keep_their_own_names(site: Site) -> None:
    site.house.instruct("open-project", code="day", charity="shan", running_permille=0)
    number = site.house.give(2000, "day")
    html = site.text(f"/d/{number}")
    assert "捐给「day」" in html
    assert 'href="/p/day"' not in html
    assert 'href="/c/day">聚沙日' in html


def test_every_kind_of_entry_has_a_page(site: Site) -> None:
    number = site.house.give(2000)
    site.house.give(100, "no-such-project")
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    site.house.instruct("seal", campaign="day")
    kinds = set()
    for entry in site.house.entries():
        kinds.add(entry["k"])
        for lang in ("zh-hans", "en"):
            assert "不认识" not in site.text(f"/d/{entry['n']}", lang=lang)
    assert kinds == {
        "channel", "charity", "project", "campaign", "pool", "rule", "don", "held", "refund", "seal"
    }  # fmt: skip
    assert "退款 5 元，配捐退回 5 元" in site.text(f"/d/{number}")


def test_campaign_shows_pool_window_and_rule(site: Site) -> None:
    site.house.give(2000)
    html = re.sub(r"<[^>]*>", "", site.text("/c/day"))
    assert "Tree Ltd" in html
    assert "今天已配 20 元，今天最多 10,000,000 元" in html
    assert "每捐 1 元配 1 元。" in html
    assert "全天，付款成功就按账本上的先后逐笔决定。" in html
    assert "今天还能配 ¥999,980.00" in html
    english = site.text("/c/day", lang="en")
    assert "Each ¥1 given is matched with ¥1" in english
    assert "¥20 matched today, of at most ¥10,000,000" in english


def test_log_lists_newest_first_and_finds_by_number(site: Site) -> None:
    number = site.house.give(2000)
    html = site.text("/log")
    assert html.index(f'href="/d/{number}"') < html.index('href="/d/1"')
    assert site.get("/log?n=3").headers["Location"] == "/d/3"
    assert "编号只由数字组成" in site.text("/log?n=abc")


def test_check_us_adds_up_and_says_what_was_put_right(site: Site) -> None:
    number = site.house.give(2000)
    site.house.give(1000, "no-such-project")
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    site.publish()
    html = re.sub(r"<[^>]*>", "", site.text("/log"))
    assert "¥20.001 笔" in html
    assert "¥5.00随之带回配捐 5 元" in html
    assert "有 1 笔付款和订单对不上" in html
    assert "R1.1 每捐 1 元配 1 元" in re.sub(r"\s+", " ", html)
    root = read_root(site)
    assert root in html.replace(" ", "")


def read_root(site: Site) -> str:
    """The root in the published checkpoint, in hexadecimal."""
    note = (site.log_folder / "public" / "checkpoint").read_text()
    return base64.b64decode(note.split("\n")[2]).hex()


def test_every_entry_is_listed_once_over_all_pages(site: Site) -> None:
    for _ in range(60):
        site.house.give(100)
    seen: list[int] = []
    path = "/entries"
    while path:
        html = site.text(path)
        seen += [int(n) for n in re.findall(r'<li><a href="/d/(\d+)"', html)]
        older = re.search(r'href="(\?before=\d+)" rel="next"', html)
        path = f"/entries{older[1]}" if older else ""
    assert seen == list(range(max(seen), -1, -1))


def test_entries_of_one_kind_are_found_however_rare(site: Site) -> None:
    number = site.house.give(2000)
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    for _ in range(60):
        site.house.give(100)
    html = site.text("/entries?kind=mended")
    assert re.findall(r'<li><a href="/d/(\d+)"', html) == [str(number + 1)]
    assert "退款" in html
    assert 'rel="next"' not in html
    assert "这一段里没有这一类记录" in site.text("/entries?kind=chance")
    rules = site.text("/entries?kind=rules")
    assert 'href="/d/0"' not in rules
    assert "规则发布" in rules


def test_charity_shows_its_projects_and_what_they_got_together(site: Site) -> None:
    site.house.give(2000)
    site.house.give(3000, WATER, BOB)
    html = site.text("/charity/shan")
    assert "书香进山" in html
    assert "一口清泉" in html
    text = re.sub(r"<[^>]*>", "", html)
    assert "捐赠¥50.002 笔" in text
    assert "53330000DEMO000001" in text
    assert site.get("/charity/nobody").status_code == 404
    assert 'href="/charity/shan"' in site.text(f"/p/{BOOKS}")


def test_project_says_where_in_time_it_is(site: Site) -> None:
    html = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", site.text(f"/p/{BOOKS}")))
    assert "2026-09-01 募捐方案备案的募捐期开始" in html
    assert "2027-02-28 募捐期结束，之后不再接受捐赠" in html
    assert "正在接受捐赠" in html


def test_the_styleguide_shows_what_is_there_and_leaves_out_what_is_not(site: Site) -> None:
    bare = site.text("/styleguide")
    assert 'id="s-receipt"' not in bare
    assert 'id="s-card"' in bare
    for state in ("published", "soon", "overdue"):
        assert f"deadline-{state}" in bare
    assert "善小基金会（2）" in bare
    site.house.give(2000)
    full = site.text("/styleguide")
    for part in ("s-receipt", "s-seal", "s-why", "s-line", "s-gauge", "s-form", "s-time"):
        assert f'id="{part}"' in full, part
    assert "待证" in full


@pytest.mark.parametrize(
    "path", ["/nope", "/d/999999", "/p/nope", "/c/nope", "/o/202601010000000001", "/d/01"]
)
def test_what_is_not_there_is_said_kindly(site: Site, path: str) -> None:
    assert "这里没有沙，也没有塔。" in site.text(path, status=404)
    assert "No sand here" in site.text(path, status=404, lang="en")


def law_anew() -> None:
    """Read the figures of the law now: a page then finds them held, however slow the test is."""
    law_queries.forget()
    law_queries.figures()


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/", 12),
        (f"/p/{BOOKS}", 14),
        ("/c/day", 14),
        ("/log", 9),
        ("/entries", 5),
        ("/charity/shan", 13),
        ("/styleguide", 29),
    ],
)
def test_pages_ask_the_same_few_questions_however_much_was_given(
    site: Site, path: str, queries: int
) -> None:
    for _ in range(8):  # what is shown of the log is gifts alone, before and after
        site.house.give(2000)
    site.get(path)
    law_anew()
    with CaptureQueriesContext(
        connection,
    ) as few:
        site.get(path)
    for _ in range(20):
        site.house.give(1500, person=BOB)
    law_anew()
    with CaptureQueriesContext(connection) as many:
        site.get(path)
    assert len(few) == len(many) == queries, [each["sql"][:90] for each in many]


def test_a_deed_page_asks_few_questions(site: Site) -> None:
    number = site.house.give(2000)
    site.get("/d/0")
    with CaptureQueriesContext(connection) as asked:
        site.get(f"/d/{number}")
    assert len(asked) == 12, [each["sql"][:90] for each in asked]


def test_the_language_is_switched_by_a_form_that_leads_back_and_nowhere_else(site: Site) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/language", {"language": "en", "next": "/log"})
    assert answer.headers["Location"] == "/log"
    assert "Public log" in strict.get("/log").content.decode()
    away = strict.post("/language", {"language": "en", "next": "https://elsewhere.example/"})
    assert away.headers["Location"] == "/"


def test_a_form_of_a_page_needs_its_token_and_says_so(site: Site) -> None:
    strict, path = Client(enforce_csrf_checks=True), f"/p/{BOOKS}/donate"
    refused = strict.post(path, {"own": "20"})
    assert refused.status_code == 403
    assert "这一页放得太久了" in refused.content.decode()
    page = strict.get(path).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {"own": "20", "display": "anonymous", "csrfmiddlewaretoken": token[1]}
    assert strict.post(path, form).status_code == 303


def test_health_answers_machines_and_notices_a_dead_process(site: Site) -> None:
    assert site.get("/health?format=json").json()["ok"] is True
    run = site.log_folder.parent / "run"
    run.mkdir()
    (run / "state.json").write_text(
        '{"at": 1, "processes": {"door": {"pid": null, "restarts": 2}}}'
    )
    answer = site.get("/health?format=json")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": True,
        "supervisor": False,
        "processes": False,
        "untroubled": True,
    }
    assert "重启过 2 次" in site.text("/health", status=503)


def test_health_shows_why_a_process_that_is_alive_does_not_do_its_work(site: Site) -> None:
    run = site.log_folder.parent / "run"
    run.mkdir()
    why = {"code": "refusing_to_sign", "why": "the database is older", "at": 1}
    publisher = {"pid": 1, "restarts": 0, "why": why}
    state = {"at": time.time(), "processes": {"publisher": publisher}}
    (run / "state.json").write_text(json.dumps(state))
    assert site.get("/health?format=json").json()["checks"]["untroubled"] is False
    assert "refusing_to_sign" in site.text("/health", status=503)
