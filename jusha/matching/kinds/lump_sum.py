"""A lump sum for a project whose gifts in the campaign reach a threshold."""

import msgspec

from jusha.matching.kinds.ask import Ask


class LumpSum(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="lump-sum"
):
    """`amount` once to every project when what was given to it passes `threshold`.

    Refunds do not lower the sum: it is crossed once and never again.
    """

    threshold: int
    amount: int

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        fine = min(self.threshold, self.amount) > 0
        return "" if fine else "a lump sum needs a threshold and an amount"


def lump_sum(kind: LumpSum, _ask: Ask) -> int:
    """Return the lump sum."""
    return kind.amount


def crossed(kind: LumpSum, before: int, amount: int) -> bool:
    """Say whether a gift takes a project's sum over the threshold."""
    return before < kind.threshold <= before + amount
