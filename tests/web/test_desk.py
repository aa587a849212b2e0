"""The desk opens for who has the role, tells all others why not, and wants two factors."""

import time
from typing import Any

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from jusha.charities.appoint import TwoSidesError, appoint, appoint_officer, dismiss
from jusha.charities.models import Member
from jusha.charities.rules import Role
from jusha.people.accounts import open_account
from jusha.people.models import Officer, UserAccount
from jusha.people.rules import Office
from jusha.web.desk import panels
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.panels import Panel
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer, sign_in, signed_in

ALL = (*Role, *Office)


def person(site: Site, kind: Role | Office, *, charity: str = "shan") -> UserAccount:
    """Somebody who is exactly this."""
    address = f"{type(kind).__name__}-{kind}-{charity}@demo.invalid"
    if isinstance(kind, Office):
        return officer(site, address, kind)
    return member(site, address, kind, charity=charity)


def ask(
    account: UserAccount,
    *wanted: Role | Office,
    method: str = "GET",
    fresh: bool = False,
    **url: Any,
) -> HttpResponse:
    """Ask a page of the desk that wants something, as this account."""

    @require_role(*wanted, fresh=fresh)
    def page(request: DeskRequest, /, **_url: str) -> HttpResponse:
        return HttpResponse(f"{request.account.pk} {request.staff.signs_as}")

    request = RequestFactory().generic(method, "/desk/somewhere")
    request.user = account
    request.session = signed_in(account).session
    answer: HttpResponse = page(request, **url)
    return answer


@pytest.mark.parametrize("held", ALL, ids=repr)
@pytest.mark.parametrize("wanted", ALL, ids=repr)
def test_a_page_opens_for_its_role_and_for_no_other(
    site: Site, held: Role | Office, wanted: Role | Office
) -> None:
    account = person(site, held)
    answer = ask(account, wanted, charity="shan")
    opens = held is wanted or (wanted is Role.VIEWER and isinstance(held, Role))
    assert answer.status_code == (200 if opens else 403)
    if opens:
        assert answer.content.decode() == f"{account.pk} {account.pk}"
    else:
        assert "这一页不归您的账户" in answer.content.decode()
        assert "没有改动任何东西" in answer.content.decode()


@pytest.mark.parametrize("role", Role)
def test_a_role_counts_in_its_own_charity_alone(site: Site, role: Role) -> None:
    account = person(site, role)
    assert ask(account, role, charity="shan").status_code == 200
    assert ask(account, role, charity="other").status_code == 403
    assert ask(account, role).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_auditor_sees_what_is_opened_to_auditors_and_changes_nothing(
    site: Site, method: str
) -> None:
    account = person(site, Office.AUDITOR)
    wanted = (Role.FINANCE, Office.AUDITOR)
    assert ask(account, *wanted).status_code == 200
    refused = ask(account, *wanted, method=method)
    assert refused.status_code == 403
    assert "审计看得到一切" in refused.content.decode()
    assert ask(person(site, Role.FINANCE), *wanted, method=method).status_code == 200


def test_a_refusal_names_the_role_and_whom_to_ask(site: Site) -> None:
    page = ask(person(site, Role.VIEWER), Role.FINANCE, charity="shan").content.decode()
    assert "善小基金会 · 机构财务" in page
    assert "400-000-0000" in page
    platform = ask(person(site, Role.VIEWER), Office.FINANCE).content.decode()
    assert "平台财务" in platform


def test_a_stranger_signs_in_first_and_comes_back(site: Site) -> None:
    assert Client().get("/desk")["Location"] == "/account/sign-in?next=/desk"
    member(site, "li@example.org", demo=True)
    assert sign_in(Client(), "li@example.org", way="/desk") == "/desk"


def test_staff_begin_at_their_desk(site: Site) -> None:
    member(site, "li@example.org")
    client = Client()
    assert sign_in(client, "li@example.org") == "/desk"
    assert client.session.get_expiry_age() <= 12 * 3600


def test_a_donor_is_told_whom_the_desk_is_for(site: Site) -> None:
    page = signed_in(open_account("donor@example.org")).get("/desk")
    assert page.status_code == 403
    assert "您登录的账户没有职位" in page.content.decode()


def test_today_lists_what_waits_for_this_person(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Panel("mine", "要您批准的退款", lambda _staff: 3, "desk", (Role.FINANCE,))
    theirs = Panel("theirs", "要平台放款", lambda _staff: 5, "desk", (Office.FINANCE,))
    monkeypatch.setattr(panels, "PANELS", (mine, theirs))
    page = signed_in(person(site, Role.FINANCE)).get("/desk").content.decode()
    assert "要您批准的退款" in page
    assert ">3<" in page
    assert "要平台放款" not in page
    assert "现在没有事在等您" not in page


def test_what_does_not_wait_is_a_plain_link_behind_what_does(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = Panel("idle", "没有事的地方", lambda _staff: 0, "desk", (Role.FINANCE,))
    busy = Panel("busy", "要您批准的退款", lambda _staff: 3, "desk", (Role.FINANCE,))
    monkeypatch.setattr(panels, "PANELS", (idle, busy))
    page = signed_in(person(site, Role.FINANCE)).get("/desk").content.decode()
    assert page.index("要您批准的退款") < page.index("没有事的地方")
    assert ">0<" not in page


def test_an_empty_desk_says_so_and_who_one_is(site: Site) -> None:
    page = signed_in(person(site, Role.PROGRAMME)).get("/desk").content.decode()
    assert "现在没有事在等您" in page
    assert "善小基金会" in page
    assert "机构项目" in page
    assert "演示账户" in page


def test_staff_without_a_second_factor_set_one_up_before_anything_else(site: Site) -> None:
    client = signed_in(member(site, "li@example.org", demo=False))
    assert client.get("/desk")["Location"] == "/account/factor/new"


def test_outside_the_sandbox_demo_accounts_need_a_second_factor_too(
    site: Site, settings: Any
) -> None:
    client = signed_in(member(site, "li@example.org", demo=True))
    assert client.get("/desk").status_code == 200
    settings.JUSHA_SIMULATOR = False
    assert client.get("/desk")["Location"] == "/account/factor/new"


def now_code(secret: str, *, ahead: int = 0) -> str:
    """What an authenticator shows, `ahead` half minutes from now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead)))


def set_up(client: Client) -> str:
    """Connect an authenticator; return its secret."""
    client.get("/account/factor/new")
    secret = str(client.session["mfa.totp.secret"])
    answer = client.post("/account/factor/new", {"code": now_code(secret)})
    assert answer["Location"] == "/account/factor/codes"
    return secret


def test_the_second_factor_is_set_up_and_then_asked_at_every_sign_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(site, "li@example.org", demo=False)
    client, elsewhere = Client(), Client()
    sign_in(elsewhere, "li@example.org")
    sign_in(client, "li@example.org")
    secret = set_up(client)
    codes = client.get("/account/factor/codes").content.decode()
    assert codes.count("<code>") == 10
    assert client.get("/desk").status_code == 200
    assert elsewhere.get("/desk").status_code == 302, "an older session ended"

    again, now = Client(), time.time()
    assert sign_in(again, "li@example.org") == "/account/factor"
    assert again.get("/desk").status_code == 302, "one factor alone opens nothing"
    assert "这个码不对" in again.post("/account/factor", {"code": "000000"}).content.decode()
    monkeypatch.setattr(time, "time", lambda: now + 30)
    assert again.post("/account/factor", {"code": now_code(secret)})["Location"] == "/desk"
    assert again.get("/desk").status_code == 200
    used = Authenticator.objects.get(type="totp").wrap()
    assert not used.validate_code(now_code(secret)), "a code is good for one sign-in"


def test_a_recovery_code_signs_in_once(site: Site) -> None:
    account = member(site, "li@example.org", demo=False)
    client = Client()
    sign_in(client, "li@example.org")
    set_up(client)
    codes = Authenticator.objects.get(user=account, type="recovery_codes").wrap().get_unused_codes()
    for expected in (302, 200):
        again = Client()
        sign_in(again, "li@example.org")
        assert again.post("/account/factor", {"code": codes[0]}).status_code == expected


def test_secrets_of_second_factors_are_sealed_and_shown_once(site: Site) -> None:
    account = member(site, "li@example.org", demo=False)
    client = Client()
    sign_in(client, "li@example.org")
    secret = set_up(client)
    kept = [str(each.data) for each in Authenticator.objects.filter(user=account)]
    assert len(kept) == 2
    assert not any(secret in each for each in kept)
    codes = Authenticator.objects.get(user=account, type="recovery_codes").wrap()
    assert codes.get_unused_codes()[0] in client.get("/account/factor/codes").content.decode()
    assert codes.get_unused_codes()[0] not in client.get("/account/factor/codes").content.decode()


def test_staff_cannot_take_their_second_factor_off(site: Site) -> None:
    account = member(site, "li@example.org", demo=False)
    client = Client()
    sign_in(client, "li@example.org")
    set_up(client)
    page = client.post("/account/factor/off").content.decode()
    assert "不能取下" in page
    assert Authenticator.objects.filter(user=account, type="totp").exists()


def test_a_person_with_a_second_factor_proves_again_by_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(site, "li@example.org", demo=False)
    client, now = Client(), time.time()
    sign_in(client, "li@example.org")
    secret = set_up(client)
    monkeypatch.setattr(time, "time", lambda: now + 660)
    way = client.get("/account/close")["Location"]
    assert way == "/account/again?next=%2Faccount%2Fclose"
    asked = client.get(way)["Location"]
    assert asked == "/account/factor/again?next=%2Faccount%2Fclose"
    assert client.post(asked, {"code": now_code(secret)})["Location"] == "/account/close"
    assert client.get("/account/close").status_code == 200


def test_what_cannot_be_taken_back_asks_for_a_fresh_proof(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = person(site, Role.FINANCE)
    assert ask(account, Role.FINANCE, method="POST", fresh=True).status_code == 200
    now = time.time()
    request = RequestFactory().post("/desk/somewhere")
    request.user, request.session = account, signed_in(account, proven_at=now - 601).session

    @require_role(Role.FINANCE, fresh=True)
    def page(_request: DeskRequest) -> HttpResponse:
        return HttpResponse("done")

    assert page(request)["Location"] == "/account/again?next=%2Fdesk%2Fsomewhere"


def test_the_pages_role_cannot_make_anybody_staff(site: Site) -> None:
    account = open_account("li@example.org")
    with pytest.raises(IntegrityError, match="as two persons decided"), transaction.atomic():
        Member.objects.create(account=account, charity="shan", role="finance")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Officer.objects.create(account=account, office="finance")


def test_offices_are_not_merged_in_one_person_whoever_tries(
    site: Site, owner: psycopg.Connection
) -> None:
    account = officer(site, "li@example.org", Office.FINANCE)
    with as_owner(site):
        with pytest.raises(IntegrityError), transaction.atomic():
            Officer.objects.create(account=account, office="auditor")
        with pytest.raises(IntegrityError), transaction.atomic():
            Officer.objects.filter(account=account).update(office="finance,auditor"[:10])
        with pytest.raises(TwoSidesError):
            appoint("li@example.org", charity="shan", role=Role.FINANCE)
        appoint("wang@example.org", charity="shan", role=Role.FINANCE)
        with pytest.raises(TwoSidesError):
            appoint_officer("wang@example.org", office=Office.AUDITOR)


def test_a_dismissal_ends_the_sessions_and_the_role(site: Site) -> None:
    account = member(site, "li@example.org")
    client = signed_in(account)
    assert client.get("/desk").status_code == 200
    with as_owner(site):
        dismiss("li@example.org", charity="shan")
    assert client.get("/desk")["Location"] == "/account/sign-in?next=/desk"
    account.refresh_from_db()
    assert signed_in(account).get("/desk").status_code == 403


def test_the_database_refuses_to_erase_staff(site: Site) -> None:
    account = member(site, "li@example.org")
    with pytest.raises(IntegrityError):
        account.delete()  # its own transaction: what is deferred is checked at its end


@pytest.mark.parametrize("path", ["/", "/p/shan-books", "/log", "/charity/shan"])
def test_public_pages_ask_nothing_more_of_who_is_signed_in(site: Site, path: str) -> None:
    client = signed_in(person(site, Role.FINANCE))
    site.get(path)
    with CaptureQueriesContext(connection) as stranger:
        site.get(path)
    with CaptureQueriesContext(connection) as signed:
        answer = site.get(path, client=client)
    assert len(signed) == len(stranger)
    assert not any("session" in each["sql"] for each in signed)
    assert answer.cookies.keys() <= {"csrftoken"}


@pytest.mark.parametrize(
    "path",
    [
        "/desk",
        "/account",
        "/account/factor/new",
        "/account/factor/codes",
        "/mine",
        "/account/close",
    ],
)
def test_no_page_of_a_person_is_kept_by_anything_between(site: Site, path: str) -> None:
    member(site, "li@example.org", demo=False)
    client = Client()
    sign_in(client, "li@example.org")
    if path != "/account/factor/new":
        set_up(client)
    answer = client.get(path)
    assert answer.status_code == 200
    assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))


def test_the_head_of_the_desk_names_charities_and_shows_no_codes(site: Site) -> None:
    client = signed_in(person(site, Role.FINANCE))
    for path in ("/desk", "/desk/refunds", "/desk/bills"):
        page = site.get(path, client=client).content.decode()
        head = page[page.index('class="quiet desk-who"') :].partition("</p>")[0]
        assert "善小基金会 ·" in head, path
        assert "shan" not in head, path
