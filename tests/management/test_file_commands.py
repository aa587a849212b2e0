"""`jusha account`, `transfers` and `remittances`: what an accountant types, and what it answers."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from jusha.charities.models import Charity
from jusha.config.postgres import database_url
from jusha.inbox.connect import django_connection
from jusha.payments.bank_account import account_of, payees
from jusha.payments.models import BankAccount
from jusha.payments.reference import reference_of
from tests.cast import House
from tests.home import HOME
from tests.management.conftest import Console
from tests.payments.test_files_flow import ACCOUNT, MONEY, RESULTS, STATEMENT

SHAN = {"code": "shan", "name_zh": "善小", "name_en": "Small", "uscc": "5" * 18}
SET = ("account", "shan", "--number", "6222 0210 0111 6245 702", "--holder", "善小", "--bank", "行")
BOTH = ("--by", "li", "--second", "wang")


def as_role(house: House, role: str) -> None:
    """Let the terminal work as this role of the database."""
    default = connections["default"]
    default.close()
    found = conninfo_to_dict(database_url(role, HOME, house.database))
    default.settings_dict.update(USER=found["user"], PASSWORD=found.get("password", ""))


@pytest.fixture
def office(console: Console) -> Console:
    """A furnished house whose charity's account two persons published; its terminal."""
    console.house.furnish()
    for code in ("bank", "unionpay"):
        terms = {"assets": ["CNY"], "clock": "file"}
        assert console.house.instruct("admit-channel", code=code, terms=terms)[0] == "done"
    as_role(console.house, "owner")
    for code in ("shan", "lin"):
        Charity.objects.create(**(SHAN | {"code": code}))
    assert "done" in console.run(*SET, *BOTH)
    as_role(console.house, "web")
    return console


def test_an_account_is_published_by_two_listed_changed_and_withdrawn(office: Console) -> None:
    as_role(office.house, "owner")
    assert ACCOUNT in office.run("account")
    with pytest.raises(CommandError, match="two different persons"):
        office.run(*SET, "--by", "li", "--second", "li")
    with pytest.raises(CommandError, match="another charity's account"):
        office.run("account", "lin", *SET[2:], *BOTH)
    with pytest.raises(CommandError, match="no charity nobody"):
        office.run("account", "nobody", *SET[2:], *BOTH)
    with pytest.raises(CommandError, match="--number has"):
        office.run("account", "shan", "--number", "12", *SET[4:], *BOTH)
    with pytest.raises(CommandError, match="two different persons"):
        office.run(*SET, "--by", "li", "--second", " li ")
    office.run("account", "shan", "--number", "1234567", *SET[4:], *BOTH)
    kept = BankAccount.objects.order_by("pk")
    assert [(each.number, each.ended_at is None) for each in kept] == [
        (ACCOUNT, False), ("1234567", True),
    ]  # fmt: skip
    assert "已停用 ended" in office.run("account")
    with pytest.raises(CommandError, match="another charity's account, or was"):
        office.run("account", "lin", *SET[2:], *BOTH)
    office.run("account", "shan", "--withdraw", *BOTH)
    assert account_of("shan") is None
    found = payees(django_connection())
    assert found == {ACCOUNT: "shan", "1234567": "shan"}, "late transfers are its gifts"
    with pytest.raises(CommandError, match="has no published account"):
        office.run("account", "shan", "--withdraw", *BOTH)
    assert "done" in office.run(*SET, *BOTH), "its own old number may be published again"
    numbers = [(each.number, each.ended_at is None) for each in kept.all()]
    assert numbers == [(ACCOUNT, False), ("1234567", False), (ACCOUNT, True)]


def test_a_statement_is_tried_then_read_then_what_is_held_is_listed(
    office: Console, tmp_path: Path
) -> None:
    order = office.house.order(2_000, campaign="")
    office.house.send(order, lane="web")
    office.house.settle()
    file, told = tmp_path / "s.csv", tmp_path / "map.toml"
    rows = f"A1,2026-11-20,20.00,{reference_of(order.no)},{ACCOUNT},1\n"
    head = "流水号,日期,贷方,附言,账号,对方账号\n"
    file.write_text(f"{head}{rows}A2,2026-11-20,5.00,谢谢,{ACCOUNT},1\n", "gbk")
    told.write_text(STATEMENT)
    words = ("transfers", str(file), "--map", str(told))
    dry = office.run(*words, "--dry-run")
    assert "nothing was written" in dry
    assert "becomes a gift of its order" in dry
    assert "line 3" in dry
    assert "待核 held: 没有附言 no reference" in dry
    assert office.run("transfers") == "nothing is held 没有待核的款项\n"
    assert "handed in         2, 25.00 yuan" in office.run(*words)
    office.house.settle()
    assert "Already read" in office.run(*words)
    with pytest.raises(CommandError, match="1 held"):
        office.run("transfers")
    told.write_text(RESULTS)
    with pytest.raises(CommandError, match="a statement's is 'transfers'"):
        office.run(*words)
    with pytest.raises(CommandError, match="--map FILE"):
        office.run("transfers", str(file))


def test_batches_are_compared_and_the_exit_code_says_whether_all_match(
    office: Console, tmp_path: Path
) -> None:
    told, results, file = tmp_path / "r.toml", tmp_path / "r.csv", tmp_path / "m.csv"
    told.write_text(RESULTS)
    results.write_text("ref,date,fen,batch,card\na,2026-11-05,1000,B1,62\n")
    office.run("import", "gifts", str(results), "--map", str(told))
    office.house.settle()
    with pytest.raises(SystemExit) as left:
        office.run("remittances")
    assert left.value.code == 1
    told.write_text(MONEY)
    file.write_text("ref,date,fen,batch\nm,2026-11-06,1000,B1\n")
    words = ("remittances", str(file), "--map", str(told))
    with pytest.raises(SystemExit):
        office.run(*words, "--dry-run")
    answer = office.run(*words)
    assert "1 transfers, 10.00 yuan; 1 new" in answer
    assert "一致 matched" in answer
    assert "0 new" in office.run(*words)
    with pytest.raises(CommandError, match="a remittance is no gift"):
        office.run("import", "gifts", str(file), "--map", str(told))
