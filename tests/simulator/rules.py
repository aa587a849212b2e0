"""The one place that knows how rule terms look: drawn for a history, and matched plainly.

A new kind of rule is one entry of GIVES: how its terms are drawn, and what it gives.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple

NOT_BOUND: Final = 10**18
Terms = dict[str, Any]


class Asked(NamedTuple):
    """What a kind may look at: see the table of kinds in docs/log.md."""

    amount: int
    given: Mapping[str, int] = {}
    """What the rules before this one gave with the same gift, by code."""
    filled: int = 0
    """What the rules that this one fills gave."""
    draw: bytes = b""
    base: int = 0
    """What the rule that friends multiply gave to the earlier gift."""


def draw_terms(random: Random, theme: str, others: list[str], since: str, until: str) -> Terms:
    """Terms of a rule version, small enough to bind within a history.

    `theme`: what the history is mostly about; `others`: codes it may lean on; `since`,
    `until`: where a rule for earlier gifts looks.
    """
    kind = random.choices(list(GIVES), [CHANCES.get(kind, 1) for kind in GIVES])[0]
    if theme in GIVES and random.random() < OFTEN:
        kind = theme
    decided = random.choice(["at-once", "at-once", "at-once", "at-once", "slice", "close", "retro"])
    if theme == "retro" and random.random() < OFTEN:
        decided = "retro"
    if kind not in SHARED:
        decided = "close" if kind == "quadratic" else "at-once"
    terms: Terms = {
        "gives": GIVES[kind][0](random, others),
        "window": _window(random, decided, 0.05 if theme in LEANING else 0.15),
        "caps": _caps(random),
        "decided": decided,
        "gift_min": random.choice([0, 1, 100, 100, 200]),
        "anonymous": random.choice(["none", "gift"]),
        "exhaustion": random.choice(["partial", "partial", "whole"]),
    }
    if kind == "quadratic":
        terms["caps"] = {"gift": terms["caps"]["gift"]}
    elif decided in {"slice", "close"}:
        terms["share"] = random.choice(["claims", "all"])
    if decided == "retro":
        terms |= {"since": since, "until": until}
    if decided == "at-once" and random.random() < (OFTEN if theme == "fills" else 0.05):
        terms["fills"] = random.choice(others)
    return terms


def base_terms(random: Random) -> Terms:
    """Terms that most gifts match under, for other rules to lean on."""
    window = {"from_minute": 0, "to_minute": 1440, "budget": 10**7}
    return {
        "gives": {"kind": "ratio", "numerator": 1, "denominator": random.choice([1, 1, 3])},
        "window": window, "caps": _caps(random), "decided": "at-once", "gift_min": 1,
        "anonymous": "gift", "exhaustion": "partial",
    }  # fmt: skip


def _window(random: Random, decided: str, sliced: float) -> Terms:
    begins = random.choice([0, 0, 0, 540, 600])
    window: Terms = {
        "from_minute": begins,
        "to_minute": random.choice([1440, 1440, 1440, begins + 30 if begins else 660]),
        "budget": random.choice([300, 1_500, 4_000, 10**7]),
    }
    if decided == "slice" or (decided == "at-once" and random.random() < sliced):
        window |= {
            "slice_minutes": random.choice([1, 5, 30]),
            "slice_budget": random.choice([150, 600, 3_000]),
            "carry": random.random() < 0.5,
        }
    return window


def _caps(random: Random) -> Terms:
    return {
        "gift": random.choice([0, 0, 150, 333]),
        "person_day": random.choice([0, 400, 900]),
        "person_campaign": random.choice([0, 0, 0, 700]),
        "project": random.choice([0, 0, 0, 1_500]),
        "charity": random.choice([0, 0, 0, 2_500]),
    }


def leans_on(terms: Terms) -> set[str]:
    """The codes of the rules that a rule looks at."""
    return {terms.get("fills", ""), terms["gives"].get("on", "")} - {""}


def draws(terms: Terms) -> bool:
    """Whether a rule needs the day's seed."""
    gives = terms["gives"]
    if gives["kind"] == "friends":
        return bool(gives["low"] < gives["high"])
    return gives["kind"] in {"random-range", "one-one-x"}


def _ratio(random: Random, _others: list[str]) -> Terms:
    numerator, denominator = random.choice([(1, 1), (1, 1), (1, 3), (2, 1), (3, 7)])
    return {"kind": "ratio", "numerator": numerator, "denominator": denominator}


def _flat(random: Random, _others: list[str]) -> Terms:
    return {"kind": "flat", "amount": random.choice([1, 99, 250])}


def _per_unit(random: Random, _others: list[str]) -> Terms:
    return {"kind": "per-unit", "unit": 100, "each": 30, "units_max": random.choice([0, 2])}


def _tier_bonus(random: Random, _others: list[str]) -> Terms:
    return {"kind": "tier-bonus", "tiers": [[100, 200], [random.choice([333, 500]), 1_000]]}


def _random_range(random: Random, _others: list[str]) -> Terms:
    low = random.choice([0, 100, 900])
    return {"kind": "random-range", "low": low, "high": low + random.choice([0, 7, 1_100]),
            "chance": random.choice([1_000, 1_000, 500])}  # fmt: skip


def _one_one_x(random: Random, others: list[str]) -> Terms:
    low = random.choice([0, 100, 1_000])
    return {"kind": "one-one-x", "on": random.choice(others), "low": low,
            "high": low + random.choice([0, 5, 2_000])}  # fmt: skip


def _friends(random: Random, others: list[str]) -> Terms:
    low = random.choice([1, 1, 3])
    return {"kind": "friends", "on": random.choice(others), "friends": random.choice([1, 1, 2]),
            "low": low, "high": low + random.choice([0, 0, 7])}  # fmt: skip


def _coupon(random: Random, _others: list[str]) -> Terms:
    return {"kind": "coupon", "count": random.choice([1, 2, 3]), "most": random.choice([150, 900]),
            "permille": random.choice([1, 500, 1_000])}  # fmt: skip


def _lump_sum(random: Random, _others: list[str]) -> Terms:
    threshold, amount = random.choice([1, 300, 1_000]), random.choice([1, 500])
    return {"kind": "lump-sum", "threshold": threshold, "amount": amount}


def _quadratic(random: Random, _others: list[str]) -> Terms:
    return {"kind": "quadratic", "unit": random.choice([1, 1, 7, 100])}


def pick(draw: bytes, gives: Terms) -> int:
    """A number of low to high, by the later half of a draw."""
    part = int.from_bytes(draw[8:16], "big")
    return int(gives["low"] + part * (gives["high"] - gives["low"] + 1) // 2**64)


def _give_random(gives: Terms, asked: Asked) -> int:
    if int.from_bytes(asked.draw[:8], "big") * 1_000 // 2**64 >= gives["chance"]:
        return 0
    return asked.amount * pick(asked.draw, gives) // 1_000


def _give_ratio(gives: Terms, asked: Asked) -> int:
    return asked.amount * int(gives["numerator"]) // int(gives["denominator"])


def _give_per_unit(gives: Terms, asked: Asked) -> int:
    units = asked.amount // int(gives["unit"])
    return min(units, int(gives["units_max"]) or units) * int(gives["each"])


def _give_tier(gives: Terms, asked: Asked) -> int:
    reached = [permille for least, permille in gives["tiers"] if asked.amount >= least]
    return asked.amount * int(reached[-1]) // 1000 if reached else 0


def _give_x(gives: Terms, asked: Asked) -> int:
    return asked.given.get(gives["on"], 0) * pick(asked.draw, gives) // 1_000


def _give_friends(gives: Terms, asked: Asked) -> int:
    return asked.base * (pick(asked.draw, gives) if draws({"gives": gives}) else int(gives["low"]))


def _give_coupon(gives: Terms, asked: Asked) -> int:
    return min(asked.amount * int(gives["permille"]) // 1_000, int(gives["most"]))


Draw = Callable[[Random, list[str]], Terms]
Give = Callable[[Terms, Asked], int]
GIVES: Final[dict[str, tuple[Draw, Give]]] = {
    "ratio": (_ratio, _give_ratio),
    "flat": (_flat, lambda gives, _: int(gives["amount"])),
    "per-unit": (_per_unit, _give_per_unit),
    "tier-bonus": (_tier_bonus, _give_tier),
    "random-range": (_random_range, _give_random),
    "one-one-x": (_one_one_x, _give_x),
    "friends": (_friends, _give_friends),
    "coupon": (_coupon, _give_coupon),
    "lump-sum": (_lump_sum, lambda gives, _: int(gives["amount"])),
    "quadratic": (_quadratic, lambda _, asked: asked.amount),
}
CHANCES: Final = {"ratio": 10, "flat": 4, "per-unit": 4, "tier-bonus": 4, "random-range": 4}
LEANING: Final = {"one-one-x", "friends", "fills"}
THEMES: Final = (
    "", "", "", "", "", "random-range", "one-one-x", "friends", "friends", "coupon", "lump-sum",
    "quadratic", "retro", "fills", "surprise",
)  # fmt: skip
OFTEN: Final = 0.6
"""The chance that a rule is of the history's theme."""
SHARED: Final = {"ratio", "flat", "per-unit", "tier-bonus"}
"""Kinds that may be decided later."""


def match(
    terms: Terms,
    asked: Asked,
    minute: int,
    used: dict[str, int],
    room: dict[str, int],
    *,
    has_person: bool,
    hindered: str,
) -> tuple[int, str]:
    """What a rule gives or lets claim, and the first bound that cuts.

    `used` is what counts against each cap, `room` what is left of channel, window, slice
    and pool.
    """
    window, caps, gives = terms["window"], terms["caps"], terms["gives"]
    personal = gives["kind"] != "lump-sum"
    if not window["from_minute"] <= minute < window["to_minute"]:
        return 0, "outside-window"
    if personal and asked.amount < terms["gift_min"]:
        return 0, "too-small"
    if personal and not has_person and terms["anonymous"] == "none":
        return 0, "no-person"
    if hindered:
        return 0, hindered
    bounds = {"rule": max(GIVES[gives["kind"]][1](gives, asked) - asked.filled, 0)}
    if caps["gift"] and personal:
        bounds["gift"] = caps["gift"]
    for cap in ("person_day", "person_campaign", "project", "charity"):
        if caps.get(cap) and (has_person or not cap.startswith("person")):
            bounds[cap.replace("_", "-")] = caps[cap] - used[cap]
    bounds["channel"] = room["channel"]
    wanted = min(bounds.values())
    if terms["decided"] in {"at-once", "retro"}:
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
