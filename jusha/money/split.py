"""Cutting an amount in parts that add up to it exactly."""

from typing import Final

PERMILLE: Final = 1000


def cut_permille(amount: int, permille: int) -> tuple[int, int]:
    """Cut `amount` in (rest, floor(amount x permille / 1000)); the parts sum to it.

    Raises ValueError for a negative amount or a share outside 0..1000.
    """
    if amount < 0 or not 0 <= permille <= PERMILLE:
        message = f"cannot cut {amount} by {permille} per mille"
        raise ValueError(message)
    part = amount * permille // PERMILLE
    return amount - part, part


def part_returned(whole: int, done: int, now: int, of: int) -> int:
    """Say how much of `whole` goes back when `now` more of `of` does, `done` having gone before.

    Floors at each step and gives the rest to the last one, so that any sequence
    of parts that ends at `of` returns exactly `whole` (blueprint decision 6).
    """
    if of <= 0 or done < 0 or now <= 0 or done + now > of:
        message = f"cannot return {now} after {done} of {of}"
        raise ValueError(message)
    return whole * (done + now) // of - whole * done // of
