"""Search and lists as their readers meet them."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from jusha.charities.models import Charity
from jusha.finding.models import Findable, FindDue, FindPlace
from jusha.finding.sweep import Sweep
from jusha.projects.models import Project, ProjectHold
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import as_owner


def swept(*, now: datetime | None = None) -> int:
    """Bring the index up to date, as a process that only just started."""
    return Sweep().round(now or datetime.now(UTC))


def found(html: str) -> list[str]:
    """Codes of what a page lists, in its order."""
    return re.findall(r'<h2><a href="/(?:p|charity)/([^"]+)"', html)


def many(count: int, **fields: object) -> None:
    """Further projects of the house's charity."""
    charity = Charity.objects.get(code="shan")
    shared = {
        "charity": charity, "title_zh": "小桥", "title_en": "Small bridge", "summary_zh": "修桥。",
        "summary_en": "A bridge.", "story_zh": "河上要有桥。", "story_en": "A river.",
        "place_zh": "云南省昭通市", "place_en": "Zhaotong, Yunnan", "unit_amount": 100,
        "unit_zh": "块木板", "unit_en": "plank", "target_amount": 1_000, "running_permille": 0,
        "filing_no": "B1", "starts_on": localdate(), "ends_on": localdate() + timedelta(days=9),
    } | fields  # fmt: skip
    Project.objects.bulk_create([Project(code=f"bridge-{n:03d}", **shared) for n in range(count)])


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("书香", {BOOKS}),
        ("書香進山", {BOOKS}),
        ("泉", {WATER}),
        ("口", {WATER}),
        ("book", {BOOKS, WATER}),
        ("Mountain Book", {BOOKS, WATER}),
        ("clean water", {WATER}),
        ("ｗａｔｅｒ", {WATER}),
        ("善小 清泉", {WATER}),
        ("shan-water", {WATER}),
        ("51530000DEMO26001", {BOOKS, WATER}),
        ("白鹭", set()),
        ("the", set()),
    ],
)
def test_words_are_found_in_every_script(site: Site, asked: str, codes: set[str]) -> None:
    swept()
    for lang in ("zh-hans", "zh-hant", "en"):
        assert set(found(site.text(f"/find?q={asked}", lang=lang))) == codes, lang


def test_a_charity_is_found_by_name_and_by_its_number(site: Site) -> None:
    swept()
    for asked in ("善小", "Kindness", "53330000demo000001", "演示市"):
        assert found(site.text(f"/find?kind=charity&q={asked}")) == ["shan"], asked
    assert "另有 1 家机构" in site.text("/find?q=善小基金会")


def test_names_come_before_texts_and_each_in_the_order_of_the_day(site: Site) -> None:
    many(30)
    Project.objects.filter(code__in=["bridge-003", "bridge-007"]).update(title_zh="书香小桥")
    Project.objects.filter(code="bridge-009").update(story_zh="书香书香书香书香书香")
    swept()
    day = f"{localdate():%Y-%m-%d}"
    fair = {
        e: sha256(f"{day} {e}".encode()).digest()
        for e in Project.objects.values_list("code", flat=True)
    }
    named = sorted([BOOKS, "bridge-003", "bridge-007"], key=fair.__getitem__)
    assert found(site.text("/find?q=书香")) == [*named, "bridge-009"]
    assert found(site.text("/find?q=书香&order=fair")) == sorted(
        [*named, "bridge-009"], key=fair.__getitem__
    )


def test_every_project_is_listed_once_over_all_pages_in_the_published_order(site: Site) -> None:
    many(45)
    swept()
    day = f"{localdate():%Y-%m-%d}"
    seen: list[str] = []
    path = "/projects"
    while path:
        html = site.text(path)
        seen += found(html)
        more = re.search(r'href="(\?after=[^"]+)" rel="next"', html)
        path = f"/projects{more[1]}" if more else ""
    codes = Project.objects.values_list("code", flat=True)
    assert seen == sorted(codes, key=lambda e: sha256(f"{day} {e}".encode()).digest())


def test_pages_over_midnight_stay_in_the_order_that_they_began_in(site: Site) -> None:
    many(45)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    swept(now=yesterday)
    first = site.text("/projects")
    behind = re.search(r'href="(\?after=[^"]+)" rel="next"', first)
    assert behind is not None
    before = found(site.text(f"/projects{behind[1]}"))
    swept()
    assert found(site.text(f"/projects{behind[1]}")) == before


def test_filters_stand_in_the_address_and_are_kept_over_pages(site: Site) -> None:
    many(25)
    swept()
    html = site.text("/projects?region=云南&state=ended")
    assert found(html) == []
    Project.objects.filter(code="bridge-001").update(ends_on=localdate() - timedelta(days=1))
    swept()
    assert found(site.text("/projects?region=云南&state=ended")) == ["bridge-001"]
    html = site.text("/find?q=桥&region=云南")
    assert len(found(html)) == 20
    behind = re.search(r'href="(\?[^"]+)" rel="next"', html)
    assert behind is not None
    rest = found(site.text("/find" + behind[1].replace("&amp;", "&")))
    assert len(rest) == 5
    assert not set(rest) & set(found(html))
    assert set(found(site.text("/find?charity=shan&q=书香"))) == {BOOKS}
    assert found(site.text("/find?charity=nobody&q=书香")) == []


def test_what_takes_gifts_or_reached_its_target_is_found_so(site: Site) -> None:
    swept()
    assert set(found(site.text("/projects?state=open"))) == {BOOKS, WATER}
    assert found(site.text("/projects?state=reached")) == []
    site.house.give(600_000)
    site.house.instruct("close-project", code=WATER)
    swept()
    assert found(site.text("/projects?state=reached")) == [BOOKS]
    assert found(site.text("/projects?state=open")) == [BOOKS]
    assert site.text("/projects").count("现在不接受捐赠") == 1
    assert "没有有效期内的证书" not in site.text("/charities")


def test_what_stopped_keeps_its_place_and_says_so_and_what_was_taken_down_is_gone(
    site: Site,
) -> None:
    def hold(project: str, cause: str) -> None:
        told = {"reason": "complaint", "words": "核实", "by": uuid4()}
        with as_owner(site):
            ProjectHold.objects.create(
                project=project, charity="shan", what="place", cause=cause, **told
            )

    swept()
    order = found(site.text("/projects"))
    hold(BOOKS, "suspended")
    swept()
    html = site.text("/projects")
    assert found(html) == order
    assert html.count("现在不接受捐赠") == 1
    assert found(site.text("/projects?state=open")) == [WATER]
    hold(WATER, "taken-down")
    assert found(site.text("/projects")) == [BOOKS]
    html = site.text("/how-listed")
    assert "只有被下线的项目不在列表里" in html
    assert f"/p/{BOOKS}" not in html, "what takes gifts is worked out"


def test_what_changed_is_read_anew_and_what_is_gone_is_forgotten(site: Site) -> None:
    swept()
    assert not FindDue.objects.exists()
    assert swept() == 0
    Project.objects.filter(code=BOOKS).update(title_zh="白鹭")
    Charity.objects.filter(code="shan").update(name_zh="青禾基金会")
    swept()
    assert found(site.text("/find?q=白鹭")) == [BOOKS]
    assert set(found(site.text("/find?q=青禾"))) == {BOOKS, WATER}
    assert found(site.text("/find?q=善小")) == []
    Project.objects.filter(code=WATER).first().delete()  # type: ignore[union-attr]
    assert found(site.text("/find?q=青禾")) == [BOOKS], "at once, before the sweep"
    swept()
    assert set(Findable.objects.values_list("code", flat=True)) == {BOOKS, "shan"}
    assert FindPlace.objects.filter(day=localdate()).count() == 2


@pytest.mark.parametrize(
    "asked",
    [
        "%27%20OR%201=1--", "%01%01", "a%26b%7C!c:*", "%5C%5C", "%C0%AF", "((((", "%F0%9F%8C%BE",
        "桥" * 5_000, "a%20" * 2_000, "&after=2026-11-23.0.99999999999999999999.1",
        "&after='&theme=%01&region=%F3%A0%80%81&state=x&order=y&charity=../..", "&kind=everything",
    ],
)  # fmt: skip
def test_hostile_and_very_long_searches_are_answered_kindly(site: Site, asked: str) -> None:
    swept()
    for path in ("/find", "/projects", "/charities"):
        assert site.get(f"{path}?q={asked}").status_code == 200, path


def test_what_was_written_and_what_was_asked_are_escaped_and_marked(site: Site) -> None:
    many(1, title_zh="桥<script>x</script>&桥", summary_zh="<b>桥</b>")
    swept()
    html = site.text("/find?q=桥")
    assert "<mark>桥</mark>&lt;script&gt;x&lt;/script&gt;&amp;<mark>桥</mark>" in html
    assert "&lt;b&gt;<mark>桥</mark>&lt;/b&gt;" in html
    assert "<script>x" not in html
    asked = site.text("/find?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in asked
    assert "<mark>書香</mark>進山" in site.text("/find?q=书香", lang="zh-hant")


def test_the_pages_before_any_sweep_are_empty_and_say_so(site: Site) -> None:
    assert "没有找到" in site.text("/projects")
    assert site.get("/find").status_code == 200


def test_a_list_asks_the_same_few_questions_however_many_there_are(site: Site) -> None:
    counts = []
    for more in (0, 60):
        if more:
            many(more)
        swept()
        for path in ("/projects", "/find?q=河"):
            site.get(path)
            with CaptureQueriesContext(connection) as asked:
                site.get(path)
            counts.append(len(asked))
    assert max(counts[0], counts[2]) <= 6
    assert max(counts[1], counts[3]) <= 9
