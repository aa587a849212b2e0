"""When a project may raise money, and what makes a filing of its plan right. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, Protocol

from stdnum.cn import uscc as credit_code
from stdnum.exceptions import ValidationError

USCC_LENGTH: Final = 18
NUMBER_MAX: Final = 40
NUMBER: Final = re.compile(r"[0-9A-Z]{19,40}", re.ASCII)

FilingStanding = Literal["valid", "none", "not-yet", "ended", "unfiled"]
HINDRANCES: Final = (
    "closed",
    "certificate-none",
    "certificate-not-yet",
    "certificate-expired",
    "filing-none",
    "filing-not-yet",
    "filing-ended",
    "filing-unfiled",
    "held",
    "overdue",
    "full",
)


class Filed(Protocol):
    """What a filing says of its time."""

    @property
    def number(self) -> str:
        """Its number; "" while an emergency has none yet."""
        ...

    @property
    def starts_on(self) -> date:
        """The first day of raising money."""
        ...

    @property
    def ends_on(self) -> date:
        """The last day of raising money."""
        ...


class Hindrance(NamedTuple):
    """Why a project takes no orders: one of HINDRANCES, and the day that it is about."""

    code: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A filing as it is to be recorded."""

    number: str
    filed_on: date | None
    starts_on: date
    ends_on: date
    emergency: bool = False


def filing_standing(filing: Filed | None, today: date, *, emergency_days: int) -> FilingStanding:
    """Say how a project's filing stands on a Shanghai day; only `valid` may take orders.

    An emergency raises money without a number until `emergency_days` days after its start and
    stops by itself on the day after (Charity Law 73; R-CL-73).
    """
    if filing is None:
        return "none"
    if today < filing.starts_on:
        return "not-yet"
    if today > filing.ends_on:
        return "ended"
    if not filing.number and today > filing.starts_on + timedelta(days=emergency_days):
        return "unfiled"
    return "valid"


def number_faults(number: str, *, uscc: str) -> list[str]:
    """What is wrong with a filing number for the charity of a credit code; [] if it is right.

    It begins with the charity's own code, which passes GB 32100-2015 (R-PF-N); the rest is not
    ours to read.
    """
    if not NUMBER.fullmatch(number):
        return ["number-shape"]
    if number[:USCC_LENGTH] != uscc:
        return ["number-borrowed"]
    try:
        credit_code.validate(uscc)
    except ValidationError:
        return ["uscc"]
    return []


def filing_faults(
    asked: Asked, *, uscc: str, today: date, before_days: int, emergency_days: int
) -> list[str]:
    """What is wrong with a filing: codes in the order of its fields, none if it may be recorded.

    `before_days` lie between the filed day and the start (R-PF-11); an emergency may be filed
    until `emergency_days` days after its start (R-CL-73). Both are figures of the law.
    """
    found = []
    if asked.number:
        found += number_faults(asked.number, uscc=uscc)
        if asked.filed_on is None:
            found.append("filed-on-missing")
        elif asked.filed_on > today:
            found.append("filed-in-future")
    elif not asked.emergency:
        found.append("number-missing")
    if asked.ends_on < asked.starts_on:
        found.append("ends-before-start")
    elif asked.ends_on < today:
        found.append("number-expired")
    if asked.filed_on is not None:
        earliest = asked.filed_on + timedelta(days=before_days)
        latest = asked.starts_on + timedelta(days=emergency_days)
        if not asked.emergency and asked.starts_on < earliest:
            found.append("starts-too-early")
        if asked.emergency and asked.filed_on > latest:
            found.append("filed-too-late")
    return found
