"""What a bill sends back is taken back from the very gift, once; what does not fit is shown."""

from pathlib import Path

import pytest

from jusha.giving.accounts_table import PLACE_BITS
from jusha.giving.beside import import_new, publish_days, read_folder, take_back_new, waits
from jusha.giving.beside_settings import read_beside
from tests.cast import House
from tests.giving.beside_desk import NOW, SECRETS, Desk
from tests.payments.bill_files import wechat_line


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    """A desk with two gifts of one day."""
    desk = Desk(house, tmp_path)
    desk.wechat("0227.csv", gift("420001", "20.00"), gift("420002", "5.00"))
    return desk


def gift(no: str, yuan: str) -> str:
    return wechat_line(no, yuan, at="2026-02-27 10:00:00")


def back(no: str, yuan: str, refund: str, *, came: str = "SUCCESS") -> str:
    at = "2026-02-28 11:00:00"
    return wechat_line(no, yuan, at=at, state="REFUND", refund=refund, came=came)


def states(desk: Desk) -> list[tuple[str, int]]:
    """How each refund line stands, with its amount."""
    return [(standing.state, standing.back.amount) for standing in desk.standings]


def test_a_refund_line_takes_the_gift_back_and_is_published_on_its_day(desk: Desk) -> None:
    desk.wechat("0228.csv", back("420002", "5.00", "50001"))
    _, _, sent = desk.round()
    gifts = [e["n"] for e in desk.house.entries() if e["k"] == "don"]
    assert desk.refunds() == [(500, gifts[1])]
    assert sent == {"2026-02-27": "", "2026-02-28": ""}
    refunds = desk.table("2026-02-28")["refunds"]
    assert refunds["states"] == {"taken-back": {"lines": 1, "sum": 500}}
    (line,) = refunds["lines"]
    assert (line["state"], line["amt"], line["ref"], line["line"]) == (
        "taken-back", 500, gifts[1], 2,
    )  # fmt: skip
    assert desk.house.entries()[line["n"]]["k"] == "refund"
    assert "refunds" not in desk.table("2026-02-27")
    repaid = [(e["amt"], e["ref"]) for e in desk.house.entries() if e["k"] == "repaid"]
    assert repaid == [(500, gifts[1])], "the bill is the rail's word that it went back"
    desk.house.check()


def test_the_same_bill_again_under_another_name_and_in_another_file_takes_nothing_twice(
    desk: Desk,
) -> None:
    line = back("420002", "5.00", "50001")
    bill = desk.wechat("0228.csv", line)
    desk.round()
    before = desk.house.entries()
    bill.rename(bill.with_name("again.csv"))
    assert desk.round()[1:] == ({}, {})
    assert desk.house.entries() == before
    desk.wechat("both.csv", line, gift("420003", "1.00"), age_s=60)
    desk.round()
    assert len(desk.refunds()) == 1
    assert states(desk) == [("taken-back", 500)]


def test_partial_refunds_add_up_and_the_one_that_is_too_much_is_left_to_a_person(
    desk: Desk,
) -> None:
    desk.wechat(
        "0228.csv",
        back("420001", "8.00", "50001"),
        back("420001", "8.00", "50002"),
        back("420001", "8.00", "50003"),
        back("420001", "4.00", "50004"),
    )
    desk.round()
    assert [amount for amount, _ in desk.refunds()] == [800, 800, 400]
    expected = [("taken-back", 800)] * 2 + [("over-gift", 800), ("taken-back", 400)]
    assert states(desk) == expected
    assert desk.table("2026-02-28")["refunds"]["states"] == {
        "over-gift": {"lines": 1, "sum": 800},
        "taken-back": {"lines": 3, "sum": 2000},
    }
    desk.house.check()


def test_a_refund_whose_gift_is_not_there_waits_in_sight_and_is_taken_back_when_it_comes(
    desk: Desk,
) -> None:
    desk.wechat("0228.csv", back("420009", "3.00", "50001"))
    desk.round()
    assert (states(desk), desk.refunds()) == ([("no-gift", 300)], [])
    desk.wechat("late.csv", gift("420009", "3.00"), age_s=60)
    _, _, sent = desk.round()
    assert states(desk) == [("taken-back", 300)]
    assert [amount for amount, _ in desk.refunds()] == [300]
    assert sent.keys() == {"2026-02-27", "2026-02-28"}, "the day says that it is corrected"
    assert desk.table("2026-02-28")["corrects"] == sent["2026-02-28"]
    desk.house.check()


def test_a_refund_that_comes_back_with_another_amount_is_shown_and_changes_nothing(
    desk: Desk,
) -> None:
    desk.wechat("0228.csv", back("420001", "8.00", "50001"))
    desk.round()
    desk.wechat("new.csv", back("420001", "9.00", "50001"), age_s=60)
    desk.round()
    assert states(desk) == [("other-amount", 900)]
    assert [amount for amount, _ in desk.refunds()] == [800]


def test_the_same_refund_twice_in_one_file_is_taken_once_and_shown_twice(desk: Desk) -> None:
    desk.wechat("0228.csv", *[back("420001", "8.00", "50001")] * 2)
    desk.round()
    assert states(desk) == [("taken-back", 800), ("repeated", 800)]
    assert len(desk.refunds()) == 1


def test_a_refund_that_failed_is_left_out_and_counted(desk: Desk) -> None:
    desk.wechat("0228.csv", back("420001", "8.00", "50001", came="FAIL"))
    read, _, _ = desk.round()
    assert desk.standings == []
    assert read.sources[0].files[1].left_out == 1


def test_a_gift_is_taken_back_by_its_merchant_order_number_too(desk: Desk) -> None:
    file = desk.home / "wechat.toml"
    file.write_text(file.read_text().replace('of = ["微信订单号"]', 'of = ["商户订单号"]'))
    desk.beside = read_beside(desk.home / "beside.toml")
    desk.wechat("0228.csv", back("420002", "5.00", "50001"))
    desk.round()
    assert states(desk) == [("taken-back", 500)]


def test_a_day_waits_for_settlement_before_it_says_how_its_refunds_stand(desk: Desk) -> None:
    desk.round()
    desk.wechat("0228.csv", back("420002", "5.00", "50001"))
    read = read_folder(desk.beside, desk.folder, now=NOW)
    web = desk.house.web
    import_new(web, desk.beside, read, secrets=SECRETS, now=NOW)
    refunds = take_back_new(web, desk.beside, read, secrets=SECRETS)
    assert waits(web, refunds)
    assert publish_days(web, desk.beside, read, now=NOW, refunds=refunds) == {}
    take_back_new(web, desk.beside, read, secrets=SECRETS)
    desk.house.settle()
    refunds = take_back_new(web, desk.beside, read, secrets=SECRETS)
    assert not waits(web, refunds)
    assert list(publish_days(web, desk.beside, read, now=NOW, refunds=refunds)) == ["2026-02-28"]
    assert len(desk.refunds()) == 1, "sent twice, taken back once"


def test_lines_are_named_by_file_and_number_and_no_number_of_a_payment_is_told(
    desk: Desk,
) -> None:
    desk.wechat("0228.csv", back("420002", "5.00", "50001"))
    desk.round()
    (standing,) = desk.standings
    assert standing.back.place & ((1 << PLACE_BITS) - 1) == 2
    said = str(desk.table("2026-02-28"))
    assert "420002" not in said
    assert "50001" not in said
