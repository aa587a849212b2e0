"""Open data is what it says: read by others' libraries, published things alone, no person."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import psycopg
import pytest
from django.utils.timezone import localdate
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from jusha.charities.models import Charity
from jusha.config.postgres import database_url
from jusha.finding.sweep import Sweep
from jusha.projects.models import Project
from jusha.web.open import grants, queries, tables
from jusha.web.open.queries import Grant
from jusha.web.views import open_data
from tests.cast import ALICE, BOOKS, WATER
from tests.home import HOME
from tests.web.conftest import Site

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ATOM = "{http://www.w3.org/2005/Atom}"
LD = "application/ld+json"


def body(response: Any) -> bytes:
    """All of an answer, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def swept() -> None:
    """Bring the index up to date."""
    Sweep().round(datetime.now(UTC))


def lines(site: Site, path: str) -> list[dict[str, str]]:
    """A table of CSV, read by Python's own reader."""
    response = site.get(path)
    assert response.status_code == 200, path
    return list(csv.DictReader(io.StringIO(body(response).decode("utf-8-sig"))))


def test_projects_are_told_alike_as_csv_and_as_json_lines(site: Site) -> None:
    site.house.give(2000)
    swept()
    told = lines(site, "/open/projects.csv")
    assert [each["code"] for each in told] == sorted([BOOKS, WATER])
    assert told[0]["title_zh"] == "书香进山"
    assert (told[0]["gifts"], told[0]["given_fen"], told[0]["matched_fen"]) == ("1", "2000", "2000")
    assert told[0]["takes_gifts"] == "true"
    as_json = [json.loads(each) for each in body(site.get("/open/projects.jsonl")).splitlines()]
    assert [tables.cell(each["title_zh"]) for each in as_json] == [t["title_zh"] for t in told]
    assert as_json[0]["given_fen"] == 2000
    assert list(as_json[0]) == list(told[0])


def test_charities_are_told_with_their_certificates(site: Site) -> None:
    swept()
    told = lines(site, "/open/charities.csv")
    assert len(told) == 1
    assert told[0]["certificate_until"] == "2099-12-31"
    assert json.loads(body(site.get("/open/charities.jsonl")))["uscc"] == told[0]["uscc"]


def test_gifts_of_a_day_are_what_was_published_and_name_nobody(site: Site) -> None:
    site.house.give(2000)
    site.house.give(300)
    site.house.give(500, WATER)
    site.house.give(700, "no-such-project")
    swept()
    path = f"/open/gifts/{localdate():%Y-%m-%d}.csv"
    assert lines(site, path) == [], "nothing is published yet"
    site.publish()
    told = lines(site, path)
    assert [(e["project"], e["gifts"], e["given_fen"]) for e in told] == [
        (BOOKS, "2", "2300"),
        (WATER, "1", "500"),
    ]
    assert ALICE.hex() not in body(site.get(path)).decode()
    assert lines(site, f"/open/gifts/{localdate() - timedelta(days=1):%Y-%m-%d}.csv") == []
    for wrong in ("2099-01-01", "2026-02-30", "2026-99-99"):
        assert site.get(f"/open/gifts/{wrong}.csv").status_code == 404


def test_what_was_taken_down_is_in_no_table(site: Site) -> None:
    swept()
    Project.objects.get(code=WATER).delete()
    swept()
    assert [each["code"] for each in lines(site, "/open/projects.csv")] == [BOOKS]
    assert WATER not in body(site.get("/open/projects.atom")).decode()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_run_as_a_formula(site: Site, start: str) -> None:
    text = f'{start}cmd|" /C calc"!A0'
    Project.objects.filter(code=BOOKS).update(title_zh=text, summary_zh='a,"b"\nc')
    swept()
    told = lines(site, "/open/projects.csv")[0]
    assert told["title_zh"] == f"'{text}"
    assert told["running_permille"] == "80"
    first = json.loads(body(site.get("/open/projects.jsonl")).splitlines()[0])
    assert first["title_zh"] == text, "a program gets the text as it is"


def test_who_has_it_already_is_told_so_until_something_changes(site: Site) -> None:
    swept()
    first = site.get("/open/projects.csv")
    etag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    body(first)
    again = site.client.get("/open/projects.csv", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    since = site.client.get("/open/projects.csv", headers={"if-modified-since": changed})
    assert since.status_code == 304
    Project.objects.filter(code=BOOKS).update(title_zh="白鹭")
    swept()
    anew = site.client.get("/open/projects.csv", headers={"if-none-match": etag})
    assert anew.status_code == 200
    assert "白鹭" in body(anew).decode()


def released(number: int = 12) -> Grant:
    """A release as it is read."""
    return Grant(
        number, 1_234_05, BOOKS, "书香进山", "把书送进山里。", "shan", "善小基金会",
        "53330000DEMO000001", "tree", "Tree Ltd", datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC),
        "education" if number % 2 else "",
    )  # fmt: skip


def schema(shared: str) -> Draft202012Validator:
    """The 360Giving package schema with the schema of a grant that it refers to."""
    folder = Path(shared) / "data" / "schemas"
    if not folder.is_dir():
        pytest.skip(f"no schemas at {folder}")
    package = json.loads((folder / "360-giving-package-schema.json").read_text("utf-8"))
    one = json.loads((folder / "360-giving-schema.json").read_text("utf-8"))
    named = package["properties"]["grants"]["items"]["$ref"]
    registry: Registry[Any] = Registry().with_resources(
        [(each, DRAFT202012.create_resource(one)) for each in (named, one["$id"])]
    )
    return Draft202012Validator(package, registry=registry, format_checker=FormatChecker())


def test_grants_are_valid_360giving_and_exact_to_the_fen(shared: str) -> None:
    text = b"".join(grants.package([released(), released(13)]))
    told = json.loads(text, parse_float=Decimal)
    assert told["grants"][0]["amountAwarded"] == Decimal("1234.05")
    fields = [each.get("classifications", [{}])[0].get("code") for each in told["grants"]]
    assert fields == [None, "education"]
    checker = schema(shared)
    assert [error.message for error in checker.iter_errors(json.loads(text))] == []
    broken = json.loads(text)
    broken["grants"][0]["awardDate"] = "23/11/2026"
    del broken["grants"][1]["recipientOrganization"]
    assert len(list(checker.iter_errors(broken))) == 2, "the schema does look"
    assert list(grants.package([])) == []


def test_releases_of_the_log_become_grants(site: Site, shared: str) -> None:
    assert site.get("/open/grants.json").status_code == 404
    site.house.give(2000)
    site.house.instruct("close-campaign", campaign="day")
    swept()
    site.house.web.execute("SELECT 1")
    with site.house.settle_connection.transaction():
        site.house.settle_connection.execute(
            "INSERT INTO matching_release VALUES (3, 1, 1, 2000, 0, 0)"
        )
    site.publish()
    response = site.get("/open/grants.json")
    assert response.status_code == 200
    told = json.loads(body(response), parse_float=Decimal)
    assert [error.message for error in schema(shared).iter_errors(told)] == []
    assert told["grants"][0]["id"] == "360G-jusha-3"
    assert told["grants"][0]["amountAwarded"] == Decimal("20.00")
    assert "grants.json" in site.text("/open")


def test_pages_link_to_what_they_say_in_schema_org_s_words(site: Site) -> None:
    number = site.house.give(2050)
    site.publish()
    swept()
    told: dict[str, Any] = {}
    for page, kind in ((f"/p/{BOOKS}", "Project"), ("/charity/shan", "NGO"),
                       (f"/d/{number}", "DonateAction")):  # fmt: skip
        html = site.text(page)
        assert f'<link rel="alternate" type="{LD}" href="{page}/data.jsonld">' in html
        assert "<script type=" + f'"{LD}"' not in html
        response = site.get(f"{page}/data.jsonld")
        assert response.headers["Content-Type"] == LD
        told = json.loads(response.content, parse_float=Decimal)
        assert (told["@context"], told["@type"]) == ("https://schema.org", kind)
        assert ALICE.hex() not in response.content.decode()
    assert told["price"] == Decimal("20.50")
    project = json.loads(site.get(f"/p/{BOOKS}/data.jsonld").content)
    assert project["potentialAction"]["target"].endswith(f"/p/{BOOKS}/donate")
    for missing in ("/p/nope/data.jsonld", "/charity/nope/data.jsonld", "/d/0/data.jsonld"):
        assert site.get(missing).status_code == 404
    assert site.get(f"/d/{number + 1}/data.jsonld").status_code == 404


def test_the_map_of_the_site_leads_to_every_project_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_data, "PART", 1)
    swept()
    index = ET.fromstring(site.get("/sitemap.xml").content)  # noqa: S314 - our own
    parts = [each.text or "" for each in index.iter(f"{SITEMAP}loc")]
    assert len(parts) == 4
    found: list[str] = []
    for part in parts:
        path = "/" + part.split("/", 3)[3]
        tree = ET.fromstring(body(site.get(path)))  # noqa: S314 - as above
        found += [each.text or "" for each in tree.iter(f"{SITEMAP}loc")]
    assert len(found) == len(set(found))
    for page in found:
        assert site.get("/" + page.split("/", 3)[3]).status_code == 200, page
    assert sum("/p/" in page for page in found) == 2


def test_robots_are_told_where_the_map_is_and_what_is_nobody_s_business(site: Site) -> None:
    told = site.text("/robots.txt").splitlines()
    assert told[0] == "User-agent: *"
    assert "Disallow: /desk" in told
    assert told[-1].endswith("/sitemap.xml")


def test_the_feed_of_new_projects_is_atom_whatever_they_are_called(site: Site) -> None:
    Project.objects.filter(code=BOOKS).update(title_zh="<b>书</b>&\u0001\u000b")
    tree = ET.fromstring(site.get("/open/projects.atom").content)  # noqa: S314 - our own
    titles = [each.text for each in tree.findall(f"{ATOM}entry/{ATOM}title")]
    assert titles == ["一口清泉", "<b>书</b>&"]
    assert tree.findtext(f"{ATOM}updated")


def test_what_projects_report_is_a_feed_without_those_that_are_taken_down(site: Site) -> None:
    with psycopg.connect(database_url("owner", HOME, site.house.database)) as owner:
        for code, version, title in (
            (BOOKS, 1, "第一批"),
            (BOOKS, 2, "第一批书到了"),
            (WATER, 1, "不见"),
        ):
            owner.execute(
                "INSERT INTO jusha_disclosurepaper (key, version, charity, project, kind, title,"
                " words, words_en, files, correction, by, at) VALUES ('p/' || %s || '/post/1', %s,"
                " 'shan', %s, 'post', %s, '到了', '', '{}', %s, gen_random_uuid(), now())",
                (code, version, code, title, "改一个字" if version > 1 else ""),
            )
        owner.execute(
            "INSERT INTO jusha_projecthold (project, charity, what, cause, reason, words,"
            " complaint, by, at) VALUES (%s, 'shan', 'place', 'taken-down', 'complaint', '', 0,"
            " gen_random_uuid(), now())",
            (WATER,),
        )
    tree = ET.fromstring(site.get("/open/progress.atom").content)  # noqa: S314 - our own
    entries = tree.findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}title") for each in entries] == ["书香进山：第一批书到了"]
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    page = "/" + link.attrib["href"].split("/", 3)[3]
    assert site.get(page).status_code == 200


def test_the_page_explains_itself_before_there_is_anything(site: Site) -> None:
    html = site.text("/open")
    assert "还没有捐赠" in html
    assert "CC BY 4.0" in html
    site.house.give(100)
    assert f"/open/gifts/{localdate():%Y-%m-%d}.csv" in site.text("/open")


def test_a_table_is_never_in_memory_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 130,000 rows no more is held than of 13,000: what is sent is let go."""
    owner = Charity(code="c", name_zh="善小基金会", name_en="Small", uscc="U")

    def rows(count: int) -> Any:
        for n in range(count):
            yield (f"p{n}", "书香进山" * 8, owner.name_zh, date(2026, 1, 1), n, True)

    def peak(count: int) -> int:
        tracemalloc.start()
        sent = sum(map(len, tables.as_csv(("a", "b", "c", "d", "e", "f"), rows(count))))
        sent += sum(map(len, tables.as_json_lines(("a", "b", "c", "d", "e", "f"), rows(count))))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sent > count * 100
        return most

    assert peak(130_000) < 2 * peak(13_000) < 4 << 20


def test_steps_go_on_behind_the_last_code(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "STEP", 1)
    swept()
    assert [each.code for step in queries.projects() for each in step] == sorted([BOOKS, WATER])
    assert len(lines(site, "/open/projects.csv")) == 2


def test_readers_that_never_end_leave_room_for_the_pages(site: Site) -> None:
    Sweep().round(datetime.now(UTC))
    slow = [site.get("/open/projects.csv") for _ in range(3)]
    turned_away = site.get("/open/charities.csv")
    assert turned_away.status_code == 503
    assert turned_away["Retry-After"]
    assert turned_away["Cache-Control"] == "no-store"
    assert site.get("/").status_code == 200
    for each in slow:
        assert b"code" in body(each)
        each.close()
    assert site.get("/open/charities.csv").status_code == 200


@pytest.mark.parametrize("start", ["=", "＝", "＋", "－", "＠", "  =", "\u3000＝", "\t="])
def test_no_cell_is_run_as_a_formula_in_any_width(start: str) -> None:
    assert tables.cell(f"{start}HYPERLINK(1)").startswith("'")
    assert tables.cell("善小 = 好") == "善小 = 好"


def test_no_charity_breaks_the_feed_of_all_and_it_is_the_same_in_every_language(
    site: Site,
) -> None:
    Project.objects.filter(code=BOOKS).update(summary_zh="书\uffff包\x01 ]]> <b>&")
    feed = site.get("/open/projects.atom").content
    tree = ET.fromstring(feed)  # noqa: S314 - our own feed
    found = [each.text for each in tree.iter(f"{ATOM}summary")]
    assert "书包 ]]> <b>&" in found
    assert site.get("/open/projects.atom", lang="en").content == feed
