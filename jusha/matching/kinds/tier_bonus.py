"""A higher share for larger gifts: 20 % from 100 yuan, 30 % from 500 (GlobalGiving, July 2024)."""

import itertools

import msgspec

from jusha.matching.kinds.ask import Ask

TIERS_MAX = 20


class TierBonus(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="tier-bonus"
):
    """`tiers`: (from amount, per mille of the whole gift), amounts growing."""

    tiers: tuple[tuple[int, int], ...]

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        grows = all(a < b for (a, _), (b, _) in itertools.pairwise(self.tiers))
        fine = all(amount >= 0 and permille >= 0 for amount, permille in self.tiers)
        return "" if grows and fine and 0 < len(self.tiers) <= TIERS_MAX else "tiers must grow"


def tier_bonus(kind: TierBonus, ask: Ask) -> int:
    """Return floor(amount x per mille / 1000) by the highest tier that the gift reaches; else 0."""
    reached = 0
    for amount, permille in kind.tiers:
        if ask.amount < amount:
            break
        reached = permille
    return ask.amount * reached // 1000
