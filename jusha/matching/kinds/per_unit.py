"""So much for each full unit: for every full 10 yuan one yuan, for each 35-yuan parcel five."""

import msgspec

from jusha.matching.kinds.ask import Ask


class PerUnit(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="per-unit"
):
    """`each` for every full `unit` of a gift, for at most `units_max` of them (0: no limit)."""

    unit: int
    each: int
    units_max: int = 0

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        fine = min(self.unit, self.each) > 0 and self.units_max >= 0
        return "" if fine else "a unit and its match need positive amounts"


def per_unit(kind: PerUnit, ask: Ask) -> int:
    """Return (full units in the gift, at most units_max) x each."""
    units = ask.amount // kind.unit
    return (min(units, kind.units_max) if kind.units_max else units) * kind.each
