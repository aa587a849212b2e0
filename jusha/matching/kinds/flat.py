"""The same sum for every gift, as 分分捐 2023 gave 0.99 yuan each."""

import msgspec

from jusha.matching.kinds.ask import Ask


class Flat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="flat"):
    """`amount` a gift, in the smallest unit."""

    amount: int

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        return "" if self.amount > 0 else "a flat match needs an amount"


def flat(kind: Flat, _ask: Ask) -> int:
    """Return the amount, whatever was given."""
    return kind.amount
