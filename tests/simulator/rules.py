"""The one place that knows how rule terms look: drawn for a history, and matched plainly.

A new kind of rule is one entry of GIVES: how its terms are drawn, and what it gives.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

NOT_BOUND: Final = 10**18
Terms = dict[str, Any]


def draw_terms(random: Random) -> Terms:
    """Terms of a rule version, small enough to bind within a history."""
    kind = random.choice(list(GIVES))
    begins = random.choice([0, 0, 0, 540, 600])
    window: dict[str, Any] = {
        "from_minute": begins,
        "to_minute": random.choice([1440, 1440, begins + 30]),
        "budget": random.choice([300, 1_500, 4_000, 10**7]),
    }
    decided = random.choice(["at-once", "at-once", "at-once", "slice", "close"])
    if kind == "random-range":
        decided = "at-once"
    if decided == "slice" or (decided == "at-once" and random.random() < 0.3):
        window |= {
            "slice_minutes": random.choice([1, 5, 30]),
            "slice_budget": random.choice([150, 600, 3_000]),
            "carry": random.random() < 0.5,
        }
    caps = {
        "gift": random.choice([0, 0, 150, 333]),
        "person_day": random.choice([0, 400, 900]),
        "person_campaign": random.choice([0, 0, 0, 700]),
        "project": random.choice([0, 0, 0, 1_500]),
        "charity": random.choice([0, 0, 0, 2_500]),
    }
    return {
        "gives": GIVES[kind][0](random),
        "window": window,
        "caps": caps,
        "decided": decided,
        "gift_min": random.choice([0, 1, 100, 200]),
        "anonymous": random.choice(["none", "gift"]),
        "exhaustion": random.choice(["partial", "partial", "whole"]),
        "share": random.choice(["claims", "all"]) if decided != "at-once" else "claims",
    }


def _ratio(random: Random) -> Terms:
    numerator, denominator = random.choice([(1, 1), (1, 1), (1, 3), (2, 1), (3, 7)])
    return {"kind": "ratio", "numerator": numerator, "denominator": denominator}


def _flat(random: Random) -> Terms:
    return {"kind": "flat", "amount": random.choice([1, 99, 250])}


def _per_unit(random: Random) -> Terms:
    return {"kind": "per-unit", "unit": 100, "each": 30, "units_max": random.choice([0, 2])}


def _tier_bonus(random: Random) -> Terms:
    return {"kind": "tier-bonus", "tiers": [[100, 200], [random.choice([333, 500]), 1_000]]}


def _random_range(random: Random) -> Terms:
    low = random.choice([0, 100, 900])
    return {"kind": "random-range", "low": low, "high": low + random.choice([0, 7, 1_100]),
            "chance": random.choice([1_000, 1_000, 500])}  # fmt: skip


def draws(terms: Terms) -> bool:
    """Whether a rule needs the day's seed."""
    return bool(terms["gives"]["kind"] == "random-range")


def _give_random(gives: Terms, amount: int, draw: bytes) -> int:
    chance, part = int.from_bytes(draw[:8], "big"), int.from_bytes(draw[8:16], "big")
    if chance * 1_000 // 2**64 >= gives["chance"]:
        return 0
    return amount * int(gives["low"] + part * (gives["high"] - gives["low"] + 1) // 2**64) // 1_000


def _give_ratio(gives: Terms, amount: int, _draw: bytes) -> int:
    return amount * int(gives["numerator"]) // int(gives["denominator"])


def _give_per_unit(gives: Terms, amount: int, _draw: bytes) -> int:
    units = amount // int(gives["unit"])
    return min(units, int(gives["units_max"]) or units) * int(gives["each"])


def _give_tier(gives: Terms, amount: int, _draw: bytes) -> int:
    reached = [permille for least, permille in gives["tiers"] if amount >= least]
    return amount * int(reached[-1]) // 1000 if reached else 0


Draw = Callable[[Random], Terms]
Give = Callable[[Terms, int, bytes], int]
GIVES: Final[dict[str, tuple[Draw, Give]]] = {
    "ratio": (_ratio, _give_ratio),
    "flat": (_flat, lambda gives, *_: int(gives["amount"])),
    "per-unit": (_per_unit, _give_per_unit),
    "tier-bonus": (_tier_bonus, _give_tier),
    "random-range": (_random_range, _give_random),
}


def match(
    terms: Terms,
    amount: int,
    minute: int,
    used: dict[str, int],
    room: dict[str, int],
    *,
    has_person: bool,
    hindered: str,
    draw: bytes,
) -> tuple[int, str]:
    """What a rule gives or lets claim, and the first bound that cuts.

    `used` is what counts against each cap, `room` what is left of channel, window, slice
    and pool.
    """
    window, caps = terms["window"], terms["caps"]
    if not window["from_minute"] <= minute < window["to_minute"]:
        return 0, "outside-window"
    if amount < terms["gift_min"]:
        return 0, "too-small"
    if not has_person and terms["anonymous"] == "none":
        return 0, "no-person"
    if hindered:
        return 0, hindered
    bounds = {"rule": GIVES[terms["gives"]["kind"]][1](terms["gives"], amount, draw)}
    if caps["gift"]:
        bounds["gift"] = caps["gift"]
    for cap in ("person_day", "person_campaign", "project", "charity"):
        if caps[cap] and (has_person or not cap.startswith("person")):
            bounds[cap.replace("_", "-")] = caps[cap] - used[cap]
    bounds["channel"] = room["channel"]
    wanted = min(bounds.values())
    if terms["decided"] == "at-once":
        bounds |= {name: room[name] for name in ("window", "slice", "pool")}
    by = min(bounds, key=lambda name: bounds[name])  # the first of the smallest
    given = bounds[by]
    if terms["exhaustion"] == "whole" and given < wanted:
        given = 0
    return max(given, 0), by


def slice_begins(window: Terms, minute: int) -> int:
    """The minute of the day at which the slice of a minute begins."""
    size = int(window["slice_minutes"])
    begins = int(window["from_minute"])
    while begins + size <= minute:
        begins += size
    return begins


def share_out(claims: list[tuple[int, int]], budget: int) -> dict[int, int]:
    """Share a budget among (number, claim): pro rata, the largest remainders get one more."""
    total = sum(claim for _, claim in claims)
    if not total:
        return {}
    shares = {number: budget * claim // total for number, claim in claims}
    ranked = sorted(claims, key=lambda each: (-(budget * each[1] % total), each[0]))
    for number, _ in ranked[: budget - sum(shares.values())]:
        shares[number] += 1
    return shares
