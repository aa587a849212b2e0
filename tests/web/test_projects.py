"""Projects at the desk: two persons, words at the field, nothing lost, the database behind it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.timezone import localdate
from PIL import Image

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.law.queries import figure
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects.draft import EditedMeanwhileError, begin, check, save
from jusha.projects.models import Fund, Project
from jusha.projects.plan_models import Filing, ProjectDraft, ProjectEnd, ProjectPlan
from jusha.projects.plan_templates import fields_of, templates
from jusha.projects.publish import hand_in, publish
from jusha.projects.queries import published
from jusha.projects.raising import hindrances, raising_of
from jusha.uploads.models import Upload
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer, signed_in

USCC = "91110000600037341L"
TODAY = localdate()
WHOLE: dict[str, str] = {
    "title": "山里的书包", "place": "云岭县", "summary": "一个书包，十本书。",
    "story": "真实的故事。", "bank_account": "善小基金会 1001",
    "purpose": "让孩子有书读", "region": "全国（互联网）", "responsible": "李小山",
    "office_address": "演示市和平路 1 号", "ways": "本平台在线捐赠",
    "beneficiaries_range": "项目学校学生", "beneficiaries_number": "约 2600 人",
    "beneficiaries_how": "学校提供名单并公示", "use": "买书和书包", "costs": "不超过百分之二",
    "leftover": "用于同县学校", "partners": "无", "interests": "无",
    "number": f"{USCC}A26777", "filed_on": f"{TODAY - timedelta(days=20)}",
    "starts_on": f"{TODAY}", "ends_on": f"{TODAY + timedelta(days=100)}",
}  # fmt: skip
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"


class Rooms:
    """A charity's people and a reviewer, each with a browser."""

    def __init__(self, site: Site) -> None:
        self.site = site
        Charity.objects.update(uscc=USCC)
        self.li = member(site, "li@shan.example", Role.PROGRAMME)
        self.zhao = member(site, "zhao@shan.example", Role.PROGRAMME)
        self.wang = member(site, "wang@shan.example", Role.FINANCE)
        self.reviewer = officer(site, "rev@platform.example", Office.REVIEWER)
        self.auditor = officer(site, "audit@platform.example", Office.AUDITOR)
        for sha256 in ("a" * 64, "b" * 64):
            own: dict[str, Any] = {"charity": "shan", "by": self.li.pk, "bytes": 1}
            Upload.objects.create(sha256=sha256, kind="pdf", name="备案.pdf", **own)

    def draft(self, **more: str) -> ProjectDraft:
        made = begin("shan", "reading", by=self.li.pk)
        fields = fields_of("reading") | WHOLE | more
        return save(made.pk, edition=1, fields=fields, evidence="a" * 64, by=self.li.pk)

    def published(self, **more: str) -> Project:
        handed = hand_in(self.draft(**more), by=self.li.pk, today=TODAY)
        publish(handed.pk, by=self.reviewer.pk, today=TODAY)
        self.site.house.settle()
        return Project.objects.get(code=handed.subject)


@pytest.fixture
def desk(site: Site) -> Iterator[Rooms]:
    yield Rooms(site)
    site.house.settle()
    site.house.check()


def faults(desk: Rooms, **more: str) -> dict[str, str]:
    return dict(check(desk.draft(**more), today=TODAY).faults)


def post(client: Client, path: str, **fields: str) -> Any:
    return client.post(path, fields)


def test_a_plan_is_published_by_two_and_takes_gifts_at_once(desk: Rooms) -> None:
    project = desk.published()
    assert (project.title_zh, project.target_amount, project.unit_amount) == (
        "山里的书包", 10_000_000, 3_500,
    )  # fmt: skip
    fund = Fund.objects.get(code=project.code)
    assert (fund.state, fund.running_permille) == ("open", project.running_permille) == ("open", 90)
    assert hindrances(project.code, TODAY) == ()
    filed, plan = Filing.objects.get(project=project.code), ProjectPlan.objects.get()
    assert (filed.number, filed.plan, filed.decision) == (WHOLE["number"], 1, plan.decision)
    assert (filed.set_by, filed.second) == (str(desk.li.pk), str(desk.reviewer.pk))
    desk.site.house.give(2_000, project.code)
    page = desk.site.text(f"/p/{project.code}")
    for told in (
        "让孩子有书读",
        "用于同县学校",
        "全国（互联网）",
        WHOLE["number"],
        "阅读包（十本书和书包）",
    ):
        assert told in page, told


@pytest.mark.parametrize(
    ("wrong", "at", "why"),
    [
        ({"purpose": " "}, "purpose", "missing"),
        ({"interests": ""}, "interests", "missing"),
        ({"title": "字" * 41}, "title", "too-long"),
        ({"target": "100000.01"}, "lines", "not-sum"),
        ({"target": "很多"}, "target", "not-money"),
        ({"line-0-outcome": ""}, "line-0-outcome", "missing"),
        ({"line-0-count": "1.5"}, "line-0-count", "not-number"),
        ({"line-0-kind": "gift"}, "line-0-kind", "missing"),
        ({"number": ""}, "number", "number-missing"),
        ({"number": f"53{USCC[2:]}A1"}, "number", "number-borrowed"),
        ({"starts_on": f"{TODAY - timedelta(days=11)}"}, "starts_on", "starts-too-early"),
        ({"starts_on": "明天"}, "starts_on", "not-day"),
        ({"parent": "nowhere"}, "parent", "no-parent"),
    ],
)
def test_what_is_missing_is_named_at_its_field(
    desk: Rooms, wrong: dict[str, str], at: str, why: str
) -> None:
    assert faults(desk, **wrong)[at] == why


def test_a_whole_plan_has_no_fault_and_every_template_adds_up(desk: Rooms) -> None:
    assert faults(desk) == {}
    for code in templates():
        found = faults(desk, **fields_of(code))
        assert "lines" not in found, code
        assert not [name for name in found if name.startswith("line-")], code


def test_an_emergency_is_published_first_and_filed_later(desk: Rooms) -> None:
    project = desk.published(number="", filed_on="", emergency="yes")
    assert hindrances(project.code, TODAY) == ()
    late = TODAY + timedelta(days=30)
    assert hindrances(project.code, late)[0].code == "filing-unfiled"
    page = f"/desk/projects/{project.code}"
    li, reviewer = signed_in(desk.li), signed_in(desk.reviewer)
    answer = post(li, page, do="file", number=WHOLE["number"], filed_on=f"{TODAY}")
    assert answer.status_code == 422
    seen = BytesIO()
    Image.new("RGB", (40, 40), "white").save(seen, "PNG")
    scan = SimpleUploadedFile("filing.png", seen.getvalue(), "image/png")
    fields = {"do": "file", "number": WHOLE["number"], "filed_on": f"{TODAY}", "evidence": scan}
    assert li.post(page, fields).status_code == 303
    decision = Decision.objects.get(kind="filing")
    assert "filing.png" in reviewer.get(page).content.decode()
    told = {"do": "confirm", "number": str(decision.pk), "kind": "filing"}
    assert post(signed_in(desk.zhao), page, **told).status_code == 422
    assert post(reviewer, page, **told).status_code == 303
    found = {each.code for each in hindrances(project.code, late)}
    assert found <= {"overdue"}, "filed now; its reports are due all the same"


def test_the_second_of_two_who_write_at_once_sees_both_texts(desk: Rooms) -> None:
    draft = desk.draft()
    li, zhao = signed_in(desk.li), signed_in(desk.zhao)
    page = f"/desk/projects/{draft.project}/edit"
    fields = fields_of("reading") | WHOLE | {"edition": str(draft.edition), "do": "save"}
    assert post(zhao, page, **(fields | {"purpose": "赵写的目的"})).status_code == 303
    answer = post(li, page, **(fields | {"purpose": "李写的目的"}))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "李写的目的" in html
    assert "赵写的目的" in html
    assert ProjectDraft.objects.get(pk=draft.pk).fields["purpose"] == "赵写的目的"
    with pytest.raises(EditedMeanwhileError):
        save(draft.pk, edition=draft.edition, fields={}, evidence="", by=desk.li.pk)


def test_nobody_examines_their_own_and_handing_back_says_why(desk: Rooms) -> None:
    draft = desk.draft()
    li, reviewer = signed_in(desk.li), signed_in(desk.reviewer)
    page = f"/desk/projects/{draft.project}"
    fields = fields_of("reading") | WHOLE | {"edition": str(draft.edition), "do": "hand-in"}
    assert post(li, f"{page}/edit", **fields).status_code == 303
    decision = Decision.objects.get(kind="publish")
    told = {"number": str(decision.pk), "kind": "publish"}
    for person in (desk.li, desk.zhao, desk.wang):
        answer = post(signed_in(person), page, do="confirm", **told)
        assert answer.status_code == 422, person
    assert post(signed_in(desk.auditor), page, do="confirm", **told).status_code == 403
    assert li.get(f"{page}/edit").status_code == 303
    assert post(reviewer, page, do="decline", **told).status_code == 422
    assert post(reviewer, page, do="decline", words="缺公章", **told).status_code == 303
    assert "缺公章" in li.get(page).content.decode()
    assert li.get(f"{page}/edit").status_code == 200
    assert not Project.objects.filter(code=draft.project).exists()


def test_other_charities_see_nothing_and_a_viewer_writes_nothing(desk: Rooms) -> None:
    draft = desk.draft()
    with as_owner(desk.site):
        Charity.objects.create(
            code="far", name_zh="远", name_en="Far", uscc="x", certificate_no="", address_zh="",
            address_en="", phone="",
        )  # fmt: skip
    far = signed_in(member(desk.site, "far@far.example", Role.PROGRAMME, charity="far"))
    viewer = signed_in(member(desk.site, "view@shan.example", Role.VIEWER))
    page = f"/desk/projects/{draft.project}"
    assert far.get(page).status_code == far.get(f"{page}/edit").status_code == 404
    assert post(far, "/desk/projects", charity="shan", template="reading").status_code == 404
    assert viewer.get(page).status_code == 200
    assert viewer.get(f"{page}/edit").status_code == 403
    assert post(viewer, "/desk/projects", charity="shan", template="reading").status_code == 404
    assert Client().get("/desk/projects").status_code == 302


def test_a_change_of_use_is_a_new_version_with_evidence(desk: Rooms) -> None:
    project = desk.published()
    li = signed_in(desk.li)
    page = f"/desk/projects/{project.code}"
    assert post(li, page, do="change").status_code == 303
    draft = ProjectDraft.objects.get(project=project.code)
    assert draft.version == 2
    assert set(check(draft, today=TODAY).faults) == {"basis", "change", "evidence"}
    fields = draft.fields | {"use": "改为买课桌", "basis": "consent", "change": "学校书够了"}
    shifted = fields | {"line-0-unit": "34", "line-2-unit": "5600"}
    draft = save(draft.pk, edition=draft.edition, fields=shifted, evidence="b" * 64, by=desk.li.pk)
    assert check(draft, today=TODAY).faults == {"lines": "split-changed"}
    draft = save(draft.pk, edition=draft.edition, fields=fields, evidence="b" * 64, by=desk.li.pk)
    handed = hand_in(draft, by=desk.li.pk, today=TODAY)
    publish(handed.pk, by=desk.reviewer.pk, today=TODAY)
    assert ProjectPlan.objects.filter(project=project.code).count() == 2
    html = desk.site.text(f"/p/{project.code}")
    assert "改为买课桌" in html
    assert "学校书够了" in html
    assert hindrances(project.code, TODAY) == ()


def test_a_project_ends_by_two_and_says_where_the_rest_goes(desk: Rooms) -> None:
    project = desk.published()
    page = f"/desk/projects/{project.code}"
    li, wang = signed_in(desk.li), signed_in(desk.wang)
    assert post(li, page, do="end", leftover="by-plan").status_code == 422
    assert post(wang, page, do="end", leftover="by-plan", words="用完").status_code == 422
    assert post(li, page, do="end", leftover="by-plan", words="用于同县学校").status_code == 303
    decision = Decision.objects.get(kind="project-end")
    told = {"do": "confirm", "number": str(decision.pk), "kind": "project-end"}
    assert post(li, page, **told).status_code == 422
    assert post(signed_in(desk.reviewer), page, **told).status_code == 422
    assert post(wang, page, **told).status_code == 303
    desk.site.house.settle()
    assert Fund.objects.get(code=project.code).state == "gone"
    assert ProjectEnd.objects.get().leftover == "by-plan"
    assert "用于同县学校" in desk.site.text(f"/p/{project.code}")
    assert [each.code for each in hindrances(project.code, TODAY)] == ["closed"]


def test_a_page_that_was_taken_over_publishes_and_ends_nothing(desk: Rooms) -> None:
    whose = {"charity": "shan", "project": BOOKS}
    for write in (
        lambda: ProjectPlan.objects.create(**whose, version=1, content={}, decision=7),
        lambda: ProjectEnd.objects.create(**whose, leftover="none", words="x", decision=7),
    ):
        with pytest.raises(IntegrityError, match="two persons decided"), transaction.atomic():
            write()


def test_children_lie_within_their_parent_and_on_one_level(
    desk: Rooms, owner: psycopg.Connection
) -> None:
    parent = desk.published()
    child = desk.published(
        parent=parent.code, title="子计划", number="", filed_on="",
        starts_on="", ends_on="",
    )  # fmt: skip
    assert hindrances(child.code, TODAY) == ()
    assert not Filing.objects.filter(project=child.code).exists()
    assert faults(desk, parent=parent.code)["target"] == "above-parent"
    assert faults(desk, parent=child.code)["parent"] == "no-parent"
    for statement, why in (
        (f"UPDATE jusha_project SET parent = '{child.code}' WHERE code = '{WATER}'", "a child of"),
        (f"UPDATE jusha_project SET parent = '{child.code}' WHERE code = '{parent.code}'", "child"),
        (f"UPDATE jusha_project SET parent = code WHERE code = '{WATER}'", "a child of"),
        (f"UPDATE jusha_project SET parent = '{parent.code}' WHERE code = '{WATER}'", "raise more"),
        (f"UPDATE jusha_project SET target_amount = 5 WHERE code = '{parent.code}'", "raise more"),
    ):
        with pytest.raises(psycopg.IntegrityError, match=why):
            owner.execute(statement)
    desk.site.house.give(2_000, parent.code)
    number = desk.site.house.give(3_333, child.code)
    desk.site.house.instruct("refund", deed=number, amount=1_111, reason="asked")
    html = desk.site.text(f"/p/{parent.code}")
    assert "子计划" in html
    assert "一共：¥42.22" in re.sub(r"<[^>]*>|\s", "", html)
    assert parent.title_zh in desk.site.text(f"/p/{child.code}")


def test_what_went_stale_while_it_waited_is_not_published(desk: Rooms) -> None:
    handed = hand_in(desk.draft(), by=desk.li.pk, today=TODAY)
    with pytest.raises(DecisionRefusedError, match="stale-filing"):
        publish(handed.pk, by=desk.reviewer.pk, today=TODAY + timedelta(days=200))
    assert not ProjectPlan.objects.exists()


def test_a_parent_carries_as_many_members_as_the_house_promises(
    site: Site, owner: psycopg.Connection
) -> None:
    members = figure("parent-members-min", on=TODAY)
    owner.execute(
        "INSERT INTO jusha_project (code, charity_id, title_zh, title_en, summary_zh, summary_en,"
        " story_zh, story_en, place_zh, place_en, unit_amount, unit_zh, unit_en, target_amount,"
        " running_permille, filing_no, starts_on, ends_on, parent)"
        " SELECT 'member-' || n, p.charity_id, '成员', 'Member', '', '', '', '', '', '',"
        " 1, '', '', 1, 0, '', p.starts_on, p.ends_on, p.code"
        " FROM jusha_project p, generate_series(1, %s) n WHERE p.code = %s",
        (members, BOOKS),
    )
    owner.execute(
        "INSERT INTO projects_fund (project, code, payee, running_permille, state, number,"
        " programme_head) SELECT 1000 + n, 'member-' || n, 1, 0, 'open', 0, n"
        " FROM generate_series(1, %s) n",
        (members,),
    )
    owner.execute("INSERT INTO projects_void VALUES (1001, 1, 0, 1, 9)")
    site.house.give(2_000)
    found = published(BOOKS, TODAY)
    assert len(found.children) == members
    rolled = sum(each.net for each in found.children)
    assert rolled == members * (members + 1) // 2 - 1
    assert found.net == rolled + 2_000
    assert raising_of([f"member-{n}" for n in range(1, members + 1)], TODAY) == {
        each.code for each in found.children
    }
    assert site.text(f"/p/{BOOKS}").count("member-") == members


def test_the_statutory_box_stands_on_project_and_donate_page(site: Site) -> None:
    facts = (
        "善小基金会",
        "53330000DEMO000001",
        "演示公募 001",
        "51530000DEMO26001",
        "400-000-0000",
    )
    for path in (f"/p/{BOOKS}", f"/p/{BOOKS}/donate"):
        html = site.text(path)
        box = html[html.index('class="statutory"') :]
        box = box[: box.index("</section>")]
        for fact in (*facts, "公开募捐资格证书", "募捐方案备案编号", "联系方式", "查询方法"):
            assert fact in box, (path, fact)


def test_the_audit_finds_a_plan_that_splits_gifts_otherwise(
    site: Site, owner: psycopg.Connection
) -> None:
    site.house.check()
    owner.execute(
        "INSERT INTO jusha_projectplan (charity, project, version, content, at)"
        " VALUES ('shan', %s, 1, '{\"running_permille\": 81}', now())",
        (BOOKS,),
    )
    with pytest.raises(AssertionError, match="plan splits gifts otherwise"):
        site.house.check()
