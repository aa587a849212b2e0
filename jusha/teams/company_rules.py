"""What a company may be, what it promised and kept, and how long its pools last. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Final, Literal, NamedTuple

APPLY_KIND: Final = "company"
PLEDGE_KIND: Final = "company-pledge"
POOL_KIND: Final = "company-pool"
CAPABILITIES: Final = (
    "funds", "goods", "volunteers", "skills", "logistics", "technology", "places", "media",
)  # fmt: skip
PURPOSES: Final = ("project", "people", "place")
HOWS: Final = ("secured", "trusted")
ANSWERS: Final = ("waiting", "approved", "declined")
CODE_MAX: Final = 30
INTRO_MAX: Final = 300
TEXT_MAX: Final = 400
ABOUT_MAX: Final = 80
SHOWN_FROM: Final = 5
"""Of fewer people nothing is told to a company: a sum of three says who gave (R-CL-32)."""
PLEDGE_MAX_FEN: Final = 10**14
PACE_DAYS: Final = 7
FORECAST_DAYS: Final = 3_650
REFUSALS: Final = (
    "unknown", "code", "code-taken", "uscc", "uscc-taken", "name", "intro", "capabilities",
    "domain", "contact", "registration", "waits", "not-yours", "no-words", "words", "amount",
    "due", "file", "pledge", "campaign", "pool", "purpose", "about", "self-match", "project",
    "blocked", "code-wrong", "mail", "stale",
)  # fmt: skip
PUBLIC_MAIL: Final = frozenset({
    "qq.com", "163.com", "126.com", "sina.com", "sohu.com", "139.com", "189.cn", "foxmail.com",
    "aliyun.com", "gmail.com", "outlook.com", "hotmail.com", "icloud.com", "yahoo.com", "yeah.net",
})  # fmt: skip
"""Whose addresses anybody has: they say of nobody where they work."""
State = Literal["pledged", "part", "paid", "overdue"]


class CompanyRefusedError(Exception):
    """Nothing was changed; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


class Forecast(NamedTuple):
    """A company's budget in fen, and the day on which it is empty at the pace of PACE_DAYS.

    `paid_in` is what it put behind its pools, `promised` what matches took, `spent` what it paid
    to charities, `left` what can still be matched; `empty_on` is None where nothing goes out.
    """

    paid_in: int
    promised: int
    spent: int
    left: int
    pace: int
    empty_on: date | None


class Years(NamedTuple):
    """What a company's years come to: `share` is per mille of what was due, None before that."""

    years: int
    in_a_row: int
    due: int
    paid: int
    share: int | None
    people: int | None


def pledge_state(*, amount: int, paid: int, due_on: date, today: date) -> State:
    """How a pledge stands: what counts is what reached charities, not what was put aside."""
    if paid >= amount:
        return "paid"
    if today > due_on:
        return "overdue"
    return "part" if paid else "pledged"


def paid_of(pledges: Iterable[tuple[int, date, int, int]], paid: int) -> dict[int, int]:
    """Lay what was paid upon pledges (number, due day, amount, paid before), earliest due first.

    What was paid is a line; each pledge takes the next part of it, and none that lies before what
    had been paid already when it was made.
    """
    laid, at = {}, 0
    for number, _due, amount, before in sorted(pledges, key=lambda each: (each[1], each[0])):
        at = max(at, before)
        laid[number] = min(amount, max(paid - at, 0))
        at += laid[number]
    return laid


def forecast(
    *, paid_in: int, promised: int, spent: int, left: int, used: Mapping[date, int], today: date
) -> Forecast:
    """Say when the budget is empty if the next days are as the last PACE_DAYS were.

    `used` is what matches took by day. The pace is floored to the fen, so the day is never told
    too early by rounding.
    """
    days = [today - timedelta(days=back) for back in range(PACE_DAYS)]
    pace = sum(used.get(day, 0) for day in days) // PACE_DAYS
    ends: date | None = None
    if left <= 0:
        ends = today
    elif pace > 0 and left // pace <= FORECAST_DAYS:
        ends = today + timedelta(days=left // pace)
    return Forecast(paid_in, promised, spent, left, pace, ends)


def years(
    *, given_in: Iterable[int], dues: Iterable[tuple[int, date]], paid: int, people: int,
    today: date,
) -> Years:  # fmt: skip
    """The continuity of a company: years with money behind a pool, and what it kept of its word.

    `dues`: amounts of pledges with their days; only what is due by `today` counts.
    """
    found = set(given_in)
    row, year = 0, today.year if today.year in found else today.year - 1
    while year in found:
        row, year = row + 1, year - 1
    due = sum(amount for amount, on in dues if on <= today)
    kept = min(due, paid)
    share = kept * 1000 // due if due else None
    return Years(len(found), row, due, kept, share, people if people >= SHOWN_FROM else None)


def org(code: str) -> str:
    """As which organisation a company's representative stands in decisions: never a charity's."""
    return f"co:{code}"


def is_domain(text: str) -> bool:
    """Whether a text is a mail domain of the company's own."""
    parts = text.split(".")
    letters = all(part and part.strip("-") == part for part in parts)
    plain = all(c.isascii() and (c.isalnum() or c in "-.") for c in text)
    return len(parts) > 1 and letters and plain and text == text.lower() and (
        text not in PUBLIC_MAIL
    )  # fmt: skip


def is_of_domain(address: str, domain: str) -> bool:
    """Whether a mail address is one of a company's domain itself, not of one that ends alike."""
    return bool(domain) and address.rpartition("@")[2].lower() == domain


def identity(decision: int) -> bytes:
    """Name the instruction of a decision, so that a repeat is recognised."""
    return sha256(f"company-pool\n{decision}".encode()).digest()[:16]
