"""Spending at the desk: programme asks with papers, finance confirms, settlement spends once."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects.expense_papers import show_paper
from jusha.projects.expenses import instruction
from jusha.projects.models import Expense, ExpenseNote, ExpensePaper
from jusha.uploads.keep import keep
from jusha.uploads.rules import PAPERS
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in

LIST = "/desk/spending"
ASKED = {
    "project": BOOKS, "line": "programme", "own": "12.40", "what": "goods",
    "purpose": "课外书 62 册", "place": "云南省怒江州", "supplier": "新华书店", "on": "2026-01-05",
    "units": "62",
}  # fmt: skip


def paper(name: str = "invoice.jpg") -> SimpleUploadedFile:
    """A photograph; one of another name is another."""
    drawn = BytesIO()
    Image.new("RGB", (40, 30), (len(name) * 9 % 256, 90, 40)).save(drawn, "JPEG")
    return SimpleUploadedFile(name, drawn.getvalue(), content_type="image/jpeg")


class Desk:
    """Twenty yuan given, a programme officer, two of finance and an auditor."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.house.give(2_000)
        self.programme = signed_in(member(site, "chen@shan.example", Role.PROGRAMME))
        self.finance = signed_in(member(site, "li@shan.example"))
        self.viewer = signed_in(member(site, "ma@shan.example", Role.VIEWER))
        self.auditor = signed_in(officer(site, "audit@shan.example", Office.AUDITOR))

    def ask(self, *, status: int = 303, files: Any = None, **more: Any) -> str:
        sent: dict[str, Any] = ASKED | more
        sent |= {"evidence": paper()} if files is None else files
        answer = self.programme.post(f"{LIST}/new", sent)
        assert answer.status_code == status, answer.content.decode()
        return str(answer.content.decode())

    def newest(self) -> Decision:
        return Decision.objects.latest("id")

    def press(self, client: Client, do: str, **more: str) -> int:
        return int(client.post(f"{LIST}/{self.newest().pk}", {"do": do} | more).status_code)

    def text(self, client: Client, path: str = LIST, *, status: int = 200) -> str:
        answer = self.site.get(path, client=client)
        assert answer.status_code == status
        return str(answer.content.decode())


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_programme_asks_finance_confirms_and_the_next_interval_is_spent(desk: Desk) -> None:
    desk.ask(files={"evidence": paper(), "picture": paper("school.jpg")})
    assert "等财务确认" in desk.text(desk.programme)
    assert ">1</span>" in desk.text(desk.finance, "/desk")
    assert ">1</span>" not in desk.text(desk.programme, "/desk")
    page = desk.text(desk.finance, f"{LIST}/{desk.newest().pk}")
    assert "新华书店" in page
    assert "确认这笔支出" in page
    assert desk.press(desk.finance, "confirm") == 303
    assert "正在记账" in desk.text(desk.programme)
    desk.site.house.settle()
    spent = Expense.objects.get()
    assert (spent.start, spent.upto, spent.amount) == (0, 1_240, 1_240)
    assert spent.ref == f"E{desk.newest().pk}"
    assert "已记账" in desk.text(desk.programme)
    again = instruction(desk.newest(), second=desk.newest().proposed_by)
    desk.site.house.send(again, lane="console")
    desk.site.house.settle()
    assert Expense.objects.count() == 1
    desk.site.house.check()


def test_pictures_are_public_once_they_are_confirmed_and_papers_never(desk: Desk) -> None:
    desk.ask(files={"evidence": paper(), "picture": paper("school.jpg")})
    decision = desk.newest()
    picture = f"/files/{decision.body['pictures'][0]}.jpg"
    assert desk.site.get(picture).status_code == 302
    desk.press(desk.finance, "confirm")
    assert desk.site.get(picture).status_code == 200
    assert desk.site.get(f"/files/{decision.evidence[0]}.jpg").status_code == 302


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"own": "ten"}, "金额"),
        ({"own": "20.00"}, "剩下的钱不够"),
        ({"purpose": ""}, "用在了什么上"),
        ({"place": " "}, "用在了哪里"),
        ({"on": "yesterday"}, "日期"),
        ({"on": "2099-01-01"}, "还没有到"),
        ({"project": "nowhere"}, "您机构的一个项目"),
        ({"line": "running", "own": "1.61"}, "不够"),
        ({"units": "-1"}, "整数"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_asked(
    desk: Desk, wrong: dict[str, str], words: str
) -> None:
    assert words in desk.ask(status=422, **wrong)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_day_that_the_form_proposes_is_a_day_that_it_takes(desk: Desk, lang: str) -> None:
    page = desk.programme.get(f"{LIST}/new", headers={"accept-language": lang}).content.decode()
    field = next(each for each in page.split("<input ") if 'name="on"' in each)
    desk.ask(on=field.split('value="')[1].split('"')[0])


def test_an_expense_without_its_paper_is_not_taken(desk: Desk) -> None:
    assert "请上传发票" in desk.ask(status=422, files={})


def test_a_file_is_kept_while_the_form_is_mended(desk: Desk) -> None:
    page = desk.ask(status=422, own="20.00")
    kept = page.split('name="evidence_kept" value="')[1][:64]
    desk.ask(files={}, evidence_kept=kept)
    assert desk.newest().evidence == [kept]


def test_nobody_else_confirms(desk: Desk) -> None:
    desk.ask()
    Charity.objects.create(code="other", name_zh="别家", name_en="Other", uscc="X")
    for client, status in (
        (desk.programme, 422), (desk.viewer, 422), (desk.auditor, 403),
        (signed_in(member(desk.site, "eve@other.example", charity="other")), 404),
    ):  # fmt: skip
        assert desk.press(client, "confirm") == status
    assert desk.text(desk.auditor, f"{LIST}/{desk.newest().pk}")
    assert not hasattr(desk.newest(), "end")


@pytest.mark.parametrize("who", ["finance", "viewer", "auditor"])
def test_only_programme_asks(desk: Desk, who: str) -> None:
    for path in (f"{LIST}/new", f"{LIST}/batch"):
        assert getattr(desk, who).get(path).status_code == 403
        assert getattr(desk, who).post(path, ASKED).status_code == 403


def test_finance_hands_back_with_words_and_programme_takes_back(desk: Desk) -> None:
    desk.ask()
    assert desk.press(desk.finance, "decline") == 422
    assert desk.press(desk.finance, "decline", words="发票抬头不对") == 303
    assert "发票抬头不对" in desk.text(desk.programme)
    desk.ask()
    assert desk.press(desk.finance, "withdraw") == 422
    assert desk.press(desk.programme, "withdraw") == 303
    assert desk.press(desk.finance, "confirm") == 422
    assert "已撤回" in desk.text(desk.programme)


def test_what_the_line_has_no_more_is_refused_and_said(desk: Desk) -> None:
    desk.ask()
    desk.ask(own="9.00", purpose="运费")
    first, second = Decision.objects.order_by("id")
    desk.finance.post(f"{LIST}/{first.pk}", {"do": "confirm"})
    desk.finance.post(f"{LIST}/{second.pk}", {"do": "confirm"})
    desk.site.house.settle()
    assert "剩下的钱不够" in desk.text(desk.programme)
    assert Expense.objects.count() == 1
    desk.ask(own="6.00", purpose="再买")
    desk.site.house.instruct("spend", project=BOOKS, line="programme", amount=500, ref="X1",
                             what="goods", words=bytes(32), evidence=bytes(32))  # fmt: skip
    assert (
        "剩下的钱不够"
        in desk.finance.post(f"{LIST}/{desk.newest().pk}", {"do": "confirm"}).content.decode()
    )
    assert not hasattr(desk.newest(), "end")


def test_what_was_said_wrongly_gets_a_note_and_the_expense_stays(desk: Desk) -> None:
    desk.ask()
    desk.press(desk.finance, "confirm")
    assert desk.press(desk.programme, "note", words="早了一步") == 422
    desk.site.house.settle()
    assert desk.press(desk.viewer, "note", words="不是我") == 422
    assert desk.press(desk.programme, "note", words="应为 60 册") == 303
    assert "应为 60 册" in desk.text(desk.finance, f"{LIST}/{desk.newest().pk}")
    assert ExpenseNote.objects.get().number == Expense.objects.get().number


SHEET = (
    "项目,款项,金额,类别,用途,地点,收款方,日期,数量\n"
    f"{BOOKS},用于项目,10.00,物资,书,怒江,书店,2026-01-05,5\n"
    f"{BOOKS},执行成本,1.60,办公,纸,昆明,,2026-01-06,\n"
)


def test_a_table_is_tried_first_and_asked_for_all_together(desk: Desk) -> None:
    page = desk.programme.post(f"{LIST}/batch", {"rows": SHEET, "try": "1", "evidence": paper()})
    assert page.status_code == 200
    text = page.content.decode()
    assert "全部交给财务确认" in text
    assert not Decision.objects.exists()
    kept = text.split('name="evidence_kept" value="')[1][:64]
    sent = {"rows": SHEET, "ask": "1", "evidence_kept": kept}
    assert desk.programme.post(f"{LIST}/batch", sent).status_code == 303
    assert [each.body["amount"] for each in Decision.objects.order_by("id")] == [1_000, 160]
    for each in Decision.objects.all():
        desk.finance.post(f"{LIST}/{each.pk}", {"do": "confirm"})
    desk.site.house.settle()
    assert Expense.objects.count() == 2
    desk.site.house.check()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "没有支出"),
        ("a,b\n", "9 列"),
        (SHEET + f"{BOOKS},用于项目,8.41,物资,书,怒江,,2026-01-05,1\n", "剩下的钱不够"),
        (SHEET.replace(BOOKS, "other-books"), "您机构的一个项目"),
        (SHEET.replace("10.00", "ten"), "金额"),
    ],
)
def test_a_table_with_a_fault_asks_for_nothing(desk: Desk, rows: str, words: str) -> None:
    sent = {"rows": rows, "ask": "1", "evidence": paper()}
    page = desk.programme.post(f"{LIST}/batch", sent)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert not Decision.objects.exists()


def test_a_table_without_a_paper_asks_for_nothing(desk: Desk) -> None:
    page = desk.programme.post(f"{LIST}/batch", {"rows": SHEET, "ask": "1"})
    assert page.status_code == 422
    assert "请上传发票" in page.content.decode()
    assert WATER not in page.content.decode()


def test_donors_see_a_paper_once_its_charity_says_so_and_no_longer_when_it_takes_it_back(
    desk: Desk,
) -> None:
    desk.ask()
    desk.press(desk.finance, "confirm")
    sha256 = desk.newest().evidence[0]
    assert desk.press(desk.finance, "show", file=sha256, sure="yes") == 422, "no entry yet"
    desk.site.house.settle()
    desk.site.publish()
    way, page = f"/files/{sha256}.jpg", f"/d/{Expense.objects.get().number}"
    assert "还没有公开" in desk.site.text(page)
    assert desk.press(desk.finance, "show", file=sha256) == 422, "nobody said they looked"
    for client in (desk.viewer, desk.auditor):
        assert desk.press(client, "show", file=sha256, sure="yes") in {403, 422}
    assert desk.site.get(way).status_code == 302
    assert desk.press(desk.finance, "show", file=sha256, sure="yes") == 303
    assert desk.site.get(way).status_code == 200
    html = desk.site.text(page)
    assert f'src="{way}"' in html
    assert "原件" in html
    assert desk.press(desk.programme, "hide", file=sha256) == 303
    assert desk.site.get(way).status_code == 302
    assert way not in desk.site.text(page)


def test_a_covered_copy_is_shown_and_no_file_of_others(desk: Desk) -> None:
    desk.ask()
    desk.press(desk.finance, "confirm")
    desk.site.house.settle()
    desk.site.publish()
    page = f"/d/{Expense.objects.get().number}"
    theirs = keep(paper("theirs.jpg"), by=uuid4(), charity="else", kinds=PAPERS).sha256
    assert desk.press(desk.finance, "show", file=theirs, sure="yes") == 422
    with pytest.raises(DecisionRefusedError, match="evidence"):
        show_paper(desk.newest(), theirs, by=desk.newest().end.ended_by)
    path = f"{LIST}/{desk.newest().pk}"
    copy: dict[str, Any] = {"do": "show-copy", "sure": "yes", "copy": paper("covered-copy.jpg")}
    assert desk.finance.post(path, copy).status_code == 303
    html = desk.site.text(page)
    assert "遮住了个人信息" in html
    shown = ExpensePaper.objects.get()
    assert not shown.original
    assert desk.site.get(f"/files/{shown.sha256}.jpg").status_code == 200
    assert desk.site.get(f"/files/{desk.newest().evidence[0]}.jpg").status_code == 302
    with pytest.raises(IntegrityError), transaction.atomic():
        shown.delete()
