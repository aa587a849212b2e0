"""Money that could not go back and went to a named charity: never more than is owed, once."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.inbox.envelopes import Deed, Instruction
from jusha.management.audit import audit_database
from jusha.settlement.changes import Changes, Place
from jusha.settlement.estimate import Stage
from tests.cast import ALICE, BOOKS, House
from tests.settlement.mirror import mirror

WORDS = bytes(range(32))
TOLD: dict[str, Any] = {"charity": "lian", "order": "R7", "words": WORDS}


@pytest.fixture
def owed(house: House) -> tuple[House, int]:
    """A gift of 1000 that was sent back whole, 400 of which arrived, and a second charity."""
    house.furnish()
    assert house.instruct("admit-charity", code="lian")[0] == "done"
    deed = house.give(1_000)
    assert house.instruct("refund", deed=deed, amount=1_000, reason="stopped")[0] == "done"
    assert house.instruct("refund-sent", deed=deed, amount=400, reference="50300")[0] == "done"
    return house, deed


def give(house: House, deed: int, amount: int, **more: Any) -> tuple[str, int]:
    told = TOLD | {"deed": deed, "amount": amount} | more
    return house.instruct("residue", second=told.pop("second", "wang"), **told)


def audited(house: House) -> None:
    """The books agree; that no page recorded two persons' decision is named, and nothing else."""
    wrong = [(f.what, f.where) for f in audit_database(house.web) if f.kind == "wrong"]
    given = house.web.execute("SELECT deed FROM giving_repaid WHERE residue > 0").fetchall()
    assert wrong == [("residue is not what two decided", f"gift {deed}") for (deed,) in given]


def test_what_is_owed_goes_to_the_named_charity_and_stands_in_both_books(
    owed: tuple[House, int],
) -> None:
    house, deed = owed
    code, number = give(house, deed, 600)
    assert code == "done"
    entry = {k: v for k, v in house.entries()[number].items() if k not in {"n", "t", "v"}}
    assert entry == {
        "k": "residue", "amt": 600, "cur": "CNY", "org": "lian", "order": "R7", "ref": deed,
        "h": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }  # fmt: skip
    assert house.balance("charity:shan", "refundable", "partner") == 0
    assert house.balance("charity:shan", "receivable", "partner") == 0
    assert house.balance("charity:lian", "residue-received", "shan") == 600
    assert house.balance("charity:lian", "residue", "shan") == 600
    assert give(house, deed, 1)[0] == "more-than-is-owed"
    late = house.instruct("refund-sent", deed=deed, amount=600, reference="late")
    assert late[0] == "more-than-is-owed", "a rail that delivers after all is not booked twice"
    audited(house)
    mirror(house)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"second": "li"}, "needs-two-persons"),
        ({"second": ""}, "needs-two-persons"),
        ({"deed": 99_999}, "unknown-deed"),
        ({"charity": "nobody"}, "unknown-charity"),
        ({"charity": "shan"}, "same-charity"),
        ({"order": "two words"}, "bad-code"),
        ({"amount": 601}, "more-than-is-owed"),
        ({"amount": 0}, "more-than-is-owed"),
        ({"words": b"short"}, "bad-instruction"),
        ({"payee": "me"}, "bad-instruction"),
    ],
)
def test_what_is_refused_changes_nothing(
    owed: tuple[House, int], wrong: dict[str, Any], code: str
) -> None:
    house, deed = owed
    before = len(house.entries())
    assert give(house, **({"deed": deed, "amount": 600} | wrong)) == (code, 0)
    assert len(house.entries()) == before
    audited(house)


def test_held_money_has_no_charity_that_could_give_it(house: House) -> None:
    house.furnish()
    assert house.instruct("admit-charity", code="lian")[0] == "done"
    house.send(house.deed(700, "nowhere"))
    house.settle()
    held = house.entries()[-1]["n"]
    assert house.instruct("refund", deed=held, amount=700, reason="unknown")[0] == "done"
    assert give(house, held, 700)[0] == "unknown-deed"


def test_a_repeat_and_a_mixed_batch_book_it_once(owed: tuple[House, int]) -> None:
    house, deed = owed
    body = TOLD | {"deed": deed, "amount": 600}
    told = Instruction(bytes(15) + b"1", "residue", "li", "wang", body)
    sent = {"deed": deed, "amount": 1, "reference": "late"}
    house.send(told, Instruction(bytes(15) + b"2", "refund-sent", "rail", "", sent), told)
    house.settle()
    house.send(told)
    house.settle()
    assert [e["amt"] for e in house.entries() if e["k"] == "residue"] == [600]
    assert house.balance("charity:lian", "residue", "shan") == 600
    assert house.balance("charity:shan", "fund", BOOKS) == 0
    audited(house)


# --- against a row of fen ------------------------------------------------------------------------


class Desk:
    """A shard in memory, and beside it a slow list that says of each fen where it is."""

    def __init__(self) -> None:
        self.stage, self.n = Stage(), 0
        self.fen: dict[int, list[str]] = {}
        self.do("admit-channel", code="file", terms={"assets": ["CNY"], "clock": "file"})
        for code in ("shan", "lian", "yuan"):
            self.do("admit-charity", code=code)
        self.do("open-project", code=BOOKS, charity="shan", running_permille=80)

    def settle(self, envelope: Deed | Instruction) -> list[Changes]:
        self.n += 1
        at_us = (1_800_000_000 + 60 * self.n) * 10**6
        return self.stage.settle([(Place(1, self.n, 0, at_us, b"row"), envelope)])

    def do(self, kind: str, **body: Any) -> str:
        """Instruct, and once more: the repeat changes nothing."""
        instruction = Instruction(self.n.to_bytes(16, "big"), kind, "li", "wang", body)
        code = str(self.stage.outcome(self.settle(instruction))[1])
        repeated = self.settle(instruction)
        assert not any(changes.leaves or changes.transfers for changes in repeated)
        return code

    def give(self, amount: int) -> None:
        deed = Deed(
            channel="file", key=self.n.to_bytes(16, "big"), body=self.n.to_bytes(32, "big"),
            asset="CNY", amount=amount, project=BOOKS, person=ALICE, paid_at=1_780_000_000,
        )  # fmt: skip
        self.settle(deed)
        self.fen[self.stage.world.next_number - 1] = ["given"] * amount

    def move(self, which: int, amount: int, how: str, to: str) -> None:
        """Refund, repay or give away part of a gift."""
        deed = list(self.fen)[which % len(self.fen)]
        row = self.fen[deed]
        was = "given" if how == "refund" else "owed"
        body: dict[str, Any] = {"deed": deed, "amount": amount}
        if how == "refund":
            body["reason"] = "x"
        elif how == "refund-sent":
            body["reference"] = f"ref{self.n}"
        else:
            body |= TOLD | {"charity": to}
        code = self.do(how, **body)
        assert (code == "done") == (row.count(was) >= amount)
        if code != "done":
            return
        became = {"refund": "owed", "refund-sent": "home", "residue": to}[how]
        for _ in range(amount):
            row[row.index(was)] = became

    def agree(self) -> None:
        """The books say of every fen what the list says; what came in is all there, to the fen."""
        fen = [each for row in self.fen.values() for each in row]
        found = {
            (book, kind): account.balance
            for (book, _, kind, _), account in self.stage.world.accounts.items()
        }
        shan = {kind: balance for (book, kind), balance in found.items() if book == "charity:shan"}
        assert shan.get("fund", 0) == fen.count("given")
        assert shan.get("refundable", 0) == fen.count("owed")
        assert shan.get("receivable", 0) == fen.count("given") + fen.count("owed")
        gone = 0
        for code in ("lian", "yuan"):
            for kind in ("residue-received", "residue"):
                assert found.get((f"charity:{code}", kind), 0) == fen.count(code)
            gone += fen.count(code)
        assert shan.get("receivable", 0) + fen.count("home") + gone == len(fen)


moves = st.one_of(
    st.tuples(st.just("give"), st.sampled_from([1, 3, 10, 37])),
    st.tuples(
        st.just("move"), st.integers(0, 9), st.sampled_from([1, 2, 7, 10, 37]),
        st.sampled_from(["refund", "refund", "refund-sent", "residue"]),
        st.sampled_from(["lian", "yuan"]),
    ),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(moves, min_size=4, max_size=40))
def test_books_are_what_a_row_of_fen_says(done: list[Any]) -> None:
    desk = Desk()
    desk.give(10)
    for name, *values in done:
        getattr(desk, name)(*values)
        desk.agree()
