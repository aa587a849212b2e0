"""Statements that others published are read whole by the maps that we ship."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jusha.giving.balance_chain import Break, Chain
from jusha.giving.gift_maps import GiftMap, read_map
from jusha.giving.gift_rows import Gift, GiftReader
from jusha.giving.reconcile import CAUSES, CLASSES, Side, reconcile
from jusha.money.clock import day_text, local_day
from jusha.payments.bills.packed import open_plain
from tests.home import REPO

NOW = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())


def the_map(name: str) -> GiftMap:
    return read_map((REPO / "maps" / f"{name}.toml").read_bytes())


def gifts(file: Path, name: str) -> tuple[list[Gift], int]:
    """Every gift of a file, and how many lines its map leaves out."""
    with open_plain(file) as opened:
        found = list(GiftReader(opened, the_map(name), now_s=NOW, projects=None))
    taken = [row for row in found if isinstance(row, Gift)]
    left_out = sum(row is None for row in found)
    assert len(taken) + left_out == len(found), "no line is rejected"
    assert len({gift.external_id for gift in taken}) == len(taken), "every id is one line's"
    return taken, left_out


@pytest.mark.parametrize(
    ("name", "file", "count", "fen", "left_out"),
    [
        ("wuhan_redcross_qr_pos", "donations_qr_pos", 125_134, 1_474_417_132, 0),
        ("wuhan_redcross_unionpay", "donations_unionpay", 3_647, 17_403_015, 0),
        ("wuhan_redcross_bocom", "donations_bank_alipay", 3_150, None, 50_484),
        ("wuhan_redcross_abc", "donations_bank_alipay", 792, None, 52_842),
        ("wuhan_redcross_alipay", "donations_bank_alipay", 49_692, None, 3_942),
    ],
)
def test_the_wuhan_files_are_read_line_by_line(
    shared: str, name: str, file: str, count: int, fen: int | None, left_out: int
) -> None:
    found, left = gifts(Path(shared) / "data" / "wuhan_redcross" / f"{file}.csv.gz", name)
    assert (len(found), left) == (count, left_out)
    assert fen is None or sum(gift.amount for gift in found) == fen


def test_seven_wuhan_gifts_were_published_under_the_day_after_their_own(shared: str) -> None:
    file = Path(shared) / "data" / "wuhan_redcross" / "donations_qr_pos.csv.gz"
    sides = []
    for name in ("list", "plain"):
        side = Side()
        for gift in gifts(file, f"wuhan_redcross_qr_pos_{name}")[0]:
            side.add(gift.external_id, amount=gift.amount, at_s=gift.at_s, place=gift.line)
        sides.append(side)
    found = reconcile(*sides)
    assert sum(t.lines for classes in found.days.values() for t in classes.values()) == 125_134
    assert [(CLASSES[d.kind], CAUSES[d.cause]) for d in found.differences] == [
        ("day-differs", "cut-off")
    ] * 7


def test_the_three_channels_of_one_wuhan_file_are_together_the_whole_file(shared: str) -> None:
    file = Path(shared) / "data" / "wuhan_redcross" / "donations_bank_alipay.csv.gz"
    parts = [gifts(file, f"wuhan_redcross_{code}")[0] for code in ("bocom", "abc", "alipay")]
    assert sum(map(len, parts)) == 53_634
    assert sum(gift.amount for part in parts for gift in part) == 44_255_432_648
    days = {day_text(local_day(gift.at_s)) for part in parts for gift in part}
    assert days == {"2020-01-28", "2020-02-02", "2020-02-03"}


def test_the_yagi_balance_breaks_in_five_places_and_each_hole_is_named(shared: str) -> None:
    file = Path(shared) / "data" / "yagi_mttq" / "agribank_2024-09-09_12.csv.gz"
    with open_plain(file) as opened:
        reader = GiftReader(opened, the_map("yagi_mttq_agribank"), now_s=NOW, projects=None)
        chain = Chain(reader.map, reader.header)
        count = total = 0
        for cells, found in reader.with_cells():
            assert isinstance(found, Gift)
            chain.follow(found.line, cells)
            count += 1
            total += found.amount
    assert (count, chain.steps, chain.unread) == (42_488, 42_487, 0)
    assert chain.breaks == [
        Break(10_693, 10_694, 100_000),
        Break(21_428, 21_429, 100_000),
        Break(26_773, 26_774, 200_000),
        Break(32_976, 32_977, 1_000_000),
        Break(35_407, 35_408, 300_000),
    ]
    # First balance, all that came in, and the five holes make the last balance, to the dong.
    assert 524_700 - 500_000 + total + 1_700_000 == 43_553_131_897


def test_the_other_yagi_statement_is_read_whole_and_has_no_balance_to_check(shared: str) -> None:
    name = "yagi_mttq_vietinbank"
    file = Path(shared) / "data" / "yagi_mttq" / "vietinbank_2024-09-10_12.csv.gz"
    found, left = gifts(file, name)
    assert (len(found), left) == (56_474, 0)
    assert sum(gift.amount for gift in found) == 33_229_937_407
    assert the_map(name).balance is None
