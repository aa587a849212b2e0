"""From a gift to its match: what a rule gives, and what cuts it. Pure.

The order of BOUNDS is part of every rule: a match is the smallest bound, and its
`by` is the first bound in this order that is that small, so that anyone who knows
the bounds comes to the same amount and the same reason.
"""

import hashlib
from binascii import Error as Base64Error
from typing import Any, Final, Literal

import msgspec

from jusha.matching.kinds import DRAWS, KINDS, SHARED, Kind
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.kinds.one_one_x import OneOneX
from jusha.matching.kinds.quadratic import Quadratic
from jusha.merkle.encoding import decode64, encode64
from jusha.money.clock import minute_seconds

BOUNDS: Final = (
    "rule", "gift", "person-day", "person-campaign", "project", "charity", "channel", "window",
    "slice", "pool",
)  # fmt: skip
"""rule: what the kind gives; gift: at most so much a gift; person-day: a person's day;
person-campaign: a person's whole campaign; project, charity: what one of them may get in
the campaign; channel: what the channel may draw before it is reconciled; window: the day's
budget; slice: the slice's budget; pool: what the sponsor has given."""

MONEY_BOUNDS: Final = frozenset({"window", "slice", "pool"})
"""Bounds by money that is there or not, as against caps."""

NOT_MATCHED: Final = (
    "closed", "not-admitted", "frozen", "outside-window", "too-small", "no-person",
    "refunded", "not-reconciled", "no-seed", "revealed", "coupon-used", "slice-closed",
)  # fmt: skip
"""Why a gift that a rule concerns is not matched at all, tested in this order."""

BY: Final = (
    "rule", "gift", "person-day", "channel", "window", "pool",
    "closed", "not-admitted", "outside-window", "too-small", "no-person",
    "person-campaign", "project", "charity", "slice", "share", "frozen", "refunded",
    "not-reconciled", "no-seed", "revealed", "coupon-used", "slice-closed",
)  # fmt: skip
"""All reasons in the order of their stored numbers; new ones go to the end. A match that was
paid for a claim is stored by `share`."""
BY_NUMBER: Final = {name: number for number, name in enumerate(BY)}

UNBOUNDED: Final = 1 << 62
DAY_MINUTES: Final = 1440
LATE_MINUTES_MIN: Final = 11
"""A rail may report ten minutes late (payments.rules): a slice is shared when that is over."""
HASH_BYTES: Final = 32

_FIRST_COME: Final = frozenset({"at-once", "retro"})
Decided = Literal["at-once", "slice", "close", "retro"]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule acts within the Shanghai day, and what its pool may give that day.

    With `slice_minutes` the window is cut into slices with `slice_budget` each; what a
    slice leaves over goes to the next ones (`carry`) or stays in the pool. `surprise` is
    the hash of secret times (see Surprise): the rule acts only within them.
    """

    budget: int
    from_minute: int = 0
    to_minute: int = DAY_MINUTES
    slice_minutes: int = 0
    slice_budget: int = 0
    carry: bool = True
    surprise: str = ""


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that matches may come to, in the smallest unit; 0 means no cap.

    A gift's under this rule; all others over every rule of the campaign together.
    """

    gift: int = 0
    person_day: int = 0
    person_campaign: int = 0
    project: int = 0
    charity: int = 0


class RuleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule version. Amounts in the smallest unit.

    `decided` says when: at once, when a slice of minutes is over, at the campaign's
    close, or afterwards for gifts of `since`..`until` (UTC minutes). `share`: what is
    decided later shares the budget up to the claims, or all of it. `fills`: the code of
    an earlier rule; this one gives only what that one and those it fills left open.
    `exhaustion`: when money runs short, a partial match or none. `anonymous`: what a gift
    without a person key gets: no match, or one that only the other bounds cut
    (blueprint decision 7). `late_minutes`: how long a slice waits for late messages.
    """

    gives: Kind
    window: Window
    caps: Caps = Caps()
    decided: Decided = "at-once"
    gift_min: int = 100
    anonymous: Literal["none", "gift"] = "none"
    exhaustion: Literal["partial", "whole"] = "partial"
    share: Literal["claims", "all"] = "claims"
    fills: str = ""
    late_minutes: int = LATE_MINUTES_MIN
    since: str = ""
    until: str = ""
    title_zh: str = ""
    title_en: str = ""


class Room(msgspec.Struct, frozen=True, gc=False):
    """How much each bound leaves for one gift; UNBOUNDED where it does not bind."""

    person_day: int = UNBOUNDED
    person_campaign: int = UNBOUNDED
    project: int = UNBOUNDED
    charity: int = UNBOUNDED
    channel: int = UNBOUNDED
    window: int = UNBOUNDED
    slice: int = UNBOUNDED
    pool: int = UNBOUNDED


class Surprise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret times of a surprise window (UTC minutes) under a salt that hides them."""

    from_: str = msgspec.field(name="from")
    to: str
    salt: str

    def covers(self, at_s: int) -> bool:
        """Say whether a minute, in Unix seconds, lies within the times."""
        return minute_seconds(self.from_) <= at_s < minute_seconds(self.to)


def terms_hash(terms: RuleTerms) -> str:
    """Name a rule document by the hash of its canonical JSON, in base64."""
    raw = msgspec.json.encode(document(terms), order="deterministic")
    return encode64(hashlib.sha256(raw).digest())


def check_terms(terms: RuleTerms) -> str:
    """Say what is wrong with a rule's terms, or "" if nothing is."""
    window, caps = terms.window, terms.caps
    numbers = (
        window.budget, window.slice_minutes, window.slice_budget, terms.gift_min,
        *msgspec.structs.astuple(caps),
    )  # fmt: skip
    if wrong := terms.gives.wrong():
        return wrong
    if not 0 <= window.from_minute < window.to_minute <= DAY_MINUTES:
        return "a window lies within one day"
    if min(numbers) < 0:
        return "amounts may not be negative"
    if window.slice_minutes > window.to_minute - window.from_minute:
        return "a slice lies within its window"
    if (window.slice_minutes == 0) != (window.slice_budget == 0):
        return "slices need minutes and a budget"
    return _check_time(terms) or _check_kind(terms)


def _check_time(terms: RuleTerms) -> str:  # noqa: PLR0911 - one refusal a line
    if (terms.decided == "slice") and not terms.window.slice_minutes:
        return "what slices decide needs slices"
    if terms.decided in {"close", "retro"} and terms.window.slice_minutes:
        return "slices belong to rules that decide at once or by slice"
    if terms.late_minutes < LATE_MINUTES_MIN:
        return f"a slice waits {LATE_MINUTES_MIN} minutes or longer for late messages"
    if {bool(terms.since), bool(terms.until)} != {terms.decided == "retro"}:
        return "a rule for earlier gifts says from when until when, and no other rule does"
    if terms.decided == "retro" and minute_seconds(terms.since) >= minute_seconds(terms.until):
        return "it ends before it begins"
    if terms.share == "all" and terms.decided not in {"slice", "close"}:
        return "only what is decided later can share everything"
    surprise = terms.window.surprise
    if surprise and terms.decided == "retro":
        return "a rule for earlier gifts has no surprise"
    try:
        fine = not surprise or len(decode64(surprise)) == HASH_BYTES
    except (ValueError, Base64Error):
        fine = False
    return "" if fine else "a surprise is named by the base64 of a SHA-256"


def _check_kind(terms: RuleTerms) -> str:
    at_once = terms.decided == "at-once"
    if isinstance(terms.gives, Quadratic):
        caps = terms.caps
        fine = terms.decided == "close" and terms.share == "claims" and not terms.fills
        alone = not (caps.person_day or caps.person_campaign or caps.project or caps.charity)
        return "" if fine and alone else "quadratic funding is decided at close, without such caps"
    if not at_once and not isinstance(terms.gives, SHARED):
        return "this kind is decided at once"
    if terms.fills and not at_once:
        return "a rule that fills another is decided at once"
    return ""


def shares_all(terms: RuleTerms) -> bool:
    """Say whether a closing shares its whole budget, and not only what is claimed.

    Claims of a quadratic round are weights: what the pool adds has its own bound, alpha.
    """
    return terms.share == "all" or isinstance(terms.gives, Quadratic)


def leans_on(terms: RuleTerms) -> set[str]:
    """The codes of earlier rules that these terms refer to."""
    named = {terms.fills}
    if isinstance(terms.gives, OneOneX | Friends):
        named.add(terms.gives.on)
    return named - {""}


def draws(terms: RuleTerms) -> bool:
    """Say whether matches depend on a draw, and so on the day's committed seed."""
    gives = terms.gives
    return isinstance(gives, DRAWS) and not (isinstance(gives, Friends) and gives.low == gives.high)


def slice_start(window: Window, minute_of_day: int) -> int:
    """Return the minute of the day at which the slice of a minute within the window begins."""
    size = window.slice_minutes
    return window.from_minute + (minute_of_day - window.from_minute) // size * size


def slice_room(window: Window, minute_of_day: int, *, used_slice: int, used_day: int) -> int:
    """Return what the slice of a minute can still give.

    With `carry` all slices so far together are the measure, so that what quiet minutes
    left over is not lost.
    """
    if not window.carry:
        return window.slice_budget - used_slice
    begun = (minute_of_day - window.from_minute) // window.slice_minutes + 1
    return begun * window.slice_budget - used_day


def match_gift(  # noqa: C901, PLR0911, PLR0912 - one branch a bound, on the hottest path
    terms: RuleTerms,
    ask: Ask,
    minute_of_day: int,
    room: Room,
    *,
    has_person: bool,
    hindered: str = "",
) -> tuple[int, str]:
    """Decide the match, or claim, of one gift: the smallest bound, named by the first that small.

    `hindered` is a reason of NOT_MATCHED after `no-person` that the caller has found.
    """
    window, gives = terms.window, terms.gives
    if not window.from_minute <= minute_of_day < window.to_minute:
        return 0, "outside-window"
    personal = type(gives) is not LumpSum
    if personal:
        if ask.amount < terms.gift_min:
            return 0, "too-small"
        if not has_person and terms.anonymous == "none":
            return 0, "no-person"
    if hindered:
        return 0, hindered
    given = KINDS[type(gives)](gives, ask)
    if terms.fills:
        given = max(given - ask.filled, 0)
    by = "rule"
    if personal and terms.caps.gift and terms.caps.gift < given:
        given, by = terms.caps.gift, "gift"
    if room.person_day < given:
        given, by = room.person_day, "person-day"
    if room.person_campaign < given:
        given, by = room.person_campaign, "person-campaign"
    if room.project < given:
        given, by = room.project, "project"
    if room.charity < given:
        given, by = room.charity, "charity"
    if room.channel < given:
        given, by = room.channel, "channel"
    if terms.decided not in _FIRST_COME:
        return max(given, 0), by
    wanted = given
    if room.window < given:
        given, by = room.window, "window"
    if room.slice < given:
        given, by = room.slice, "slice"
    if room.pool < given:
        given, by = room.pool, "pool"
    if given < wanted and terms.exhaustion == "whole":
        return 0, by
    return max(given, 0), by


def document(terms: RuleTerms) -> dict[str, Any]:
    """Write the terms as the log shows them: every field, defaults included."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(terms))
    return found
