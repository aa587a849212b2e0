"""From a gift to its match: what a rule gives, and what cuts it. Pure.

The order of BOUNDS is part of every rule: a match is the smallest bound, and its
`by` is the first bound in this order that is that small, so that anyone who knows
the bounds comes to the same amount and the same reason.
"""

from typing import Final, Literal

import msgspec

from jusha.matching.kinds import KINDS

BOUNDS: Final = ("rule", "gift", "person-day", "channel", "window", "pool")
"""rule: what the kind gives; gift: at most so much a gift; person-day: a person's day;
channel: what the channel may draw before it is reconciled; window: the day's budget;
pool: what the sponsor has given."""

NOT_MATCHED: Final = ("closed", "not-admitted", "outside-window", "too-small", "no-person")
"""Why a gift in a campaign with a rule is not matched at all, tested in this order."""

BY: Final = BOUNDS + NOT_MATCHED
BY_NUMBER: Final = {name: number for number, name in enumerate(BY)}

UNBOUNDED: Final = 1 << 62


class DayWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pool's daily window: Shanghai minutes of the day, and the day's budget."""

    from_minute: int
    to_minute: int
    budget: int


class RuleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule version. Amounts in the smallest unit; a maximum of 0 means none.

    `anonymous` says what a gift without a person key gets: no match, or a match that
    only the other bounds cut (blueprint decision 7).
    """

    kind: Literal["ratio"]
    numerator: int
    denominator: int
    window: DayWindow
    gift_min: int = 100
    gift_max: int = 0
    person_day_max: int = 0
    anonymous: Literal["none", "gift"] = "none"


class Room(msgspec.Struct, frozen=True, gc=False):
    """How much each bound leaves for one gift; UNBOUNDED where it does not bind."""

    person_day: int
    channel: int
    window: int
    pool: int


def check_terms(terms: RuleTerms) -> str:
    """Say what is wrong with a rule's terms, or "" if nothing is."""
    if terms.kind not in KINDS:
        return f"unknown kind {terms.kind}"
    if terms.numerator <= 0 or terms.denominator <= 0:
        return "a ratio needs two positive numbers"
    if not 0 <= terms.window.from_minute < terms.window.to_minute <= 1440:  # noqa: PLR2004
        return "a window lies within one day"
    if min(terms.window.budget, terms.gift_min, terms.gift_max, terms.person_day_max) < 0:
        return "amounts may not be negative"
    return ""


def match_gift(
    terms: RuleTerms, amount: int, minute_of_day: int, room: Room, *, has_person: bool
) -> tuple[int, str]:
    """Decide the match of one gift: the smallest bound, named by the first that small."""
    if not terms.window.from_minute <= minute_of_day < terms.window.to_minute:
        return 0, "outside-window"
    if amount < terms.gift_min:
        return 0, "too-small"
    if not has_person and terms.anonymous == "none":
        return 0, "no-person"
    given = KINDS[terms.kind](terms.numerator, terms.denominator, amount)
    by = "rule"
    if terms.gift_max and terms.gift_max < given:
        given, by = terms.gift_max, "gift"
    if room.person_day < given:
        given, by = room.person_day, "person-day"
    if room.channel < given:
        given, by = room.channel, "channel"
    if room.window < given:
        given, by = room.window, "window"
    if room.pool < given:
        given, by = room.pool, "pool"
    return max(given, 0), by
