"""A charity's official account: verified by a reviewer, told in versions, followed by who wants."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from jusha.charities.rules import Role
from jusha.giving.donor_copy import Person, sections
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.notices.models import Message
from jusha.people.consent_rules import PROGRESS
from jusha.people.consents import set_consent
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.projects.publish_paper import Written
from jusha.projects.publish_paper import publish_post as publish_progress
from jusha.stories import queries as stories
from jusha.stories.digest import tell_digests
from jusha.stories.follow import follow
from jusha.stories.models import Follow, OfficialAccount, Post
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.join import paper, photograph
from tests.web.staff import member, officer, signed_in

PAGE = "/charity/shan/official"
POST = {"title": "新书到了", "words": "三百本书到了云岭小学。"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Desk:
    """A programme officer, one of finance, a reviewer, and an account that is verified."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.people = {
            "li": member(site, "li@shan.example", Role.PROGRAMME),
            "wang": member(site, "wang@shan.example"),
            "rev": officer(site, "rev@platform.example", Office.REVIEWER),
        }
        self.clients = {name: signed_in(account) for name, account in self.people.items()}

    def open(self) -> None:
        answer = self.clients["li"].post("/desk/accounts/shan", {"intro": "把书送进山里。"})
        assert answer.status_code == 303
        assert self.end("rev") == 303

    def end(self, who: str, do: str = "confirm") -> int:
        page = self.clients[who].get("/desk/accounts")
        rows = page.context["rows"] if page.context else []
        number = rows[0]["it"].pk if rows else 1
        asked = {"do": do, "number": str(number)}
        return int(self.clients[who].post("/desk/accounts", asked).status_code)

    def post(self, who: str = "li", where: str = "new", **more: Any) -> Any:
        return self.clients[who].post(f"/desk/accounts/shan/{where}", POST | more)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def donor() -> tuple[UserAccount, Client]:
    account = UserAccount.objects.open()
    return account, signed_in(account)


def test_the_mark_says_what_was_verified_and_when(desk: Desk, owner: psycopg.Connection) -> None:
    assert desk.site.get(PAGE, client=Client()).status_code == 404, "nobody asked for one yet"
    answer = desk.clients["li"].post("/desk/accounts/shan", {"intro": "把书送进山里。"})
    assert answer.status_code == 303
    for who in ("li", "wang"):
        assert desk.end(who) in {403, 422}, who
    assert not OfficialAccount.objects.exists()
    assert desk.end("rev") == 303
    text = desk.site.text(PAGE)
    assert "已认证" in text
    assert "53330000DEMO000001" in text
    assert f"{timezone.localdate():%Y-%m-%d}" in text
    assert PAGE in desk.site.text("/charity/shan")
    owner.execute("UPDATE jusha_charity SET uscc = '53330000DEMO000009' WHERE code = 'shan'")
    assert "登记信息变了" in desk.site.text(PAGE), "what was checked is so no longer"


def test_no_page_writes_an_account_that_two_did_not_decide(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        OfficialAccount.objects.create(
            charity="shan", intro="自己写的", uscc="53330000DEMO000001", certificate="1", decision=1
        )
    with pytest.raises(IntegrityError, match="official account"), transaction.atomic():
        Post.objects.create(
            charity="shan", number=1, version=1, by=desk.people["li"].pk, **POST
        )  # before there is an account


def test_a_post_is_corrected_by_a_version_that_says_why_and_stays_to_be_read(desk: Desk) -> None:
    desk.open()
    assert desk.post("wang").status_code == 403, "posts are programme's"
    answer = desk.post(files=photograph())
    assert answer.status_code == 303
    assert answer["Location"] == f"{PAGE}/1"
    assert desk.post(where="1", words="两百本书到了。").status_code == 422, "why is not said"
    corrected = desk.post(where="1", words="两百本书到了。", correction="数错了，是两百本。")
    assert corrected.status_code == 303
    text = desk.site.text(f"{PAGE}/1")
    assert "两百本书到了。" in text
    assert "三百本书到了云岭小学。" in text
    assert "数错了，是两百本。" in text
    assert "第 2 版，有更正说明" in desk.site.text(PAGE)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Post.objects.update(words="悄悄改")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Post.objects.all().delete()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"title": ""}, "请写标题"),
        ({"words": ""}, "请写正文"),
        ({"files": paper()}, "这里不收这种文件"),
    ],
)
def test_what_is_no_post_is_refused_and_what_was_typed_stays(
    desk: Desk, more: dict[str, Any], words: str
) -> None:
    desk.open()
    answer = desk.post(**more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "三百本" in answer.content.decode() or "words" in more
    assert not Post.objects.exists()


def test_progress_posts_of_projects_stand_there_and_in_the_feed(desk: Desk) -> None:
    desk.open()
    desk.post()
    publish_progress(BOOKS, Written("第一间图书角", "装好了。"), by=desk.people["li"].pk)
    text = desk.site.text(PAGE)
    assert text.index("第一间图书角") < text.index("新书到了"), "the newest first"
    feed = desk.site.get(f"{PAGE}/posts.atom")
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert "第一间图书角" in feed.content.decode()
    assert f"{PAGE}/1" in feed.content.decode()


def test_who_follows_is_counted_once_and_the_charity_s_own_people_never(desk: Desk) -> None:
    desk.open()
    assert Client().post(PAGE, {"do": "follow"})["Location"].startswith("/account/sign-in")
    _account, client = donor()
    for _again in range(2):
        assert client.post(PAGE, {"do": "follow"}).status_code == 303
    assert desk.clients["li"].post(PAGE, {"do": "follow"}).status_code == 303
    assert stories.followers("shan") == 1
    assert "不再关注" in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"do": "unfollow"}).status_code == 303
    assert stories.followers("shan") == 0


def test_followers_who_agreed_hear_once_a_day_and_all_at_once(desk: Desk) -> None:
    desk.open()
    account, client = donor()
    quiet, _client = donor()
    client.post(PAGE, {"do": "follow", "agree": "1"})
    follow(quiet.pk, "shan")
    desk.post()
    desk.post(where="1", words="两百本书到了。", correction="数错了。")  # it is news all the same
    desk.post(title="书架装好了")
    today = timezone.localtime()
    evening = datetime(today.year, today.month, today.day, 18, 5, tzinfo=SHANGHAI)
    evening += timedelta(days=1 if today.hour >= 18 else 0)
    assert tell_digests(evening) == 1
    assert tell_digests(evening + timedelta(hours=1)) == 0
    assert tell_digests(evening + timedelta(days=1)) == 0, "what was told is not told again"
    told = Message.objects.get(kind="followed-news")
    assert told.account == account.pk
    assert told.mail_at is None, "in the app alone"
    assert "共 2 条" in client.get("/mine/messages").content.decode()
    set_consent(account.pk, PROGRESS, given=False)
    desk.post(title="第三条")
    assert tell_digests(evening + timedelta(days=2)) == 0


def test_an_erased_person_follows_nobody_and_the_copy_says_whom_they_followed(desk: Desk) -> None:
    desk.open()
    account, client = donor()
    client.post(PAGE, {"do": "follow"})
    parts = {name: list(rows) for name, rows in sections(Person(account, (), ()))}
    assert [each["charity"] for each in parts["follows"]] == ["shan"]
    assert "关注的机构" in client.get("/privacy/copy").content.decode()
    erase_donor(Whose(account=account.pk), now=timezone.now())
    assert not Follow.objects.exists()
