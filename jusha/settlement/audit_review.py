"""What the audit expects of holds of single gifts' matches. Pure but for the state it keeps."""

from typing import Any

from jusha.settlement.audit_read import Facts
from jusha.settlement.audit_state import State

Row = tuple[int, int, int, bool]


def review(state: State, deed: Facts, number: int, kind: str) -> tuple[Row, dict[str, Any]]:
    """The row and the entry of a match that is held or let go. Raises LookupError."""
    held, open_ = kind == "hold-match", state.reviews[deed.project]
    if deed.held or deed.number in state.clawed or (deed.number in open_) == held:
        raise LookupError("nothing to hold or to let go")
    open_ ^= {deed.number}
    fields = {"k": "review", "ref": deed.number, "st": "open" if held else "let"}
    return (number, deed.number, deed.project, held), fields


def ended(state: State, deed: Facts, number: int) -> list[Row]:
    """The row by which a claw-back ends the hold of its gift; none where nothing was held."""
    if deed.number not in state.reviews[deed.project]:
        return []
    state.reviews[deed.project].discard(deed.number)
    return [(number, deed.number, deed.project, False)]
