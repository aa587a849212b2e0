"""A person signs in by a code, once; nobody else does, and the database knows no address."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from jusha.config.processes.jobs import sweep_accounts
from jusha.people.accounts import address_of, end_sessions, find, open_account, sweep_unused
from jusha.people.models import Mailbox, UserAccount
from tests.web.conftest import Site
from tests.web.staff import code_of_letter, member, sign_in, signed_in

LIN = "lin@example.org"


def ask(client: Client, address: str = LIN) -> Any:
    return client.post("/account/sign-in", {"email": address})


def answer(client: Client, code: str) -> Any:
    return client.post("/account/code", {"code": code})


def test_a_code_from_the_letter_signs_in_and_the_first_one_opens_the_account(site: Site) -> None:
    client = Client()
    assert ask(client)["Location"] == "/account/code"
    assert mail.outbox[-1].to == [LIN]
    assert answer(client, code_of_letter())["Location"] == "/mine"
    assert client.session.get_expiry_age() > 86_400
    assert LIN in client.get("/account").content.decode()
    assert UserAccount.objects.count() == 1
    assert sign_in(Client(), " LIN@Example.ORG ", way="/receipts") == "/receipts"
    assert UserAccount.objects.count() == 1


def test_a_code_is_good_for_one_sign_in_in_the_browser_that_asked(site: Site) -> None:
    asked, other = Client(), Client()
    ask(asked)
    code = code_of_letter()
    ask(other)
    assert answer(other, code).status_code == 200
    assert answer(asked, code)["Location"] == "/mine"
    asked.post("/account/sign-out")
    assert answer(asked, code)["Location"] == "/account/sign-in"


def test_three_wrong_codes_end_the_attempt(site: Site) -> None:
    client = Client()
    ask(client)
    code = code_of_letter()
    for _ in range(2):
        page = answer(client, "WRONG-ONE")
        assert "这个码不对" in page.content.decode()
    assert answer(client, "WRONG-ONE")["Location"] == "/account/sign-in"
    assert answer(client, code)["Location"] == "/account/sign-in"


def test_a_code_is_no_longer_taken_after_ten_minutes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, now = Client(), time.time()
    ask(client)
    code = code_of_letter()
    monkeypatch.setattr(time, "time", lambda: now + 601)
    assert answer(client, code)["Location"] == "/account/sign-in"
    assert client.get("/account").status_code == 302


def test_the_page_says_the_same_whether_an_address_is_known_or_not(site: Site) -> None:
    open_account(LIN)
    known, unknown = Client(), Client()
    assert ask(known)["Location"] == ask(unknown, "nobody@example.org")["Location"]
    pages = [each.get("/account/code").content.decode() for each in (known, unknown)]
    assert "信寄到了" in pages[0]
    assert "信寄到了" in pages[1]


def test_a_fourth_code_in_a_minute_is_not_sent(site: Site) -> None:
    for _ in range(3):
        ask(Client())
    page = ask(Client()).content.decode()
    assert "试得太多了" in page
    assert len(mail.outbox) == 3
    cache.clear()
    assert ask(Client()).status_code == 302


@pytest.mark.parametrize("text", ["", "lin", "lin@", "a@b@c.org", "x@sealed.invalid"])
def test_what_is_no_address_is_said_and_sends_nothing(site: Site, text: str) -> None:
    page = ask(Client(), text)
    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    assert "请写一个邮箱地址" in page.content.decode()
    assert mail.outbox == []


def test_no_table_holds_an_address(site: Site, owner: psycopg.Connection) -> None:
    client = Client()
    sign_in(client, LIN)
    tables = [
        row[0]
        for row in owner.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        )
    ]
    holding = []
    for table in tables:
        found = owner.execute(
            f'SELECT count(*) FROM "{table}" AS t WHERE t::text ILIKE %s', ("%example.org%",)
        ).fetchone()
        if found and found[0]:
            holding.append(table)
    assert len(tables) > 40
    assert holding == []
    account = find(LIN)
    assert account is not None
    assert address_of(account) == LIN


def test_a_session_gets_a_new_name_when_it_is_signed_in(site: Site) -> None:
    client = Client()
    ask(client)
    before = client.session.session_key
    answer(client, code_of_letter())
    assert client.session.session_key != before


def test_signing_out_everywhere_ends_every_session(site: Site) -> None:
    here, there = Client(), Client()
    sign_in(here, LIN)
    sign_in(there, LIN)
    assert there.get("/account").status_code == 200
    here.post("/account/sign-out", {"everywhere": "1"})
    assert here.get("/account").status_code == 302
    assert there.get("/account").status_code == 302


def test_signing_out_here_leaves_the_others(site: Site) -> None:
    here, there = Client(), Client()
    sign_in(here, LIN)
    sign_in(there, LIN)
    here.post("/account/sign-out")
    assert here.get("/account").status_code == 302
    assert there.get("/account").status_code == 200


def test_a_closed_account_lets_nobody_in_and_writes_to_its_owner(site: Site) -> None:
    account = open_account(LIN)
    client = signed_in(account)
    account.is_active = False
    account.save()
    assert client.get("/account").status_code == 302
    asked = Client()
    ask(asked)
    assert "已经停用" in str(mail.outbox[-1].body)
    assert UserAccount.objects.count() == 1


def test_closing_an_account_asks_for_a_new_proof_and_erases_it_all(site: Site) -> None:
    sign_in(Client(), LIN)
    account = find(LIN)
    assert account is not None
    stale = signed_in(account, proven_at=time.time() - 601)
    assert stale.post("/account/close")["Location"] == "/account/again?next=%2Faccount%2Fclose"
    assert find(LIN) is not None
    fresh = signed_in(account)
    assert fresh.post("/account/close")["Location"] == "/"
    assert find(LIN) is None
    assert Mailbox.objects.count() == 0
    assert fresh.get("/account").status_code == 302


def test_staff_cannot_close_their_account_and_so_leave_a_hole(site: Site) -> None:
    account = member(site, LIN)
    page = signed_in(account).post("/account/close")
    assert "您还有职位" in page.content.decode()
    assert find(LIN) == account


def test_proving_again_leads_back_to_where_it_was_asked_and_nowhere_else(site: Site) -> None:
    client = Client()
    sign_in(client, LIN)
    page = client.get("/account/again?next=/account/close").content.decode()
    assert "next=/account/close" in page
    away = client.get("/account/again?next=https://example.com/").content.decode()
    assert 'action="?next=/account"' in away
    assert client.post("/account/again?next=/account/close")["Location"] == (
        "/account/sign-in?next=%2Faccount%2Fclose"
    )
    assert client.get("/account").status_code == 302


def test_the_letter_of_a_demo_account_is_on_the_page_and_nobody_else_s(site: Site) -> None:
    open_account("donor@demo.invalid", demo=True)
    demo, other = Client(), Client()
    ask(demo, "donor@demo.invalid")
    assert code_of_letter() in demo.get("/account/code").content.decode()
    ask(other)
    assert code_of_letter() not in other.get("/account/code").content.decode()


def test_outside_the_sandbox_no_code_is_ever_on_a_page(site: Site, settings: Any) -> None:
    settings.JUSHA_SIMULATOR = False
    open_account("donor@demo.invalid", demo=True)
    client = Client()
    ask(client, "donor@demo.invalid")
    assert code_of_letter() not in client.get("/account/code").content.decode()


def test_without_a_way_to_send_letters_the_page_says_so(site: Site, settings: Any) -> None:
    settings.MAIL = settings.MAIL._replace(backend="django.core.mail.backends.dummy.EmailBackend")
    page = Client().get("/account/sign-in")
    assert page.status_code == 503
    assert "捐款、查账和验证凭证都不需要登录" in page.content.decode()


def test_a_mail_server_that_does_not_answer_is_said(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    page = ask(Client())
    assert page.status_code == 503
    assert "信没有寄出去" in page.content.decode()


def test_another_address_can_be_written_at_once(site: Site) -> None:
    client = Client()
    ask(client, "wrong@example.org")
    assert client.get("/account/sign-in")["Location"] == "/account/code"
    assert client.post("/account/anew")["Location"] == "/account/sign-in"
    assert client.get("/account/sign-in").status_code == 200


def test_what_was_never_signed_in_to_is_swept_after_a_day(site: Site) -> None:
    ask(Client(), "typo@example.org")
    sign_in(Client(), LIN)
    invited = member(site, "new@example.org")
    now = datetime.now(UTC)
    assert sweep_unused(now=now) == 0
    assert sweep_unused(now=now + timedelta(days=1, minutes=1)) == 1
    assert find("typo@example.org") is None
    assert find("new@example.org") == invited
    assert find(LIN) is not None


def test_ending_sessions_changes_nothing_else(site: Site) -> None:
    account = open_account(LIN)
    client = signed_in(account)
    end_sessions(account)
    assert client.get("/account").status_code == 302
    assert sign_in(Client(), LIN) == "/mine"


@pytest.mark.parametrize("path", ["/account/sign-out", "/account/anew"])
def test_a_link_cannot_sign_anybody_out(site: Site, path: str) -> None:
    client = signed_in(open_account(LIN))
    assert client.get(path).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path).status_code == 403
    assert client.get("/account").status_code == 200


def test_the_jobs_process_sweeps(site: Site) -> None:
    old, new = open_account("typo@example.org"), open_account("new@example.org")
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    UserAccount.objects.filter(pk=old.pk).update(created_at=long_ago)
    sweep_accounts(datetime.now(UTC))
    assert find("typo@example.org") is None
    assert find("new@example.org") == new
