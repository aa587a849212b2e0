"""Totals of teams equal a slow oracle over drawn streams; a repeat or a restart changes nothing."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from django.utils.timezone import localdate
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from jusha.config.postgres import database_url
from jusha.payments.attribution import Attribution, keep
from jusha.teams.audit import check
from jusha.teams.count_gifts import count_gifts
from jusha.teams.lead_team import shut
from jusha.teams.models import Team, TeamGiver, TeamTotal
from jusha.teams.queries import COMPANY, TEAM, sums_of
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House
from tests.home import HOME

PEOPLE = (ALICE, BOB, CAROL, bytes(16))
TEAMS = ("top", "mid", "low", "side", "late")
SHAPES: dict[str, list[str]] = {
    "top": [], "mid": ["top"], "low": ["top", "mid"], "side": [], "late": []
}  # fmt: skip


@pytest.fixture
def furnished(house: House, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """A house whose database Django works in."""
    found = conninfo_to_dict(database_url("web", HOME, house.database))
    default = connections["default"]
    with django_db_blocker.unblock():
        default.close()
        before = dict(default.settings_dict)
        default.settings_dict.update(
            NAME=found["dbname"], USER=found["user"], PASSWORD=found.get("password", "")
        )
        house.furnish()
        yield house
        default.close()
        default.settings_dict.update(before)


@pytest.fixture
def owner_of(house: House) -> Iterator[psycopg.Connection]:
    """A connection of the database's owner."""
    with psycopg.connect(database_url("owner", HOME, house.database), autocommit=True) as owner:
        yield owner


class Oracle:
    """All gifts kept in a list, summed anew for each question. Its teams have names of their own.

    `late` is one that was over before the first gift.
    """

    def __init__(self) -> None:
        self.gifts: list[dict[str, Any]] = []
        self.mark = uuid4().hex[:8]
        today = localdate()
        for code, above in SHAPES.items():
            begins = today - timedelta(days=9 if code == "late" else 0)
            Team.objects.create(
                code=self.code(code), kind="friends", title=code, story=code, project=BOOKS,
                target=100_000, above=[self.code(each) for each in above], captain=uuid4(),
                opened_on=begins, ends_on=begins + timedelta(days=8),
            )  # fmt: skip

    def code(self, team: str) -> str:
        return f"{team}-{self.mark}"

    def sums(self, code: str) -> tuple[int, int, int, int]:
        mine = [g for g in self.gifts if g["counts"] and code in [*SHAPES[g["team"]], g["team"]]]
        left: dict[bytes, int] = defaultdict(int)
        for each in mine:
            left[each["person"]] += each["amount"] - each["back"]
        persons = sum(net > 0 for person, net in left.items() if any(person))
        return len(mine), sum(g["amount"] for g in mine), sum(g["back"] for g in mine), persons

    def recent(self, code: str) -> list[int]:
        mine = [g for g in self.gifts if g["counts"] and code in [*SHAPES[g["team"]], g["team"]]]
        return [g["order"] for g in reversed(mine)][:24]


EVENTS = st.one_of(
    st.tuples(
        st.just("give"),
        st.sampled_from(TEAMS),
        st.sampled_from(PEOPLE),
        st.integers(1, 5_000),
        st.sampled_from((BOOKS, BOOKS, BOOKS, WATER)),
    ),
    st.tuples(st.just("unpaid"), st.sampled_from(TEAMS), st.integers(1, 5_000)),
    st.tuples(st.just("refund"), st.integers(0, 50), st.booleans()),
    st.tuples(st.just("count"), st.integers(1, 7), st.integers(1, 3)),
    st.tuples(st.just("bare"), st.integers(1, 5_000)),
)


def act(house: House, oracle: Oracle, event: tuple[Any, ...]) -> None:
    """Let one thing happen in the house, and tell the oracle."""
    match event:
        case ("give", team, person, amount, project):
            order = house.order(amount, project)
            keep([(order.no, Attribution(team=oracle.code(team)))])
            house.send(order, lane="web")
            number = house.give(amount, project, person, order=order.no)
            oracle.gifts.append(
                {"number": number, "order": order.no, "team": team, "person": person, "back": 0}
                | {"amount": amount, "counts": project == BOOKS and team != "late"}
            )
        case ("unpaid", team, amount):
            order = house.order(amount)
            keep([(order.no, Attribution(team=oracle.code(team)))])
            house.send(order, lane="web")
        case ("bare", amount):
            house.give(amount)
        case ("refund", place, whole):
            left = [g for g in oracle.gifts if g["back"] < g["amount"]]
            if left:
                gift = left[place % len(left)]
                part = gift["amount"] - gift["back"] if whole else 1
                done = house.instruct("refund", deed=gift["number"], amount=part, reason="donor")
                assert done[0] == "done", done
                gift["back"] += part
        case ("count", most, passes):
            count_gifts(most=most, passes=passes)


def agree(oracle: Oracle) -> None:
    """Compare every team with the oracle."""
    found = sums_of(TEAM, [oracle.code(each) for each in TEAMS])
    assert {each: tuple(found[oracle.code(each)]) for each in TEAMS} == {
        each: oracle.sums(each) for each in TEAMS
    }
    rows = TeamTotal.objects.filter(scope=TEAM, code__endswith=oracle.mark)
    for row in rows:
        assert row.recent == oracle.recent(row.code.partition("-")[0])


@settings(max_examples=6)
@given(events=st.lists(EVENTS, min_size=10, max_size=30))
def test_totals_equal_the_oracle_whatever_happened_in_which_order(
    furnished: House, events: list[tuple[Any, ...]]
) -> None:
    oracle = Oracle()
    for event in events:
        act(furnished, oracle, event)
    while count_gifts():
        pass
    agree(oracle)
    assert check(furnished.web) == []
    assert count_gifts() == 0, "what was counted is not counted again"
    agree(oracle)


def test_a_count_from_the_beginning_comes_to_the_same(
    furnished: House, owner_of: psycopg.Connection
) -> None:
    oracle = Oracle()
    for place in range(12):
        act(furnished, oracle, ("give", TEAMS[place % 4], PEOPLE[place % 4], 100 + place, BOOKS))
    act(furnished, oracle, ("refund", 3, True))
    act(furnished, oracle, ("refund", 5, False))
    count_gifts()
    agree(oracle)
    owner_of.execute("DELETE FROM jusha_teamtotal")
    owner_of.execute("DELETE FROM jusha_teamgiver")
    owner_of.execute("UPDATE jusha_teamcursor SET number = -1")
    while count_gifts(most=1, passes=1):
        pass
    agree(oracle)


def test_the_audit_finds_a_total_that_is_not_its_gifts(
    furnished: House, owner_of: psycopg.Connection
) -> None:
    oracle = Oracle()
    act(furnished, oracle, ("give", "low", ALICE, 500, BOOKS))
    count_gifts()
    assert check(furnished.web) == []
    act(furnished, oracle, ("refund", 0, False))
    assert check(furnished.web) == [], "what is not counted yet is not missing"
    forge = "UPDATE jusha_teamtotal SET persons = 2 WHERE code = %s"
    owner_of.execute(forge, (oracle.code("mid"),))
    told = check(furnished.web)
    assert [each.where for each in told] == [f"team {oracle.code('mid')}"]
    assert "persons 1" in told[0].expected


def test_a_pass_that_was_undone_counts_nothing(furnished: House) -> None:
    oracle = Oracle()
    act(furnished, oracle, ("give", "low", ALICE, 500, BOOKS))
    with transaction.atomic():
        count_gifts()
        transaction.set_rollback(True)
    assert sums_of(TEAM, [oracle.code("top")])[oracle.code("top")].gifts == 0
    count_gifts()
    agree(oracle)


def test_who_got_everything_back_is_no_giver_and_one_who_gave_twice_is_one(
    furnished: House,
) -> None:
    oracle = Oracle()
    for person, amount in ((ALICE, 100), (ALICE, 200), (BOB, 300), (bytes(16), 400)):
        act(furnished, oracle, ("give", "top", person, amount, BOOKS))
    count_gifts()
    assert sums_of(TEAM, [oracle.code("top")])[oracle.code("top")].persons == 2
    act(furnished, oracle, ("refund", 2, True))
    count_gifts()
    found = sums_of(TEAM, [oracle.code("top")])[oracle.code("top")]
    assert (found.gifts, found.given, found.refunded, found.persons) == (4, 1_000, 300, 1)


def test_a_gift_that_waits_in_suspense_and_one_made_after_the_end_are_not_the_team_s(
    furnished: House,
) -> None:
    oracle = Oracle()
    order = furnished.order(700)
    keep([(order.no, Attribution(team=oracle.code("top")))])
    furnished.send(order, lane="web")
    furnished.give(699, order=order.no)  # another amount: held
    shut(oracle.code("side"), by=None, now=timezone.now())
    act(furnished, oracle, ("give", "side", ALICE, 100, BOOKS))
    count_gifts()
    found = sums_of(TEAM, [oracle.code("top"), oracle.code("side")])
    assert [each.gifts for each in found.values()] == [0, 0]


def test_a_company_counts_what_its_link_or_its_team_brought_for_any_project(
    furnished: House, owner_of: psycopg.Connection
) -> None:
    owner_of.execute(
        "INSERT INTO jusha_company (code, name_zh, name_en, uscc, intro, capabilities, domain,"
        " decision, at) VALUES ('tree', '大树', '', 'x', '', '{}', '', 1, now())"
    )
    for amount, told in ((100, Attribution(company="tree")), (200, Attribution(company="none"))):
        order = furnished.order(amount, WATER)
        keep([(order.no, told)])
        furnished.send(order, lane="web")
        furnished.give(amount, WATER, order=order.no)
    today = localdate()
    Team.objects.create(
        code="ours", kind="company", title="a", story="b", project=BOOKS, company="tree",
        target=100, captain=uuid4(), opened_on=today, ends_on=today + timedelta(days=1),
    )  # fmt: skip
    order = furnished.order(50)
    keep([(order.no, Attribution(team="ours"))])
    furnished.send(order, lane="web")
    furnished.give(50, order=order.no)
    count_gifts()
    assert sums_of(COMPANY, ["tree"])["tree"] == (2, 150, 0, 1)
    assert check(furnished.web) == []


def test_what_came_before_a_company_or_a_team_is_not_theirs_nor_is_its_refund(
    furnished: House, owner_of: psycopg.Connection
) -> None:
    mark = uuid4().hex[:8]
    order = furnished.order(700)
    keep([(order.no, Attribution(company=f"tree-{mark}", team=f"ours-{mark}"))])
    furnished.send(order, lane="web")
    number = furnished.give(700, order=order.no)
    count_gifts()
    owner_of.execute(
        "INSERT INTO jusha_company (code, name_zh, name_en, uscc, intro, capabilities, domain,"
        " decision, at) VALUES (%s, '大树', '', 'x', '', '{}', '', 1, now())",
        (f"tree-{mark}",),
    )
    today = localdate()
    Team.objects.create(
        code=f"ours-{mark}", kind="friends", title="a", story="b", project=BOOKS, target=100,
        captain=uuid4(), opened_on=today, ends_on=today + timedelta(days=1),
    )  # fmt: skip
    assert furnished.instruct("refund", deed=number, amount=700, reason="donor")[0] == "done"
    assert count_gifts() > 0
    assert sums_of(COMPANY, [f"tree-{mark}"])[f"tree-{mark}"] == (0, 0, 0, 0)
    assert sums_of(TEAM, [f"ours-{mark}"])[f"ours-{mark}"] == (0, 0, 0, 0)
    assert check(furnished.web) == []


def test_no_team_s_frame_changes_once_it_is_open(furnished: House) -> None:
    oracle = Oracle()
    mine = Team.objects.filter(code=oracle.code("top"))
    for change in ({"target": 1_000}, {"project": WATER}, {"ends_on": localdate()}, {"story": "x"}):
        with pytest.raises(IntegrityError, match="opened with stays"), transaction.atomic():
            mine.update(**change)
    with pytest.raises(IntegrityError, match="as a reviewer wrote"), transaction.atomic():
        mine.update(state="down")
    assert Team.objects.filter(code=oracle.code("top"), target=100_000).exists()
    assert not TeamGiver.objects.exists()
