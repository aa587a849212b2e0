"""What money means: how far a project is, in units of outcome. Pure."""

from typing import NamedTuple


class Progress(NamedTuple):
    """A project's way to its target: fen, whole percent (floored), units of outcome."""

    given: int
    matched: int
    target: int
    percent: int
    units_done: int
    units_missing: int

    @property
    def together(self) -> int:
        """Gifts and promised matches, in fen."""
        return self.given + self.matched


def progress(*, given: int, matched: int, target: int, unit: int) -> Progress:
    """Say how far given and matched money (fen) reaches towards `target`, `unit` fen a unit.

    Units done are floored, units missing are rounded up: neither promises too much.
    """
    together = given + matched
    return Progress(
        given,
        matched,
        target,
        together * 100 // target if target else 0,
        together // unit if unit else 0,
        -(-max(target - together, 0) // unit) if unit else 0,
    )


def cut_text(permille: int) -> str:
    """Write a share in percent: 80 per mille is "8", 85 is "8.5"."""
    whole, part = divmod(permille, 10)
    return f"{whole}.{part}" if part else str(whole)
