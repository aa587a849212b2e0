"""What an audit found: the one form in which every room's `audit.py` answers.

It stands in the lowest room with a database, so that all rooms above can use it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg import Connection

FINDINGS_MAX: Final = 20
"""Findings of one check that are told one by one: the first ones show what is wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: what, where, what it should be and what it is.

    `waiting` is no contradiction but work left for a person, such as a stuck envelope.
    """

    room: str
    what: str
    where: str
    expected: str = ""
    found: str = ""
    kind: Literal["wrong", "waiting"] = "wrong"

    def __str__(self) -> str:
        """Write the finding in one line."""
        values = f"expected {self.expected}, found {self.found}" if self.expected else self.found
        return f"{self.room}: {self.what} at {self.where}" + (f": {values}" if values else "")


def found_by(connection: Connection[Any], room: str, what: str, query: str) -> list[Finding]:
    """Run a check that selects (where, expected, found), one row a finding, none if all holds.

    Stops at FINDINGS_MAX; a last finding then says that there are more.
    """
    limited = (
        f"SELECT * FROM ({query}) AS wrong (place, expected, found)"  # noqa: S608 - a constant
        f" LIMIT {FINDINGS_MAX + 1}"
    )
    rows = connection.execute(limited.encode()).fetchall()
    return capped(
        [
            Finding(room, what, _text(where), _text(expected), _text(found))
            for where, expected, found in rows
        ]
    )


def capped(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the first FINDINGS_MAX findings of one check and say if there are more."""
    kept: list[Finding] = []
    for finding in findings:
        if len(kept) == FINDINGS_MAX:
            kept.append(Finding(finding.room, finding.what, "more places", kind=finding.kind))
            break
        kept.append(finding)
    return kept


def compared(room: str, where: str, pairs: Sequence[tuple[str, object, object]]) -> list[Finding]:
    """Return a finding for each (what, expected, found) whose two values differ."""
    return [
        Finding(room, what, where, _text(expected), _text(found))
        for what, expected, found in pairs
        if expected != found
    ]


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)
