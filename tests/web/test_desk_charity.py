"""A charity renews its certificate, invites colleagues and attaches partners: two persons each."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils.timezone import localdate

from jusha.charities import queries as charities
from jusha.charities.certify import show_numbers
from jusha.charities.models import Certificate, Charity, Partner
from jusha.charities.rules import Role
from jusha.people.accounts import find
from jusha.people.models import Decision
from jusha.people.rules import Office
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.join import credit_code, paper, photograph
from tests.web.staff import as_owner, member, officer, signed_in

TODAY = date(2026, 11, 23)
OWN = credit_code(5)
CERTIFICATE: dict[str, Any] = {
    "do": "certificate",
    "certified": OWN,
    "number": "浙民公募2026001",
    "issuer": "浙江省民政厅",
    "valid_from": "2026-01-01",
    "valid_until": "2098-12-31",
}
MEMBER = {"do": "member", "address": "new@shan.example", "role": "finance"}
PARTNER: dict[str, Any] = {
    "do": "partner",
    "name": "云岭读书会",
    "uscc": credit_code(9),
    "partner_from": "2026-01-01",
    "partner_until": "2098-12-31",
}


class Desk:
    """A programme officer, two of finance, a viewer; of the platform one of three offices."""

    def __init__(self, site: Site) -> None:
        self.site = site
        Charity.objects.filter(code="shan").update(uscc=OWN)
        self.people = {
            "li": member(site, "li@shan.example", Role.PROGRAMME),
            "wang": member(site, "wang@shan.example", Role.FINANCE),
            "zhao": member(site, "zhao@shan.example", Role.FINANCE),
            "look": member(site, "look@shan.example", Role.VIEWER),
            "rev": officer(site, "rev@platform.example", Office.REVIEWER),
            "audit": officer(site, "aud@platform.example", Office.AUDITOR),
            "money": officer(site, "money@platform.example", Office.FINANCE),
        }
        self.clients = {name: signed_in(account) for name, account in self.people.items()}

    def propose(self, who: str, asked: dict[str, Any], **more: Any) -> Any:
        files: dict[str, Any] = {
            "certificate": {"evidence": photograph()},
            "partner": {"evaluation": paper(100), "agreement": paper(110)},
        }.get(asked["do"], {})
        return self.clients[who].post("/desk/charities/shan", asked | files | more)

    def end(self, who: str, do: str = "confirm", **more: Any) -> int:
        number = Decision.objects.latest("id").pk
        asked = {"do": do, "number": str(number), **more}
        answer = self.clients[who].post("/desk/charities", asked)
        self.said = answer.content.decode()
        return int(answer.status_code)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_a_renewed_certificate_holds_once_a_reviewer_confirmed(desk: Desk) -> None:
    assert desk.propose("li", CERTIFICATE).status_code == 303
    page = desk.clients["rev"].get("/desk/charities").content.decode()
    assert "浙民公募2026001" in page
    for who in ("li", "wang", "audit", "money", "look"):
        assert desk.end(who) in {403, 422}, who
    assert desk.end("rev") == 303
    held = charities.certificate("shan", TODAY)
    charity = charities.find("shan")
    assert held is not None
    assert charity is not None
    assert held.number == charity.certificate_no == "浙民公募2026001"
    assert desk.end("rev") == 422


def test_a_certificate_of_the_future_is_shown_from_its_first_day(desk: Desk) -> None:
    begins = localdate() + timedelta(days=40)
    assert desk.propose("li", CERTIFICATE, valid_from=f"{begins}").status_code == 303
    assert desk.end("rev") == 303
    for path in ("/charity/shan", f"/p/{BOOKS}"):
        html = desk.site.text(path)
        assert "演示公募 001" in html, path
        assert "浙民公募2026001" not in html, path
    assert show_numbers(begins - timedelta(days=1)) == 0
    assert (show_numbers(begins), show_numbers(begins)) == (1, 0)
    charity = charities.find("shan")
    assert charity is not None
    assert charity.certificate_no == "浙民公募2026001"


@pytest.mark.parametrize(
    ("certified", "words"),
    [
        (credit_code(2), "是不是拿错了证书"),
        (OWN[:-1] + "0", "最后一位是校验码"),
        ("", "这一项要填写"),
    ],
)
def test_a_certificate_of_another_charity_is_refused_at_the_field(
    desk: Desk, certified: str, words: str
) -> None:
    answer = desk.propose("li", CERTIFICATE, certified=certified)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_code_typed_in_another_way_is_the_same_code(desk: Desk) -> None:
    code = OWN
    typed = f"{code[:8].lower()} {code[8:]}"
    assert desk.propose("li", CERTIFICATE, certified=typed).status_code == 303
    assert code in desk.clients["rev"].get("/desk/charities").content.decode()


def test_a_colleague_works_here_once_another_confirmed(desk: Desk) -> None:
    assert desk.propose("wang", MEMBER).status_code == 303
    for who in ("wang", "li", "look", "money"):
        assert desk.end(who) in {403, 422}, who
    assert desk.end("zhao") == 303
    account = find("new@shan.example")
    assert account is not None
    assert charities.roles_of(account.pk) == {"shan": Role.FINANCE}
    assert not account.demo
    assert signed_in(account).get("/desk")["Location"] == "/account/factor/new"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"address": "nobody"}, "请写一个邮箱地址"),
        ({"address": "rev@platform.example"}, "在平台任职"),
        ({"address": "li@shan.example"}, "已经在这家机构里"),
        ({"role": "owner"}, "请选一个职位"),
    ],
)
def test_who_cannot_be_invited_is_said(desk: Desk, more: dict[str, str], words: str) -> None:
    answer = desk.propose("li", MEMBER, **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_partner_is_attached_by_finance_and_shown_and_never_paid(desk: Desk) -> None:
    assert desk.propose("wang", PARTNER).status_code == 422, "finance does not propose it"
    assert desk.propose("li", PARTNER).status_code == 303
    assert desk.end("rev") == 422
    assert desk.end("li") == 422
    assert desk.end("wang") == 303
    assert [each.name for each in charities.partners("shan", TODAY)] == ["云岭读书会"]
    assert charities.partners("shan", date(2025, 12, 31)) == []
    assert charities.payee("云岭读书会") is None
    assert charities.find("云岭读书会") is None
    assert "云岭读书会" in desk.site.text("/charity/shan")


def test_no_partner_is_attached_once_the_certificate_has_ended(desk: Desk) -> None:
    assert desk.propose("li", PARTNER).status_code == 303
    with as_owner(desk.site):
        held = Certificate.objects.latest("id")
        held.pk, held.valid_until = None, localdate() - timedelta(days=1)
        held.save(force_insert=True)
    assert desk.end("wang") == 422
    assert "没有有效的公开募捐资格证书" in desk.said
    assert not Partner.objects.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"uscc": credit_code(9)[:-1] + "0"}, "校验码"),
        ({"partner_until": "2025-01-01"}, "早于第一天"),
        ({"agreement": ""}, "请上传"),
        ({"name": ""}, "这一项要填写"),
    ],
)
def test_a_partner_without_papers_is_refused(desk: Desk, more: dict[str, Any], words: str) -> None:
    answer = desk.propose("li", PARTNER, **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_what_is_handed_back_needs_words_and_what_is_taken_back_none(desk: Desk) -> None:
    desk.propose("li", CERTIFICATE)
    assert desk.propose("wang", CERTIFICATE).status_code == 422, "one at a time"
    assert desk.end("rev", "decline", words="") == 422
    assert desk.end("rev", "decline", words="看不清") == 303
    desk.propose("li", CERTIFICATE)
    assert desk.end("wang", "withdraw") == 422
    assert desk.end("li", "withdraw") == 303
    charity = charities.find("shan")
    assert charity is not None
    assert charity.certificate_no == "演示公募 001"


def test_another_charity_and_strangers_see_nothing(desk: Desk) -> None:
    outsider = signed_in(officer(desk.site, "op@platform.example", Office.OPERATOR))
    assert outsider.get("/desk/charities/shan").status_code == 403
    assert outsider.get("/desk/charities").status_code == 403
    assert Client().get("/desk/charities/shan").status_code == 302
    assert desk.clients["look"].post("/desk/charities/shan", MEMBER).status_code == 422
    assert not Decision.objects.exists()


def test_the_database_writes_no_partner_of_its_own(desk: Desk) -> None:
    desk.propose("li", PARTNER)
    statement = (
        "INSERT INTO jusha_partner (charity, name, uscc, evaluation, agreement, valid_from,"
        " valid_until, decision, at) SELECT 'shan', 'x', 'x', '', '', '2026-01-01', '2027-01-01',"
        " max(id), now() FROM jusha_decision"
    )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert not Partner.objects.exists()
