"""What the platform's report of a half year or a year says, and when it may be written. Pure."""

import re
import unicodedata
from datetime import date
from typing import Any, Final

FIGURES: Final = (
    "first", "upto", "charities", "projects", "campaigns", "gifts", "donated", "online",
    "released", "refunded", "arrived", "residue", "programme", "running", "complaints", "in_time",
    "late", "suspended", "taken_down",
)  # fmt: skip
"""In the order of platform_figures.sql: counts, and amounts in fen."""
MONEY: Final = frozenset(
    {"donated", "online", "released", "refunded", "arrived", "residue", "programme", "running"}
)
PERIOD: Final = re.compile(r"(20[0-9]{2})(?:-h([12]))?", re.ASCII)
WORDS_MAX: Final = 2_000
CORRECTION_MAX: Final = 400
AMOUNT_MAX: Final = 10**15
REFUSALS: Final = ("period", "not-over", "amount", "words", "correction")


class PlatformRefusedError(Exception):
    """Nothing was proposed; `code` says why, in one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def span(period: str) -> tuple[date, date]:
    """The first day of a period and the first behind it. Raises PlatformRefusedError("period")."""
    found = PERIOD.fullmatch(period)
    if found is None:
        raise PlatformRefusedError("period")
    year, half = int(found[1]), found[2]
    begins = date(year, 7 if half == "2" else 1, 1)
    return begins, date(year, 7, 1) if half == "1" else date(year + 1, 1, 1)


def over(first: date, today: date) -> list[str]:
    """The periods that are over, newest first, back to that of day `first`."""
    years = range(today.year, first.year - 1, -1)
    periods = [f"{year}{half}" for year in years for half in ("", "-h2", "-h1")]
    return [each for each in periods if first < span(each)[1] <= today]


def check(period: str, body: dict[str, Any], *, today: date) -> None:
    """Refuse a report before its period is over, or without what it must say.

    Raises PlatformRefusedError.
    """
    if span(period)[1] > today:
        raise PlatformRefusedError("not-over")
    if not all(0 <= body[name] <= AMOUNT_MAX for name in ("income", "cost")):
        raise PlatformRefusedError("amount")
    if not body["words"] or not _plain(body["words"], WORDS_MAX):
        raise PlatformRefusedError("words")
    if bool(body["correction"]) != (body["version"] > 1):
        raise PlatformRefusedError("correction")
    if not _plain(body["correction"], CORRECTION_MAX):
        raise PlatformRefusedError("correction")


def per_myriad(part: int, whole: int) -> int | None:
    """So many ten-thousandths a part is of a whole, rounded down; None of nothing."""
    return part * 10_000 // whole if whole else None


def shares(figures: dict[str, int], cost: int) -> dict[str, int | None]:
    """Ratios that follow from a report, in ten-thousandths.

    online: of all that was given, by other ways than files of charities and banks.
    running: of all that was spent, for running costs. raising: what running the platform cost,
    of all that was given.
    """
    spent = figures["programme"] + figures["running"]
    return {
        "online": per_myriad(figures["online"], figures["donated"]),
        "running": per_myriad(figures["running"], spent),
        "raising": per_myriad(cost, figures["donated"]),
    }


def _plain(text: str, most: int) -> bool:
    return len(text) <= most and not any(
        unicodedata.category(c) in {"Cc", "Cs"} and c not in "\r\n" for c in text
    )
