"""A transfer's reference names one order, or none: never another than the one that was meant."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jusha.payments.reference import (
    ALPHABET,
    DAY_ORDERS,
    FIRST_DAY,
    LAST_DAY,
    Reading,
    read_reference,
    reference_of,
)

ORDERS = st.builds(
    lambda day, rest: int(f"{FIRST_DAY + timedelta(days=day):%Y%m%d}") * DAY_ORDERS + rest,
    st.integers(0, (LAST_DAY - FIRST_DAY).days),
    st.integers(0, DAY_ORDERS - 1),
)


@given(ORDERS, st.sampled_from(["{}", "捐款{}张三", " {} ", "附言：{}。谢谢", "order {} ok"]))
def test_a_reference_is_read_back_however_it_is_written(order: int, around: str) -> None:
    reference = reference_of(order)
    for written in (
        reference, reference.lower(), reference.replace("-", ""), reference.replace("-", " "),
        reference.replace("-", "－"), reference.replace("-", "—"),
        "".join(chr(ord(c) + 0xFEE0) if c != "-" else c for c in reference),
    ):  # fmt: skip
        assert read_reference(around.format(written)) == Reading("found", order)


@given(ORDERS, st.data())
def test_no_one_or_two_wrong_characters_make_another_order(order: int, data: st.DataObject) -> None:
    text = list(reference_of(order).replace("-", ""))
    places = data.draw(st.lists(st.integers(0, 11), min_size=1, max_size=2, unique=True))
    for place in places:
        text[place] = data.draw(st.sampled_from(ALPHABET.replace(text[place], "")))
    assert read_reference("".join(text)).order == 0


@given(ORDERS, st.integers(0, 11), st.integers(0, 11))
def test_characters_that_changed_places_are_noticed(order: int, one: int, two: int) -> None:
    text = list(reference_of(order).replace("-", ""))
    assume(text[one] != text[two])
    text[one], text[two] = text[two], text[one]
    assert read_reference("".join(text)).order == 0


@given(ORDERS, ORDERS)
def test_two_references_in_one_remark_name_nobody(one: int, two: int) -> None:
    assume(one != two)
    assert read_reference(f"{reference_of(one)} {reference_of(two)}") == Reading("several")
    assert read_reference(f"{reference_of(one)} {reference_of(one)}") == Reading("found", one)


def test_what_has_a_references_form_and_does_not_check_is_called_mistyped() -> None:
    wrong = reference_of(202611230000000017)[:-1]
    wrong += "3" if reference_of(202611230000000017)[-1] != "3" else "4"
    assert read_reference(f"捐款 {wrong}") == Reading("mistyped")
    for text in ("", "捐款", "CONTRIBUTION", "6222021001116245702", "转账 1234.50"):
        assert read_reference(text) == Reading("none")


def test_only_an_orders_number_has_a_reference() -> None:
    for number in (0, 17, 199901010000000000, 202613010000000000):
        with pytest.raises(ValueError, match=r"isoformat|month|order"):
            reference_of(number)
    assert date(2026, 11, 23) < LAST_DAY
