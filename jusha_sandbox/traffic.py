"""Simulated donors: gifts arrive with the shape of a real giving day, and no money moves.

Amounts cluster where people's do (1, 6.6, 10, 20, 50, 100 yuan), a few donors give
often and most once, a hot project takes half, and the rate breathes: a rush after each
full minute, as after a reminder, over a slow swell.
"""

import argparse
import math
import random
import secrets
import time
from pathlib import Path

from jusha_sandbox.wire import post, read_secret

CHANNEL = "sandbox-partner"
AMOUNTS = (100, 200, 500, 660, 1_000, 1_999, 2_000, 5_000, 10_000, 20_000, 50_000)
WEIGHTS = (22, 8, 12, 9, 18, 3, 12, 8, 5, 2, 1)
DONORS = 4_000
PEOPLE = 1_000_000
"""Among whom another is found for one who is busy: far more than can be busy at once."""
PAUSE_SECONDS = 20.0
"""A hand needs some fifteen seconds a gift; what is faster is looked into as a machine."""
RUSH_SECONDS = 12.0
SWELL_SECONDS = 600.0
RETRIES = 5


def rate_at(seconds: float, mean: float) -> float:
    """Gifts a second at a moment: a slow swell, and a rush that fades after each full minute."""
    swell = 1 + 0.5 * math.sin(2 * math.pi * seconds / SWELL_SECONDS)
    rush = 2.5 * math.exp(-(seconds % 60.0) / RUSH_SECONDS)
    return mean * (swell + rush) / 1.5


class Donors:
    """Who gives next: a few often and most once, but nobody faster than a hand is."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._gave: dict[int, float] = {}

    def next(self, now: float) -> int:
        """Draw a donor; one who gave just now is busy, and somebody else comes."""
        donor = min(int(self._chance.paretovariate(0.6)), DONORS)
        while now - self._gave.get(donor, -PAUSE_SECONDS) < PAUSE_SECONDS:
            donor = self._chance.randint(1, PEOPLE)
        self._gave[donor] = now
        return donor


def message(
    chance: random.Random, donor: int, campaign: str, projects: list[str]
) -> dict[str, object]:
    """Make one gift."""
    hot = chance.random() < 0.5  # noqa: PLR2004 - half of all gifts
    return {
        "id": f"traffic-{secrets.token_hex(10)}",
        "asset": "CNY",
        "amount": chance.choices(AMOUNTS, WEIGHTS)[0],
        "project": projects[0] if hot else chance.choice(projects),
        "campaign": campaign,
        "payer": f"donor-{donor}",
    }


def main() -> None:
    """Send gifts until stopped, or `--count` of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--door", required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--projects", required=True, help="codes, the hot one first")
    parser.add_argument("--rate", type=float, default=6.0, help="mean gifts a second")
    parser.add_argument("--count", type=int, default=0, help="stop after so many; 0: never")
    options = parser.parse_args()
    secret = read_secret(options.secrets, CHANNEL)
    chance = random.Random()  # noqa: S311 - a shape, not a secret
    donors, sent = Donors(chance), 0
    while not options.count or sent < options.count:
        donor = donors.next(time.monotonic())
        gift = message(chance, donor, options.campaign, options.projects.split(","))
        for attempt in range(RETRIES):
            if post(options.door, "/door/v1/deeds", CHANNEL, secret, gift) in {200, 422}:
                break
            time.sleep(0.2 * 2**attempt)
        sent += 1
        time.sleep(chance.expovariate(rate_at(time.time(), options.rate)))


if __name__ == "__main__":
    main()
