"""What a gift may take off its donor's tax: a dated table, because law changes and gifts do not.

The numbers stand in tax_rules.toml with their law; a rule is chosen by the day of the gift.
"""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

FILE: Final = Path(__file__).parent / "tax_rules.toml"
KEYS: Final = frozenset({"payer", "from", "until", "percent", "years", "law"})
PERCENT_MAX: Final = 100


class TaxTableError(Exception):
    """The table is not one that a rule can be chosen from; the text says why."""


class TaxRule(NamedTuple):
    """What may be taken off: `percent` of the base, an excess carried on for `years`.

    In force from `begins` until the day before `ends`; None: until it is changed.
    """

    payer: str
    begins: date
    ends: date | None
    percent: int
    years: int
    law: str

    def holds(self, day: date) -> bool:
        """Whether a gift of this day falls under the rule."""
        return self.begins <= day and (self.ends is None or day < self.ends)


def tax_rule(payer: str, day: date) -> TaxRule | None:
    """The rule for a gift of this Shanghai day; None before the table begins, or no such payer."""
    return chosen(table(), payer, day)


def chosen(rules: Sequence[TaxRule], payer: str, day: date) -> TaxRule | None:
    """The one of the rules that holds; None if none does."""
    return next((rule for rule in rules if rule.payer == payer and rule.holds(day)), None)


@cache
def table() -> tuple[TaxRule, ...]:
    """The rules of the house. Raises TaxTableError."""
    return read_table(FILE.read_text("utf-8"))


def read_table(text: str) -> tuple[TaxRule, ...]:
    """Read a table. Raises TaxTableError for an unknown key, a bad span, or two that overlap."""
    try:
        rules = tuple(_rule(row) for row in tomllib.loads(text)["rule"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise TaxTableError(f"{type(error).__name__}: {error}") from error
    for one, other in combinations(rules, 2):
        if one.payer == other.payer and (one.holds(other.begins) or other.holds(one.begins)):
            raise TaxTableError(f"two rules of {one.payer} hold on one day")
    return rules


def _rule(row: dict[str, Any]) -> TaxRule:
    if unknown := set(row) - KEYS:
        raise TaxTableError(f"unknown: {sorted(unknown)}")
    ends = date.fromisoformat(row["until"]) if "until" in row else None
    rule = TaxRule(
        payer=row["payer"],
        begins=date.fromisoformat(row["from"]),
        ends=ends,
        percent=row["percent"],
        years=row["years"],
        law=row["law"],
    )
    if not 0 < rule.percent <= PERCENT_MAX or rule.years < 0 or not rule.law:
        raise TaxTableError(f"not a rule: {row}")
    if ends is not None and ends <= rule.begins:
        raise TaxTableError(f"ends before it begins: {row}")
    return rule
