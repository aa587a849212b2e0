"""1:1:X: the donor's yuan, the company's yuan, and X from the foundation (99公益日 2017)."""

import msgspec

from jusha.matching.kinds.ask import Ask, pick
from jusha.matching.kinds.random_range import PERMILLE_MAX


class OneOneX(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="one-one-x"
):
    """X per mille, `low`..`high` evenly, of what rule `on` gave to the same gift."""

    on: str
    low: int
    high: int

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        fine = self.on and 0 <= self.low <= self.high <= PERMILLE_MAX
        return "" if fine else "X needs the rule it is on, and 0 <= low <= high"


def one_one_x(kind: OneOneX, ask: Ask) -> int:
    """Return floor(what the other rule gave x drawn per mille / 1000)."""
    return ask.given.get(kind.on, 0) * pick(ask.draw, kind.low, kind.high) // 1000
