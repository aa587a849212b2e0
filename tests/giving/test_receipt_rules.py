"""Amounts in capitals read back as they were written; payers are checked; rules are dated."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.giving import receipt_rules as rules
from jusha.giving.receipt_capitals import DIGITS, FEN_MAX, NoCapitalsError, capital
from jusha.giving.receipt_rules import (
    E_RECEIPT,
    ISSUE,
    LETTER,
    REVERSE,
    Paper,
    Payer,
    ReceiptRefusedError,
    check_payer,
)
from jusha.giving.tax_rules import TaxTableError, chosen, read_table, table, tax_rule

PLACES = {"拾": 10, "佰": 100, "仟": 1_000}


def number(text: str) -> int:
    """Read a whole number in capitals: written by another idea than `capital` is."""
    if "亿" in text:
        high, _, low = text.rpartition("亿")
        return number(high) * 10**8 + number(low)
    if "万" in text:
        high, _, low = text.rpartition("万")
        return number(high) * 10**4 + number(low)
    total = digit = 0
    for char in text:
        if char in PLACES:
            total, digit = total + digit * PLACES[char], 0
        else:
            digit = DIGITS.index(char)
    return total + digit


def fen(text: str) -> int:
    """Read an amount in capitals."""
    whole, _, rest = text.rpartition("元")
    found = re.fullmatch("整|零?(?:(.)角)?(?:(.)分)?", rest)
    assert found, text
    jiao, last = (DIGITS.index(each) if each else 0 for each in (found[1], found[2]))
    return number(whole) * 100 + jiao * 10 + last


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1, "壹分"),
        (10, "壹角"),
        (53, "伍角叁分"),
        (100, "壹元整"),
        (105, "壹元零伍分"),
        (1000, "壹拾元整"),
        (1001, "壹拾元零壹分"),
        (1010, "壹拾元零壹角"),
        (2000, "贰拾元整"),
        (32504, "叁佰贰拾伍元零肆分"),
        (140950, "壹仟肆佰零玖元伍角"),
        (168032, "壹仟陆佰捌拾元零叁角贰分"),
        (600714, "陆仟零柒元壹角肆分"),
        (1640902, "壹万陆仟肆佰零玖元零贰分"),
        (10700053, "壹拾万柒仟元零伍角叁分"),
        (10000500, "壹拾万零伍元整"),
        (100000000, "壹佰万元整"),
        (10000000000, "壹亿元整"),
        (10000000001, "壹亿元零壹分"),
        (10000001000000, "壹仟亿零壹万元整"),
        (1000000010000000000, None),
    ],
)
def test_amounts_are_written_as_the_rules_for_vouchers_write_them(
    amount: int, text: str | None
) -> None:
    if text is None:
        with pytest.raises(NoCapitalsError):
            capital(amount)
    else:
        assert capital(amount) == text


@given(st.integers(1, FEN_MAX) | st.integers(1, 10**7))
def test_every_amount_reads_back_and_has_no_zero_too_many(amount: int) -> None:
    text = capital(amount)
    assert fen(text) == amount
    assert "零零" not in text
    assert not re.search("零(?:[拾佰仟万亿元角分整]|$)|^零", text)
    assert text.endswith("整") == (amount % 100 == 0)


@pytest.mark.parametrize("amount", [0, -1, FEN_MAX + 1])
def test_nothing_and_too_much_have_no_capitals(amount: int) -> None:
    with pytest.raises(NoCapitalsError):
        capital(amount)


def test_a_payer_is_kept_as_one_clean_line() -> None:
    found = check_payer(
        Payer("organisation", " 云岭  有限公司 ", "91110000600037341l", "a@b.example")
    )
    assert found == Payer("organisation", "云岭 有限公司", "91110000600037341L", "a@b.example")
    assert check_payer(Payer("organisation", "云岭")).code == ""


@pytest.mark.parametrize(
    ("payer", "code"),
    [
        (Payer("person", ""), "bad-name"),
        (Payer("person", "　 "), "bad-name"),
        (Payer("person", "李" * 61), "bad-name"),
        (Payer("person", "李\u202e四"), "bad-name"),
        (Payer("person", "李\x00四"), "bad-name"),
        (Payer("someone", "李四"), "bad-name"),
        (Payer("person", "李四", "91110000600037341L"), "bad-code"),
        (Payer("organisation", "云岭", "91110000600037341M"), "bad-code"),
        (Payer("organisation", "云岭", "9111000060003734"), "bad-code"),
        (Payer("organisation", "云岭", "９" * 18), "bad-code"),
        (Payer("organisation", "云岭", "٣" * 18), "bad-code"),
        (Payer("person", "李四", "", "no mail"), "bad-mail"),
        (Payer("person", "李四", "", "a@b.example\nBcc: c@d.example"), "bad-mail"),
        (Payer("person", "李四", "", "a@" + "b" * 100 + ".example"), "bad-mail"),
    ],
)
def test_a_hostile_or_mistaken_payer_is_refused_by_name(payer: Payer, code: str) -> None:
    with pytest.raises(ReceiptRefusedError) as refused:
        check_payer(payer)
    assert refused.value.code == code
    assert code in rules.REFUSALS


def test_what_stands_is_what_was_issued_and_not_reversed() -> None:
    papers = [
        Paper(1, LETTER, ISSUE, 2000, None),
        Paper(2, E_RECEIPT, ISSUE, 2000, None),
        Paper(3, LETTER, REVERSE, 2000, 1),
    ]
    assert rules.standing(papers, LETTER) is None
    assert rules.standing(papers, E_RECEIPT) == papers[1]
    again = [*papers, Paper(4, LETTER, ISSUE, 500, None)]
    assert rules.standing(again, LETTER) == again[-1]


@given(
    left=st.integers(0, 10**6),
    stands=st.integers(0, 10**6),
    waits=st.booleans(),
    has_payer=st.booleans(),
)
def test_steps_end_with_what_should_stand(
    left: int, stands: int, *, waits: bool, has_payer: bool
) -> None:
    for _ in range(3):
        should = rules.wanted(left=left, refund_waits=waits, stands=stands, has_payer=has_payer)
        step = rules.next_step(stands=stands, should=should)
        if step == rules.NOTHING:
            break
        stands = 0 if step == REVERSE else should
    else:
        pytest.fail("never done")
    assert stands in {0, left}
    assert not (waits and stands)


def test_the_house_s_tax_rules_change_on_their_day() -> None:
    before, after = (
        tax_rule("organisation", date(2016, 8, 31)),
        tax_rule("organisation", date(2016, 9, 1)),
    )
    assert before is not None
    assert after is not None
    assert (before.percent, before.years) == (12, 0)
    assert (after.percent, after.years) == (12, 3)
    old, new = tax_rule("person", date(2018, 12, 31)), tax_rule("person", date(2019, 1, 1))
    assert old is not None
    assert new is not None
    assert old.law != new.law
    assert tax_rule("person", date(1999, 1, 1)) is None
    assert tax_rule("alien", date(2026, 1, 1)) is None
    assert all(rule.law for rule in table())


RULE = '[[rule]]\npayer = "person"\nfrom = "{}"\npercent = {}\nyears = 0\nlaw = "x"\n'


def test_the_last_day_of_a_rule_is_the_day_before_the_next() -> None:
    two = read_table(
        RULE.format("2020-01-01", 30) + 'until = "2027-01-01"\n' + RULE.format("2027-01-01", 40)
    )
    last, first = chosen(two, "person", date(2026, 12, 31)), chosen(two, "person", date(2027, 1, 1))
    assert last is not None
    assert first is not None
    assert (last.percent, first.percent) == (30, 40)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rule = 3",
        RULE.format("2020-13-01", 30),
        RULE.format("2020-01-01", 0),
        RULE.format("2020-01-01", 101),
        RULE.format("2020-01-01", 30) + 'until = "2020-01-01"\n',
        RULE.format("2020-01-01", 30) + "rate = 3\n",
        RULE.format("2020-01-01", 30) + RULE.format("2025-01-01", 40),
    ],
)
def test_a_table_that_cannot_decide_is_refused(text: str) -> None:
    with pytest.raises(TaxTableError):
        read_table(text)
