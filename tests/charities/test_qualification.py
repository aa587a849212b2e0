"""A charity raises money in public by a certificate that is valid today."""

from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.charities.qualification import days_left, standing

FIRST, LAST = date(2026, 9, 5), date(2029, 9, 4)


class Dated(NamedTuple):
    valid_from: date
    valid_until: date


@pytest.mark.parametrize(
    ("today", "stands", "left"),
    [
        (FIRST - timedelta(days=1), "not-yet", 1097),
        (FIRST, "valid", 1096),
        (LAST, "valid", 1),
        (LAST + timedelta(days=1), "expired", 0),
    ],
)
def test_both_days_of_a_certificate_belong_to_it(today: date, stands: str, left: int) -> None:
    assert standing(Dated(FIRST, LAST), today) == stands
    assert days_left(Dated(FIRST, LAST), today) == left


@given(st.dates(), st.integers(0, 5_000), st.dates())
def test_it_is_valid_on_as_many_days_as_it_has(first: date, days: int, today: date) -> None:
    if first.toordinal() + days > date.max.toordinal():
        return
    certificate = Dated(first, date.fromordinal(first.toordinal() + days))
    is_in = today.toordinal() in range(first.toordinal(), first.toordinal() + days + 1)
    assert (standing(certificate, today) == "valid") == is_in
