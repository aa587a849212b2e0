"""Who owns the database names the people of the desk; nothing else does."""

from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from jusha.charities.models import Charity
from jusha.config.postgres import database_url
from jusha.management.demo import people
from jusha.people.accounts import find, sweep_sessions, sweep_unused
from tests.home import HOME
from tests.management.conftest import Console

SHAN = {"code": "shan", "name_zh": "善小", "name_en": "Small", "uscc": "5" * 18}


@pytest.fixture
def owned(console: Console) -> Console:
    """The terminal of who owns the database, in a house with two charities."""
    found = conninfo_to_dict(database_url("owner", HOME, console.house.database))
    default = connections["default"]
    default.close()
    default.settings_dict.update(USER=found["user"], PASSWORD=found.get("password", ""))
    for code in ("shan", "water"):
        Charity.objects.create(**(SHAN | {"code": code}))
    return console


def staff(console: Console, *words: str) -> str:
    return console.run("staff", *words)


def test_a_person_is_named_listed_and_removed(owned: Console) -> None:
    assert "They sign in at /desk" in staff(
        owned, "add", "li@example.org", "--charity", "shan", "--role", "finance"
    )
    staff(owned, "add", "wang@example.org", "--platform", "--role", "auditor")
    listed = staff(owned, "list").splitlines()
    assert listed == [
        "wang@example.org  platform auditor  no second factor yet",
        "li@example.org  shan finance  no second factor yet",
    ]
    staff(owned, "remove", "li@example.org", "--charity", "shan")
    assert "li@" not in staff(owned, "list")
    with pytest.raises(CommandError, match="has no such role"):
        staff(owned, "remove", "li@example.org", "--charity", "shan")


def test_a_second_role_in_one_charity_replaces_the_first(owned: Console) -> None:
    for role in ("viewer", "finance"):
        staff(owned, "add", "li@example.org", "--charity", "shan", "--role", role)
    staff(owned, "add", "li@example.org", "--charity", "water", "--role", "viewer")
    assert staff(owned, "list").splitlines() == [
        "li@example.org  shan finance  no second factor yet",
        "li@example.org  water viewer  no second factor yet",
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nobody", "--charity", "shan", "--role", "finance"), "is no mail address"),
        (("a@example.org", "--charity", "moon", "--role", "finance"), "no charity moon"),
        (("a@example.org", "--charity", "shan", "--role", "auditor"), "--role is one of viewer"),
        (("a@example.org", "--platform", "--role", "viewer"), "--role is one of operator"),
        (("fin@example.org", "--platform", "--role", "auditor"), "is finance already"),
        (("fin@example.org", "--charity", "shan", "--role", "viewer"), "works for no charity"),
    ],
)
def test_what_may_not_be_is_refused_with_its_reason(
    owned: Console, words: tuple[str, ...], why: str
) -> None:
    staff(owned, "add", "fin@example.org", "--platform", "--role", "finance")
    before = staff(owned, "list")
    with pytest.raises(CommandError, match=why):
        staff(owned, "add", *words)
    assert staff(owned, "list") == before


def test_sessions_of_a_person_can_be_ended(owned: Console) -> None:
    staff(owned, "add", "li@example.org", "--charity", "shan", "--role", "finance")
    account = find("li@example.org")
    assert account is not None
    before = account.get_session_auth_hash()
    assert "sessions ended" in staff(owned, "end", "li@example.org")
    account.refresh_from_db()
    assert account.get_session_auth_hash() != before
    with pytest.raises(CommandError, match="has no such role"):
        staff(owned, "end", "nobody@example.org")


def test_the_demo_has_pairs_who_can_decide_and_is_safe_to_repeat(owned: Console) -> None:
    for _ in range(2):
        people.write_people(["shan", "water"])
    listed = staff(owned, "list")
    for charity in ("shan", "water"):
        for address in people.finance_of(charity):
            assert f"{address}  {charity} finance  demo" in listed
        assert f"{people.programme_of(charity)}  {charity} programme  demo" in listed
    for address in people.PLATFORM_FINANCE:
        assert f"{address}  platform finance  demo" in listed
    for address in people.REVIEWERS:
        assert f"{address}  platform reviewer  demo" in listed
    assert len(listed.splitlines()) == 12
    donor = find(people.DONOR)
    assert donor is not None
    assert donor.demo


def test_sweeping_spares_who_was_named(owned: Console) -> None:
    staff(owned, "add", "li@example.org", "--charity", "shan", "--role", "finance")
    later: Any = find("li@example.org")
    now = later.created_at.replace(year=later.created_at.year + 1)
    assert sweep_unused(now=now) == 0
    assert sweep_sessions(now=now) == 0
