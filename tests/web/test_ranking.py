"""Rankings: each gift counted once, persons counted once, equals in the published order."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live import count_ranks
from jusha.campaigns.live.count_ranks import count_next
from jusha.campaigns.live.queries import STEP_SQL, counted_to, tops
from jusha.campaigns.live.rank_rules import (
    COMPANY_PERSONS,
    HEADS,
    Census,
    Kind,
    Sum,
    by_heads,
    census_on,
    censuses,
    ranked,
)
from jusha.payments.attribution import PROVINCES, Attribution, keep
from jusha.people.rules import Office
from jusha.teams.models import Team
from jusha.teams.take_down import take_down
from jusha.tlog import queries as tlog
from jusha.web.board.rankings import Rankings
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER
from tests.web.conftest import Site
from tests.web.staff import officer

CENSUS_2020_MAINLAND = 1_411_778_724 - 2_000_000
"""The census's total of the mainland, without those in active service, who live in no province."""


def counted(site: Site) -> dict[Kind, dict[str, Sum]]:
    while count_next(tlog.size()):
        pass
    day = campaigns.find("day")
    assert day
    return {kind: {each.code: each for each in found} for kind, found in tops(day.id).items()}


def order(site: Site, amount: int, project: str = BOOKS, **told: str) -> int:
    """An order with an attribution, as the donate page places it."""
    made = site.house.order(amount, project)
    site.house.send(made, lane="web")
    site.house.settle()
    keep([(made.no, Attribution(**told))])
    return int(made.no)


# --- the rule -------------------------------------------------------------------------------------


def test_equals_stand_in_the_published_order() -> None:
    lines = [Sum("b", 2, 2, 500), Sum("a", 2, 2, 500), Sum("c", 3, 1, 500), Sum("d", 1, 1, 900)]
    assert [each.sum.code for each in ranked(lines, "amount")] == ["d", "c", "a", "b"]
    assert [each.sum.code for each in ranked(lines, "gifts")] == ["c", "a", "b", "d"]
    assert [each.sum.code for each in ranked(lines, "persons")] == ["a", "b", "d", "c"]
    assert [each.place for each in ranked(lines, "amount")] == [1, 2, 3, 4]


@given(st.permutations([Sum(code, n % 3, n % 2, n % 4 * 100) for n, code in enumerate("abcdefgh")]))
def test_the_order_does_not_hang_on_the_order_of_rows(lines: list[Sum]) -> None:
    usual = [each.sum.code for each in ranked(sorted(lines, key=lambda one: one.code), "amount")]
    assert [each.sum.code for each in ranked(lines, "amount")] == usual


def test_what_went_back_counts_no_more() -> None:
    lines = [Sum("a", 1, 1, 900, refunded=600), Sum("b", 1, 1, 500)]
    assert [(each.sum.code, each.sum.amount) for each in ranked(lines, "amount")] == [
        ("b", 500),
        ("a", 300),
    ]


def test_a_province_is_measured_by_its_people() -> None:
    lines = [
        Sum("广东", 9, 9, 126_012_510),
        Sum("西藏", 1, 1, 36_481_000),
        Sum("演示", 9, 9, 10**9),
    ]
    people = censuses()[0].people
    found = ranked(lines, "heads", heads=people)
    assert [(each.sum.code, each.heads) for each in found] == [("西藏", 100_000), ("广东", HEADS)]
    assert by_heads(1, 0) is None


def test_the_census_is_whole_and_used_from_its_day_on() -> None:
    (census,) = censuses()
    assert set(census.people) == set(PROVINCES)
    beyond = {"香港", "澳门", "台湾"}
    mainland = sum(people for code, people in census.people.items() if code not in beyond)
    assert mainland == CENSUS_2020_MAINLAND
    later = Census(date(2030, 11, 1), "", "", {})
    known = (census, later)
    assert census_on(date(2020, 10, 31), known) is None
    assert census_on(date(2030, 10, 31), known) is census
    assert census_on(date(2030, 11, 1), known) is later


# --- the counter ----------------------------------------------------------------------------------


def test_sums_follow_gifts_persons_and_refunds(site: Site) -> None:
    site.house.give(2000, person=ALICE)
    first = counted(site)
    assert first[Kind.PROJECT][BOOKS] == Sum(BOOKS, 1, 1, 2000)
    site.house.give(500, person=ALICE)
    number = site.house.give(700, WATER, person=BOB)
    site.house.give(300, WATER, person=bytes(16))
    site.house.give(900, WATER, person=CAROL, campaign="")
    site.house.instruct("refund", deed=number, amount=200, reason="asked")
    found = counted(site)
    assert found[Kind.PROJECT] == {
        BOOKS: Sum(BOOKS, 2, 1, 2500),
        WATER: Sum(WATER, 2, 1, 1000, refunded=200),
    }
    assert found[Kind.CHARITY] == {"shan": Sum("shan", 4, 2, 3500, refunded=200)}
    assert not found[Kind.TEAM]


def test_sums_are_what_settlement_says(site: Site) -> None:
    for n in range(12):
        number = site.house.give(100 + n, (BOOKS, WATER)[n % 2], person=(ALICE, BOB, CAROL)[n % 3])
        if n % 4 == 0:
            site.house.instruct("refund", deed=number, amount=50 + n, reason="asked")
    day = campaigns.find("day")
    assert day
    funds = {
        row[0]: row[1] for row in site.house.web.execute("SELECT project, code FROM projects_fund")
    }
    settled = {funds[project]: each for project, each in campaigns.raised_in(day.id).items()}
    for code, each in counted(site)[Kind.PROJECT].items():
        assert (each.gifts, each.amount, each.refunded) == (
            settled[code].gifts,
            settled[code].given,
            settled[code].refunded,
        )


def team(code: str, **more: Any) -> None:
    today = timezone.localdate()
    frame: dict[str, Any] = {
        "kind": "friends", "title": f"队伍 {code}", "story": "b", "project": BOOKS, "target": 100,
        "captain": uuid4(), "opened_on": today, "ends_on": today + timedelta(days=1),
    }  # fmt: skip
    Team.objects.create(code=code, **(frame | more))


def company(owner: psycopg.Connection) -> None:
    owner.execute(
        "INSERT INTO jusha_company (code, name_zh, name_en, uscc, intro, capabilities, domain,"
        " decision, at) VALUES ('tree', '大树', '', 'x', '', '{}', '', 1, now())"
    )
    owner.commit()


def paid(site: Site, amount: int, person: bytes, project: str = BOOKS, **told: str) -> None:
    number = order(site, amount, project, **told)
    site.house.give(amount, project, person=person, order=number)


def test_teams_companies_and_provinces_are_counted_by_what_the_order_says(
    site: Site, owner: psycopg.Connection
) -> None:
    company(owner)
    team("class-3", company="tree")
    team("bench-1", above=["class-3"], company="tree")
    paid(site, 2000, ALICE, team="class-3", province="浙江")
    paid(site, 300, BOB, team="bench-1", company="tree", province="西藏")
    paid(site, 100, ALICE, team="none", company="nobody", province="浙江")
    paid(site, 50, ALICE, WATER, team="class-3")
    found = counted(site)
    assert found[Kind.TEAM] == {"class-3": Sum("class-3", 2, 2, 2300)}, "a part is the whole's"
    assert found[Kind.COMPANY] == {"tree": Sum("tree", 2, 2, 2300)}
    assert found[Kind.PROVINCE] == {
        "浙江": Sum("浙江", 2, 1, 2100),
        "西藏": Sum("西藏", 1, 1, 300),
    }


def test_no_list_tells_of_a_few_colleagues_or_of_a_team_that_is_down(
    site: Site, owner: psycopg.Connection
) -> None:
    company(owner)
    team("ours", company="tree")
    team("friends")
    team("gone")
    for n in range(COMPANY_PERSONS - 1):
        paid(site, 100, bytes([n + 1]) * 16, team="ours")
    paid(site, 100, ALICE, team="friends")
    paid(site, 900, ALICE, team="gone")
    take_down("gone", by=officer(site, "rev@platform.example", Office.REVIEWER).pk, words="x")
    board = Rankings()
    board.tell(datetime.now(UTC))
    found = lists(site)["lists"]
    assert [each["code"] for each in found["team-amount"]] == ["friends"]
    assert found["company-amount"] == []
    paid(site, 100, bytes([9]) * 16, team="ours")
    board.tell(datetime.now(UTC))
    found = lists(site)["lists"]
    assert [each["code"] for each in found["team-amount"]] == ["ours", "friends"]
    assert [each["code"] for each in found["company-amount"]] == ["tree"]
    assert "队伍 ours" in site.text("/c/day/rankings?of=team")
    assert "大树" in site.text("/c/day/rankings?of=company")


def test_a_team_that_is_taken_down_in_a_quiet_hour_leaves_the_lists(site: Site) -> None:
    team("gone")
    paid(site, 900, ALICE, team="gone")
    board, now = Rankings(), datetime.now(UTC)
    board.tell(now)
    assert [each["code"] for each in lists(site)["lists"]["team-amount"]] == ["gone"]
    take_down("gone", by=officer(site, "rev@platform.example", Office.REVIEWER).pk, words="x")
    assert board.tell(now + timedelta(seconds=59)) == 0
    assert board.tell(now + timedelta(seconds=60)) == 1
    assert lists(site)["lists"]["team-amount"] == []
    assert "队伍 gone" not in site.text("/c/day/rankings?of=team")


def test_slices_of_any_size_come_to_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(9):
        site.house.give(100 + n, person=(ALICE, BOB, CAROL)[n % 3])
    monkeypatch.setattr(count_ranks, "SLICE", 2)
    small = counted(site)
    assert small[Kind.PROJECT][BOOKS] == Sum(BOOKS, 9, 3, sum(range(100, 109)))
    assert count_next(tlog.size()) is None, "what was counted is counted for good"


def test_what_was_killed_in_the_middle_is_counted_once(site: Site) -> None:
    site.house.give(2000)
    size = tlog.size()
    with transaction.atomic():
        count_next(size)
        transaction.set_rollback(True)
    assert counted_to() == 0
    assert counted(site)[Kind.PROJECT][BOOKS].gifts == 1
    told: dict[str, Any] = {"after": 0, "upto": size}
    with connection.cursor() as second:
        second.execute(STEP_SQL, told)
        assert second.fetchone() is None, "a second counter finds the cursor moved"
    assert counted(site)[Kind.PROJECT][BOOKS].gifts == 1


def test_the_cursor_never_goes_back(site: Site) -> None:
    site.house.give(2000)
    counted(site)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as database:
        database.execute("UPDATE jusha_rankcursor SET number = 0")


def test_a_refund_in_a_slice_of_its_own_is_counted(site: Site) -> None:
    number = site.house.give(2000)
    site.house.give(3000)
    counted(site)
    site.house.instruct("refund", deed=number, amount=2000, reason="asked")
    site.house.settle()
    assert counted(site)[Kind.CHARITY]["shan"] == Sum("shan", 2, 1, 5000, refunded=2000)
    site.house.give(100)
    assert counted(site)[Kind.CHARITY]["shan"].gifts == 3, "what comes after it is counted too"


def test_a_company_or_team_that_came_after_the_order_counts_nothing_of_it(
    site: Site, owner: psycopg.Connection
) -> None:
    no = order(site, 2000, company="tree", team="ours")
    number = site.house.give(2000, order=no, project="", campaign="")
    counted(site)
    company(owner)
    team("ours")
    site.house.instruct("refund", deed=number, amount=2000, reason="asked")
    site.house.settle()
    paid(site, 300, BOB, company="tree", team="ours")
    found = counted(site)
    assert found[Kind.COMPANY] == {"tree": Sum("tree", 1, 1, 300)}
    assert found[Kind.TEAM] == {"ours": Sum("ours", 1, 1, 300)}
    assert found[Kind.PROJECT][BOOKS].refunded == 2000


def test_a_sum_that_cannot_be_is_refused(site: Site, owner: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("INSERT INTO jusha_ranksum VALUES (1, 1, 'x', 1, 2, 5, 0)")


# --- the board ------------------------------------------------------------------------------------


def lists(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (site.log_folder.parent / "live" / "r" / "day.json").read_text("utf-8")
    )
    return found


def test_the_board_writes_lists_that_pages_show(site: Site) -> None:
    number = order(site, 2000, province="西藏")
    site.house.give(2000, order=number, project="", campaign="")
    back = site.house.give(700, WATER, person=BOB)
    site.house.instruct("refund", deed=back, amount=200, reason="asked")
    assert "几秒后再看" in site.text("/c/day/rankings")
    board = Rankings()
    assert board.tell(datetime.now(UTC)) == 1
    found = lists(site)
    assert found["numbers"] == {"gifts": 2, "donated": 2700, "refunded": 200}
    assert [each["code"] for each in found["lists"]["project-amount"]] == [BOOKS, WATER]
    assert found["lists"]["province-heads"][0]["per_10000"] == 2000 * HEADS // 3_648_100
    shown = site.text("/c/day/rankings")
    assert shown.index("书香进山") < shown.index("一口清泉")
    assert "已减去退款 2 元" in shown
    assert "Mountain books" in site.text("/c/day/rankings?by=persons", lang="en")
    assert "西藏" in site.text("/c/day/rankings?of=province&by=heads")
    assert "第七次全国人口普查" in site.text("/c/day/rankings?of=province&by=heads")
    assert site.get("/live/r/day.project-amount.zh-hans.html").status_code == 200
    site.text("/c/none/rankings", status=404)


def test_a_list_says_as_of_when_all_is_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.house.give(2000)
    now = datetime.now(UTC)
    board = Rankings()
    board.tell(now)
    for _ in range(3):
        site.house.give(100)
    monkeypatch.setattr(count_ranks, "SLICE", 1)
    monkeypatch.setattr("jusha.web.board.rankings.BUDGET_SECONDS", -1)
    board.tell(now + timedelta(seconds=60))
    assert lists(site)["at"] == int(now.timestamp()), "one of three is counted: as of stays"
    while count_next(tlog.size()):
        pass
    board.tell(now + timedelta(seconds=90))
    assert lists(site)["at"] == int(now.timestamp()) + 90
    assert lists(site)["numbers"]["gifts"] == 4


def test_a_board_that_was_killed_goes_on_and_an_older_database_is_said(
    site: Site, owner: psycopg.Connection
) -> None:
    site.house.give(2000)
    Rankings().tell(datetime.now(UTC))
    site.house.give(500)
    Rankings().tell(datetime.now(UTC))
    assert lists(site)["numbers"]["donated"] == 2500
    owner.execute("UPDATE jusha_ranksum SET donated = 2000, gifts = 1")
    owner.commit()
    Rankings().tell(datetime.now(UTC))
    assert lists(site)["correction"]["before"] == {"gifts": 2, "donated": 2500}
    assert "数据从备份恢复过" in site.text("/c/day/rankings")
