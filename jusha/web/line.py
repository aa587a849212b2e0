"""The money line as a drawing: two bands on one scale. Pure."""

from typing import NamedTuple

from jusha.money.split import cut_permille

WIDTH = 1000
"""Of the drawing; places are integers of it."""
MINE_MIN = 6
"""A gift is never narrower than an eye can find."""


class Band(NamedTuple):
    """One band: its sum in fen, its length in the drawing, and my part of it (0 wide: none)."""

    amount: int
    length: int
    mine_from: int
    mine_length: int
    mine_start_fen: int
    mine_end_fen: int


class Bands(NamedTuple):
    """Money for the programme above, money for running costs below."""

    programme: Band
    running: Band


def bands(programme: int, running: int) -> Bands:
    """Draw what a project holds, in fen."""
    scale = max(programme, running, 1)
    return Bands(_band(programme, scale), _band(running, scale))


def bands_with_gift(
    *,
    programme_head: int,
    running_head: int,
    amount: int,
    permille: int,
    programme_at: int,
    running_at: int,
) -> Bands:
    """Draw the lines up to their heads, and where a gift of `amount` fen lies in each."""
    programme, running = cut_permille(amount, permille)
    programme_head = max(programme_head, programme_at + programme)  # heads may be a second old
    running_head = max(running_head, running_at + running)
    scale = max(programme_head, running_head, 1)
    return Bands(
        _band(programme_head, scale, programme_at, programme),
        _band(running_head, scale, running_at, running),
    )


def _band(amount: int, scale: int, start: int = 0, mine: int = 0) -> Band:
    length = amount * WIDTH // scale
    wide = max(mine * WIDTH // scale, MINE_MIN) if mine else 0
    left = min(start * WIDTH // scale, max(length - wide, 0))
    return Band(amount, length, left, wide, start, start + mine)
