"""How rankings are ordered, and what a province's sum is by head. Pure.

Order among equals is published: the larger sum first; then more gifts; then more persons; then the
code, letter by letter. So the same sums give the same list, and nobody can buy a place.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Final, Literal

LISTED: Final = 100
COMPANY_PERSONS: Final = 5
"""A company is listed from so many people on: a sum of fewer would tell of each (R-CL-32)."""
HEADS: Final = 10_000
"""Sums by head are told for so many people: fen by one head would be a fraction."""
Order = Literal["amount", "gifts", "persons", "heads"]
ORDERS: Final[tuple[Order, ...]] = ("amount", "gifts", "persons")
PROVINCE_ORDERS: Final[tuple[Order, ...]] = (*ORDERS, "heads")


class Kind(IntEnum):
    """What is ranked."""

    PROJECT = 1
    CHARITY = 2
    TEAM = 3
    COMPANY = 4
    PROVINCE = 5


def orders_of(kind: Kind) -> tuple[Order, ...]:
    """By what a kind is ranked."""
    return PROVINCE_ORDERS if kind is Kind.PROVINCE else ORDERS


@dataclass(frozen=True, slots=True)
class Sum:
    """One line before it has a place; fen."""

    code: str
    gifts: int
    persons: int
    donated: int
    refunded: int = 0

    @property
    def amount(self) -> int:
        """What was given, less what went back."""
        return self.donated - self.refunded


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a ranking. Equals share no place: the published order decides."""

    place: int
    sum: Sum
    heads: int | None = None
    """Fen for HEADS people; None where nobody was counted."""


def may_be_listed(kind: Kind, one: Sum) -> bool:
    """Whether a sum stands on a public list at all."""
    return one.gifts > 0 and (kind is not Kind.COMPANY or one.persons >= COMPANY_PERSONS)


def ranked(
    sums: Iterable[Sum],
    by: Order,
    *,
    heads: "dict[str, int] | None" = None,
    most: int = LISTED,
) -> list[Place]:
    """The first `most` lines; `heads`: people by code, without whom "heads" ranks nobody."""
    people = heads or {}
    each_of = [(one, by_heads(one.amount, people.get(one.code, 0))) for one in sums]
    if by == "heads":
        each_of = [pair for pair in each_of if pair[1] is not None]
    each_of = [pair for pair in each_of if pair[0].gifts > 0]
    found = sorted(each_of, key=lambda pair: _key(pair[0], by, pair[1]))
    return [Place(place, one, head) for place, (one, head) in enumerate(found[:most], 1)]


def _key(one: Sum, by: Order, heads: int | None) -> tuple[int, int, int, int, str]:
    first = {
        "amount": one.amount,
        "gifts": one.gifts,
        "persons": one.persons,
        "heads": heads or 0,
    }[by]
    return -first, -one.amount, -one.gifts, -one.persons, one.code


def by_heads(amount_fen: int, people: int) -> int | None:
    """Fen for HEADS people, rounded down; None without people."""
    return amount_fen * HEADS // people if people else None


@dataclass(frozen=True, slots=True)
class Census:
    """How many people lived where on a day, and who counted them."""

    day: date
    source_zh: str
    source_en: str
    people: dict[str, int]


@cache
def censuses() -> tuple[Census, ...]:
    """Every count the house knows, the oldest first (populations.toml)."""
    found = tomllib.loads((Path(__file__).parent / "populations.toml").read_text("utf-8"))
    rows = (
        Census(one["day"], one["source_zh"], one["source_en"], dict(one["people"]))
        for one in found["census"]
    )
    return tuple(sorted(rows, key=lambda each: each.day))


def census_on(day: date, known: "Sequence[Census] | None" = None) -> Census | None:
    """The newest count that was there on a day; None before the first."""
    before = [each for each in (censuses() if known is None else known) if each.day <= day]
    return before[-1] if before else None
