"""Where money arrives changes by two of a charity's finance, after a delay, and can be stopped."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

import jusha.giving
from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.management.commands.merchant import give_token
from jusha.notices.models import Message
from jusha.payments.bank_account import account_of, payees
from jusha.payments.models import BankAccount, Merchant, PayeeStop
from jusha.payments.payee_change import propose_payee, stop_payee
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web.notice_words import line
from tests.web.conftest import Site
from tests.web.join import photograph
from tests.web.staff import as_owner, member, officer, signed_in

OLD, NEW = "6222000000000001", "6222000000000002"
ASKED: dict[str, Any] = {
    "rail": "bank",
    "address": "6222 0000 0000 0002",
    "bank": "工商银行青山支行",
}
ACCOUNT_SQL = """
INSERT INTO jusha_bankaccount (charity, holder, bank, number, set_by, second, set_at, since)
VALUES ('shan', '山', '银行', %s, 'li', 'wang', now(), now() - interval '30 days')"""
MERCHANT_SQL = """
INSERT INTO jusha_merchant (rail, charity, merchant, set_by, second, set_at, since)
VALUES ('wechat', %s, %s, 'li', 'wang', now(), now() - %s * interval '1 day')"""
GIVING = Path(jusha.giving.__file__).parent / "sql"
BILLS_SQL = (GIVING / "rail_bills_new.sql").read_text()
DUE_SQL = (GIVING / "rail_bills_due.sql").read_text()
FOR_SQL = (
    "SELECT merchant FROM jusha_merchant_for('wechat', 'shan', now() - %s * interval '1 day', %s)"
)


class Desk:
    """Two of finance, a programme officer; of the platform an operator and a reviewer."""

    def __init__(self, site: Site, owner: psycopg.Connection) -> None:
        self.site, self.owner = site, owner
        owner.execute(ACCOUNT_SQL, (OLD,))
        Charity.objects.create(
            code="hai", name_zh="海边基金会", name_en="Seaside Foundation",
            uscc="53330000DEMO000002", certificate_no="", address_zh="海边", address_en="Sea",
            phone="400-000-0001",
        )  # fmt: skip
        self.people = {
            "li": member(site, "li@shan.example", Role.PROGRAMME),
            "wang": member(site, "wang@shan.example"),
            "zhao": member(site, "zhao@shan.example"),
            "sea": member(site, "sea@hai.example", charity="hai"),
            "run": officer(site, "run@platform.example", Office.OPERATOR),
            "rev": officer(site, "rev@platform.example", Office.REVIEWER),
        }
        self.clients = {name: signed_in(account) for name, account in self.people.items()}
        (self.name,) = owner.execute(
            "SELECT name_zh FROM jusha_charity WHERE code = 'shan'"
        ).fetchone() or ("",)

    def propose(self, who: str = "wang", **more: Any) -> Any:
        asked = ASKED | {"holder": self.name, "evidence": photograph()} | more
        return self.clients[who].post("/desk/payees/shan", asked)

    def do(self, who: str, do: str, **more: Any) -> int:
        asked = {"do": do, "number": str(Decision.objects.latest("id").pk), **more}
        return int(self.clients[who].post("/desk/payees", asked).status_code)

    def decided(self) -> None:
        assert self.propose().status_code == 303
        assert self.do("zhao", "confirm") == 303

    def days_pass(self) -> None:
        """What nobody but the owner of the database can do: let it begin now."""
        self.owner.execute("UPDATE jusha_bankaccount SET since = now() WHERE since > now()")


@pytest.fixture
def desk(site: Site, owner: psycopg.Connection) -> Desk:
    return Desk(site, owner)


def shown() -> str:
    found = account_of("shan")
    return found.number if found else ""


def test_a_new_account_is_two_persons_word_and_begins_only_after_the_delay(desk: Desk) -> None:
    assert desk.propose("li").status_code == 403, "programme proposes none"
    assert desk.propose("sea").status_code == 403, "another charity's finance proposes none"
    assert desk.propose().status_code == 303
    for who in ("wang", "li", "sea", "run", "rev"):
        assert desk.do(who, "confirm") in {403, 422}, who
    assert not BankAccount.objects.filter(number=NEW).exists()
    assert desk.do("zhao", "confirm") == 303
    made = BankAccount.objects.get(number=NEW)
    assert timedelta(days=2, hours=23) < made.since - timezone.now() <= timedelta(days=3)
    assert shown() == OLD, "not yet"
    assert NEW not in payees(desk.site.house.web)
    assert "收款账户" in desk.site.text("/charity/shan"), "everybody sees that it will change"
    before = timezone.now() - timedelta(minutes=1)
    desk.days_pass()
    assert shown() == NEW
    held = account_of("shan", at=before)
    assert held is not None
    assert held.number == OLD, "what was ordered before goes where it said"
    assert payees(desk.site.house.web) == {OLD: "shan", NEW: "shan"}


def test_all_of_finance_and_the_operators_hear_of_it_at_once(desk: Desk) -> None:
    desk.decided()
    told = Message.objects.filter(kind="payee-change")
    wanted = {desk.people[who].pk for who in ("wang", "zhao", "run")}
    assert {each.account for each in told} == wanted
    assert all(each.mail_at for each in told), "by letter too"
    assert "快要更换" in line(told[0]).title
    assert desk.do("run", "stop", words="打电话问过，不是机构换的") == 303
    assert Message.objects.filter(kind="payee-change").count() == 2 * len(wanted)
    assert "被叫停" in line(Message.objects.latest("id")).title


@pytest.mark.parametrize("who", ["wang", "zhao", "run"])
def test_anybody_of_finance_or_an_operator_stops_it(desk: Desk, who: str) -> None:
    desk.decided()
    for other in ("li", "sea", "rev"):
        assert desk.do(other, "stop", words="停") in {403, 422}, other
    assert desk.do(who, "stop", words="") == 422, "why has to be said"
    assert desk.do(who, "stop", words="不是我们的账户") == 303
    desk.days_pass()
    assert shown() == OLD
    assert NEW not in payees(desk.site.house.web)
    assert desk.do(who, "stop", words="再停") == 422
    assert desk.propose().status_code == 303, "and it can be proposed anew"


def test_what_began_is_not_stopped(desk: Desk) -> None:
    desk.decided()
    desk.days_pass()
    number = Decision.objects.latest("id").pk
    with pytest.raises(DecisionRefusedError, match="payee-began"):
        stop_payee(number, words="晚了", by=desk.people["run"].pk)
    assert not PayeeStop.objects.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"holder": "云岭读书会"}, "一字不差"),
        ({"address": "1"}, "号码的样子不对"),
        ({"rail": "alipay"}, "号码的样子不对"),
        ({"bank": ""}, "这一项要填写"),
        ({"evidence": ""}, "请上传"),
        ({"rail": "cash"}, "请选一种收款方式"),
    ],
)
def test_what_is_no_account_of_the_charity_is_refused(
    desk: Desk, more: dict[str, Any], words: str
) -> None:
    answer = desk.propose(**more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Decision.objects.exists()


def test_another_charity_s_account_is_refused(desk: Desk) -> None:
    desk.owner.execute(MERCHANT_SQL, ("hai", "1900000999", 1))
    answer = desk.propose(rail="wechat", address="1900000999")
    assert "另一家机构" in answer.content.decode()
    with pytest.raises(psycopg.IntegrityError, match="another charity"):
        desk.owner.execute(MERCHANT_SQL, ("shan", "1900000999", 1))


def test_who_may_not_raise_money_is_never_a_payee(desk: Desk) -> None:
    desk.owner.execute(
        "INSERT INTO jusha_certificate (charity, number, issuer, valid_from, valid_until, evidence,"
        " set_by, second, set_at) SELECT charity, number, issuer, valid_from, valid_from, evidence,"
        " set_by, second, now() FROM jusha_certificate WHERE charity = 'shan' LIMIT 1"
    )
    with pytest.raises(DecisionRefusedError, match="not-qualified"):
        propose_payee(
            "shan", rail="bank", address=NEW, holder=desk.name, bank="银行", evidence="0" * 64,
            by=desk.people["wang"].pk, today=timezone.localdate(),
        )  # fmt: skip


def test_the_database_takes_no_account_from_a_page_that_two_did_not_decide(desk: Desk) -> None:
    row = {"charity": "shan", "rail": "wechat", "merchant": "1900000777", "holder": desk.name}
    signed = {"set_by": "li", "second": "wang"}
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        Merchant.objects.create(**row, **signed)
    assert desk.propose(rail="wechat", address="1900000777").status_code == 303
    number = Decision.objects.latest("id").pk
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        Merchant.objects.create(**row, **signed, decision=number)
    assert desk.do("zhao", "confirm") == 303
    made = Merchant.objects.get(merchant="1900000777")
    assert made.since > timezone.now(), "whatever the row had said"
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):  # another account by the same decision
        cursor.execute(
            "INSERT INTO jusha_merchant (rail, charity, merchant, holder, set_by, second, set_at,"
            " decision) VALUES ('wechat', 'shan', '1900000778', %s, 'li', 'wang', now(), %s)",
            (desk.name, number),
        )


def test_an_order_is_paid_into_the_account_that_held_when_it_was_made(
    desk: Desk, owner: psycopg.Connection
) -> None:
    for merchant, days in (("1900000001", 20), ("1900000002", 10)):
        owner.execute(MERCHANT_SQL, ("shan", merchant, days))
    for days, asked, wanted in (
        (15, None, "1900000001"),
        (5, None, "1900000002"),
        (30, None, "1900000001"),
        (15, "1900000001", "1900000001"),
        (5, "1900000001", "1900000002"),  # replaced before the order came: no page's word counts
        (5, "1900000009", "1900000002"),
    ):
        found = owner.execute(FOR_SQL, (days, asked)).fetchone()
        assert found == (wanted,), (days, asked)


def test_alipay_waits_for_its_token(desk: Desk, owner: psycopg.Connection) -> None:
    assert desk.propose(rail="alipay", address="2088000000000009").status_code == 303
    assert desk.do("zhao", "confirm") == 303
    owner.execute("UPDATE jusha_merchant SET since = now()")
    held = "SELECT count(*) FROM jusha_merchantheld"
    assert owner.execute(held).fetchone() == (0,)
    assert "等平台录入支付宝授权" in desk.clients["wang"].get("/desk/payees").content.decode()
    owner.execute("UPDATE jusha_merchant SET sealed_token = 'x'")
    assert owner.execute(held).fetchone() == (1,)


def test_a_token_given_anew_makes_no_old_account_the_current_one(
    desk: Desk, owner: psycopg.Connection
) -> None:
    row = MERCHANT_SQL.replace("'wechat'", "'alipay'")
    for merchant, days in (("2088000000000001", 40), ("2088000000000002", 35)):
        owner.execute(row, ("shan", merchant, days))
    with as_owner(desk.site):
        assert give_token("alipay", "shan", "2088000000000001", b"anew")
        assert not give_token("alipay", "shan", "2088000000000003", b"anew")
    held = owner.execute(
        "SELECT merchant, sealed_token FROM jusha_merchant WHERE rail = 'alipay' ORDER BY since"
    ).fetchall()
    assert [merchant for merchant, _ in held] == ["2088000000000001", "2088000000000002"]
    assert bytes(held[0][1]) == b"anew" != bytes(held[1][1])


def test_a_change_that_waits_for_its_token_can_still_be_stopped(
    desk: Desk, owner: psycopg.Connection
) -> None:
    assert desk.propose(rail="alipay", address="2088000000000009").status_code == 303
    assert desk.do("zhao", "confirm") == 303
    owner.execute("UPDATE jusha_merchant SET since = now() WHERE decision IS NOT NULL")
    stop_payee(Decision.objects.latest("id").pk, words="可疑", by=desk.people["run"].pk)
    assert PayeeStop.objects.exists()


@pytest.mark.usefixtures("desk")
def test_a_bill_is_fetched_of_each_account_and_a_month_longer_of_the_old_one(
    owner: psycopg.Connection,
) -> None:
    for merchant, days in (("2088000000000001", 40), ("2088000000000002", 35)):
        row = MERCHANT_SQL.replace("'wechat'", "'alipay'")
        owner.execute(row, ("shan", merchant, days))
    today, now = timezone.localdate(), timezone.now()
    told: dict[str, Any] = {"rails": ["alipay"], "whole": "wechat", "single": "alipay", "now": now}
    told["days"] = [today - timedelta(days=days) for days in (38, 10, 1)]
    owner.execute(BILLS_SQL, told)
    owner.execute(BILLS_SQL, told)
    found = owner.execute(DUE_SQL, told | {"most": 9}).fetchall()
    assert sorted(((today - row[2]).days, row[4]) for row in found) == [
        (1, "2088000000000002"),
        (10, "2088000000000001"),
        (10, "2088000000000002"),
        (38, "2088000000000001"),
    ]
