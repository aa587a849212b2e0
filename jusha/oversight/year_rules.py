"""Whether a charity spends enough of its income and little enough on itself (R-CL-61). Pure.

The law's ratios are of everything a charity does; this platform sees a part. So the charity
says its whole figures, and the law's come from the table of figures by the year's last day.
"""

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Final, Literal, NamedTuple

REASON_MAX: Final = 1_000
AMOUNT_MAX: Final = 10**15
FIRST_YEAR: Final = 2016
PERMILLE: Final = 1_000
RULES: Final = {
    "foundation": ("spend-min-permille", "admin-max-permille"),
    "association": ("spend-min-association-permille", "admin-max-association-permille"),
    "service": ("spend-min-association-permille", "admin-max-association-permille"),
}
"""Rules of the law on spending and on administration, by the charity's kind."""
EXEMPT: Final = "admin-exempt-below-fen"
REFUSALS: Final = ("year", "day", "amount", "income", "reason", "stale")
State = Literal["met", "missed", "exempt", "unknown"]


class YearRefusedError(Exception):
    """Nothing was proposed; `code` says why, in one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


class Said(NamedTuple):
    """What a charity says of its year, in fen; `as_of` is the day up to which."""

    year: int
    as_of: date
    income: int
    mean_income: int
    spent: int
    admin: int


class Ratio(NamedTuple):
    """One ratio, in per mille of its base: so far, by the year's end if it goes on so, the law's.

    `law` is None where the house knows no figure for the year, `rule` is the law's name here.
    """

    rule: str
    now: int | None
    by_end: int | None
    law: int | None
    state: State


def check(said: Said, reason: str, ratios: list[Ratio], *, today: date) -> None:
    """Refuse figures that cannot be, and a ratio that is missed without a reason.

    Raises YearRefusedError.
    """
    if not FIRST_YEAR <= said.year <= today.year:
        raise YearRefusedError("year")
    if said.as_of.year != said.year or said.as_of > today:
        raise YearRefusedError("day")
    amounts = said[2:]
    if not all(0 <= each <= AMOUNT_MAX for each in amounts):
        raise YearRefusedError("amount")
    if not said.income:
        raise YearRefusedError("income")
    missed = any(each.state == "missed" for each in ratios)
    if (missed and not reason) or len(reason) > REASON_MAX:
        raise YearRefusedError("reason")
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\r\n" for c in reason):
        raise YearRefusedError("reason")


def ratios(kind: str, said: Said, law: Callable[[str, date], int | None]) -> list[Ratio]:
    """Both ratios of a year; `law` tells a rule's figure on a day, None where none is known.

    Spending is of last year's income or of the mean of three years, whichever asks for less;
    administration is of all that was spent, itself included. By the year's end: as if the rest
    of the year went as its days so far did.
    """
    least_rule, most_rule = RULES.get(kind, RULES["foundation"])
    end = date(said.year, 12, 31)
    known = bool(kind)
    least, most, floor = (
        law(rule, end) if known else None for rule in (least_rule, most_rule, EXEMPT)
    )
    bases = [each for each in (said.income, said.mean_income) if each]
    base = min(bases, default=0)
    spent, admin = (_by_end(each, said) for each in (said.spent, said.admin))
    enough = _permille(spent, base)
    little = _permille(admin, spent + admin)
    return [
        Ratio(least_rule, _permille(said.spent, base), enough, least,
              _state(least, enough, met=enough is not None and least is not None
                     and spent * PERMILLE >= least * base)),
        Ratio(most_rule, _permille(said.admin, said.spent + said.admin), little, most,
              "exempt" if floor is not None and admin < floor
              else _state(most, little, met=most is not None
                          and admin * PERMILLE <= most * (spent + admin))),
    ]  # fmt: skip


def _state(law: int | None, found: int | None, *, met: bool) -> State:
    if law is None or found is None:
        return "unknown"
    return "met" if met else "missed"


def _by_end(amount: int, said: Said) -> int:
    """An amount so far, as if every day of the year were like its days so far; rounded down."""
    days = (said.as_of - date(said.year, 1, 1)).days + 1
    whole = (date(said.year + 1, 1, 1) - date(said.year, 1, 1)).days
    return amount * whole // days


def _permille(part: int, whole: int) -> int | None:
    return part * PERMILLE // whole if whole else None
