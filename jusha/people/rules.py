"""Offices on the platform, and when two persons are two. Pure."""

from enum import StrEnum
from typing import Final
from uuid import UUID


class Office(StrEnum):
    """What an account does on the platform as a whole; nobody holds two."""

    OPERATOR = "operator"
    """Keeps it running: campaigns, projects, channels. Moves no money."""
    FINANCE = "finance"
    """Releases pools, clears suspense, answers for reconciled bills."""
    REVIEWER = "reviewer"
    """Examines charities, filings, projects and complaints. Moves no money."""
    AUDITOR = "auditor"
    """Sees everything that staff see, and changes nothing."""


OFFICES: Final = tuple(str(office) for office in Office)


class SamePersonError(Exception):
    """What needs two persons was done by one account twice."""


def second_person(first: UUID | str, second: UUID | str) -> None:
    """Return if `second` is another account than `first`. Raises SamePersonError.

    Both are account ids, as UUIDs or as texts; a text that is no id is refused as well, because
    what cannot be compared cannot be told apart.
    """
    try:
        pair = UUID(str(first)), UUID(str(second))
    except ValueError as error:
        raise SamePersonError(f"{first} {second}") from error
    if pair[0] == pair[1]:
        raise SamePersonError(str(pair[0]))
