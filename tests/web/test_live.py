"""Numbers that live: written by a teller that may be killed, and never smaller in silence."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.web import live_files
from jusha.web.live_serve import FILES, before
from jusha.web.numbers import Told, follow
from jusha.web.tell import Teller
from tests.cast import ALICE, BOB
from tests.web.conftest import Site

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def told(at: int, **numbers: int) -> Told:
    return Told("day", NOON + timedelta(seconds=at), numbers)


def shown(site: Site, name: str) -> str:
    return (site.log_folder.parent / "live" / name).read_text("utf-8")


def numbers(site: Site, name: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(shown(site, f"{name}.json"))["numbers"]
    return found


# --- the rule -------------------------------------------------------------------------------------


def test_totals_that_grow_need_no_word() -> None:
    assert follow(told(0, deeds=3), told(1, deeds=4)).correction is None


def test_a_total_that_went_back_is_said_until_it_is_as_large_again() -> None:
    before_, less = told(0, deeds=10, donated=900), told(1, deeds=4, donated=900)
    said = follow(before_, less)
    assert said.numbers["deeds"] == 4
    assert said.correction is not None
    assert said.correction.before == {"deeds": 10}
    assert said.correction.since == before_.at
    still = follow(said, told(2, deeds=9, donated=900))
    assert still.correction is not None
    assert still.correction.before == {"deeds": 10}, "the peak is remembered, not the last number"
    assert follow(still, told(3, deeds=10, donated=900)).correction is None


def test_a_second_fall_keeps_the_higher_peak() -> None:
    once = follow(told(0, deeds=10), told(1, deeds=4))
    twice = follow(once, told(2, deeds=2))
    assert twice.correction is not None
    assert twice.correction.before == {"deeds": 10}


def test_the_next_day_begins_anew() -> None:
    tomorrow = Told("next", NOON, {"deeds": 0})
    assert follow(told(0, deeds=10), tomorrow).correction is None


def test_as_of_does_not_go_back_with_the_clock() -> None:
    assert follow(told(60, deeds=1), told(0, deeds=2)).at == told(60).at


# --- the teller -----------------------------------------------------------------------------------


def test_the_teller_writes_what_settlement_has_done_in_every_language(
    site: Site, settings: Any
) -> None:
    site.house.give(2000)
    Teller().tell(datetime.now(UTC))
    assert numbers(site, "today")["deeds"] == 1
    assert numbers(site, "c/day") == {
        "gifts": 1, "donated": 2000, "refunded": 0, "matched": 2000, "returned": 0
    }  # fmt: skip
    for language, _ in settings.LANGUAGES:
        fragment = shown(site, f"c/day.{language}.html")
        assert "¥</span>20" in fragment
        assert "<html" not in fragment
    assert "good deed" in shown(site, "today.en.html")
    assert "件善行" in shown(site, "today.zh-hans.html")


def test_a_refund_is_seen_where_the_number_falls(site: Site) -> None:
    number = site.house.give(2000)
    teller = Teller()
    teller.tell(datetime.now(UTC))
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    teller.tell(datetime.now(UTC))
    after = numbers(site, "c/day")
    assert (after["donated"], after["refunded"], after["returned"]) == (2000, 500, 500)
    assert "已减去退款 5 元" in shown(site, "c/day.zh-hans.html")
    assert "另有 1 笔退款，今天共退 5 元" in shown(site, "today.zh-hans.html")
    assert json.loads(shown(site, "today.json"))["correction"] is None


def test_a_quiet_second_costs_one_question_and_a_busy_one_a_fixed_number(site: Site) -> None:
    teller = Teller()
    site.house.give(2000)
    now = datetime.now(UTC).replace(second=10)
    teller.tell(now)
    with CaptureQueriesContext(connection) as quiet:
        teller.tell(now + timedelta(seconds=1))
    counts = []
    for gifts in (1, 20):
        for _ in range(gifts):
            site.house.give(1500, person=BOB)
        with CaptureQueriesContext(connection) as busy:
            teller.tell(now + timedelta(seconds=2))
        counts.append(len(busy))
    assert len(quiet) == 1
    assert counts == [9, 9]
    assert numbers(site, "today")["deeds"] == 22


def test_a_killed_teller_leaves_whole_files_and_the_next_goes_on(site: Site) -> None:
    site.house.give(2000)
    Teller().tell(datetime.now(UTC))
    before_ = shown(site, "today.json")
    (site.log_folder.parent / "live" / ".today.json.4711").write_text('{"deeds": 9')
    assert shown(site, "today.json") == before_
    site.house.give(3000)
    Teller().tell(datetime.now(UTC))
    assert numbers(site, "today") == {
        "deeds": 2, "donated": 5000, "refunds": 0, "refunded": 0
    }  # fmt: skip
    assert not list((site.log_folder.parent / "live").rglob(".*"))


def test_a_restored_database_is_said_by_a_new_teller_and_by_the_page(site: Site) -> None:
    site.house.give(2000)
    Teller().tell(datetime.now(UTC))
    path = site.log_folder.parent / "live" / "today.json"
    more = json.loads(path.read_text())
    more["numbers"]["deeds"] += 5  # what was told before the backup was restored
    path.write_text(json.dumps(more))
    teller = Teller()
    teller.tell(datetime.now(UTC))
    assert "数据从备份恢复过" in shown(site, "today.zh-hans.html")
    cache.clear()
    assert "数据从备份恢复过" in site.text("/")
    for _ in range(5):
        site.house.give(1000, person=ALICE)
    teller.tell(datetime.now(UTC))
    assert "数据从备份恢复过" not in shown(site, "today.zh-hans.html")


def test_a_damaged_file_is_told_anew(site: Site) -> None:
    folder = site.log_folder.parent / "live"
    folder.mkdir()
    (folder / "today.json").write_text('{"numbers": 7')
    site.house.give(2000)
    assert live_files.read("today") is None
    Teller().tell(datetime.now(UTC))
    assert numbers(site, "today")["deeds"] == 1


def test_a_first_view_takes_the_fresh_file_and_not_the_stale_one(site: Site) -> None:
    site.house.give(2000)
    Teller().tell(datetime.now(UTC) - timedelta(seconds=60))
    site.house.give(3000)
    assert "<strong>2</strong>" in site.text("/"), "a stale file is the database's to replace"
    Teller().tell(datetime.now(UTC))
    site.house.give(3000)
    assert "<strong>2</strong>" in site.text("/"), "a fresh file answers without the database"


# --- serving --------------------------------------------------------------------------------------


@pytest.fixture
def written(site: Site) -> Iterator[Path]:
    site.house.give(2000)
    Teller().tell(datetime.now(UTC))
    yield site.log_folder.parent / "live"
    FILES._held.clear()


def ask(path: str, method: str = "GET", **more: str) -> tuple[str, dict[str, str], bytes]:
    answer: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        answer.update(status=status, headers=dict(headers))

    def django(_environ: Any, start_: Any) -> list[bytes]:
        start_("404 Not Found", [])
        return [b"django"]

    environ = {"REQUEST_METHOD": method, "PATH_INFO": path} | more
    body = b"".join(before(django)(environ, start))
    return answer["status"], answer["headers"], body


def test_a_file_is_served_with_a_short_life_and_a_mark(written: Path) -> None:
    status, headers, body = ask("/live/today.zh-hans.html")
    assert status == "200 OK"
    assert body == (written / "today.zh-hans.html").read_bytes()
    assert headers["Cache-Control"] == "public, max-age=1"
    assert headers["Content-Length"] == str(len(body))
    assert headers["X-Content-Type-Options"] == "nosniff"
    again = ask("/live/today.zh-hans.html", HTTP_IF_NONE_MATCH=headers["ETag"])
    assert (again[0], again[2]) == ("304 Not Modified", b"")
    live_files.write("today.zh-hans.html", b"other")
    assert ask("/live/today.zh-hans.html", HTTP_IF_NONE_MATCH=headers["ETag"])[2] == b"other"
    assert ask("/live/today.zh-hans.html", "HEAD")[2] == b""


@pytest.mark.parametrize(
    "path",
    [
        "/live/../secrets/log.key", "/live/c/../today.json", "/live/.today.json.1", "/live/",
        "/live/c/none.json", "/live/today.zh-hans.html/x", "/log/checkpoint", "/assets/x/live.js",
    ],
)  # fmt: skip
def test_nothing_else_is_served_by_the_short_way(written: Path, path: str) -> None:
    (written.parent / "secrets").mkdir(exist_ok=True)
    (written.parent / "secrets" / "log.key").write_text("secret")
    assert ask(path)[2] == b"django"
    assert ask("/live/today.json", "POST")[2] == b"django"


def test_django_answers_the_same_where_it_runs_alone(site: Site, written: Path) -> None:
    answer = site.client.get("/live/today.json")
    assert answer.content == (written / "today.json").read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert site.client.get("/live/nothing.json").status_code == 404
    mark = answer.headers["ETag"]
    assert site.client.get("/live/today.json", headers={"if-none-match": mark}).status_code == 304
