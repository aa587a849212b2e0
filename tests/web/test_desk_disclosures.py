"""What is due at the desk: who writes, who publishes, who only looks; and what visitors see."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import localdate, now
from PIL import Image

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.law.queries import forget
from jusha.notices.models import Broadcast, Message
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects.disclosure_models import Disclosure, DisclosureDraft, DisclosurePaper
from jusha.projects.models import Project
from jusha.projects.publish_paper import Written, keep_draft
from jusha.projects.remind_disclosures import remind
from jusha.web.report_drafts import draft_emergencies
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer, signed_in

LIST = "/desk/disclosures"
KEY = f"p/{BOOKS}/progress/1"
WRITE = f"{LIST}/write?key={KEY}"
WORDS = {"title": "九月到十一月", "words": "两所学校的书到了。"}


def due(site: Site, *, in_days: int, key: str = KEY, kind: str = "progress") -> None:
    """Something that is due so many days from today; before today it is late."""
    with as_owner(site):
        Disclosure.objects.create(
            key=key, charity="shan", project=BOOKS, kind=kind, place=1,
            from_on=localdate() - timedelta(days=90), until_on=localdate(),
            due_on=localdate() + timedelta(days=in_days),
        )  # fmt: skip


def picture() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (400, 300), (40, 110, 90)).save(out, "JPEG")
    return SimpleUploadedFile("school.jpg", out.getvalue(), "image/jpeg")


class Desk:
    """The charity's programme and finance, a stranger's finance, and the platform's people."""

    def __init__(self, site: Site) -> None:
        forget()
        with as_owner(site):
            Charity.objects.create(
                code="else", name_zh="别家", name_en="Else", uscc="x", certificate_no="",
                address_zh="", address_en="", phone="",
            )  # fmt: skip
        self.li = signed_in(member(site, "li@shan.example", Role.PROGRAMME))
        self.wang = signed_in(member(site, "wang@shan.example", Role.FINANCE))
        self.far = signed_in(member(site, "far@else.example", Role.FINANCE, charity="else"))
        self.far_programme = signed_in(
            member(site, "fp@else.example", Role.PROGRAMME, charity="else")
        )
        self.auditor = signed_in(officer(site, "aud@platform.example", Office.AUDITOR))
        self.operator = signed_in(officer(site, "ope@platform.example", Office.OPERATOR))

    def propose(self, path: str = WRITE, **told: Any) -> str:
        answer = self.li.post(path, WORDS | {"do": "propose"} | told)
        assert answer.status_code == 303, answer.content.decode()
        return str(answer["Location"])


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def donate_is_open(site: Site) -> bool:
    return "我要捐" in site.text(f"/p/{BOOKS}")


def test_a_late_report_stops_orders_until_two_persons_publish_it(site: Site, desk: Desk) -> None:
    due(site, in_days=-1)
    assert not donate_is_open(site)
    assert "已过期：应在" in site.text(f"/p/{BOOKS}")
    where = desk.propose(files=picture())
    assert not donate_is_open(site), "proposed is not published"
    assert desk.wang.post(where, {"do": "confirm"}).status_code == 303
    assert donate_is_open(site)
    paper = DisclosurePaper.objects.get(key=KEY)
    html = site.text(f"/p/{BOOKS}/disclosures/progress/1")
    assert "两所学校的书到了" in html
    assert "期末结余" in html
    assert f"/files/{paper.files[0]}.jpg" in html
    assert site.get(f"/files/{paper.files[0]}.jpg").status_code == 200
    assert "已公开，晚于" in site.text(f"/p/{BOOKS}/disclosures")


def test_a_picture_is_not_public_before_its_report_is(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    desk.propose(files=picture())
    sha256 = Decision.objects.get(kind="disclosure").body["files"][0]
    assert site.get(f"/files/{sha256}.jpg", client=Client()).status_code != 200
    assert desk.wang.get(f"/files/{sha256}.jpg").status_code == 200


def test_who_may_not_decide_is_told_so_and_nothing_happens(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    where = desk.propose()
    assert desk.li.post(where, {"do": "confirm"}).status_code == 422
    assert desk.far.post(where, {"do": "confirm"}).status_code == 404
    assert desk.far.get(where).status_code == 404
    assert desk.auditor.get(where).status_code == 200
    assert desk.auditor.post(where, {"do": "confirm"}).status_code == 403
    assert desk.operator.get(LIST).status_code == 403
    assert Client().get(where).status_code == 302
    assert not DisclosurePaper.objects.exists()


def test_only_the_charitys_programme_writes(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    assert desk.li.get(WRITE).status_code == 200
    assert desk.wang.get(WRITE).status_code == 403
    assert desk.far_programme.get(WRITE).status_code == 404
    assert desk.far_programme.post(WRITE, WORDS).status_code == 404
    assert desk.far_programme.get(f"{LIST}/write?project={BOOKS}").status_code == 404


def test_what_is_missing_is_said_and_what_was_typed_is_kept(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    answer = desk.li.post(WRITE, {"title": "", "words": "写到一半", "do": "propose"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "请写标题" in html
    assert "写到一半" in html
    bad = SimpleUploadedFile("x.jpg", b"<html>", "image/jpeg")
    answer = desk.li.post(WRITE, WORDS | {"do": "propose", "files": bad})
    assert (answer.status_code, "看不出这是什么文件" in answer.content.decode()) == (422, True)


def test_handed_back_with_words_and_taken_back(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    where = desk.propose()
    assert desk.wang.post(where, {"do": "decline", "words": ""}).status_code == 422
    assert desk.wang.post(where, {"do": "decline", "words": "少一所学校"}).status_code == 303
    assert "少一所学校" in desk.li.get(where).content.decode()
    other = desk.propose()
    assert desk.li.post(other, {"do": "withdraw"}).status_code == 303
    assert desk.wang.post(other, {"do": "confirm"}).status_code == 422


def test_a_draft_is_kept_and_gone_when_published(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    assert desk.li.post(WRITE, WORDS | {"do": "keep"}).status_code == 303
    assert "两所学校的书到了" in desk.li.get(WRITE).content.decode()
    desk.wang.post(desk.propose(), {"do": "confirm"})
    assert not DisclosureDraft.objects.exists()


def test_a_correction_stands_beside_what_it_corrects(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    desk.wang.post(desk.propose(), {"do": "confirm"})
    desk.wang.post(desk.propose(words="三所学校。", correction="漏了一所。"), {"do": "confirm"})
    html = site.text(f"/p/{BOOKS}/disclosures/progress/1")
    assert html.index("漏了一所。") < html.index("三所学校。") < html.index("两所学校的书到了。")


def test_a_post_is_out_at_once(site: Site, desk: Desk) -> None:
    answer = desk.li.post(f"{LIST}/write?project={BOOKS}", WORDS | {"files": picture()})
    assert answer["Location"] == f"/p/{BOOKS}/disclosures/post/1"
    assert "两所学校的书到了" in site.text(f"/p/{BOOKS}/disclosures/post/1")
    again = desk.li.post(f"{LIST}/write?key=p/{BOOKS}/post/1", WORDS | {"correction": "改了。"})
    assert again.status_code == 303
    assert "更正说明" in site.text(f"/p/{BOOKS}/disclosures/post/1")


def test_the_desk_says_what_waits_for_whom(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    assert "已过期" not in desk.li.get(LIST).content.decode()
    assert "快到期" in desk.li.get(LIST).content.decode()
    for who in (desk.li, desk.wang):
        assert "接着要公开的" in who.get("/desk").content.decode()
    assert "接着要公开的" not in desk.far.get("/desk").content.decode()
    desk.propose()
    assert "等第二个人确认" in desk.wang.get(LIST).content.decode()
    assert "等第二个人确认" not in desk.far.get(LIST).content.decode()


def test_emergencies_are_drafted_from_the_ledger_and_a_persons_words_are_left_alone(
    site: Site, desk: Desk
) -> None:
    site.house.give(2000)
    due(site, in_days=3, key=f"p/{BOOKS}/emergency/1", kind="emergency")
    assert draft_emergencies(today=localdate()) == 1
    draft = DisclosureDraft.objects.get()
    assert "20 元" in draft.words
    path = f"{LIST}/write?key=p/{BOOKS}/emergency/1"
    assert "系统照账本写的草稿" in desk.li.get(path).content.decode()
    desk.li.post(path, WORDS | {"do": "keep"})
    draft_emergencies(today=localdate())
    draft.refresh_from_db()
    assert draft.words == WORDS["words"]


def test_members_are_reminded_once_and_told_once_when_late(site: Site, desk: Desk) -> None:
    due(site, in_days=3)
    assert remind(now()) == 2
    assert remind(now()) == 0
    due(site, in_days=-1)
    assert remind(now()) == 2
    assert set(Message.objects.values_list("kind", flat=True)) == {"report-due", "report-late"}
    told = desk.li.get("/mine/messages").content.decode()
    assert "前要公开" in told
    assert "已经过期" in told


def test_donors_hear_of_a_final_report(site: Site, desk: Desk) -> None:
    due(site, in_days=3, key=f"p/{BOOKS}/final/1", kind="final")
    desk.wang.post(desk.propose(f"{LIST}/write?key=p/{BOOKS}/final/1"), {"do": "confirm"})
    sent = Broadcast.objects.get()
    assert (sent.project, sent.confirmed_at is not None) == (BOOKS, True)
    assert sent.by != sent.second


def test_the_public_table_of_the_law_has_every_figure_with_its_source(site: Site) -> None:
    html = site.text("/law")
    for told in ("10 天", "2016-09-01", "第七十九条", "据报道", "现在没有查到的数"):
        assert told in html


def test_a_figure_of_the_law_takes_two_persons_at_the_desk(site: Site, desk: Desk) -> None:
    one, two = (
        signed_in(officer(site, f"{n}@platform.example", Office.REVIEWER)) for n in ("r1", "r2")
    )
    path = "/desk/law/file-before-start-days"
    day = (localdate() + timedelta(days=30)).isoformat()
    asked = {"do": "propose", "value": "20", "begins": day, "source": "某办法第一条", "sure": "V"}
    assert one.post(path, asked | {"begins": str(date(2026, 1, 1))}).status_code == 422
    assert one.post(path, asked | {"value": "1.5"}).status_code == 422
    assert desk.operator.post(path, asked).status_code == 303
    number = Decision.objects.get(kind="law").pk
    assert desk.operator.post(path, {"do": "confirm", "number": number}).status_code == 422
    assert desk.auditor.post(path, {"do": "confirm", "number": number}).status_code == 403
    assert desk.li.get(path).status_code == 403
    assert (
        two.post("/desk/law/records-keep-years", {"do": "confirm", "number": number}).status_code
        == 422
    )
    assert two.post(path, {"do": "confirm", "number": number}).status_code == 303
    html = site.text("/law")
    assert "20 天" in html
    assert "某办法第一条" in html
    forget()


def test_one_charitys_address_opens_no_draft_of_another(site: Site) -> None:
    Charity.objects.create(code="else", name_zh="别家", name_en="Else", uscc="5" * 18)
    far = signed_in(member(site, "far@else.example", Role.PROGRAMME, charity="else"))
    key = f"p/{BOOKS}/progress/1"
    li = member(site, "li@shan.example", Role.PROGRAMME)
    keep_draft(key, Written("没有公开的", "还在写的话。"), by=li.pk)
    with as_owner(site):
        theirs = Project.objects.get(code=BOOKS)
        theirs.pk, theirs.code, theirs.charity = None, "else-one", Charity.objects.get(code="else")
        theirs.save()
    for path in (f"?key={key}", f"?key={key}&project=else-one"):
        answer = far.get(f"/desk/disclosures/write{path}")
        assert answer.status_code == 404, path
        assert "还在写的话" not in answer.content.decode()
    assert far.get("/desk/disclosures/write?project=else-one").status_code == 200
