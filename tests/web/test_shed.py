"""What is let go under load: in its order, one at a time, and never giving."""

import http.client
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from types import SimpleNamespace
from typing import Any, cast
from urllib.error import HTTPError

import psycopg
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from jusha.config import governor as governing
from jusha.config.governor import Governor, Measures, govern
from jusha.config.processes import teller
from jusha.inbox.connect import conninfo
from jusha.people.vault import SealBrokenError
from jusha.web import shed, snapshots
from jusha.web.board.tell import Board, worth_keeping
from jusha.web.live_serve import before
from jusha.web.shed_rules import (
    DOWN_SECONDS,
    UP_SECONDS,
    Level,
    Limits,
    Load,
    State,
    ThresholdsError,
    follow,
    thresholds,
    wanted,
)
from jusha.web.snapshots import Snapshots
from tests.web.conftest import Site

NOON = datetime(2026, 9, 9, 4, tzinfo=UTC)
CALM, LIMITS = Load(0, 0, 5), Limits()
STORM = Load(100, 0, 5)


@pytest.fixture(autouse=True)
def looked_anew() -> Iterator[None]:
    shed.forget()
    yield
    shed.forget()


def after(seconds: int, load: Load, state: State, *, start: int = 0) -> State:
    for now in range(start, start + seconds):
        state = follow(state, load, LIMITS, now_s=now)
    return state


# --- the rule -------------------------------------------------------------------------------------


def test_the_worst_measure_says_what_is_wanted() -> None:
    assert wanted(CALM, LIMITS) == Level.NOTHING
    assert wanted(replace(CALM, settling_s=5), LIMITS) == Level.WALL
    assert wanted(Load(5, 10_000, 499), LIMITS) == Level.CURVE
    assert wanted(replace(CALM, web_ms=4_000), LIMITS) == Level.DONATE_ONLY


def test_nobody_to_ask_asks_for_nothing_but_a_database_that_is_away_for_files() -> None:
    assert wanted(Load(0, None, None), LIMITS) == Level.NOTHING
    assert wanted(Load(None, 0, 5), LIMITS) == Level.SNAPSHOTS


def test_things_go_one_after_the_other_and_come_back_more_slowly() -> None:
    state = after(UP_SECONDS, STORM, State())
    assert state.level == Level.NOTHING, "one bad second changes nothing"
    state = after(1 + UP_SECONDS, STORM, State())
    assert state.level == Level.WALL
    state = after(60, STORM, State())
    assert state.level == Level.DONATE_ONLY
    state = after(DOWN_SECONDS, CALM, state, start=60)
    assert state.level == Level.DONATE_ONLY
    state = after(2, CALM, state, start=60 + DOWN_SECONDS)
    assert state.level == Level.SNAPSHOTS
    state = after(DOWN_SECONDS * 5, CALM, state, start=62 + DOWN_SECONDS)
    assert state.level == Level.NOTHING


def test_load_at_the_edge_does_not_swing() -> None:
    state = State(Level.WALL)
    for now in range(600):
        state = follow(state, replace(CALM, settling_s=3 + now % 2), LIMITS, now_s=now)
    assert state.level == Level.WALL, "between half the threshold and the threshold it stays"


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50_000)), max_size=200))
def test_a_level_never_moves_by_more_than_one(loads: list[tuple[int, int]]) -> None:
    state = State()
    for now, (settling, waiting) in enumerate(loads):
        found = follow(state, Load(settling, waiting, 5), LIMITS, now_s=now)
        assert abs(found.level - state.level) <= 1
        state = found


@pytest.mark.parametrize(
    "text", ["", "1,2,3,4", "5,4,3,2,1", "0,1,2,3,4", "1,2,3,4,x", "1,1,2,3,4"]
)
def test_thresholds_are_five_that_rise(text: str) -> None:
    with pytest.raises(ThresholdsError):
        thresholds(text)
    assert thresholds("1,2,3,4,5") == (1, 2, 3, 4, 5)


# --- the governor ---------------------------------------------------------------------------------


def test_the_governor_tells_a_level_that_every_process_reads(site: Site) -> None:
    governor = Governor(LIMITS)
    for second in range(2 * UP_SECONDS + 1):
        governor.look(STORM, NOON + timedelta(seconds=second))
    shed.forget()
    assert shed.level() == Level.RANKINGS
    told = shed.told()
    assert told is not None
    assert [each["level"] for each in told.changes] == [2, 1]
    assert told.changes[0]["settling_s"] == 100
    again = Governor(LIMITS)
    assert again.look(STORM, NOON + timedelta(minutes=1)) == Level.RANKINGS, "a restart keeps it"


def test_a_person_holds_a_level_and_gives_it_back(site: Site) -> None:
    governor = Governor(LIMITS)
    shed.set_switch(Level.CURVE, by="li", now=NOON)
    assert governor.look(CALM, NOON) == Level.CURVE
    told = shed.told()
    assert told is not None
    assert (told.by, told.changes[0]["by"]) == ("li", "li")
    shed.set_switch(None, by="li", now=NOON)
    assert governor.look(CALM, NOON) == Level.NOTHING


def test_it_measures_what_waits_and_survives_what_is_away(site: Site) -> None:
    nowhere = "http://127.0.0.1:9/"
    measures = Measures(conninfo, door=nowhere, web=nowhere)
    assert measures.take() == Load(0, None, None)
    site.house.send(site.house.deed(100))
    site.house.web.execute("SELECT pg_sleep(1.1)")
    assert (measures.take().settling_s or 0) >= 1
    measures.close()
    away = Measures(lambda: "host=127.0.0.1 port=9 connect_timeout=1", door=nowhere, web=nowhere)
    assert away.take().settling_s is None


def test_an_answer_that_breaks_off_is_nobody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise http.client.IncompleteRead(b"")

    def broken(address: str, **_: object) -> None:
        raise HTTPError(address, 500, "", Message(), Broken())

    monkeypatch.setattr("urllib.request.urlopen", broken)
    nowhere = "host=127.0.0.1 port=9 connect_timeout=1"
    assert Measures(lambda: nowhere, door="http://x", web="http://x").take() == Load(
        None, None, None
    )


def test_a_governor_that_died_is_begun_anew_and_one_that_lives_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    hold = threading.Event()

    def govern_a_while(*_: object) -> None:
        begun.append(1)
        hold.wait(30)

    def governors() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == teller.GOVERNOR]

    monkeypatch.setattr(governing, "govern", govern_a_while)
    stop = cast("Any", SimpleNamespace())
    teller._govern(stop)
    teller._govern(stop)
    (first,) = governors()
    hold.set()
    first.join(30)
    teller._govern(stop)
    for each in governors():
        each.join(30)
    assert len(begun) == 2


def test_a_level_that_nobody_measures_any_more_holds_nothing_back(site: Site) -> None:
    level_is(Level.DONATE_ONLY)
    assert shed.level() == Level.DONATE_ONLY
    path, old = site.log_folder.parent / "run" / "shed.json", time.time() - shed.STALE_SECONDS - 1
    os.utime(path, (old, old))
    shed.forget()
    assert shed.level() == Level.NOTHING
    shed.set_switch(Level.RANKINGS, by="li", now=NOON)
    shed.forget()
    assert shed.level() == Level.RANKINGS, "a person's switch holds by itself"


# --- what is let go -------------------------------------------------------------------------------


def test_each_level_leaves_its_work_undone(site: Site) -> None:
    board, now = Board(), datetime.now(UTC)
    done = [board.tell(now + timedelta(minutes=n), level).parts for n, level in enumerate(Level)]
    assert done == [
        ("wall", "teams", "rankings", "screen", "snapshots"),
        ("teams", "rankings", "screen", "snapshots"),
        ("screen", "snapshots"),
        ("screen", "snapshots"),  # once more, without names
        ("snapshots",),
        ("snapshots",),
    ]


def test_a_broken_part_keeps_no_other_from_its_work(
    site: Site, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("ALTER TABLE jusha_ranksum RENAME TO broken")
    done = Board().tell(datetime.now(UTC), Level.NOTHING)
    assert done.parts == ("wall", "teams", "snapshots"), "the screen shows ranked provinces"


def test_one_bad_answer_ends_neither_the_board_nor_the_governor(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_told: object) -> None:
        raise ValueError

    board = Board()
    monkeypatch.setattr(board._names, "tell", fails)
    assert board.tell(datetime.now(UTC), Level.NOTHING).parts[0] == "teams"
    seen: list[int] = []

    class Measuring:
        def take(self) -> Load:
            seen.append(1)
            raise http.client.BadStatusLine("garbage")

        def close(self) -> None:
            seen.append(0)

    govern(lambda: len(seen) > 1, Governor(LIMITS), Measuring())  # type: ignore[arg-type]
    assert seen == [1, 1, 0]


def test_a_page_that_cannot_be_made_now_keeps_its_last_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Snapshots(lambda: ["/"])
    for _ in range(12):
        keep.tell(Level.NOTHING)
    file = snapshots.file_of("/", "zh-hans", Level.SNAPSHOTS)
    assert file.exists()
    monkeypatch.setattr(keep, "_handler", answering("500 Internal Server Error"))
    assert not keep._render("/", "zh-hans", Level.SNAPSHOTS)
    assert file.exists()
    monkeypatch.setattr(keep, "_handler", answering("404 Not Found"))
    assert not keep._render("/", "zh-hans", Level.SNAPSHOTS)
    assert not file.exists()


def answering(status: str) -> Any:
    """An application that has one answer."""

    class Answer(list[bytes]):
        def close(self) -> None:
            """As a response does."""

    def answer(_environ: object, start: Any) -> Answer:
        start(status, [])
        return Answer()

    return answer


@pytest.mark.parametrize("error", [psycopg.DataError("x"), SealBrokenError("x"), KeyError("x")])
def test_a_part_that_is_broken_in_any_way_is_said_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    board, now = Board(), datetime.now(UTC)
    said: list[str] = []
    monkeypatch.setattr("jusha.web.board.tell.log.exception", lambda _, part: said.append(part))
    whole, broken = board._names.tell, raiser(error)
    for tell in (broken, broken, whole, broken):
        monkeypatch.setattr(board._names, "tell", tell)
        assert ("wall" in board.tell(now, Level.NOTHING).parts) is (tell is whole)
    assert said == ["wall", "wall"], "once each time it breaks"


@pytest.mark.parametrize(
    "error",
    [
        OSError("x"),
        OperationalError("x"),
        psycopg.OperationalError("x"),
        psycopg.InterfaceError("x"),
    ],
)
def test_a_disk_or_a_database_that_is_away_is_everybody_s(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    board = Board()
    monkeypatch.setattr(board._names, "tell", raiser(error))
    with pytest.raises((OSError, OperationalError)):
        board.tell(datetime.now(UTC), Level.NOTHING)


def raiser(error: Exception) -> Callable[..., Any]:
    """Something that fails with it."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_pages_say_what_is_let_go(site: Site) -> None:
    Board().tell(datetime.now(UTC), Level.NOTHING)
    assert "榜先停在这里" not in site.text("/c/day/rankings")
    level_is(Level.CURVE)
    assert "榜先停在这里" in site.text("/c/day/rankings")
    assert "曲线和地图先停在这里" in site.text("/c/day/screen")


def level_is(level: Level) -> None:
    shed.tell(shed.Told(level, NOON, "", {}, []))
    shed.forget()


def asked(path: str, *, query: str = "", language: str = "zh-hans") -> tuple[str, str]:
    """A page by the server's own way: status and body."""
    told: list[str] = []
    environ: dict[str, Any] = snapshots._environ(path, language, Level.NOTHING)
    del environ[snapshots.MARK]
    environ["QUERY_STRING"] = query
    application = before(get_wsgi_application())
    body = b"".join(application(environ, lambda status, _headers: told.append(status)))
    return told[0], body.decode()


def rendered() -> Snapshots:
    kept = Snapshots(worth_keeping)
    while True:
        kept.tell(Level.DONATE_ONLY)
        if not kept._turn:
            return kept


def test_pages_are_files_while_they_are_let_go(site: Site, settings: Any) -> None:
    site.house.give(2000)
    rendered()
    level_is(Level.NOTHING)
    assert "您看到的是" not in asked("/")[1]
    level_is(Level.SNAPSHOTS)
    with CaptureQueriesContext(connection) as queries:
        for path, words in (("/", "聚沙"), ("/c/day", "聚沙日"), ("/p/shan-books", "书香进山")):
            status, body = asked(path)
            assert status == "200 OK"
            assert words in body
            assert "您看到的是" in body
            assert "Mountain books" in asked("/p/shan-books", language="en")[1]
    assert len(queries) == 0, "no page asks the database"
    assert asked("/p/shan-books/donate")[0] == "200 OK", "giving is never let go"
    assert "您看到的是" not in asked("/p/shan-books", query="team=x")[1], "what led here is carried"


def test_all_but_giving_is_one_light_page(site: Site) -> None:
    rendered()
    level_is(Level.DONATE_ONLY)
    _, day = asked("/c/day", query="team=class-3&scene=%3Cb%3E&from=7")
    assert '/p/shan-books/donate?team=class-3&amp;campaign=day"' in day
    assert 'class="foot"' in day, "a page is seen once its foot is there (shell.css)"
    _, books = asked("/p/shan-books", query="company=tree")
    assert 'name="yuan"' in books
    assert '<input type="hidden" name="company" value="tree">' in books
    assert "jusha-carry" not in day + books
    assert "/p/shan-water/donate" in asked("/")[1]
    assert 'name="own"' in asked("/p/shan-books/donate", query="yuan=20")[1]


def test_a_page_that_is_gone_is_no_file(site: Site) -> None:
    kept = Snapshots(lambda: ["/p/none"])
    assert kept.tell(Level.NOTHING) == 0
    level_is(Level.SNAPSHOTS)
    assert asked("/p/none")[0].startswith("404")


def files(site: Site) -> set[str]:
    return {path.name for path in (site.log_folder.parent / "snapshots").iterdir()}


def test_files_stay_while_the_database_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = rendered()
    before_it = files(site)
    assert before_it
    kept._turn = kept._next_turn()
    monkeypatch.setattr(CursorWrapper, "execute", raiser(OperationalError("gone")))
    while kept._turn:
        kept.tell(Level.SNAPSHOTS)
    with pytest.raises(OperationalError):
        kept.tell(Level.SNAPSHOTS)
    assert files(site) == before_it


def test_rendering_leaves_the_language_as_it_was(site: Site) -> None:
    with translation.override("zh-hans"):
        assert Snapshots(list)._render("/", "zh-hant", Level.SNAPSHOTS)
        assert translation.get_language() == "zh-hans"


def test_what_is_no_more_worth_keeping_leaves_with_the_next_turn(site: Site) -> None:
    worth = ["/", "/p/shan-books"]
    kept = Snapshots(lambda: worth)
    while True:
        kept.tell(Level.DONATE_ONLY)
        if not kept._turn:
            break
    assert snapshots.read("/p/shan-books", "zh-hans", Level.SNAPSHOTS) is not None
    worth.remove("/p/shan-books")
    kept.tell(Level.NOTHING)
    assert snapshots.read("/p/shan-books", "zh-hans", Level.SNAPSHOTS) is None
    assert snapshots.read("/", "zh-hans", Level.SNAPSHOTS) is not None


def test_the_level_file_is_small_and_whole(site: Site) -> None:
    level_is(Level.WALL)
    found = json.loads((site.log_folder.parent / "run" / "shed.json").read_text("utf-8"))
    assert found["level"] == 1
