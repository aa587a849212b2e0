"""An account moves to another mail address by a code from there, and the old one is told."""

import time

import pytest
from django.core import mail
from django.test import Client

from jusha.people.accounts import address_of, find, open_account
from jusha.people.models import Mailbox, UserAccount
from tests.web.conftest import Site
from tests.web.staff import code_of_letter, sign_in, signed_in

OLD, NEW = "lin@example.org", "lin@example.com"


def moved(client: Client, address: str = NEW) -> str:
    """Ask for the move; return the code that came."""
    answer = client.post("/account/address", {"email": address})
    assert answer["Location"] == "/account/address/code", answer.content.decode()
    return code_of_letter()


def account_of(client: Client) -> UserAccount:
    sign_in(client, OLD)
    found = find(OLD)
    assert found is not None
    return found


def test_a_code_from_the_new_address_moves_the_account_and_the_old_one_is_told(site: Site) -> None:
    here, there = Client(), Client()
    account = account_of(here)
    sign_in(there, OLD)
    code = moved(here)
    assert mail.outbox[-1].to == [NEW]
    assert here.post("/account/address/code", {"code": code})["Location"] == "/account"
    assert mail.outbox[-1].to == [OLD]
    assert "另一个邮箱登录" in str(mail.outbox[-1].body)
    assert address_of(account) == NEW
    assert find(OLD) is None
    assert Mailbox.objects.count() == 1, "the old address is erased"
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert sign_in(Client(), NEW) == "/mine"
    assert UserAccount.objects.count() == 1


def test_a_move_needs_a_proof_not_older_than_ten_minutes(site: Site) -> None:
    stale = signed_in(open_account(OLD), proven_at=time.time() - 601)
    assert stale.post("/account/address", {"email": NEW})["Location"] == (
        "/account/again?next=%2Faccount%2Faddress"
    )
    assert mail.outbox == []


def test_three_wrong_codes_end_the_move(site: Site) -> None:
    client = Client()
    account = account_of(client)
    code = moved(client)
    for _ in range(3):
        assert (
            "这个码不对" in client.post("/account/address/code", {"code": "WRONG"}).content.decode()
        )
    late = client.post("/account/address/code", {"code": code})
    assert late["Location"] == "/account/address"
    assert address_of(account) == OLD


def test_a_code_is_taken_for_ten_minutes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client, now = Client(), time.time()
    account = account_of(client)
    code = moved(client)
    monkeypatch.setattr(time, "time", lambda: now + 602)
    late = client.post("/account/address/code", {"code": code})
    assert late["Location"] == "/account/address"
    assert address_of(account) == OLD


def test_an_address_of_somebody_else_is_refused_after_its_code(site: Site) -> None:
    sign_in(Client(), NEW)
    client = Client()
    account = account_of(client)
    page = client.post("/account/address/code", {"code": moved(client)}).content.decode()
    assert "已经有一个账户" in page
    assert address_of(account) == OLD
    assert find(NEW) != account


def test_an_address_that_was_only_ever_typed_is_free(site: Site) -> None:
    Client().post("/account/sign-in", {"email": NEW})
    client = Client()
    account = account_of(client)
    assert client.post("/account/address/code", {"code": moved(client)})["Location"] == "/account"
    assert address_of(account) == NEW


def test_the_same_address_stays_and_nobody_is_told_of_a_change(site: Site) -> None:
    client = Client()
    account = account_of(client)
    assert client.post("/account/address/code", {"code": moved(client, OLD)})["Location"] == (
        "/account"
    )
    assert address_of(account) == OLD
    assert len(mail.outbox) == 2


def test_what_is_no_address_and_a_fourth_code_are_refused(site: Site) -> None:
    client = Client()
    account_of(client)
    assert "请写一个邮箱地址" in client.post("/account/address", {"email": "lin"}).content.decode()
    for _ in range(3):
        moved(client)
    assert "试得太多了" in client.post("/account/address", {"email": NEW}).content.decode()
