"""From an application to an admitted charity: two reviewers, a certificate, a member, a book."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from jusha.charities import queries as charities
from jusha.charities.admit import CHECKS, propose_admission
from jusha.charities.join import Asked, NotAppliedError, check, hand_back
from jusha.charities.join import apply as hand_in
from jusha.charities.models import Admission, Application, Certificate, Charity, Member
from jusha.charities.rules import Role
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.notices.models import Message
from jusha.people.decisions import DecisionRefusedError, open_decisions
from jusha.people.rules import Office
from jusha.web.notice_words import letter
from tests.web.conftest import Site
from tests.web.join import applicant, credit_code, said
from tests.web.staff import member, officer, signed_in


class Desk:
    """An applicant and two reviewers."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.account, self.lin = applicant()
        self.first, self.second = (
            signed_in(officer(site, f"rev-{each}@platform.example", Office.REVIEWER))
            for each in "ab"
        )

    def apply(self, **more: Any) -> Application:
        answer = self.lin.post("/join", said(**more))
        assert answer.status_code == 303, errors(answer)
        found = charities.application_of(self.account.pk)
        assert found is not None
        return found

    def propose(self, found: Application, client: Client | None = None) -> int:
        asked = {"do": "propose", "checked": list(CHECKS)}
        return post(client or self.first, found, **asked)


def post(client: Client, found: Application, **asked: Any) -> int:
    return int(client.post(f"/desk/applications/{found.pk}", asked).status_code)


def errors(answer: Any) -> str:
    text = answer.content.decode()
    return (
        "\n".join(part.split("</p>")[0] for part in text.split('class="error"')[1:]) or text[:300]
    )


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_two_reviewers_admit_a_charity_and_it_can_take_gifts(desk: Desk) -> None:
    found = desk.apply()
    assert "正在审核" in desk.lin.get("/join").content.decode()
    assert desk.propose(found) == 303
    assert post(desk.second, found, do="confirm") == 303
    charity = charities.find("qingshan")
    assert charity is not None
    assert (charity.uscc, charity.kind) == (credit_code(), "foundation")
    assert charity.certificate_no == "浙民公募2024017"
    held = charities.certificate("qingshan", date(2026, 11, 23))
    assert held is not None
    assert (held.valid_until, held.evidence) == (date(2029, 9, 4), found.evidence)
    assert held.set_by != held.second
    assert charities.roles_of(desk.account.pk) == {"qingshan": Role.PROGRAMME}
    desk.site.house.settle()
    assert charities.payee("qingshan") is not None
    assert "青山公益基金会" in desk.site.text("/charity/qingshan")
    assert "已经入驻" in desk.lin.get("/join").content.decode()
    assert desk.lin.get("/desk").status_code == 200
    assert desk.lin.get(f"/files/{found.evidence}.pdf").status_code == 200
    desk.site.house.check()


def test_without_a_certificate_a_charity_is_admitted_and_takes_none(desk: Desk) -> None:
    none = dict.fromkeys(("number", "issuer", "valid_from", "valid_until", "evidence"))
    found = desk.apply(raises="no", **none)
    desk.propose(found)
    assert post(desk.second, found, do="confirm") == 303
    assert charities.certificate("qingshan", date(2026, 11, 23)) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"uscc": credit_code()[:-1] + "0"}, "校验码"),
        ({"uscc": "123"}, "18 位"),
        ({"uscc": None}, "这一项要填写"),
        ({"code": "青山"}, "小写英文"),
        ({"code": "shan"}, "已经有人用了"),
        ({"code": "-x"}, "小写英文"),
        ({"kind": "company"}, "类型"),
        ({"policy": None}, "平台规则"),
        ({"policy": "2"}, "平台规则"),
        ({"number": None}, "照公开募捐资格证书"),
        ({"valid_until": "2023-01-01"}, "早于第一天"),
        ({"valid_until": "someday"}, "2026-12-01 这样"),
        ({"evidence": None}, "请上传"),
        ({"registration": SimpleUploadedFile("a.pdf", b"MZ\x90\0")}, "看不出"),
        ({"raises": None}, "请选一个"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(desk: Desk, wrong: dict[str, Any], words: str) -> None:
    answer = desk.lin.post("/join", said(**wrong))
    assert answer.status_code == 422
    assert words in errors(answer)
    assert not Application.objects.exists()


def test_files_are_kept_when_another_field_is_wrong(desk: Desk) -> None:
    answer = desk.lin.post("/join", said(uscc="1"))
    text = answer.content.decode()
    assert "已收到：登记证书.jpg" in text
    kept = text.split('name="registration_kept" value="')[1][:64]
    scan = text.split('name="evidence_kept" value="')[1][:64]
    again = {"registration": None, "evidence": None}
    found = desk.apply(**again, registration_kept=kept, evidence_kept=scan)
    assert (found.registration, found.evidence) == (kept, scan)


def test_nobody_uses_the_file_of_another(desk: Desk) -> None:
    found = desk.apply()
    _, other = applicant("other@else.example")
    more = {"registration": None, "registration_kept": found.registration, "uscc": credit_code(2)}
    answer = other.post("/join", said(**more))
    assert "请上传" in errors(answer)


def test_a_credit_code_that_is_here_is_refused_at_the_field_and_at_the_end(desk: Desk) -> None:
    found = desk.apply()
    _, far = applicant("far@else.example")
    assert far.post("/join", said(code="other")).status_code == 303
    other = Application.objects.latest("id")
    assert desk.propose(other, desk.second) == 303
    desk.propose(found)
    assert post(desk.second, found, do="confirm") == 303
    assert post(desk.first, other, do="confirm") == 422
    assert Admission.objects.count() == 1
    _, late = applicant("late@else.example")
    assert "已经在平台上了" in errors(late.post("/join", said(code="late")))


def test_a_returned_application_is_mended_and_comes_again(desk: Desk) -> None:
    found = desk.apply()
    assert post(desk.first, found, do="return", words=" ") == 422
    assert post(desk.first, found, do="return", words="证书照片看不清") == 303
    page = desk.lin.get("/join").content.decode()
    assert "证书照片看不清" in page
    assert 'value="青山公益基金会"' in page
    assert 'value="2024-09-05"' in page
    again = desk.apply(phone="400-999-0000")
    assert again.pk != found.pk
    assert desk.propose(found) == 422
    assert desk.propose(again) == 303
    assert post(desk.second, again, do="decline", words="电话打不通") == 303
    assert "电话打不通" in desk.lin.get("/join").content.decode()
    assert not Charity.objects.filter(code="qingshan").exists()


def test_an_application_that_waits_is_not_handed_in_twice(desk: Desk) -> None:
    desk.apply()
    desk.lin.post("/join", said(code="again"))
    assert Application.objects.count() == 1


def test_the_same_person_and_other_offices_admit_nobody(desk: Desk) -> None:
    found = desk.apply()
    assert post(desk.first, found, do="propose", checked=["name"]) == 422
    desk.propose(found)
    assert desk.propose(found, desk.second) == 422
    assert post(desk.first, found, do="confirm") == 422
    site = desk.site
    others = {
        office: signed_in(officer(site, f"{office}@platform.example", office))
        for office in (Office.OPERATOR, Office.FINANCE, Office.AUDITOR)
    }
    for office, client in others.items():
        assert post(client, found, do="confirm") == 403, office
    assert others[Office.AUDITOR].get(f"/desk/applications/{found.pk}").status_code == 200
    outsider = signed_in(member(site, "wang@shan.example", Role.FINANCE))
    assert outsider.get(f"/desk/applications/{found.pk}").status_code == 403
    assert desk.lin.get(f"/desk/applications/{found.pk}").status_code == 403
    assert Client().get(f"/desk/applications/{found.pk}").status_code == 302
    assert not Charity.objects.filter(code="qingshan").exists()


def test_confirming_asks_again_who_it_is(desk: Desk) -> None:
    found = desk.apply()
    desk.propose(found)
    late = signed_in(officer(desk.site, "late@platform.example", Office.REVIEWER), proven_at=0)
    answer = late.post(f"/desk/applications/{found.pk}", {"do": "confirm"})
    assert answer["Location"].startswith("/account/again")
    assert not Charity.objects.filter(code="qingshan").exists()


def test_who_became_an_officer_meanwhile_becomes_no_member(desk: Desk) -> None:
    found = desk.apply()
    desk.propose(found)
    officer(desk.site, "lin@qingshan.example", Office.AUDITOR)
    assert post(desk.second, found, do="confirm") == 422
    assert not Charity.objects.filter(code="qingshan").exists()
    assert charities.is_open(found)


def test_staff_and_reviewers_do_not_apply(desk: Desk) -> None:
    outsider = signed_in(member(desk.site, "wang@shan.example", Role.FINANCE))
    outsider.post("/join", said())
    desk.first.post("/join", said())
    assert not Application.objects.exists()
    with pytest.raises(DecisionRefusedError, match="ended"):
        propose_admission(99, by=uuid4(), checked=frozenset(CHECKS))


ROW = "'shan', '1', 'x', '2024-01-01', '2099-01-01', '', 'a', 'b', now()"


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO jusha_certificate (charity, number, issuer, valid_from, valid_until,"
            f" evidence, set_by, second, set_at) VALUES ({ROW})"
        ),
        (
            "INSERT INTO jusha_certificate (charity, number, issuer, valid_from, valid_until,"
            " evidence, set_by, second, set_at, decision)"
            f" SELECT {ROW}, max(id) FROM jusha_decision"
        ),
        (
            "INSERT INTO jusha_member (account_id, charity, role, set_at, decision)"
            " SELECT a.id, 'qingshan', 'finance', now(), max(d.id) FROM jusha_useraccount a,"
            " jusha_decision d GROUP BY a.id LIMIT 1"
        ),
        (
            "INSERT INTO jusha_member (account_id, charity, role, set_at)"
            " SELECT id, 'shan', 'finance', now() FROM jusha_useraccount LIMIT 1"
        ),
        (
            "INSERT INTO jusha_admission (charity, uscc, application_id, decision, at)"
            " SELECT 'far', 'x', max(a.id), max(d.id), now() FROM jusha_application a,"
            " jusha_decision d"
        ),
        "DELETE FROM jusha_admission",
        "UPDATE jusha_application SET name_zh = ''",
        "DELETE FROM jusha_application",
    ],
)
def test_the_database_writes_only_what_two_decided(desk: Desk, statement: str) -> None:
    found = desk.apply()
    desk.propose(found)
    assert post(desk.second, found, do="confirm") == 303
    before = (Certificate.objects.count(), Member.objects.count(), Admission.objects.count())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    after = (Certificate.objects.count(), Member.objects.count(), Admission.objects.count())
    assert after == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jusha_member SET role = 'finance'",
        "DELETE FROM jusha_member",
        "UPDATE jusha_certificate SET valid_until = '2099-01-01'",
        "DELETE FROM jusha_certificate",
    ],
)
def test_pages_change_and_end_nothing(desk: Desk, statement: str) -> None:
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_owner_still_writes_by_command(desk: Desk) -> None:
    account = member(desk.site, "li@shan.example", Role.VIEWER)
    assert Member.objects.get(account=account).decision is None


def test_an_application_goes_with_its_account(desk: Desk) -> None:
    found = desk.apply()
    post(desk.first, found, do="return", words="证书照片看不清")
    again = desk.apply()
    erase_donor(Whose(account=desk.account.pk), now=timezone.now())
    assert not Application.objects.filter(pk__in=[found.pk, again.pk]).exists()


def test_the_applicant_is_told_how_it_ended(desk: Desk) -> None:
    found = desk.apply()
    post(desk.first, found, do="return", words="证书照片看不清")
    again = desk.apply()
    desk.propose(again)
    post(desk.second, again, do="confirm")
    told = [letter(each) for each in Message.objects.order_by("id")]
    assert [each.subject for each in told] == [
        "「青山公益基金会」的申请退回修改",
        "「青山公益基金会」已经入驻",
    ]
    assert all("/join" in each.body for each in told)
    assert "看不清" not in told[0].body, "letters carry no words of reviewers"


def test_a_code_in_another_spelling_is_kept_as_one_and_taken_once(desk: Desk) -> None:
    found = desk.apply()
    as_said = {name: getattr(found, name) for name in Asked.__dataclass_fields__}
    code = found.uscc
    typed = Asked(**as_said | {"code": "other", "uscc": f" {code[:8].lower()}-{code[8:]}"})
    assert check(typed, by=desk.account.pk).uscc == code
    Charity.objects.filter(code="shan").update(uscc=code)
    with pytest.raises(NotAppliedError, match="uscc-taken"):
        check(typed, by=desk.account.pk)
    post(desk.first, found, do="return", words="换一个")
    with pytest.raises(NotAppliedError, match="uscc-taken"):
        hand_in(typed, account=desk.account)


def test_what_a_colleague_proposed_is_not_handed_back_beside_it(desk: Desk) -> None:
    found, by = desk.apply(), uuid4()
    assert desk.propose(found) == 303
    with pytest.raises(NotAppliedError, match="proposed"):
        hand_back(found.pk, by=by, words="看不清")
    assert post(desk.second, found, do="decline", words="看不清") == 303
    assert charities.return_of(found) is not None
    assert not open_decisions("admit").exists()
