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
    spent_length: int = 0
    """What of it is spent, from the left."""
    spent: int = 0
    """The same in fen, without what went back."""


class Bands(NamedTuple):
    """Money for the programme above, money for running costs below."""

    programme: Band
    running: Band


def bands(programme: int, running: int, programme_spent: int = 0, running_spent: int = 0) -> Bands:
    """Draw what a project was given, and what of it is spent, in fen."""
    scale = max(programme, running, 1)
    return Bands(
        _spent(_band(programme, scale), programme_spent, programme_spent, scale),
        _spent(_band(running, scale), running_spent, running_spent, scale),
    )


def _spent(band: Band, upto: int, amount: int, scale: int) -> Band:
    return band._replace(spent_length=min(upto * WIDTH // scale, band.length), spent=amount)


def bands_with_gift(
    *,
    programme_head: int,
    running_head: int,
    amount: int,
    permille: int,
    programme_at: int,
    running_at: int,
    refunded: int = 0,
    programme_void: int = 0,
    running_void: int = 0,
    programme_spent: tuple[int, int] = (0, 0),
    running_spent: tuple[int, int] = (0, 0),
) -> Bands:
    """Draw the lines up to their heads, and where a gift of `amount` fen lies in each.

    What was sent back left the line at the end of the gift's intervals (settlement/refund.py), so
    that nothing shifts; the sums beside the lines are without all that was sent back. Each
    line's `spent` is up to where, and how much of that did not go back.
    """
    programme, running = cut_permille(amount, permille)
    running_back = running * refunded // amount
    programme_left, running_left = programme - (refunded - running_back), running - running_back
    programme_head = max(programme_head, programme_at + programme)  # heads may be a second old
    running_head = max(running_head, running_at + running)
    scale = max(programme_head, running_head, 1)
    return Bands(
        _spent(
            _band(programme_head, scale, programme_at, programme_left, programme_void),
            *programme_spent,
            scale,
        ),
        _spent(
            _band(running_head, scale, running_at, running_left, running_void),
            *running_spent,
            scale,
        ),
    )


def _band(amount: int, scale: int, start: int = 0, mine: int = 0, void: int = 0) -> Band:
    length = amount * WIDTH // scale
    wide = max(mine * WIDTH // scale, MINE_MIN) if mine else 0
    left = min(start * WIDTH // scale, max(length - wide, 0))
    return Band(amount - void, length, left, wide, start, start + mine)
