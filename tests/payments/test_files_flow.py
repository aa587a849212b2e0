"""Money that comes by files: from an order's reference to the books, whatever the files repeat."""

import gzip
import itertools
import re
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jusha.giving.gift_maps import GiftMap, MapRefusedError, read_map
from jusha.giving.import_gifts import ImportRefusedError, ImportReport, Secrets, import_gifts
from jusha.giving.prepare_import import prepare_import
from jusha.giving.remittances import RemittanceRefusedError, batches, take_remittances
from jusha.giving.send_refunds import NEW_SQL
from jusha.giving.take_back import REASON as BILL_REASON
from jusha.giving.transfers import foretell, held_lines
from jusha.inbox.keys import person_key
from jusha.payments.bills.records import Rejected
from jusha.payments.rails.names import NAMES
from jusha.payments.reference import reference_of
from tests.cast import BOOKS, House
from tests.home import REPO

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SECRETS = Secrets(dedupe=b"d" * 32, person=b"p" * 32)
ACCOUNT, OTHER = "6222021001116245702", "1001000102030405"
ACCOUNT_SQL = (
    "INSERT INTO jusha_bankaccount (charity, holder, bank, number, set_by, second, set_at)"
    " VALUES (%s, '善小基金会', '演示银行', %s, 'li', 'wang', now())"
)
STATEMENT = """
channel = "bank"
kind = "transfers"
encoding = "gbk"
[id]
columns = ["流水号"]
[time]
column = "日期"
format = "%Y-%m-%d"
timezone = "Asia/Shanghai"
[amount]
column = "贷方"
unit = "yuan"
thousands_commas = true
[transfer]
columns = ["附言"]
account_column = "账号"
[payer]
column = "对方账号"
rail = "bank"
"""
RESULTS = """
channel = "unionpay"
kind = "results"
[project]
code = "shan-books"
[id]
columns = ["ref"]
[time]
column = "date"
format = "%Y-%m-%d"
timezone = "Asia/Shanghai"
[amount]
column = "fen"
unit = "fen"
[batch]
column = "batch"
[payer]
column = "card"
rail = "unionpay"
"""
MONEY = """
channel = "unionpay"
kind = "remittance"
[id]
columns = ["ref"]
[time]
column = "date"
format = "%Y-%m-%d"
timezone = "Asia/Shanghai"
[amount]
column = "fen"
unit = "fen"
[batch]
column = "batch"
"""


class Office:
    """A charity's finance office: its maps and files, and a house that settles."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder
        self.rejected: list[Rejected] = []
        self.numbers = itertools.count(1)

    def order(self, amount: int, project: str = BOOKS) -> int:
        """Place an order; its number."""
        order = self.house.order(amount, project, campaign="")
        self.house.send(order, lane="web")
        self.house.settle()
        return order.no

    def line(self, yuan: str, remark: str, *, no: str = "", account: str = ACCOUNT) -> str:
        """A line of a bank's statement."""
        name = no or f"L{next(self.numbers):06d}"
        return f'{name},2026-11-20,"{yuan}",{remark},{account},6217000012345678901\n'

    def map(self, text: str) -> Path:
        path = self.folder / f"map-{next(self.numbers)}.toml"
        path.write_text(text)
        return path

    def statement(self, *lines: str) -> Path:
        path = self.folder / f"statement-{next(self.numbers)}.csv"
        path.write_text("流水号,日期,贷方,附言,账号,对方账号\n" + "".join(lines), "gbk")
        return path

    def take(self, file: Path, text: str = STATEMENT, **more: Any) -> ImportReport:
        """Import a file and settle it."""
        found = import_gifts(
            self.house.web, file=file, map_file=self.map(text), secrets=SECRETS, now=NOW,
            on_rejected=self.rejected.append, **more,
        )  # fmt: skip
        self.house.settle()
        return found

    def foretold(self, file: Path, text: str = STATEMENT) -> list[str]:
        """What a dry run says of each line."""
        told: GiftMap = read_map(text.encode())
        lines = foretell(self.house.web, file=file, given=told, secrets=SECRETS, now=NOW)
        return [each.outcome for each in lines]

    def results(self, *rows: tuple[str, int, str], name: str = "results") -> Path:
        path = self.folder / f"{name}-{next(self.numbers)}.csv"
        told = "".join(
            f"{ref},2026-11-05,{fen},{batch},62140000{ref}\n" for ref, fen, batch in rows
        )
        path.write_text(f"ref,date,fen,batch,card\n{told}")
        return path

    def money(self, *rows: tuple[str, int, str]) -> Any:
        """Read a remittance file of these transfers."""
        path = self.results(*rows, name="money")
        told = read_map(MONEY.encode())
        return take_remittances(self.house.web, file=path, given=told, secret=b"d" * 32, now=NOW)

    def standing(self) -> dict[str, tuple[str, int]]:
        return {each.code: (each.state, each.missing) for each in batches(self.house.web)}

    def said(self) -> list[tuple[str, int]]:
        """What the log says of gifts and of held money."""
        entries = [each for each in self.house.entries() if each["k"] in {"don", "held"}]
        return [(str(each.get("why", "gift")), int(each["amt"])) for each in entries]


def furnish(house: House, owner: psycopg.Connection) -> None:
    house.furnish()
    for code in ("bank", "unionpay"):
        terms = {"assets": ["CNY"], "clock": "file"}
        assert house.instruct("admit-channel", code=code, terms=terms)[0] == "done"
    assert house.instruct("admit-charity", code="lin")[0] == "done"
    owner.execute(ACCOUNT_SQL, ("shan", ACCOUNT))
    owner.execute(ACCOUNT_SQL, ("lin", OTHER))


@pytest.fixture
def office(house: House, owner: psycopg.Connection, tmp_path: Path) -> Iterator[Office]:
    furnish(house, owner)
    yield Office(house, tmp_path)
    house.check()


def test_a_transfer_with_its_reference_pays_its_order_and_no_other(office: Office) -> None:
    one, two = office.order(2_000), office.order(2_000)
    file = office.statement(office.line("20.00", f"捐款 {reference_of(two)} 谢谢"))
    assert office.foretold(file) == ["gift"]
    report = office.take(file)
    assert (report.gifts, report.fen, report.references) == (1, 2_000, {"found": 1})
    assert office.said() == [("gift", 2_000)]
    paid = office.house.web.execute("SELECT order_no FROM payments_paid").fetchall()
    assert paid == [(two,)] != [(one,)], "two donors with the same amount are two orders"
    assert office.house.balance("charity:shan", "receivable", "bank") == 2_000
    row = office.house.web.execute("SELECT uuid_send(person) FROM giving_deed").fetchone()
    assert row == (person_key(SECRETS.person, "bank", "6217000012345678901"),)


def test_what_does_not_agree_is_held_and_listed_and_never_guessed(office: Office) -> None:
    one, two, three, four = (office.order(1_000) for _ in range(4))
    wrong = reference_of(one)[:-1] + ("3" if reference_of(one)[-1] != "3" else "4")
    file = office.statement(
        office.line("10.00", reference_of(one)),
        office.line("10.00", reference_of(one)),
        office.line("1,000.00", reference_of(two)),
        office.line("10.00", wrong),
        office.line("10.00", reference_of(202611210000000099)),
        office.line("10.00", reference_of(three), account=OTHER),
        office.line("10.00", reference_of(three), account="999"),
        office.line("10.00", "无附言"),
        office.line("10.00", f"{reference_of(three)} {reference_of(four)}"),
    )
    reasons = [
        "gift", "order-paid", "wrong-amount", "unknown-project", "unknown-order", "wrong-payee",
        "wrong-payee", "unknown-project", "unknown-project",
    ]  # fmt: skip
    assert office.foretold(file) == reasons
    report = office.take(file)
    assert report.references == {"found": 6, "mistyped": 1, "none": 1, "several": 1}
    assert [why for why, _ in office.said()] == reasons
    held = held_lines(office.house.web, None, limit=100)
    assert [each.reason for each in reversed(held)] == reasons[1:]
    assert {each.charity for each in held} == {"shan", "lin"}, "an unknown account's is its order's"
    assert {each.charity for each in held_lines(office.house.web, ["lin"], limit=9)} == {"lin"}
    assert sum(amount for _, amount in office.said()) == 108_000, "nothing was lost"
    assert office.foretold(file) == ["repeat"] * 9


def test_money_without_a_reference_is_left_to_the_owner_where_the_map_says_so(
    office: Office,
) -> None:
    text = STATEMENT.replace("[transfer]", '[transfer]\nwithout = "leave"')
    file = office.statement(
        office.line("3.50", "利息"), office.line("9.00", reference_of(office.order(900)))
    )
    assert office.foretold(file, text) == ["no-reference", "gift"]
    report = office.take(file, text)
    assert (report.gifts, report.rejected) == (1, {"no-reference": 1})
    assert [(row.line, row.reason) for row in office.rejected] == [(2, "no-reference")]
    assert office.said() == [("gift", 900)]


def test_the_same_line_in_another_form_is_the_same_payment(office: Office) -> None:
    order = office.order(120_000)
    office.take(office.statement(office.line("1,200.00", reference_of(order), no="A1")))
    plain = STATEMENT.replace('encoding = "gbk"', "").replace(
        '[payer]\ncolumn = "对方账号"\nrail = "bank"\n', ""
    )
    again = office.folder / "again.csv"
    again.write_text(
        f"账号,流水号,日期,贷方,附言\n{ACCOUNT},A1,2026-11-20,1200,{reference_of(order).lower()}\n"
    )
    office.take(again, plain)
    assert office.said() == [("gift", 120_000)]
    assert office.house.web.execute("SELECT count(*) FROM giving_case").fetchone() == (0,)


def test_transfers_to_an_account_that_was_replaced_or_withdrawn_are_gifts(
    office: Office, owner: psycopg.Connection
) -> None:
    one, two = office.order(2_000), office.order(3_000)
    owner.execute("UPDATE jusha_bankaccount SET ended_at = now() WHERE charity = 'shan'")
    fixed = STATEMENT.replace('account_column = "账号"', f'account = "{ACCOUNT}"')
    file = office.statement(office.line("20.00", reference_of(one)))
    assert office.foretold(file, fixed) == ["gift"]
    office.take(file, fixed)
    owner.execute(ACCOUNT_SQL, ("shan", "777000111"))
    office.take(
        office.statement(
            office.line("30.00", reference_of(two)),
            office.line("5.00", reference_of(office.order(500)), account="777000111"),
        )
    )
    assert office.said() == [("gift", 2_000), ("gift", 3_000), ("gift", 500)]


def test_an_account_that_nobody_published_takes_no_file(office: Office) -> None:
    text = STATEMENT.replace('account_column = "账号"', 'account = "4000 0000"')
    file = office.statement(office.line("1.00", "x"))
    with pytest.raises(ImportRefusedError, match="account 40000000 is not published"):
        office.take(file, text)
    assert office.said() == []


def test_a_late_refund_of_a_transfer_is_paid_by_hand_by_two_and_then_arrives(
    office: Office,
) -> None:
    order = office.order(2_000)
    office.take(office.statement(office.line("20.00", reference_of(order))))
    deed = office.house.settlement.world.next_number - 1
    assert office.house.instruct("refund", deed=deed, amount=2_000, reason="asked")[0] == "done"
    sendings = office.house.web.execute("SELECT count(*) FROM jusha_sending").fetchone()
    assert sendings == (0,), "no rail sends it"
    assert office.house.balance("charity:shan", "refundable", "bank") == 2_000
    for _ in range(2):
        office.house.web.execute(NEW_SQL, {"rails": list(NAMES)})
    kept = office.house.web.execute(
        "SELECT rail, state, told, next_at, key FROM jusha_sending"
    ).fetchall()
    assert kept == [("bank", "failed", "no-rail-channel", None, f"{order}-{deed + 1}")]
    told: dict[str, Any] = {"deed": deed, "amount": 2_000, "reference": "回单 20261124-7"}
    assert office.house.instruct("refund-sent", **told)[0] == "done"
    assert office.house.balance("charity:shan", "refundable", "bank") == 0
    assert office.house.balance("charity:shan", "receivable", "bank") == 0


def test_a_refund_that_a_bill_tells_of_waits_for_nobody(office: Office) -> None:
    office.take(office.results(("a", 1_000, "B1"), ("b", 500, "B1")), RESULTS)
    deed = office.house.settlement.world.next_number - 1
    told: dict[str, Any] = {"deed": deed, "amount": 200}
    assert office.house.instruct("refund", reason=BILL_REASON, **told)[0] == "done"
    office.house.web.execute(NEW_SQL, {"rails": list(NAMES)})
    assert office.house.web.execute("SELECT count(*) FROM jusha_sending").fetchone() == (0,)
    assert office.house.instruct("refund", reason="asked", **told)[0] == "done"
    office.house.web.execute(NEW_SQL, {"rails": list(NAMES)})
    assert office.house.web.execute("SELECT rail FROM jusha_sending").fetchall() == [("unionpay",)]


def test_held_money_goes_back_and_is_listed_no_longer(office: Office) -> None:
    office.take(office.statement(office.line("5.00", "谢谢"), office.line("6.00", "谢谢")))
    first = held_lines(office.house.web, None, limit=9)[-1]
    told: dict[str, Any] = {"deed": first.number, "amount": 500}
    assert office.house.instruct("refund", reason="unknown", **told)[0] == "done"
    assert [each.left for each in held_lines(office.house.web, None, limit=9)] == [600]
    assert office.house.balance("channel:bank", "suspense", "bank") == 600
    assert office.house.instruct("refund-sent", reference="回单 8", **told)[0] == "done"
    assert office.house.balance("channel:bank", "unidentified", "bank") == 600


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_foretold_of_any_statement_is_what_settlement_decides(
    office: Office, data: st.DataObject
) -> None:
    orders = [office.order(amount) for amount in (100, 100, 250)]
    known = [*(reference_of(order) for order in orders), reference_of(202001010000000001), "无"]
    drawn = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(known), st.sampled_from(("1.00", "2.50")),
                st.sampled_from((ACCOUNT, OTHER)), st.integers(0, 3),
            ),
            min_size=1, max_size=8,
        )
    )  # fmt: skip
    run = next(office.numbers)
    lines = [
        office.line(yuan, remark, account=account, no=f"R{run}-{no}")
        for remark, yuan, account, no in drawn
    ]
    first = data.draw(st.permutations(lines))
    for part in (first, first[: len(first) // 2], list(reversed(first))):
        if not part:
            continue
        file = office.statement(*part)
        before = len(office.said())
        foretold = office.foretold(file)
        office.take(file)
        fresh = [each for each in foretold if each not in {"repeat", "same-id-other-body"}]
        assert [why for why, _ in office.said()[before:]] == fresh


def test_results_become_gifts_of_persons_whose_cards_are_kept_nowhere(office: Office) -> None:
    report = office.take(office.results(("a", 1_000, "B1"), ("b", 500, "B1")), RESULTS)
    assert (report.gifts, report.fen) == (2, 1_500)
    row = office.house.web.execute(
        "SELECT uuid_send(person) FROM giving_deed ORDER BY number LIMIT 1"
    ).fetchone()
    assert row == (person_key(SECRETS.person, "unionpay", "62140000a"),)
    for table in ("jusha_fileline", "jusha_import", "giving_deed", "giving_name"):
        text = office.house.web.execute(f"SELECT string_agg(t::text, '') FROM {table} t").fetchone()
        assert "62140000" not in str(text)


def test_a_batch_is_matched_short_over_or_missing_to_the_fen(office: Office) -> None:
    office.take(
        office.results(
            ("a", 1_000, "B1"), ("b", 500, "B1"), ("c", 70, "B2"), ("d", 30, "B3"), ("e", 5, "B4")
        ),
        RESULTS,
    )
    office.money(("m1", 1_500, "B1"), ("m2", 69, "B2"), ("m3", 31, "B3"), ("m5", 8, "B5"))
    assert office.standing() == {
        "B1": ("matched", 0), "B2": ("short", 1), "B3": ("over", -1), "B4": ("no-money", 5),
        "B5": ("no-results", -8),
    }  # fmt: skip
    office.money(("m2", 69, "B2"), ("m6", 1, "B2"), ("m4", 5, "B4"))
    assert office.standing()["B2"] == office.standing()["B4"] == ("matched", 0)
    assert {each.code for each in batches(office.house.web, codes=["lin"])} == set()
    assert len(batches(office.house.web, codes=["shan"])) == 4


def test_a_remittance_that_changed_is_refused_whole(office: Office) -> None:
    office.money(("m1", 1_500, "B1"))
    with pytest.raises(RemittanceRefusedError, match="line 3: this transfer was read before"):
        office.money(("m2", 7, "B2"), ("m1", 1_400, "B1"))
    with pytest.raises(RemittanceRefusedError, match="two lines have the same id"):
        office.money(("m3", 7, "B2"), ("m3", 7, "B2"))
    with pytest.raises(RemittanceRefusedError, match="line 2: zero-amount"):
        office.money(("m4", 0, "B2"))
    assert office.standing() == {"B1": ("no-results", -1_500)}


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 2**32)), min_size=1, max_size=6
    )
)
def test_files_in_any_order_repeated_and_overlapping_give_the_same_books(
    office: Office, pieces: list[tuple[int, bool, int]]
) -> None:
    run = f"{next(office.numbers)}"
    lines = [(f"{run}x{n}", 100 + n, f"{run}-{n % 2}") for n in range(6)]
    sent = [(f"{run}m{n}", 306 + 3 * n, f"{run}-{n}") for n in range(2)]
    for start, is_money, _ in [*pieces, (0, True, 0), (0, False, 0)]:
        if is_money:
            office.money(*sent[start % 2 :])
        else:
            office.take(office.results(*lines[start:]), RESULTS)
    ours = {code: state for code, state in office.standing().items() if code.startswith(f"{run}-")}
    assert ours == {f"{run}-0": ("matched", 0), f"{run}-1": ("matched", 0)}
    gifts = office.house.web.execute(
        "SELECT count(*), sum(l.amount) FROM jusha_fileline l JOIN giving_seen s USING (key)"
        " JOIN giving_deed d ON d.number = s.number WHERE l.batch LIKE %s AND NOT d.held",
        (f"{run}-%",),
    ).fetchone()
    assert gifts == (6, 615)


def test_real_unionpay_gifts_match_their_days_to_the_fen(
    house: House, shared: str, tmp_path: Path
) -> None:
    source = Path(shared) / "data" / "wuhan_redcross" / "donations_unionpay.csv.gz"
    if not source.is_file():
        pytest.skip(f"no real data at {source}")
    map_file = REPO / "maps" / "wuhan_redcross_unionpay_results.toml"
    prepare_import(house.web, given=read_map(map_file.read_bytes()), by="one", second="two")
    house.settle()
    lines = gzip.decompress(source.read_bytes()).decode().splitlines(keepends=True)
    days: dict[str, int] = {}
    for line in lines[1:]:
        day, _, _, fen = line.split(",")
        days[day] = days.get(day, 0) + int(fen)
    backwards = tmp_path / "backwards.csv"  # overlapping, in another order: one batch of the two
    backwards.write_text(
        lines[0] + "".join(line for line in reversed(lines) if line.startswith("2020-02-02"))
    )
    for file in (backwards, source):
        import_gifts(house.web, file=file, map_file=map_file, secrets=SECRETS, now=NOW)
        house.settle()
    entries = [entry for entry in house.entries() if entry["k"] == "don"]
    assert (len(entries), sum(entry["amt"] for entry in entries)) == (3_647, sum(days.values()))
    money = tmp_path / "money.csv"
    rows = "".join(f"m{n},2020-02-05,{fen},{day}\n" for n, (day, fen) in enumerate(days.items()))
    money.write_text("ref,date,fen,batch\n" + rows)
    told = read_map(MONEY.replace("unionpay", "wuhan-unionpay-files").encode())
    take_remittances(house.web, file=money, given=told, secret=b"d" * 32, now=NOW)
    found = {each.code: (each.state, each.results.lines) for each in batches(house.web)}
    assert found == {"2020-02-01": ("matched", 2_151), "2020-02-02": ("matched", 1_496)}
    house.check()


def test_the_maps_of_the_page_are_good() -> None:
    text = (REPO / "docs" / "how-to-files.md").read_text()
    found = [textwrap.dedent(block) for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    assert [read_map(block.encode()).kind for block in found] == [
        "transfers", "results", "remittance",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('kind = "transfers"', "", r"\[transfer\] goes with kind"),
        ('kind = "transfers"', 'kind = "results"', r"\[transfer\] goes with kind"),
        ("[payer]", '[project]\ncode = "x"\n[payer]', r"has no \[project\]"),
        ('account_column = "账号"', "", "exactly one of: account, account_column"),
        ('["流水号"]', '["流水号"]\ncount_equals = true', "id.count_equals goes with"),
        ('channel = "bank"', 'channel = "bank"\ncampaign = "day"', "neither campaign nor"),
        ('columns = ["附言"]', "columns = []", "transfer.columns names at least one"),
    ],
)
def test_a_map_that_does_not_fit_its_kind_is_refused(old: str, new: str, complaint: str) -> None:
    with pytest.raises(MapRefusedError, match=complaint):
        read_map(STATEMENT.replace(old, new, 1).encode())
