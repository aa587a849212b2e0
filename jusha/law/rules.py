"""Which figure holds on a day, and whether a table of figures is one. Pure."""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, NamedTuple

SURE: Final = ("V", "S", "M", "N", "H")
"""Read in the text; told by others; from memory; looked for and not found; the house's own."""
UNITS: Final = (
    "days",
    "working-days",
    "months",
    "years",
    "month-of-year",
    "day-of-month",
    "permille",
    "fen",
    "organisations",
    "times",
    "grade",
)
ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
ID_MAX: Final = 48
KEYS: Final = frozenset({"id", "r", "zh", "en", "unit", "figure"})
FIGURE_KEYS: Final = frozenset({"value", "from", "until", "source", "sure"})
PERMILLE_MAX: Final = 1000
MONTHS: Final = 12
DAYS: Final = 31


class LawTableError(Exception):
    """The table is not one that a figure can be picked from; the text says why."""


class NoFigureError(LookupError):
    """No figure holds: the text names the rule, the day, and what is known."""


class Figure(NamedTuple):
    """A figure from the day `begins` until the day before `ends`; None: until another begins.

    `place` orders rows of one first day: the later corrects the earlier.
    """

    rule: str
    article: str
    name_zh: str
    name_en: str
    value: int
    unit: str
    begins: date
    ends: date | None
    source: str
    sure: str
    place: int = 0


def pick(figures: Iterable[Figure], rule: str, *, on: date) -> Figure:
    """The figure that holds on a Shanghai day: of those begun the latest, corrected if it was.

    Raises NoFigureError for an unknown rule, a day before its first figure, and a day after it
    ended without another.
    """
    own = [each for each in figures if each.rule == rule]
    begun = [each for each in own if each.begins <= on]
    if not own:
        raise NoFigureError(f"no rule of the law is called {rule}")
    if not begun:
        first = min(each.begins for each in own)
        raise NoFigureError(f"{rule} has no figure on {on}: the first one begins on {first}")
    found = max(begun, key=lambda each: (each.begins, each.place))
    if found.ends is not None and on >= found.ends:
        raise NoFigureError(f"{rule} has no figure on {on}: the last one ended on {found.ends}")
    return found


def read_table(text: str) -> tuple[Figure, ...]:
    """Read rules.toml, in its order. Raises LawTableError for what is not a table of figures."""
    try:
        rules = tomllib.loads(text)["rule"]
        found = tuple(_figure(rule, row) for rule in rules for row in rule["figure"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise LawTableError(f"{type(error).__name__}: {error}") from error
    names = [rule["id"] for rule in rules]
    if len(names) != len(set(names)):
        raise LawTableError("a rule stands twice")
    if len({(each.rule, each.begins) for each in found}) != len(found):
        raise LawTableError("two figures of a rule begin on one day")
    return found


def faults(value: int, unit: str) -> list[str]:
    """What is wrong with a figure in its unit: codes, none if it can hold."""
    most = {"permille": PERMILLE_MAX, "month-of-year": MONTHS, "day-of-month": DAYS}.get(unit)
    least = 1 if unit in {"month-of-year", "day-of-month"} else 0
    return ["value"] if value < least or (most is not None and value > most) else []


def _figure(rule: dict[str, Any], row: dict[str, Any]) -> Figure:
    if unknown := (set(rule) - KEYS) | (set(row) - FIGURE_KEYS):
        raise LawTableError(f"unknown: {sorted(unknown)}")
    found = Figure(
        rule=rule["id"],
        article=rule["r"],
        name_zh=rule["zh"],
        name_en=rule["en"],
        value=row["value"],
        unit=rule["unit"],
        begins=date.fromisoformat(row["from"]),
        ends=date.fromisoformat(row["until"]) if "until" in row else None,
        source=row["source"],
        sure=row["sure"],
    )
    if len(found.rule) > ID_MAX or not ID.fullmatch(found.rule):
        raise LawTableError(f"not a rule's id: {found.rule}")
    if type(found.value) is not int or found.unit not in UNITS or faults(found.value, found.unit):
        raise LawTableError(f"not a figure: {found.rule} {found.value} {found.unit}")
    if found.sure not in SURE or not found.source or not found.name_zh or not found.name_en:
        raise LawTableError(f"says too little: {found.rule}")
    if found.ends is not None and found.ends <= found.begins:
        raise LawTableError(f"ends before it begins: {found.rule}")
    return found
