"""The oldest kind: for each yuan given, so much from the pool."""

import msgspec

from jusha.matching.kinds.ask import Ask


class Ratio(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="ratio"):
    """So many for so many: 1 and 1 doubles a gift."""

    numerator: int
    denominator: int

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        return "" if min(self.numerator, self.denominator) > 0 else "a ratio needs two positives"


def ratio(kind: Ratio, ask: Ask) -> int:
    """Return floor(amount x numerator / denominator), in the smallest unit."""
    return ask.amount * kind.numerator // kind.denominator
