"""Teams: opened in a minute, joined by a link, given through, and never in the captain's hands."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.timezone import localdate, now

from jusha.giving.donor_copy import Person, sections
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.teams.count_gifts import count_gifts
from jusha.teams.models import Team, TeamMember
from jusha.teams.queries import public_sums
from tests.cast import ALICE, BOB, BOOKS, House
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in

HOSTILE = "<script>alert(1)</script>"
SAID = {
    "project": BOOKS, "kind": "friends", "title": "三年二班", "story": f"为了书。{HOSTILE}",
    "target": "5000",
}  # fmt: skip


def person() -> tuple[UserAccount, Client]:
    account = UserAccount.objects.open()
    return account, signed_in(account)


def opened(client: Client, **more: str) -> str:
    """Open a team by its page; its code."""
    ends = localdate() + timedelta(days=7)
    answer = client.post("/teams/new", SAID | {"ends": ends.isoformat()} | more)
    assert answer.status_code == 303, answer.content.decode()
    return str(answer["Location"]).split("/")[2]


def gave(site: Site, team: str, amount: str, *, who: bytes = ALICE, name: str = "") -> int:
    """Give through a team as a guest does, by the page that its link leads to; the number."""
    display = {"display": "name", "shown_name": name} if name else {"display": "anonymous"}
    told = {"own": amount, "team": team, "rail": ""} | display
    answer = Client().post(f"/p/{BOOKS}/donate", told)
    assert answer.status_code == 303, answer.content.decode()
    order = int(str(answer["Location"]).partition("order=")[2].partition("&")[0])
    house: House = site.house
    house.settle()
    return house.give(int(amount) * 100, person=who, order=order, campaign="")


def test_a_team_stands_in_a_minute_and_shows_hostile_words_as_words(site: Site) -> None:
    _account, client = person()
    assert Client().get("/teams/new")["Location"].startswith("/account/sign-in")
    code = opened(client)
    text = site.text(f"/t/{code}")
    assert "跟着这支队" in text
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text
    assert "队长碰不到这些钱，也不能提现" in text
    assert f"/p/{BOOKS}/donate?team={code}" in text
    assert code in site.text(f"/teams?project={BOOKS}")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"target": "0.5"}, "目标请写成"),
        ({"target": "1000001"}, "目标请写成"),
        ({"kind": "fans"}, "谁的粉丝"),
        ({"figure": "某人"}, "谁的粉丝"),
        ({"title": ""}, "请写队伍的名字"),
        ({"ends": "2020-01-01"}, "30 天之内"),
    ],
)
def test_what_is_no_team_is_refused_and_what_was_typed_stays(
    site: Site,
    more: dict[str, str],
    words: str,
) -> None:
    _account, client = person()
    far = localdate() + timedelta(days=30)
    answer = client.post("/teams/new", SAID | {"ends": far.isoformat()} | more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "为了书" in answer.content.decode()
    assert not Team.objects.exists()


def test_a_friend_comes_by_a_member_s_link_and_nobody_sees_who(site: Site) -> None:
    _captain, client = person()
    code = opened(client)
    link = str(TeamMember.objects.get(team=code).token)
    friend, theirs = person()
    assert theirs.get(f"/t/{code}/room").status_code == 404
    assert theirs.post(f"/t/{code}?by={link}").status_code == 303
    assert theirs.post(f"/t/{code}?by={link}").status_code == 303, "twice is once"
    second = TeamMember.objects.get(team=code, account=friend.pk)
    assert (second.depth, TeamMember.objects.count()) == (1, 2)
    _third, deeper = person()
    deeper.post(f"/t/{code}?by={second.token}")
    text = site.text(f"/t/{code}")
    assert "第 2 层" in text
    assert "从您的链接来了 1 人" in site.get(f"/t/{code}/room", client=theirs).content.decode()
    assert theirs.post(f"/t/{code}/room", {"do": "leave"}).status_code == 303
    assert TeamMember.objects.filter(team=code).count() == 2


def test_what_is_given_through_a_team_follows_and_only_who_wanted_is_named(site: Site) -> None:
    _account, client = person()
    code = opened(client)
    part = opened(client, under=code, title="第一组")
    page = site.get(f"/p/{BOOKS}/donate?team={code}").content.decode()
    assert f'name="team" value="{code}"' in page
    assert "名字会出现在这支队伍的页面上" in page
    gave(site, part, "30", name="小石榴")
    back = gave(site, code, "20", who=BOB, name="加我 13800000000")
    count_gifts()
    text = site.text(f"/t/{code}")
    assert "小石榴" in text
    assert "13800000000" not in text, "what looks like a number to call is no name"
    assert "第一组" in text
    assert ">50<" in text.replace(".00", "")
    assert site.house.instruct("refund", deed=back, amount=2000, reason="donor")[0] == "done"
    count_gifts()
    assert "退回去的" in site.text(f"/t/{code}")


def test_the_captain_hands_over_to_a_member_and_leaves_only_then(site: Site) -> None:
    captain, client = person()
    code = opened(client)
    friend, theirs = person()
    assert client.post(f"/t/{code}/room", {"do": "leave"}).status_code == 422
    client.post(f"/t/{code}/room", {"do": "offer"})
    token = Team.objects.get(code=code).handover
    theirs.post(f"/t/{code}")
    assert theirs.post(f"/t/{code}/room", {"do": "close"}).status_code == 422
    assert theirs.post(f"/t/{code}/room", {"do": "take", "token": "x"}).status_code == 422
    assert theirs.post(f"/t/{code}/room", {"do": "take", "token": token}).status_code == 303
    assert Team.objects.get(code=code).captain == friend.pk
    assert captain.pk != friend.pk
    assert client.post(f"/t/{code}/room", {"do": "leave"}).status_code == 303
    part = opened(theirs, under=code)
    assert theirs.post(f"/t/{code}/room", {"do": "close"}).status_code == 303
    assert Team.objects.get(code=part).state == "closed", "with what is below it"
    assert "已经结束" in site.text(f"/t/{part}")
    assert client.post(f"/t/{code}").status_code == 422


def test_two_teams_run_side_by_side_once_both_captains_agreed(site: Site) -> None:
    (_one, client), (_two, theirs) = person(), person()
    code, other = opened(client), opened(theirs, title="四年一班")
    asked = client.post(
        f"/t/{code}/room", {"do": "propose", "other": f"https://x.example/t/{other}"}
    )
    assert asked.status_code == 303
    assert "比一比" not in site.text(f"/t/{code}")
    assert client.post(f"/t/{code}/room", {"do": "agree", "other": other}).status_code == 422
    assert theirs.post(f"/t/{other}/room", {"do": "agree", "other": code}).status_code == 303
    assert "和「四年一班」比一比" in site.text(f"/t/{code}")
    assert "和「三年二班」比一比" in site.text(f"/t/{other}")
    theirs.post(f"/t/{other}/room", {"do": "end", "other": code})
    assert "比一比" not in site.text(f"/t/{code}")


def test_a_reviewer_takes_a_page_down_and_another_lifts_that(site: Site) -> None:
    _account, client = person()
    code = opened(client)
    assert f"about=/t/{code}" in site.text(f"/t/{code}")
    one = signed_in(officer(site, "one@p.example", Office.REVIEWER))
    two = signed_in(officer(site, "two@p.example", Office.REVIEWER))
    assert one.post("/desk/teams", {"do": "down", "team": code}).status_code == 422, "why?"
    told = {"do": "down", "team": code, "words": "冒用了学校的名义"}
    assert one.post("/desk/teams", told).status_code == 303
    text = site.text(f"/t/{code}")
    assert "冒用了学校的名义" in text
    assert "三年二班" not in text
    lift = {"do": "lift", "team": code, "words": "学校来信说明了"}
    assert one.post("/desk/teams", lift).status_code == 422
    assert two.post("/desk/teams", lift).status_code == 303
    assert "三年二班" in site.text(f"/t/{code}")
    with pytest.raises(IntegrityError, match="reviewer"), transaction.atomic():
        Team.objects.filter(code=code).update(state="down")


def test_a_team_taken_down_is_not_brought_back_by_its_captain(site: Site) -> None:
    _account, client = person()
    over = opened(client)
    part = opened(client, under=over, title="第一组")
    one = signed_in(officer(site, "one@p.example", Office.REVIEWER))
    two = signed_in(officer(site, "two@p.example", Office.REVIEWER))
    assert one.post("/desk/teams", {"do": "down", "team": part, "words": "冒用"}).status_code == 303
    assert client.post(f"/t/{part}/room", {"do": "close"}).status_code == 422
    assert client.post(f"/t/{part}/room", {"do": "offer"}).status_code == 422
    room = client.get(f"/t/{part}/room").content.decode()
    assert 'value="close"' not in room
    assert 'value="propose"' not in room
    assert client.post(f"/t/{over}/room", {"do": "close"}).status_code == 303
    states = dict(Team.objects.values_list("code", "state"))
    assert (states[over], states[part]) == ("closed", "down")
    assert "第一组" not in site.text(f"/t/{part}")
    assert two.post("/desk/teams", {"do": "lift", "team": part, "words": "x"}).status_code == 422
    for state in ("closed", "open"):
        with pytest.raises(IntegrityError, match="taken down"), transaction.atomic():
            Team.objects.filter(code=part).update(state=state)


def test_a_closed_page_is_taken_down_for_good(site: Site) -> None:
    _account, client = person()
    code = opened(client)
    assert client.post(f"/t/{code}/room", {"do": "close"}).status_code == 303
    assert "三年二班" in site.text(f"/t/{code}")
    one = signed_in(officer(site, "one@p.example", Office.REVIEWER))
    assert one.post("/desk/teams", {"do": "down", "team": code, "words": "冒用"}).status_code == 303
    text = site.text(f"/t/{code}")
    assert "三年二班" not in text
    assert "为了书" not in text
    assert Team.objects.get(code=code).state == "closed"


def test_a_single_colleague_is_not_told_where_no_company_was_chosen(site: Site) -> None:
    _account, client = person()
    code = opened(client, kind="company")
    gave(site, code, "33", name="小石榴")
    count_gifts()
    assert "小石榴" not in site.text(f"/t/{code}")
    assert public_sums(Team.objects.filter(code=code))[code].net == 0


def test_an_erased_captain_leaves_a_closed_team_without_words(site: Site) -> None:
    account, client = person()
    code = opened(client)
    parts: dict[str, list[Any]] = {
        name: list(rows) for name, rows in sections(Person(account, (), ()))
    }
    assert [each["team"] for each in parts["teams"]] == [code]
    assert "队伍和企业" in client.get("/privacy/copy").content.decode()
    erase_donor(Whose(account=account.pk), now=now())
    team = Team.objects.get(code=code)
    assert (team.state, team.title, team.story, team.captain) == ("closed", "", "", None)
    assert not TeamMember.objects.exists()
    assert "已经结束" in site.text(f"/t/{code}")


def test_a_fan_circle_says_that_nobody_stands_behind_it(site: Site) -> None:
    _account, client = person()
    code = opened(client, kind="fans", figure="石榴乐队")
    assert "没有参与，也没有为它背书" in site.text(f"/t/{code}")


def test_beside_another_platform_nobody_gives_together(site: Site, settings: Any) -> None:
    _account, client = person()
    settings.JUSHA_MODE = "beside"
    assert client.get("/teams").status_code == 404
    assert client.get(f"/teams/new?project={BOOKS}").status_code == 404
    assert "约上朋友" not in site.text(f"/p/{BOOKS}")
