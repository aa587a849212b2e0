"""Sponsors that are not taken, and related parties on the project's page."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.timezone import localdate
from psycopg.types.json import Jsonb

from jusha.finding.sweep import Sweep
from jusha.management.demo.plans import plan_of
from jusha.matching.block_list import SponsorRefusedError, check_instruction
from jusha.matching.block_models import SponsorBlock
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects.models import Project
from jusha.web import held
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in

PLAN_SQL = """
INSERT INTO jusha_projectplan (charity, project, version, content, at)
VALUES ('shan', %s, 1, %s, now())"""


class Desk:
    """Two reviewers, an operator, one of the platform's finance."""

    def __init__(self, site: Site) -> None:
        offices = {
            "rev": Office.REVIEWER, "two": Office.REVIEWER, "run": Office.OPERATOR,
            "money": Office.FINANCE,
        }  # fmt: skip
        self.clients = {
            name: signed_in(officer(site, f"{name}@platform.example", office))
            for name, office in offices.items()
        }

    def propose(self, who: str = "rev", **more: Any) -> int:
        asked = {
            "do": "propose", "text": "Tree Ltd", "how": "name", "category": "connected",
            "words": "审核员的家属是它的股东", "begins": f"{localdate()}",
        }  # fmt: skip
        return int(self.clients[who].post("/desk/sponsors", asked | more).status_code)

    def end(self, who: str, do: str = "confirm", **more: Any) -> int:
        asked = {"do": do, "number": str(Decision.objects.latest("id").pk), **more}
        return int(self.clients[who].post("/desk/sponsors", asked).status_code)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_two_reviewers_put_a_sponsor_on_the_list_and_take_it_off(desk: Desk) -> None:
    today = localdate()
    assert desk.propose("run") == 422
    assert desk.propose("money") == 403
    assert desk.propose() == 303
    for who in ("rev", "run", "money"):
        assert desk.end(who) in {403, 422}, who
    check_instruction("fund-pool", {"sponsor": "Tree Ltd"}, on=today)
    assert desk.end("two") == 303
    with pytest.raises(SponsorRefusedError, match="股东"):
        check_instruction("fund-pool", {"sponsor": "TREE LTD."}, on=today)
    with pytest.raises(SponsorRefusedError, match="Tree Ltd"):
        check_instruction("publish-rule", {"pool": "tree"}, on=today)
    check_instruction("fund-pool", {"sponsor": "Tree Ltd"}, on=today - timedelta(days=1))
    page = desk.clients["two"].get("/desk/sponsors").content.decode()
    assert "已经开着的配捐池" in page, "its pool was there before"
    tomorrow = today + timedelta(days=1)
    assert desk.propose(ends=f"{tomorrow}") == 303
    assert desk.end("two") == 303
    check_instruction("fund-pool", {"sponsor": "Tree Ltd"}, on=tomorrow)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"text": ""}, "请写出资方的全称"),
        ({"text": "烟", "how": "word"}, "至少两个字的词"),
        ({"category": "other"}, "请选一种匹配方式"),
        ({"words": ""}, "请写下"),
        ({"begins": "2020-01-01"}, "有效期不对"),
    ],
)
def test_what_cannot_be_listed_is_said(desk: Desk, more: dict[str, str], words: str) -> None:
    asked = {
        "do": "propose", "text": "蓝桥", "how": "name", "category": "trust", "words": "没有兑现",
        "begins": f"{localdate()}",
    } | more  # fmt: skip
    answer = desk.clients["rev"].post("/desk/sponsors", asked)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Decision.objects.exists()


def test_an_operator_s_command_is_refused_with_words(site: Site) -> None:
    given = ["code=smoke", "campaign=day", "sponsor=红河卷烟厂", "how=secured", "amount=100"]
    with pytest.raises(CommandError, match="第四十条"):
        call_command("instruct", "fund-pool", *given, by="li")
    assert "smoke" not in str(site.house.entries())


def test_no_page_writes_the_list_alone(site: Site) -> None:
    assert site is not None
    row = {"text": "蓝桥", "how": "name", "category": "trust", "words": "x", "begins": localdate()}
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        SponsorBlock.objects.create(**row)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SponsorBlock.objects.all().delete()


def test_a_field_of_work_is_shown_found_and_filtered(site: Site) -> None:
    Project.objects.filter(code=BOOKS).update(theme="education")
    held.clear()
    assert "/projects?theme=education" in site.text(f"/p/{BOOKS}")
    Sweep().round(timezone.now())
    text = site.text("/projects?theme=education")
    assert f"/p/{BOOKS}" in text
    assert f"/p/{WATER}" not in text
    assert f"/p/{BOOKS}" not in site.text("/projects?theme=animals")


def test_a_related_party_that_sponsors_is_shown_on_the_project_s_page(
    site: Site, owner: psycopg.Connection
) -> None:
    page = Project.objects.select_related("charity").get(code=BOOKS)
    content = plan_of(page).document() | {"parent": ""}
    content["texts"]["related"] = "Tree ltd.\n青山印刷厂"
    assert "利害关系方" not in site.text(f"/p/{BOOKS}")
    owner.execute(PLAN_SQL, (BOOKS, Jsonb(content)))
    held.clear()
    text = site.text(f"/p/{BOOKS}")
    assert "是配捐的出资方" in text
    assert "没有出资，也没有收款" in text, "the other one appears nowhere"
