"""What is public of a project beyond its page: its plan, its family, its end."""

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Relative:
    """A child, or the parent, of a project; amounts in fen, of a parent 0."""

    code: str
    title_zh: str
    title_en: str
    target: int = 0
    net: int = 0


@dataclass(frozen=True, slots=True)
class Filed:
    """A filing; `plan` and `version` where another plan begins with it, else None and 0."""

    number: str
    starts_on: date
    ends_on: date
    plan: dict[str, Any] | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """`plan` is plan_rules.Plan.document() of the version in force, None where none is kept.

    `filing` is the one that runs on the day where the page was written before it began (the page
    follows within the hour), `coming` the next one that has not begun. `net` is what the project
    and its children hold together, in fen: the roll-up of a parent.
    """

    plan: dict[str, Any] | None
    version: int
    leftover: str
    end_words: str
    children: tuple[Relative, ...]
    net: int
    parent: Relative | None
    filing: Filed | None = None
    coming: Filed | None = None
