"""What the law makes us keep, for as long as it says, counted as it counts."""

from datetime import date

import pytest

from jusha.giving.receipt_rules import KINDS
from jusha.people.retention_rules import TABLE, keep_until, rule_for


def test_years_run_from_the_end_of_the_paper_s_own_year() -> None:
    assert keep_until("e-receipt", on=date(2026, 1, 1)) == date(2056, 12, 31)
    assert keep_until("e-receipt", on=date(2026, 12, 31)) == date(2056, 12, 31)
    assert keep_until("letter", on=date(2026, 11, 23)) == date(2036, 12, 31)


def test_every_kind_of_receipt_has_a_rule_and_every_rule_says_where_it_stands() -> None:
    for kind in KINDS:
        assert rule_for(kind, on=date(2026, 1, 1)).years >= 10
    assert all("会计档案管理办法" in row.law for row in TABLE)


def test_a_paper_older_than_every_rule_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(LookupError):
        keep_until("letter", on=date(2015, 12, 31))
