"""Giving by bank transfer: the account, the amount and the reference, and the desk's list."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jusha.charities.rules import Role
from jusha.config.postgres import database_url
from jusha.giving.failed_queries import failed_refunds
from jusha.giving.hand_rules import Hand
from jusha.giving.import_gifts import Secrets, import_gifts
from jusha.giving.models import RefundCase
from jusha.giving.paid_by_hand import confirm_paid
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_follow import follow_refunds
from jusha.giving.refund_queries import money
from jusha.giving.send_refunds import NEW_SQL
from jusha.giving.transfers import held_lines
from jusha.payments.models import Attempt, Paid, Sending
from jusha.payments.rails.names import NAMES
from jusha.payments.reference import reference_of
from jusha.people.rules import Office
from jusha.web import failed_words
from jusha.web.desk import files
from jusha.web.desk.staff import staff_of
from tests.cast import BOOKS
from tests.home import HOME
from tests.payments.test_files_flow import ACCOUNT, ACCOUNT_SQL, OTHER, RESULTS, STATEMENT
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in
from tests.web.test_refund_desk import stranger
from tests.web.test_refund_page import LI

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def publish(site: Site) -> Site:
    """Publish the charity's account and admit the channels of files."""
    with psycopg.connect(
        database_url("owner", HOME, site.house.database), autocommit=True
    ) as owner:
        owner.execute(ACCOUNT_SQL, ("shan", ACCOUNT))
    for code in ("bank", "unionpay"):
        terms = {"assets": ["CNY"], "clock": "file"}
        assert site.house.instruct("admit-channel", code=code, terms=terms)[0] == "done"
    return site


@pytest.fixture
def bank(site: Site) -> Site:
    """A site whose charity has published its account."""
    return publish(site)


def give(site: Site) -> str:
    """Choose the transfer on the donate page; the pay page's address."""
    form = {"own": "20", "display": "anonymous", "rail": "bank"}
    answer = site.client.post(f"/p/{BOOKS}/donate", form)
    assert answer.status_code == 303
    return str(answer["location"])


def take(site: Site, folder: Path, text: str, told: str) -> None:
    """Read a file and settle it."""
    file, told_file = folder / "file.csv", folder / "map.toml"
    file.write_text(text, "gbk")
    told_file.write_text(told)
    secrets = Secrets(dedupe=b"d" * 32, person=b"p" * 32)
    import_gifts(site.house.web, file=file, map_file=told_file, secrets=secrets, now=NOW)
    site.house.settle()


def statement(*rows: tuple[str, str, str]) -> str:
    lines = [f"{no},2026-11-20,{yuan},{remark},{ACCOUNT},6217\n" for no, yuan, remark in rows]
    return "流水号,日期,贷方,附言,账号,对方账号\n" + "".join(lines)


def test_a_transfer_is_offered_only_where_an_account_is_published(site: Site) -> None:
    assert 'value="bank"' not in site.text(f"/p/{BOOKS}/donate")
    with psycopg.connect(
        database_url("owner", HOME, site.house.database), autocommit=True
    ) as owner:
        owner.execute(ACCOUNT_SQL, ("shan", ACCOUNT))
    html = site.text(f"/p/{BOOKS}/donate")
    assert 'name="rail" value="bank"' in html
    assert "去付款" in html, "the simulated cashier stays"


def test_the_pay_page_says_where_to_how_much_and_with_which_reference(bank: Site) -> None:
    at = give(bank)
    order = int(at.split("/")[2])
    assert "正在请银行转账准备" in bank.text(at)
    assert bank.get(f"/o/{order}/state?rail=bank").json() == {"state": "asked"}
    bank.house.settle()
    assert bank.get(f"/o/{order}/state?rail=bank").json() == {"state": "ready"}
    html = bank.text(at)
    for shown in ("6222 0210 0111 6245 702", "善小基金会", "演示银行", reference_of(order)):
        assert shown in html
    assert "data-again" not in html, "a page that waits for days does not look each second"
    kept = Attempt.objects.get(order_no=order)
    assert (kept.state, kept.next_at) == ("ready", None)
    assert kept.open_until is not None
    assert timedelta(days=13) < kept.open_until - datetime.now(UTC) < timedelta(days=15)
    assert f"{kept.open_until:%Y-%m-}" in html
    Attempt.objects.update(open_until=NOW - timedelta(days=90))
    assert "已超过 14 天" in bank.text(at)


def test_an_account_that_was_withdrawn_is_shown_to_nobody_and_late_money_counts(
    bank: Site, tmp_path: Path
) -> None:
    at = give(bank)
    bank.house.settle()
    with psycopg.connect(
        database_url("owner", HOME, bank.house.database), autocommit=True
    ) as owner:
        owner.execute("UPDATE jusha_bankaccount SET ended_at = now()")
    html = bank.text(at)
    assert "6222 0210" not in html
    assert "不再接受新的转账" in html
    assert "会照样记到这个订单上" in html, "who transferred already is told the truth"
    assert "款项没有扣" not in html
    assert "没有接受这笔付款" not in html
    assert 'value="bank"' not in bank.text(f"/p/{BOOKS}/donate")
    paid = statement(("A1", "20.00", reference_of(int(at.split("/")[2]))))
    take(bank, tmp_path, paid, STATEMENT)
    assert "收到了，谢谢您" in bank.text(at.partition("/pay")[0])


def test_the_pages_cannot_change_the_account(bank: Site) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        bank.house.web.execute("UPDATE jusha_bankaccount SET number = '1'")


def test_a_stranger_is_not_told_the_reference(bank: Site) -> None:
    at = give(bank)
    bank.house.settle()
    answer = Client().get(at)
    assert (answer.status_code, answer["location"]) == (303, at.partition("/pay")[0])


def test_the_order_page_waits_for_the_statement_and_then_thanks(bank: Site, tmp_path: Path) -> None:
    at = give(bank)
    bank.house.settle()
    order = at.split("/")[2]
    waiting = bank.text(f"/o/{order}")
    assert "您选了银行转账" in waiting
    assert "几秒内就会到账" not in waiting
    take(bank, tmp_path, statement(("A1", "20.00", reference_of(int(order)))), STATEMENT)
    assert "收到了，谢谢您" in bank.text(f"/o/{order}")
    assert bank.get(at)["location"] == f"/o/{order}"


def test_the_desk_lists_what_is_held_and_what_a_batch_misses(bank: Site, tmp_path: Path) -> None:
    at = give(bank)
    bank.house.settle()
    reference = reference_of(int(at.split("/")[2]))
    rows = (("A1", "20.01", reference), ("A2", "5.00", "谢谢"))
    take(bank, tmp_path, statement(*rows), STATEMENT)
    results = "ref,date,fen,batch,card\nu1,2026-11-05,1000,B1,62140000\n"
    take(bank, tmp_path, results, RESULTS)
    mine = signed_in(member(bank, "li@shan.example"))
    html = str(bank.get("/desk/files", client=mine).content.decode())
    for shown in ("金额与订单不一致", "附言里没有订单", "B1", "款项未到", "登记一笔退款"):
        assert shown in html
    auditor = signed_in(officer(bank, "audit@jusha.example", Office.AUDITOR))
    assert "附言里没有订单" in bank.get("/desk/files", client=auditor).content.decode()
    other: dict[str, Any] = {
        "client": signed_in(member(bank, "x@lin.example", charity="shan", role=Role.VIEWER))
    }
    assert "登记一笔退款" not in bank.get("/desk/files", **other).content.decode()
    assert bank.get("/desk/files").status_code == 302


def test_the_desk_counts_what_is_new_and_lists_what_is_old_too(
    bank: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bank, tmp_path, statement(("A1", "5.00", "谢谢")), STATEMENT)
    take(bank, tmp_path, "ref,date,fen,batch,card\nu1,2026-11-05,1000,B1,62140000\n", RESULTS)
    staff = staff_of(member(bank, "li@shan.example"))
    assert staff is not None
    monkeypatch.setattr(files, "now", lambda: NOW)
    with CaptureQueriesContext(connection) as asked:
        assert files.waiting(staff) == 2
    assert not [each for each in asked if "giving_case" in each["sql"]], "the cases stay unread"
    monkeypatch.setattr(files, "now", lambda: datetime(2027, 2, 10, tzinfo=UTC))
    assert files.waiting(staff) == 1, "the batch is older than 90 days"
    monkeypatch.setattr(files, "now", lambda: datetime(2028, 1, 1, tzinfo=UTC))
    assert files.waiting(staff) == 0
    html = bank.get("/desk/files", client=signed_in(member(bank, "v@shan.example"))).content
    assert "附言里没有订单" in html.decode()
    assert "B1" in html.decode()


def test_who_asks_a_transfer_back_and_who_confirms_are_told_that_the_charity_pays_it(
    bank: Site, tmp_path: Path
) -> None:
    order = int(give(bank).split("/")[2])
    bank.house.settle()
    take(bank, tmp_path, statement(("A1", "20.00", reference_of(order))), STATEMENT)
    page = f"/o/{order}/refund"
    html = bank.text(page)
    assert "机构用自己的银行账户转回您付款的账户" in html
    assert "零钱通常当天到" not in html
    deed = Paid.objects.get(order_no=order).number
    said = {"do": "ask", "deed": deed, "part": "whole", "reason": "wrong-amount"}
    assert bank.client.post(page, said).status_code == 303
    case = RefundCase.objects.get()
    approve_refund(case.pk, LI)
    second = signed_in(member(bank, "wang@shan.example"))
    path = f"/desk/refunds/{case.pk}/confirm"
    html = bank.get(path, client=second).content.decode()
    assert "请机构用自己的银行账户把钱转回原来付款的账户" in html
    assert "钱由付款的渠道原路退回" not in html
    assert second.post(path).status_code == 303
    bank.house.settle()
    for _ in range(2):
        bank.house.web.execute(NEW_SQL, {"rails": list(NAMES)})
        follow_refunds(bank.house.web)
    html = bank.text(page)
    assert "等机构用银行转账退给您" in html
    assert "付款的卡已注销" not in html
    html = bank.get("/desk/failed", client=second).content.decode()
    for shown in (failed_words.NO_RAIL, "没有渠道可以原路退", "再在下面登记", "银行转账"):
        assert shown in html
    assert 'value="retry"' not in html
    sending = Sending.objects.get()
    assert (sending.state, sending.rail, sending.next_at) == ("failed", "bank", None)
    again = {"refund": sending.pk, "do": "retry"}
    assert second.post("/desk/failed", again).status_code == 422
    paid = {"do": "paid", "reference": "2026112300017", "paid_on": "2026-11-22"}
    assert second.post("/desk/failed", again | paid).status_code == 303
    confirm_paid(
        sending.pk, Hand("li", frozenset({"shan"})), reference="2026112300017", now=timezone.now()
    )
    bank.house.settle()
    follow_refunds(bank.house.web)
    case.refresh_from_db()
    assert case.state == "arrived"
    assert failed_refunds(None) == []
    bank.house.check()


def test_the_charity_whose_bank_got_a_wrong_payees_transfer_decides_about_it(
    bank: Site, tmp_path: Path
) -> None:
    assert bank.house.instruct("admit-charity", code="other")[0] == "done"
    mei = stranger(bank)
    with psycopg.connect(
        database_url("owner", HOME, bank.house.database), autocommit=True
    ) as owner:
        owner.execute(ACCOUNT_SQL, ("other", OTHER))
    order = int(give(bank).split("/")[2])
    bank.house.settle()
    row = ("A1", "20.00", reference_of(order))
    take(bank, tmp_path, statement(row).replace(ACCOUNT, OTHER), STATEMENT)
    take(bank, tmp_path, statement(("A2", *row[1:])).replace(ACCOUNT, "999"), STATEMENT)
    unknown, held = held_lines(bank.house.web, None, limit=9)
    assert (held.reason, held.charity) == ("wrong-payee", "other")
    decides = {each.number: each.charity for each in money([held.number, unknown.number])}
    assert decides == {held.number: "other", unknown.number: "shan"}
    said = {"deed": str(held.number), "reason": "other"}
    li = signed_in(member(bank, "li@shan.example"))
    assert li.post("/desk/refunds/open", said).status_code == 422
    assert mei.post("/desk/refunds/open", said).status_code == 303
    assert RefundCase.objects.get().charity == "other"
