"""Complaints: their kinds, their steps, their clock in working days, and who may not judge. Pure.

MZ/T 088-2017 asks for a way to complain on every page and an answer within working days (R-MZ-3).
How many is a figure of the law and given by the caller. Working days are those of the State
Council's notices, as `chinesecalendar` carries them; of a year whose notice it does not have yet,
Monday to Friday count, which makes an answer due earlier, never later, than holidays would.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

import chinese_calendar

KINDS: Final = (
    "untrue",
    "money",
    "quota",
    "commercial",
    "privacy",
    "content",
    "no-answer",
    "match-held",
    "other",
)
STEPS: Final = ("received", "answered", "asked", "replied", "held", "told", "closed")
FINDINGS: Final = ("founded", "partly", "unfounded", "elsewhere", "unclear")
REPORTER: Final = "reporter"
REVIEWER: Final = "reviewer"
CHARITY: Final = "charity"
WORDS_MAX: Final = 1_000
ABOUT_MAX: Final = 200
SATURDAY: Final = 5

State = Literal["open", "answered", "closed"]


class ComplaintRefusedError(Exception):
    """Nothing was changed; `code` says why.

    One of unknown, bad-kind, no-words, too-long, bad-contact, not-now, conflict, bad-finding,
    no-charity, no-project, not-asked, not-waiting.
    """

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Judge:
    """A reviewer before a complaint, and what could make them partial."""

    account: UUID
    member_of: frozenset[str]
    """Charities in which they have a role."""
    decided_last: UUID | None
    """Who confirmed the newest decision about the very project or charity."""


def is_working(day: date) -> bool:
    """Whether a Shanghai day is a working day; Monday to Friday where no notice is known."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # the notice for the year is not out, or not in the package yet
        return day.weekday() < SATURDAY


def due(received: date, *, working_days: int) -> date:
    """The last day to answer: so many working days behind the day on which it came."""
    if working_days < 1:
        raise ValueError(working_days)
    day, left = received, working_days
    while left:
        day += timedelta(days=1)
        left -= is_working(day)
    return day


def working_days_left(today: date, due_on: date) -> int:
    """Working days behind today until the last to answer; 0 on that day, and when it is late."""
    days = (due_on - today).days
    return sum(is_working(today + timedelta(days=each)) for each in range(1, days + 1))


def years_later(day: date, years: int) -> date:
    """The same day some years later; of 29 February the day behind where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def state_of(steps: Collection[str]) -> State:
    """How a complaint stands, by what was done."""
    if "closed" in steps:
        return "closed"
    return "answered" if "answered" in steps else "open"


def is_late(steps: Collection[str], *, due_on: date, today: date) -> bool:
    """Whether the answer is missing and its last day is over."""
    return state_of(steps) == "open" and today > due_on


def check_words(words: str) -> str:
    """The words as they are kept. Raises ComplaintRefusedError."""
    kept = words.strip()
    if not kept:
        raise ComplaintRefusedError("no-words")
    if len(kept) > WORDS_MAX:
        raise ComplaintRefusedError("too-long")
    return kept


def check_judge(judge: Judge, *, charity: str) -> None:
    """Return if a reviewer may handle a complaint.

    Not who works for the charity, and not who was the last to confirm what is complained about:
    nobody judges their own decision. One person at most falls out by the second rule, so a
    platform with two reviewers can always answer. Raises ComplaintRefusedError("conflict").
    """
    if (charity and charity in judge.member_of) or judge.account == judge.decided_last:
        raise ComplaintRefusedError("conflict")


def check_open(steps: Collection[str]) -> None:
    """Return if a complaint is not closed yet. Raises ComplaintRefusedError("not-now")."""
    if state_of(steps) == "closed":
        raise ComplaintRefusedError("not-now")


def check_close(steps: Collection[str], *, finding: str) -> None:
    """Return if it may be closed: the reporter has had an answer, and there is a finding."""
    if state_of(steps) != "answered":
        raise ComplaintRefusedError("not-now")
    if finding not in FINDINGS:
        raise ComplaintRefusedError("bad-finding")


def check_reply(steps: Collection[str]) -> None:
    """Return if the charity was asked. Raises ComplaintRefusedError."""
    check_open(steps)
    if "asked" not in steps:
        raise ComplaintRefusedError("not-asked")
