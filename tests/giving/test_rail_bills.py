"""A rail's bill beside our deeds: what differs is found once and named right, and nothing else."""

import itertools
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.giving.rail_bills_keep import keep_bill, keep_empty
from jusha.giving.rail_bills_lay import first_settled_since, lay_day
from jusha.giving.rail_bills_rules import bounds
from jusha.inbox.envelopes import Deed
from jusha.inbox.keys import deed_key
from jusha.management.audit import audit_database
from jusha.payments.bills.records import FileRefusedError
from tests.cast import ALWAYS, House, ratio
from tests.giving.rail_bill_files import (
    MERCHANT,
    SECRET,
    bill_of,
    differences,
    import_day,
    line,
)
from tests.payments.bill_files import alipay, alipay_line, packed, shops, wechat

DAY = date(2026, 3, 1)
MERCHANT_SQL = (
    "INSERT INTO jusha_merchant (rail, charity, merchant, sealed_token, set_by, second, set_at)"
    " VALUES ('wechat', 'shan', %s, '', 'li', 'wang', now())"
)
SENDING_SQL = (
    "INSERT INTO jusha_sending (refund, order_no, rail, key, state, told, tries, changed_at)"
    " VALUES (%s, 7, 'wechat', %s, %s, '', 0, %s)"
)


class Rails:
    """A house with WeChat Pay, gifts of chosen days, and their bills."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder, self.web = house, folder, house.web
        self.numbers, self.days = itertools.count(1), itertools.count(1)

    def names(self, count: int) -> list[str]:
        return [f"4200000000{next(self.numbers):018d}" for _ in range(count)]

    def give(self, gifts: list[tuple[str, int, datetime]]) -> list[int]:
        """Settle gifts (transaction, fen, when) in one row; their entries."""
        first = self.house.settlement.world.next_number
        deeds = [self.deed(*gift) for gift in gifts]
        self.house.send(*deeds)
        self.house.settle()
        return list(range(first, first + len(deeds)))

    def deed(self, name: str, fen: int, at: datetime, **said: Any) -> Deed:
        more: dict[str, Any] = {"channel": "wechat", "campaign": "rails", "external": name}
        more |= said | {"key": deed_key(SECRET, "wechat", name), "paid_at": int(at.timestamp())}
        return self.house.deed(fen, **more)

    def gift(self, fen: int, at: datetime) -> tuple[str, int]:
        """Settle one gift; its transaction and entry."""
        (name,) = self.names(1)
        return name, self.give([(name, fen, at)])[0]

    def refund(self, deed: int, fen: int, *, state: str = "booked", at: datetime) -> str:
        """Book a refund and say how far the rail is with it; the key it has there."""
        code, number = self.house.instruct("refund", deed=deed, amount=fen, reason="asked")
        assert code == "done"
        key = f"7-{number}"
        self.web.execute(SENDING_SQL, (number, key, state, at))
        return key

    def bill(self, day: date, *lines: str) -> bool:
        return import_day(self.web, self.folder, day, lines)

    def open(self, day: date) -> list[tuple[Any, ...]]:
        return differences(self.web, day)

    def tally(self, day: date) -> Any:
        return self.web.execute(
            "SELECT charity, paid_lines, paid, back_lines, back, fee_micro, matched_lines,"
            " matched, crossed_lines FROM jusha_railtally WHERE day = %s ORDER BY charity",
            (day,),
        ).fetchall()


@pytest.fixture
def limited(house: House, owner: psycopg.Connection, tmp_path: Path) -> Iterator[Rails]:
    """A channel that may draw 15 yuan from the pool before its bills confirm what it drew."""
    house.furnish()
    terms = {"assets": ["CNY"], "clock": "file", "draw_max": 1_500}
    assert house.instruct("admit-channel", code="wechat", terms=terms)[0] == "done"
    campaign: dict[str, Any] = {"code": "rails", "terms": ALWAYS | {"channels": ["wechat"]}}
    assert house.instruct("open-campaign", **campaign)[0] == "done"
    house.fund(10**6, code="lake", campaign="rails")
    house.rule(ratio(), code="L1", pool="lake")
    owner.execute(MERCHANT_SQL, (MERCHANT,))
    yield Rails(house, tmp_path)
    house.check()


@pytest.fixture
def rails(house: House, owner: psycopg.Connection, tmp_path: Path) -> Iterator[Rails]:
    house.furnish()
    terms = {"assets": ["CNY"], "clock": "file"}  # so that gifts are of the day they name
    assert house.instruct("admit-channel", code="wechat", terms=terms)[0] == "done"
    campaign: dict[str, Any] = {"code": "rails", "terms": ALWAYS | {"channels": ["wechat"]}}
    assert house.instruct("open-campaign", **campaign)[0] == "done"
    owner.execute(MERCHANT_SQL, (MERCHANT,))
    yield Rails(house, tmp_path)
    house.check()


def noon(day: date) -> datetime:
    return bounds(day)[0] + timedelta(hours=12)


def test_a_bill_that_agrees_differs_in_nothing_and_adds_up_with_its_fees(rails: Rails) -> None:
    at = noon(DAY)
    name, deed = rails.gift(1_000, at)
    other, _ = rails.gift(2_500, at)
    key = rails.refund(deed, 400, at=at)
    lines = [line(name, 1_000, at=at), line(other, 2_500, at=at)]
    assert rails.bill(DAY, *lines, line(name, 400, at=at, refund=key))
    assert rails.open(DAY) == []
    fee = 60_000 + 150_000 - 24_000
    assert rails.tally(DAY) == [("shan", 2, 3_500, 1, 400, fee, 3, 3_500, 0)]


def matched(rails: Rails) -> list[int]:
    return [entry["m"][0]["amt"] for entry in rails.house.entries() if entry["k"] == "don"]


def test_a_channel_draws_again_what_its_bill_confirms_and_nothing_else(limited: Rails) -> None:
    at = noon(DAY)
    first, _ = limited.gift(1_000, at)
    other, _ = limited.gift(1_000, at)
    assert matched(limited) == [1_000, 500]
    limited.bill(DAY, line(first, 1_000, at=at), line(other, 999, at=at))
    limited.house.settle()
    assert limited.house.entries()[-1].items() >= {"k": "reconciled", "amt": 1_000}.items()
    limited.gift(3_000, at)
    assert matched(limited)[-1] == 1_000, "the one whose amount differs frees nothing"


def test_a_quadratic_claim_draws_nothing_and_frees_nothing(limited: Rails) -> None:
    limited.house.fund(10**6, code="moor", campaign="rails")
    limited.house.rule(
        {"gives": {"kind": "quadratic"}, "decided": "close", "window": {"budget": 10**9}},
        code="Q1", pool="moor",
    )  # fmt: skip
    at = noon(DAY)
    name, _ = limited.gift(1_000, at)
    assert [m.get("c", 0) for m in limited.house.entries()[-1]["m"]] == [0, 500]
    limited.bill(DAY, line(name, 1_000, at=at))
    limited.house.settle()
    assert limited.house.entries()[-1].items() >= {"k": "reconciled", "amt": 1_000}.items()


def test_a_day_that_is_laid_again_frees_only_what_is_new(limited: Rails) -> None:
    at = noon(DAY)
    first, _ = limited.gift(400, at)
    late, _ = limited.gift(300, at)
    for lines in ([line(first, 400, at=at)], [line(first, 400, at=at)] * 2):
        limited.bill(DAY, *lines)
    lay_day(limited.web, "wechat", DAY, now=noon(DAY))
    limited.bill(DAY, line(first, 400, at=at), line(late, 300, at=at))
    limited.house.settle()
    told = [entry["amt"] for entry in limited.house.entries() if entry["k"] == "reconciled"]
    assert told == [400, 300]


PLANTS = ("missing", "extra", "amount", "repeated", "refunded-there", "refund-lost", "refund-sum",
          "refund-fails-there", "refund-waits-here")  # fmt: skip


@given(
    fens=st.lists(st.integers(1, 10**7), min_size=1, max_size=12),
    plants=st.lists(st.one_of(st.none(), st.sampled_from(PLANTS)), min_size=12, max_size=12),
    shuffled=st.randoms(use_true_random=False),
)
@settings(max_examples=30)
def test_any_planted_differences_are_found_once_each_and_named_right(
    rails: Rails, fens: list[int], plants: list[str | None], shuffled: Any
) -> None:
    day = date(2020, 1, 1) + timedelta(days=5 * next(rails.days))
    at = noon(day)
    names = rails.names(len(fens))
    ours = [
        (name, fen, at)
        for name, fen, plant in zip(names, fens, plants, strict=False)
        if plant != "extra"
    ]
    entries = dict(zip((o[0] for o in ours), rails.give(ours) if ours else [], strict=True))
    lines, expected = [], []
    for name, fen, plant in zip(names, fens, plants, strict=False):
        entry = entries.get(name, -1)
        lines += planted_lines(rails, plant, name, fen, entry, at)
        expected += [said for said in [planted_difference(plant, fen)] if said]
    shuffled.shuffle(lines)
    assert rails.bill(day, *lines)
    wanted = sorted(expected, key=lambda each: tuple(-1 if v is None else v for v in each[2:]))
    found = sorted(
        rails.open(day), key=lambda each: tuple(-1 if v is None else v for v in each[2:])
    )
    assert sorted(map(str, found)) == sorted(map(str, wanted))
    assert not rails.bill(day, *lines)
    assert sorted(map(str, rails.open(day))) == sorted(map(str, wanted))


def planted_lines(
    rails: Rails, plant: str | None, name: str, fen: int, entry: int, at: datetime
) -> list[str]:
    """What the bill has of a gift in which something is planted."""
    paid = line(name, fen, at=at)

    def back(more: int = 0, *, state: str = "booked", came: str = "SUCCESS") -> str:
        key = rails.refund(entry, fen, state=state, at=at)
        return line(name, fen + more, at=at, refund=key, came=came)

    lines: dict[str, Callable[[], list[str]]] = {
        "missing": list,
        "amount": lambda: [line(name, fen + 9, at=at)],
        "repeated": lambda: [paid, paid],
        "refunded-there": lambda: [paid, line(name, fen, at=at, refund=f"console-{name}")],
        "refund-lost": lambda: [paid] if back() else [],
        "refund-sum": lambda: [paid, back(1)],
        "refund-fails-there": lambda: [paid, back(came="FAIL")],
        "refund-waits-here": lambda: [paid, back(state="failed")],
    }
    return lines.get(plant or "", lambda: [paid])()


def planted_difference(plant: str | None, fen: int) -> tuple[Any, ...] | None:
    """What must be said of it: kind, cause, there, here."""
    return {
        "missing": ("only-here", "", None, fen),
        "extra": ("only-there", "", fen, None),
        "amount": ("amount-differs", "", fen + 9, fen),
        "repeated": ("only-there", "repeated", fen, fen),
        "refunded-there": ("state-differs", "refunded-there", fen, None),
        "refund-lost": ("state-differs", "not-on-bill", None, fen),
        "refund-sum": ("amount-differs", "", fen + 1, fen),
        "refund-fails-there": ("state-differs", "not-arrived-there", fen, fen),
        "refund-waits-here": ("state-differs", "not-arrived-here", fen, fen),
    }.get(plant or "")


def test_a_midnight_between_the_two_is_no_difference(rails: Rails) -> None:
    ends = bounds(DAY)[1]
    before, after = ends - timedelta(seconds=5), ends + timedelta(seconds=5)
    late, _ = rails.gift(1_000, before)
    early, _ = rails.gift(2_000, after)
    rails.bill(DAY, line(early, 2_000, at=before))
    assert rails.open(DAY) == [("only-here", "cut-off", None, 1_000)]
    rails.bill(DAY + timedelta(days=1), line(late, 1_000, at=after))
    lay_day(rails.web, "wechat", DAY, now=noon(DAY))
    assert rails.open(DAY) == []
    assert rails.open(DAY + timedelta(days=1)) == []
    assert [row[-1] for day in range(2) for row in rails.tally(DAY + timedelta(days=day))] == [1, 1]


def test_a_gift_of_the_last_minutes_is_missing_once_the_next_bill_has_it_not(rails: Rails) -> None:
    ends = bounds(DAY)[1]
    rails.gift(1_000, ends - timedelta(seconds=5))
    other, _ = rails.gift(500, ends + timedelta(hours=1))
    kept, _ = rails.gift(300, noon(DAY))
    rails.bill(DAY, line(kept, 300, at=noon(DAY)))
    assert rails.open(DAY) == [("only-here", "cut-off", None, 1_000)]
    rails.bill(DAY + timedelta(days=1), line(other, 500, at=ends + timedelta(hours=1)))
    lay_day(rails.web, "wechat", DAY, now=noon(DAY))
    assert rails.open(DAY) == [("only-here", "", None, 1_000)]


def test_a_payment_on_two_days_bills_is_there_once_too_often(rails: Rails) -> None:
    name, _ = rails.gift(1_000, noon(DAY))
    rails.bill(DAY, line(name, 1_000, at=noon(DAY)))
    rails.bill(DAY + timedelta(days=1), line(name, 1_000, at=noon(DAY)))
    assert rails.open(DAY) == []
    assert rails.open(DAY + timedelta(days=1)) == [("only-there", "repeated", 1_000, 1_000)]


def test_a_gift_recorded_days_later_meets_its_line(rails: Rails) -> None:
    (name,) = rails.names(1)
    later = DAY + timedelta(days=4)
    rails.bill(DAY, line(name, 1_000, at=noon(DAY)))
    assert rails.open(DAY) == [("only-there", "", 1_000, None)]
    rails.give([(name, 1_000, noon(later))])
    lay_day(rails.web, "wechat", DAY, now=noon(later))
    rails.bill(later)
    assert rails.open(DAY) == rails.open(later) == []


def test_a_corrected_bill_takes_the_place_of_the_wrong_one(rails: Rails) -> None:
    name, _ = rails.gift(1_000, noon(DAY))
    assert rails.bill(DAY, line(name, 900, at=noon(DAY)))
    assert rails.open(DAY) == [("amount-differs", "", 900, 1_000)]
    assert rails.bill(DAY, line(name, 1_000, at=noon(DAY)))
    assert rails.open(DAY) == []
    assert differences(rails.web, DAY, "gone") == [("amount-differs", "", 900, 1_000)]
    assert rails.bill(DAY, line(name, 900, at=noon(DAY)))
    assert rails.open(DAY) == [("amount-differs", "", 900, 1_000)]
    steps = rails.web.execute("SELECT did FROM jusha_raildifferencestep ORDER BY id").fetchall()
    assert [did for (did,) in steps] == ["found", "gone", "again"]


def test_without_a_bill_of_the_day_every_gift_waits_for_it_by_name(rails: Rails) -> None:
    rails.gift(1_000, noon(DAY))
    keep_empty(rails.web, bill_of(rails.web, DAY), now=noon(DAY), again_at=None)
    lay_day(rails.web, "wechat", DAY, now=noon(DAY))
    assert rails.open(DAY) == [("only-here", "no-bill", None, 1_000)]


def test_money_in_suspense_is_on_both_sides(rails: Rails) -> None:
    (name,) = rails.names(1)
    deed = rails.deed(name, 1_000, noon(DAY), project="nowhere")
    rails.house.send(deed)
    rails.house.settle()
    rails.bill(DAY, line(name, 1_000, at=noon(DAY)))
    assert rails.open(DAY) == []


def test_a_line_of_an_account_that_nobody_named_is_nobodys_charitys(rails: Rails) -> None:
    (name,) = rails.names(1)
    rails.bill(DAY, line(name, 1_000, at=noon(DAY), merchant="1900000999"))
    row = rails.web.execute("SELECT charity, kind FROM jusha_raildifference").fetchone()
    assert row == ("", "only-there")


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda raw: raw[: raw.index("总交易单数".encode())], "cut short"),
    "line": (lambda raw: raw.replace(b"`10.00,", b"`11.00,", 1), "add up"),
    "sum": (lambda raw: raw.replace(b"`20.00,`0.00,", b"`21.00,`0.00,"), "add up"),
    "money": (lambda raw: raw.replace(b"`CNY", b"`USD"), "bad-currency"),
    "time": (lambda raw: raw.replace(b"`2026-03-01 1", b"`2026/03/01 1"), "bad-time"),
    "column": (lambda raw: raw.replace("手续费,费率".encode(), "手续,费率".encode()), "no column"),
    "fields": (lambda raw: raw.replace(b",`CNY", b""), "wrong-field-count"),
    "empty": (lambda _: b"", "no WeChat Pay bill"),
    "noise": (lambda _: b"\x00\xff", "no WeChat Pay bill"),
}


@pytest.mark.parametrize(("change", "word"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_not_whole_changes_nothing(
    rails: Rails, change: Callable[[bytes], bytes], word: str
) -> None:
    name, _ = rails.gift(1_000, noon(DAY))
    rails.bill(DAY, line(name, 1_000, at=noon(DAY)))
    before = rails.web.execute("SELECT * FROM giving_rail_line").fetchall()
    file = rails.folder / "other.csv"
    file.write_bytes(change(wechat([line(name, 1_000, at=noon(DAY))] * 2)))
    with pytest.raises(FileRefusedError, match=word):
        keep_bill(rails.web, bill_of(rails.web, DAY), file, deed_secret=SECRET, now=noon(DAY))
    assert rails.web.execute("SELECT * FROM giving_rail_line").fetchall() == before


def test_alipay_writes_a_bill_a_charity_with_its_fees_below_zero(
    rails: Rails, owner: psycopg.Connection
) -> None:
    terms = {"assets": ["CNY"], "clock": "file"}
    assert rails.house.instruct("admit-channel", code="alipay", terms=terms)[0] == "done"
    day = date(2026, 3, 1)
    key = deed_key(SECRET, "alipay", "2026030122001")
    rails.house.give(1_000, channel="alipay", campaign="", key=key, paid_at=_at(day))
    rails.house.give(700, channel="alipay", campaign="", paid_at=_at(day))
    row = owner.execute(
        "INSERT INTO jusha_railbill (rail, day, payee, state, told, tries, file_hash, lines)"
        " VALUES ('alipay', %s, 'shan', 'asked', '', 0, '', 0) RETURNING id",
        (day,),
    ).fetchone()
    lines = [
        alipay_line("2026030122001", "10.00"),
        alipay_line("2026030122001", "-10.00", kind="退款", refund="7-1"),
    ]
    file = rails.folder / "alipay.zip"
    file.write_bytes(packed({"明细.csv": alipay(lines), "汇总.csv": shops(lines)}))
    assert row is not None
    assert keep_bill(rails.web, row[0], file, deed_secret=SECRET, now=noon(day))
    lay_day(rails.web, "alipay", day, now=noon(day))
    found = rails.web.execute(
        "SELECT kind, cause, charity, there, here FROM jusha_raildifference ORDER BY 1"
    ).fetchall()
    assert found == [
        ("only-here", "", "shan", None, 700),
        ("state-differs", "refunded-there", "shan", 1_000, None),
    ]
    assert rails.tally(day) == [("shan", 1, 1_000, 1, 1_000, 20_000, 1, 1_000, 0)]


def _at(day: date) -> int:
    return int(noon(day).timestamp())


def test_the_first_entry_since_a_time_is_found_among_many_batches(rails: Rails) -> None:
    for amount in range(1, 12):
        rails.house.give(amount)
    rows = rails.web.execute(
        "SELECT first, settled_at FROM settlement_batch ORDER BY id"
    ).fetchall()
    for first, at in rows:
        assert first_settled_since(rails.web, at) == first
    behind = rows[-1][1] + timedelta(seconds=1)
    assert first_settled_since(rails.web, behind) == rails.house.settlement.world.next_number
    assert first_settled_since(rails.web, rows[0][1] - timedelta(days=1)) == rows[0][0]


def test_the_audit_names_a_difference_that_one_person_cleared(rails: Rails) -> None:
    (name,) = rails.names(1)
    rails.bill(DAY, line(name, 1_000, at=noon(DAY)))
    clear = "UPDATE jusha_raildifference SET state = 'cleared', proposed_by = 'li', confirmed_by ="
    rails.web.execute(f"{clear} 'li'")
    wrong = [str(found) for found in audit_database(rails.web) if found.kind == "wrong"]
    assert len(wrong) == 1
    assert "not cleared by two" in wrong[0]
    rails.web.execute(f"{clear} 'wang'")
