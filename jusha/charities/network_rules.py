"""Where a charity stands among the others, and in whose network it works. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

TIERS: Final = ("project", "backbone", "hub")
"""基础项目机构 (runs projects of its own), 骨干机构 (carries others' projects in its field or
region), 枢纽机构 (a hub: others belong to its network)."""
HUB: Final = "hub"
WORDS_MAX: Final = 400


class Standing(NamedTuple):
    """A charity's tier, and the hub whose network it belongs to or ""; `place` orders rows."""

    charity: str
    tier: str
    hub: str
    words: str
    begins: date
    place: int = 0


def holding(rows: Iterable[Standing], on: date) -> dict[str, Standing]:
    """What holds on a day, by charity: of each the newest row that has begun."""
    newest: dict[str, Standing] = {}
    for each in sorted(rows, key=lambda row: (row.begins, row.place)):
        if each.begins <= on:
            newest[each.charity] = each
    return newest


def fault(told: Standing, standing: dict[str, Standing]) -> str:
    """Why a standing cannot be; "" if it can. `standing` holds on its first day.

    A hub belongs to no other: a network is one level deep, as a charity's projects are.
    """
    if told.tier not in TIERS:
        return "tier"
    if not 0 < len(told.words) <= WORDS_MAX:
        return "no-words"
    if told.tier == HUB and told.hub:
        return "hub-of-hub"
    if told.hub and (told.hub == told.charity or _tier(told.hub, standing) != HUB):
        return "no-hub"
    belongs = any(row.hub == told.charity for row in standing.values())
    return "has-members" if belongs and told.tier != HUB else ""


def _tier(charity: str, standing: dict[str, Standing]) -> str:
    found = standing.get(charity)
    return found.tier if found else ""
