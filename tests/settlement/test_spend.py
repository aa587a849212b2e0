"""Spending: the next interval, never more than is left; refunds of spent money are covered."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jusha
from jusha.giving.audit import check as audit_of_gifts
from jusha.inbox.envelopes import Deed, Instruction
from jusha.ledger.audit import check as audit_of_books
from jusha.management.audit import audit_database
from jusha.projects.audit import check as audit_of_lines
from jusha.projects.line import PROGRAMME, RUNNING, Interval, Spending, overlap
from jusha.settlement.changes import Place
from jusha.settlement.estimate import Stage
from jusha.settlement.load import load_world
from tests.audit.conftest import unfettered
from tests.cast import ALICE, ALWAYS, BOB, BOOKS, WATER, House, ratio
from tests.settlement.mirror import mirror
from tests.settlement.slow_lines import NAMES, Entered, SlowLines
from tests.verify.test_recompute_house import Traveller

ROOMS = Path(jusha.__file__).parent
HASH = bytes(range(32))
CHARITY = "charity:shan"
TOLD: dict[str, Any] = {"ref": "E1", "what": "goods", "words": HASH, "evidence": HASH}


def spend(house: House, amount: int, project: str = BOOKS, **more: Any) -> tuple[str, int]:
    """Spend from a project's programme line, unless said otherwise."""
    told = TOLD | {"project": project, "line": "programme", "amount": amount} | more
    second = told.pop("second", "wang")
    return house.instruct("spend", second=second, **told)


def leaf(house: House, number: int) -> dict[str, Any]:
    """An entry without its number and minute."""
    found = house.entries()[number]
    return {name: value for name, value in found.items() if name not in {"n", "t", "v"}}


def test_an_expense_covers_the_next_interval_and_leaves_the_other_line(house: House) -> None:
    house.furnish()
    house.give(1_000)
    house.give(500, person=BOB)
    assert spend(house, 700)[0] == "done"
    code, number = spend(house, 300, what="transport", ref="E2")
    assert code == "done"
    assert leaf(house, number) == {
        "k": "spend", "amt": 300, "at": [700, 1_000], "prj": BOOKS, "line": "programme",
        "ref": "E2", "what": "transport", "h": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "ev": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }  # fmt: skip
    assert spend(house, 120, line="running")[0] == "done"
    assert spend(house, 1, line="running")[0] == "more-than-is-left"
    assert house.balance(CHARITY, "fund", BOOKS) == 1_500 - 1_000 - 120
    assert house.balance(CHARITY, "programme-spent", BOOKS) == 1_000
    assert house.balance(CHARITY, "running-spent", BOOKS) == 120
    house.check()
    mirror(house)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"second": "li"}, "needs-two-persons"),
        ({"second": ""}, "needs-two-persons"),
        ({"project": "nowhere"}, "unknown-project"),
        ({"line": "both"}, "unknown-line"),
        ({"ref": "two words"}, "bad-code"),
        ({"what": ""}, "bad-code"),
        ({"amount": 0}, "more-than-is-left"),
        ({"amount": 921}, "more-than-is-left"),
        ({"words": b"short"}, "bad-instruction"),
        ({"payee": "me"}, "bad-instruction"),
        ({"project": WATER}, "more-than-is-left"),
    ],
)
def test_a_refused_expense_changes_nothing(house: House, wrong: dict[str, Any], code: str) -> None:
    house.furnish()
    house.give(1_000)
    before = len(house.entries())
    assert spend(house, **({"amount": 100} | wrong)) == (code, 0)
    assert len(house.entries()) == before
    assert house.balance(CHARITY, "fund", BOOKS) == 1_000
    house.check()


def test_an_expense_passes_over_what_was_refunded(house: House) -> None:
    house.furnish()
    first, second, third = (house.give(1_000, WATER) for _ in range(3))
    for deed, amount in ((first, 400), (second, 1_000), (third, 100)):
        assert house.instruct("refund", deed=deed, amount=amount, reason="asked")[0] == "done"
    _, number = spend(house, 700, WATER)
    assert leaf(house, number)["at"] == [0, 2_100]
    assert house.web.execute("SELECT amount, skipped FROM projects_expense").fetchall() == [
        (700, 1_400)
    ]
    assert spend(house, 801, WATER)[0] == "more-than-is-left"
    _, number = spend(house, 800, WATER)
    assert leaf(house, number)["at"] == [2_100, 2_900]  # the void behind it is not passed
    house.check()


def test_a_refund_of_spent_money_is_covered_and_never_makes_a_fund_negative(house: House) -> None:
    house.furnish()
    deed = house.give(1_000, WATER)
    assert spend(house, 600, WATER)[0] == "done"
    _, number = house.instruct("refund", deed=deed, amount=700, reason="asked")
    assert leaf(house, number)["cov"] == 300
    voids = house.web.execute("SELECT start, length FROM projects_void").fetchall()
    assert voids == [(600, 400)]
    assert house.balance(CHARITY, "fund", WATER) == 0
    assert house.balance(CHARITY, "covered", WATER) == 300
    assert house.balance(CHARITY, "refundable", "partner") == 700
    assert spend(house, 1, WATER)[0] == "more-than-is-left"
    _, number = house.instruct("refund", deed=deed, amount=300, reason="asked")
    assert leaf(house, number)["cov"] == 300
    house.give(50, WATER, BOB)
    _, number = spend(house, 50, WATER)
    assert leaf(house, number)["at"] == [600, 1_050]
    house.check()
    mirror(house)


# --- pure ---------------------------------------------------------------------------------------


def test_voids_that_touch_are_one() -> None:
    line = Spending()
    for start in (30, 10, 20, 50):
        line.cut(start, 10)
    assert line.voids == [Interval(10, 40), Interval(50, 60)]
    assert line.void == 40
    assert line.take(12) == Interval(0, 42)
    assert line.voids == [Interval(50, 60)]
    assert line.left(70) == 18


def test_two_intervals_have_in_common_what_both_cover() -> None:
    assert overlap(Interval(0, 10), Interval(5, 20)) == 5
    assert overlap(Interval(0, 10), Interval(10, 20)) == 0
    assert overlap(Interval(3, 4), Interval(0, 20)) == 1


class Desk:
    """A shard in memory, and the slow lines beside it."""

    def __init__(self, permille: int) -> None:
        self.stage, self.n = Stage(), 0
        self.lines = SlowLines(permille)
        self.gifts: list[tuple[int, Entered, list[int]]] = []
        """Number of the entry, fen in the lines, and the match with what of it came back."""
        self.release: Entered | None = None
        terms = ALWAYS | {"closes": "2026-11-22T12:00Z", "channels": ["file"]}
        self.do("admit-channel", code="file", terms={"assets": ["CNY"], "clock": "file"})
        self.do("admit-charity", code="shan")
        self.do("open-project", code=BOOKS, charity="shan", running_permille=permille)
        self.do("open-campaign", code="day", terms=terms)
        self.do("fund-pool", code="tree", campaign="day", sponsor="T", amount=10**6,
                how="secured", notice_days=0)  # fmt: skip
        self.do("publish-rule", code="R1", pool="tree", terms=ratio(numerator=1, denominator=2),
                **{"from": "2020-01-01T00:00Z"})  # fmt: skip

    def settle(self, envelope: Deed | Instruction) -> Any:
        """Settle one envelope; instructions tell (entry, code, detail)."""
        self.n += 1
        at_us = (1_800_000_000 + 60 * self.n) * 10**6
        done = self.stage.settle([(Place(1, self.n, 0, at_us, b"row"), envelope)])
        self.leaves = [json.loads(raw) for changes in done for raw in changes.leaves]
        return self.stage.outcome(done) if isinstance(envelope, Instruction) else None

    def do(self, kind: str, **body: Any) -> tuple[int, str, dict[str, Any]]:
        """Instruct; return (entry, code, detail)."""
        identity = self.n.to_bytes(16, "big")
        found: tuple[int, str, dict[str, Any]] = self.settle(
            Instruction(identity, kind, "li", "wang", body)
        )
        return found

    def give(self, amount: int) -> None:
        """A gift, matched a half while the promises are not released."""
        deed = Deed(
            channel="file", key=self.n.to_bytes(16, "big"), body=self.n.to_bytes(32, "big"),
            asset="CNY", amount=amount, project=BOOKS, campaign="day", person=ALICE,
            paid_at=1_780_000_000,
        )  # fmt: skip
        self.settle(deed)
        matched = sum(match["amt"] for match in self.leaves[-1].get("m", ()))
        number = self.stage.world.next_number - 1
        self.gifts.append((number, self.lines.enter(amount), [matched, 0]))

    def back(self, which: int, amount: int) -> None:
        """Refund part of a gift, and its match with it."""
        number, entered, match = self.gifts[which % len(self.gifts)]
        _, code, detail = self.do("refund", deed=number, amount=amount, reason="x")
        if amount > entered.amount - entered.gone:
            assert (code, detail["left"]) == ("more-than-is-left", entered.amount - entered.gone)
            return
        after = match[0] * (entered.gone + amount) // entered.amount
        covered = self.lines.give_back(entered, amount)
        if match[1] >= 0:
            covered += self._match_back(after - match[1])
            match[1] = after
        assert self.leaves[-1].get("cov", 0) == covered

    def claw(self, which: int) -> None:
        """Take the match of a gift back."""
        number, _, match = self.gifts[which % len(self.gifts)]
        _, code, _ = self.do("claw-back", deed=number, reason="x")
        if match[1] < 0:
            assert code == "nothing-to-change"
            return
        covered = self._match_back(match[0] - match[1])
        match[1] = -1
        assert self.leaves[-1].get("cov", 0) == covered

    def _match_back(self, amount: int) -> int:
        return self.lines.give_back(self.release, amount) if self.release and amount else 0

    def let_go(self) -> None:
        """Give notice, close the pool and release what it promised; once."""
        code = ""
        for kind, body in (
            ("begin-notice", {"pool": "tree"}), ("close-pool", {"pool": "tree"}),
            ("release", {"pool": "tree", "project": BOOKS}),
        ):  # fmt: skip
            _, code, _ = self.do(kind, **body)
        if code == "done":
            self.release = self.lines.enter(self.leaves[-1]["amt"])

    def spend(self, name: str, amount: int) -> None:
        """Spend from a line."""
        left = self.lines.left(name)
        _, code, detail = self.do("spend", project=BOOKS, line=name, amount=amount, **TOLD)
        if amount > left:
            assert (code, detail) == ("more-than-is-left", {"left": left})
            return
        assert self.leaves[-1]["at"] == self.lines.spend(name, amount)

    def agree(self) -> None:
        """Every identity holds, and every number is the slow one's."""
        world, fund = self.stage.world, self.stage.world.funds[BOOKS]
        balances = {
            kind: account.balance
            for (book, _, kind, _), account in world.accounts.items()
            if book == CHARITY and kind != "receivable"
        }
        for name, line in zip(NAMES, (PROGRAMME, RUNNING), strict=True):
            slow, mine = self.lines.fen[name], fund.spendings[line]
            assert fund.left(line) == slow.count("left")
            assert mine.spent == self.lines.spent_to[name]
            assert len(slow) - slow.count("void") - slow.count("spent") == slow.count("left")
            assert balances.get(f"{name}-spent", 0) == slow.count("spent") == self.lines.spent[name]
            for void in mine.voids:
                assert set(slow[void.start : void.end]) == {"void"}
            assert mine.void == slow[mine.spent :].count("void")
        assert balances.get("fund", 0) == sum(self.lines.left(name) for name in NAMES)
        assert balances.get("covered", 0) == self.lines.covered


steps = st.one_of(
    st.tuples(st.just("give"), st.sampled_from([1, 3, 10, 37, 100])),
    st.tuples(st.just("give"), st.sampled_from([1, 3, 10, 37, 100])),
    st.tuples(st.just("back"), st.integers(0, 9), st.sampled_from([1, 2, 7, 30, 100])),
    st.tuples(st.just("spend"), st.sampled_from(NAMES), st.sampled_from([1, 2, 9, 40, 90])),
    st.tuples(st.just("spend"), st.just("programme"), st.sampled_from([1, 2, 9, 40, 90])),
    st.tuples(st.just("claw"), st.integers(0, 9)),
    st.tuples(st.just("let_go")),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([0, 80, 333, 1_000]), st.lists(steps, min_size=6, max_size=40))
def test_lines_and_books_are_what_a_row_of_fen_says(permille: int, done: list[Any]) -> None:
    desk = Desk(permille)
    desk.give(100)
    for name, *values in done:
        getattr(desk, name)(*values)
        desk.agree()


# --- the database --------------------------------------------------------------------------------


def busy(house: House) -> None:
    """Gifts, refunds before and after spending, a release of which something comes back."""
    house.furnish(rule=ratio(budget=10**6))
    gifts = [house.give(100 * place, WATER if place % 2 else BOOKS) for place in range(1, 9)]
    for place, deed in enumerate(gifts[2:6]):
        assert house.instruct("refund", deed=deed, amount=70 + place, reason="x")[0] == "done"
        assert spend(house, 150, WATER if place % 2 else BOOKS, ref=f"B{place}")[0] == "done"
    assert spend(house, 40, line="running", ref="R1")[0] == "done"
    assert house.instruct("refund", deed=gifts[0], amount=100, reason="x")[0] == "done"
    assert house.instruct("refund", deed=gifts[1], amount=199, reason="x")[0] == "done"


def test_a_settlement_that_starts_again_goes_on_where_the_lines_are(house: House) -> None:
    busy(house)
    again = load_world(house.settle_connection)
    house.settle_connection.rollback()
    for fund in house.settlement.world.funds.values():
        assert again.funds[fund.code].spendings == fund.spendings
    assert again.released == house.settlement.world.released
    house.check()
    mirror(house)


FORGED = {
    "an expense enlarged": (
        "UPDATE projects_expense SET amount = amount + 1, upto = upto + 1 WHERE ref = 'B0'",
        "settlement: expense",
    ),
    "an expense of another request": (
        "UPDATE projects_expense SET ref = 'B9' WHERE ref = 'B0'", "settlement: expense",
    ),
    "other words": (
        "UPDATE projects_expense SET words = sha256('x')", "settlement: expense",
    ),
    "an expense gone": (
        "DELETE FROM projects_expense WHERE ref = 'B1'", "settlement: expense",
    ),
    "an expense that nobody asked for": (
        ("INSERT INTO projects_expense SELECT 1, project, line, upto, upto + 1, 1, 0,"
        " 'B8', what, words, evidence, at FROM projects_expense WHERE ref = 'B3'"),
        "settlement: expense without an entry",
    ),
    "a line spent further": (
        "UPDATE projects_fund SET programme_spent = programme_spent + 1",
        "projects: line is spent to another place",
    ),
    "a line spent less": (
        "UPDATE projects_fund SET programme_spent = programme_spent - 1",
        "settlement: spent head of the programme line",
    ),
    "a void added": (
        ("INSERT INTO projects_void SELECT project, 1, programme_head - 1, 1, number"
        " FROM projects_fund"),
        "projects: fund is not what its lines have left",
    ),
    "a void shortened": (
        "UPDATE projects_void SET length = length - 1 WHERE length > 50", "settlement: voids",
    ),
    "a void behind an expense's back": (
        "UPDATE projects_void SET start = start - 200 WHERE line = 1 AND start > 200",
        "projects: expense skips other than the voids in it",
    ),
    "a cover left out": (
        "DELETE FROM ledger_transfer WHERE id % 16 = 14", "settlement: transfers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_corruption_of_the_lines_is_found_and_named(house: House, name: str) -> None:
    busy(house)
    house.check()
    statement, told = FORGED[name]
    for forger in unfettered(house.database):
        assert forger.execute(statement).rowcount
    found = {f"{f.room}: {f.what}" for f in audit_database(house.web)}
    assert told in found


def test_nobody_changes_an_expense(house: House) -> None:
    busy(house)
    for statement in (
        "UPDATE projects_expense SET amount = 1", "DELETE FROM projects_expense",
        "TRUNCATE projects_expense",
    ):  # fmt: skip
        with pytest.raises(psycopg.Error):
            house.settle_connection.execute(statement)
        house.settle_connection.rollback()
    assert house.web.execute("TABLE projects_expense").fetchall()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        house.web.execute("INSERT INTO projects_expense DEFAULT VALUES")


def give_back_after_release(house: Traveller) -> None:
    """Matches of three gifts are released; of two of them something comes back."""
    house.now = datetime(2021, 2, 1, tzinfo=UTC)
    terms = {"opens": "2020-01-01T00:00Z", "closes": "2021-01-01T00:00Z", "channels": ["file"]}
    for kind, body in (
        ("admit-channel", {"code": "file", "terms": {"assets": ["CNY"], "clock": "file"}}),
        ("admit-charity", {"code": "shan"}),
        ("open-project", {"code": BOOKS, "charity": "shan", "running_permille": 333}),
        ("open-campaign", {"code": "past", "terms": terms}),
        ("fund-pool", {"code": "oak", "campaign": "past", "sponsor": "Oak", "amount": 9_000,
                       "how": "secured", "notice_days": 0}),
        ("publish-rule", {"code": "P1", "pool": "oak", "from": "2020-01-01T00:00Z",
                          "terms": ratio(numerator=2, denominator=3)}),
        ("publish-rule", {"code": "P2", "pool": "oak", "from": "2020-01-01T00:00Z",
                          "terms": ratio(numerator=1, denominator=7)}),
    ):  # fmt: skip
        house.do(kind, **body)
    gifts = [
        house.give(amount, campaign="past", channel="file", paid_at=1_600_000_000)
        for amount in (500, 101, 700)
    ]
    house.do("begin-notice", pool="oak")
    house.now += timedelta(minutes=1)
    house.do("close-pool", pool="oak")
    house.do("release", pool="oak", project=BOOKS)
    house.do("refund", deed=gifts[0], amount=37, reason="x")
    house.do("claw-back", deed=gifts[1], reason="x")
    house.do("refund", deed=gifts[0], amount=63, reason="x")


@pytest.fixture
def traveller(database: str) -> Iterator[Traveller]:
    house = Traveller(database)
    yield house
    house.close()


def lines_hold(house: House) -> None:
    """What does not depend on the clock: this house's is invented."""
    connection: psycopg.Connection[Any] = house.web
    found = [*audit_of_lines(connection), *audit_of_gifts(connection), *audit_of_books(connection)]
    assert not found, [str(each) for each in found]


def test_the_update_writes_the_voids_that_settlement_would_have(traveller: Traveller) -> None:
    house = traveller
    give_back_after_release(house)
    lines_hold(house)
    everything = "SELECT number, project, line, start, length FROM projects_void ORDER BY 1, 3, 4"
    whole = house.web.execute(everything).fetchall()
    assert len(whole) > 8
    release = house.web.execute("SELECT programme_at, running_at FROM matching_release").fetchone()
    assert release is not None
    statement = (ROOMS / "projects/sql/0027_spending.sql").read_text("utf-8")
    back_fill = "INSERT INTO projects_void" + statement.partition("INSERT INTO projects_void")[2]
    for forger in unfettered(house.database):
        gone = forger.execute(
            "DELETE FROM projects_void WHERE start >= CASE line WHEN 1 THEN %s ELSE %s END", release
        ).rowcount
        assert gone >= 6
        forger.execute(back_fill.encode())
    assert house.web.execute(everything).fetchall() == whole
    lines_hold(house)
