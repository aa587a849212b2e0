"""What a channel may do, and when its deeds count as done. Pure."""

from typing import Final, Literal

import msgspec

RAIL_CLOCK_BACK_SECONDS: Final = 600
"""A rail's paid_at counts at most ten minutes before receipt (blueprint decision 2):
late enough for its retries, too short to reach back into a window that was empty."""


class ChannelTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel's rights. Limits are sums in the asset's smallest unit; 0 means no limit.

    `clock` says when a deed counts as done: `receipt` (partners), `rail` (paid_at,
    within ten minutes before receipt) or `file` (the file's own time).
    `draw_max` is how much pool money its deeds may draw before they are reconciled.
    """

    assets: tuple[str, ...]
    clock: Literal["receipt", "rail", "file"]
    projects: tuple[str, ...] = ()
    """Codes of the projects it may report for; empty means all."""
    gift_max: int = 0
    minute_max: int = 0
    day_max: int = 0
    draw_max: int = 0
    name_zh: str = ""
    name_en: str = ""


def effective_at(clock: str, received_at_s: int, paid_at_s: int) -> int:
    """Say when a deed counts as done, in Unix seconds (blueprint decision 2)."""
    if clock == "receipt" or paid_at_s <= 0:
        return received_at_s
    if clock == "file":
        return paid_at_s
    return min(max(paid_at_s, received_at_s - RAIL_CLOCK_BACK_SECONDS), received_at_s)
