"""The wall of names: asked for at the gift, looked for by its first letters, taken down at once."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live import queries as live
from jusha.campaigns.live.hang_names import add_word, decide_name, hang_next, report_name
from jusha.campaigns.live.models import WallName, WallWish
from jusha.campaigns.live.wall_rules import State, folded, judged
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.people.rules import Office
from jusha.tlog import queries as tlog
from jusha.web import live_files
from jusha.web.board.tell import Board
from jusha.web.gate import Gate
from jusha.web.shed_rules import Level
from jusha.web.views import names
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in

WALL = "/c/day/names"


@pytest.fixture(autouse=True)
def new_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "GATE", Gate(device=(3, 3), address=(3, 3)))


def hang(site: Site, name: str, *, wall: bool = True, campaign: str = "day") -> int:
    """Give with a name from the donate page, pay, hang what is new; the gift's number."""
    form = {"own": "20", "display": "name", "shown_name": name, "campaign": campaign}
    answer = Client().post(f"/p/{BOOKS}/donate", form | ({"wall": "1"} if wall else {}))
    order = int(answer["Location"].partition("order=")[2].partition("&")[0])
    site.house.settle()
    number = site.house.give(2000, order=order, project="", campaign="")
    while hang_next(tlog.size()) is not None:
        pass
    return number


def shown() -> list[str]:
    day = campaigns.find("day")
    assert day
    return [each.name for each in live.newest_names(day.id, most=10)]


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("阿明", State.SHOWN),
        ("一家三口 2026", State.SHOWN),
        ("加我 138 0013 8000", State.HELD),
        ("ｗｗｗ.example.com", State.HELD),
        ("大 坏 蛋", State.HELD),
        ("  ", State.HELD),
    ],
)
def test_a_name_is_judged_as_it_comes(name: str, state: State) -> None:
    assert judged(name, {"坏蛋"}) == state


def test_names_are_folded_to_what_is_looked_for() -> None:
    assert folded(" Ａlice  Wang ") == folded("alicewang") == "alicewang"


def test_only_names_whose_donors_asked_hang(site: Site) -> None:
    hang(site, "阿明")
    hang(site, "小红", wall=False)
    hang(site, "路人", campaign="")
    hang(site, "Alice")
    assert shown() == ["Alice", "阿明"]
    assert WallWish.objects.count() == 2
    page = site.text(WALL)
    assert "阿明" in page
    assert "小红" not in page + site.text("/c/day/screen")


def test_a_name_is_found_by_its_first_letters(site: Site) -> None:
    for name in ("Alice", "alina", "Bob"):
        hang(site, name)
    found = site.client.post(WALL, {"name": "ＡLI"}).content.decode()
    assert "Alice" in found
    assert "alina" in found
    assert "Bob" not in found
    assert "没有找到" in site.client.post(WALL, {"name": "%"}).content.decode()


def test_a_report_hides_at_once_and_a_person_has_the_last_word(site: Site) -> None:
    number = hang(site, "阿明")
    assert site.client.post(WALL, {"do": "report", "number": str(number)}).status_code == 303
    assert shown() == []
    reviewer = signed_in(officer(site, "rev@platform.example", Office.REVIEWER))
    assert "阿明" in reviewer.get("/desk/wall").content.decode()
    reviewer.post("/desk/wall", {"do": "show", "number": str(number)})
    assert shown() == ["阿明"]
    assert not report_name(number, words=""), "shown again by a person, it stays"
    reviewer.post("/desk/wall", {"do": "remove", "number": str(number)})
    assert shown() == []
    assert not decide_name(number, show=True, by="li"), "removed is for good"


def test_one_address_hides_few_names(site: Site) -> None:
    for _ in range(4):
        assert site.client.post(WALL, {"do": "report", "number": "7"}).status_code == 303
    assert site.client.post(WALL, {"do": "report", "number": "7"}).status_code == 429


def test_a_word_takes_down_what_hangs(site: Site) -> None:
    hang(site, "大坏蛋")
    assert add_word("坏 蛋", by="li") == 1
    hang(site, "坏蛋二号")
    assert shown() == []
    assert len(live.names_waiting()) == 2


def test_erasing_a_donor_takes_the_name_along(site: Site) -> None:
    hang(site, "阿明")
    row = WallName.objects.get()
    erase_donor(Whose(donor=uuid4(), orders=(row.order_no,)), now=datetime.now(UTC))
    assert (WallName.objects.count(), WallWish.objects.count()) == (0, 0)
    assert "阿明" not in site.text(WALL)


def test_the_database_lets_nobody_exchange_a_name(site: Site, owner: psycopg.Connection) -> None:
    number = hang(site, "阿明")
    with pytest.raises(IntegrityError), transaction.atomic():
        WallName.objects.filter(number=number).update(name="别人")
    decide_name(number, show=False, by="li")
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute("UPDATE jusha_wallname SET state = 0")


def test_a_prefix_costs_what_is_shown_of_it(site: Site, owner: psycopg.Connection) -> None:
    owner.execute(
        "INSERT INTO jusha_wallname (number, campaign, order_no, name, key, state, reported,"
        " decided_by) SELECT n, 1, n, '阿' || n, '阿' || n, 0, '', ''"
        " FROM generate_series(1, 20000) n"
    )
    owner.execute("ANALYZE jusha_wallname")
    plan = owner.execute(
        "EXPLAIN SELECT name FROM jusha_wallname WHERE campaign = 1 AND state = 0"
        " AND key LIKE '阿%' ORDER BY key, number LIMIT 50"
    ).fetchall()
    assert "wallname_found" in str(plan)
    assert "Sort" not in str(plan), "names that are not shown are not read"


def test_a_screen_that_stands_still_or_is_over_shows_nobody(site: Site) -> None:
    hang(site, "阿明")
    file = live_files.folder() / live_files.fragment_name(live_files.screen_name("day"), "zh-hans")
    now = datetime.now(UTC)
    board = Board()
    board.tell(now, Level.NOTHING)
    assert "阿明" in file.read_text("utf-8")
    board.tell(now, Level.DONATE_ONLY)
    assert "阿明" not in file.read_text("utf-8")
    board.tell(now, Level.NOTHING)
    assert "阿明" in file.read_text("utf-8")
    stale = file.with_name("gone.day.zh-hans.html")
    stale.write_text("阿明", "utf-8")
    Board().tell(now, Level.NOTHING)
    assert not stale.exists()
    assert file.exists()
