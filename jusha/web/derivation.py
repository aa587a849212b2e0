"""How a match came about, bound by bound, from what is published. Pure but for words."""

from typing import Any, NamedTuple

from jusha.matching.kinds import KINDS
from jusha.matching.queries import Published
from jusha.matching.rules import BOUNDS
from jusha.web.words import BOUND_NAMES, rule_sentence, why


class Step(NamedTuple):
    """One bound: what it allowed in fen (None: nothing published limits it), and whether it cut."""

    code: str
    name: str
    allowed: int | None
    decided: bool


class Derivation(NamedTuple):
    """A match with its sentence, its rule and its steps; no rule for a version unknown here."""

    amount: int
    pool: str
    rule: str
    rule_number: int | None
    why: str
    sentence: str
    steps: tuple[Step, ...]


def derive(match: dict[str, Any], gift_fen: int, rule: Published | None = None) -> Derivation:
    """Lay a match of a leaf out, in the order in which bounds are tried."""
    return Derivation(
        match["amt"],
        match["pool"],
        match["r"],
        rule.number if rule else None,
        why(match),
        rule_sentence(rule.terms) if rule else "",
        _steps(match, gift_fen, rule) if rule and match["by"] in BOUNDS else (),
    )


def _steps(match: dict[str, Any], gift_fen: int, rule: Published) -> tuple[Step, ...]:
    terms = rule.terms
    published = {
        "rule": KINDS[terms.kind](terms.numerator, terms.denominator, gift_fen),
        "gift": terms.gift_max or None,
        "person-day": terms.person_day_max or None,
        "window": terms.window.budget,
    }
    return tuple(
        Step(code, str(BOUND_NAMES[code]), published.get(code), code == match["by"])
        for code in BOUNDS
        if published.get(code) is not None or code == match["by"]
    )
