"""How long the law makes us keep what, by the day it was made. Pure.

A table that only grows: a new law is a new row from its first day, and what was made before
follows the row of its own day.
"""

from datetime import date
from typing import Final, NamedTuple

E_RECEIPT: Final = "e-receipt"
LETTER: Final = "letter"

UNPAID_DAYS: Final = 90
"""An order that nobody paid explains no money; as long as the raw envelopes it might belong to."""


class Retention(NamedTuple):
    """`years` from the end of the paper's own year; `law` is where that stands."""

    since: date
    what: str
    years: int
    law: str


ARCHIVES: Final = "会计档案管理办法（财政部、国家档案局令第79号）第十四条、附表一"
TABLE: Final = (
    Retention(date(2016, 1, 1), E_RECEIPT, 30, ARCHIVES),
    Retention(date(2016, 1, 1), LETTER, 10, "按会计档案管理办法中最短的定期保管期限"),
)


def rule_for(what: str, *, on: date) -> Retention:
    """The row for a paper made on a day. Raises LookupError for none."""
    rows = [row for row in TABLE if row.what == what and row.since <= on]
    if not rows:
        raise LookupError(f"{what} {on}")
    return max(rows)


def keep_until(what: str, *, on: date) -> date:
    """The last day that a paper made on a day is kept: years run from the end of its year."""
    return date(on.year + rule_for(what, on=on).years, 12, 31)
