"""A report of the platform as its page and its table show it."""

from typing import NamedTuple

from jusha.oversight.platform_models import PlatformReport
from jusha.oversight.platform_rules import MONEY, shares
from jusha.web.platform_words import NAMES, SHARES, period_name


class Line(NamedTuple):
    """One figure: its code and name, its number, and whether that is fen."""

    code: str
    name: str
    number: int
    is_money: bool


class Ratio(NamedTuple):
    """One ratio: its name, what it is of, and its percentage with two decimals, "" of nothing."""

    name: str
    of: str
    percent: str


def lines(figures: dict[str, int]) -> list[Line]:
    """Every figure in its order."""
    return [Line(code, str(NAMES[code]), figures[code], code in MONEY) for code in NAMES]


def ratios(figures: dict[str, int], cost: int) -> list[Ratio]:
    """Every ratio with its definition."""
    found = shares(figures, cost)
    return [Ratio(str(name), str(of), _percent(found[code])) for code, (name, of) in SHARES.items()]


def title(report: PlatformReport) -> str:
    """The period's name."""
    return period_name(report.period)


def _percent(myriads: int | None) -> str:
    return "" if myriads is None else f"{myriads // 100}.{myriads % 100:02d}%"
