"""What keys may do, what webhooks tell, and when a failed call is repeated. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Scope(StrEnum):
    """What a key may do."""

    ORDERS = "orders"
    """Place orders for its charities, and read those that it placed."""
    REFUNDS = "refunds"
    """Ask for a refund of an order that it placed; people decide."""
    WEBHOOKS = "webhooks"
    """Keep webhooks."""
    CHARITY = "charity"
    """Its webhooks tell of every gift of its charities, not of its own orders alone."""


SCOPES: Final = tuple(str(scope) for scope in Scope)

ON: Final = "on"
OFF: Final = "off"
WAITING: Final = "waiting"
DEAD: Final = "dead"
STATES: Final = (WAITING, DEAD)

SETTLED: Final = "gift.settled"
HELD: Final = "gift.held"
REFUNDED: Final = "gift.refunded"
REPAID: Final = "gift.repaid"
MATCHED: Final = "match.decided"
RETURNED: Final = "match.returned"
CHECKPOINT: Final = "checkpoint.published"
KINDS: Final = (SETTLED, HELD, REFUNDED, REPAID, MATCHED, RETURNED, CHECKPOINT)
"""What a webhook may be told of:

gift.settled: a gift is in the books; gift.held: money came that does not fit, people look at it;
gift.refunded: it is owed back; gift.repaid: it has arrived; match.decided: a match that was
decided after its gift; match.returned: a match was taken back; checkpoint.published: the log was
signed, told at most once a minute.
"""

RETRY_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Pauses before a repeat (Standard Webhooks): together 75 hours and a half; then it is dead."""
SLOW_SECONDS: Final = 60
"""The least pause after 429, 502, 503 or 504, which ask for patience."""
GIVE_UP_SECONDS: Final = 5 * 86_400
"""Without one success for so long, a webhook is switched off."""
GONE: Final = 410
SLOW: Final = frozenset({429, 502, 503, 504})


class Event(NamedTuple):
    """Something to tell: `gift` is the entry of the gift that it is about, -1 for none."""

    kind: str
    number: int
    place: int
    gift: int
    data: dict[str, Any]


def events_of(entry: Mapping[str, Any]) -> list[Event]:
    """What there is to tell of one log entry; the fields of the entry are docs/log.md's."""
    tell = TELL.get(entry["k"])
    return tell(entry) if tell else []


def _gift(entry: Mapping[str, Any]) -> list[Event]:
    """The gift itself, and what it earned the friends who invited to it."""
    number, matches = entry["n"], entry.get("m", [])
    told = {
        "amount": entry["amt"],
        "asset": entry["cur"],
        "project": entry["prj"],
        "campaign": entry.get("rd", ""),
        "matched": sum(each["amt"] for each in matches if "for" not in each),
    }
    friends = [each for each in matches if "for" in each and each["amt"]]
    return [Event(SETTLED, number, 0, number, told)] + [
        Event(MATCHED, number, place, each["for"], {"amount": each["amt"], "rule": each["r"]})
        for place, each in enumerate(friends, start=1)
    ]


def _held(entry: Mapping[str, Any]) -> list[Event]:
    told = {"amount": entry["amt"], "asset": entry["cur"], "why": entry["why"]}
    return [Event(HELD, entry["n"], 0, entry["n"], told)]


def _refund(entry: Mapping[str, Any]) -> list[Event]:
    told = {"amount": entry["amt"], "asset": entry["cur"], "matched": _back(entry)}
    return [Event(REFUNDED, entry["n"], 0, entry["ref"], told)]


def _repaid(entry: Mapping[str, Any]) -> list[Event]:
    told = {"amount": entry["amt"], "asset": entry["cur"]}
    return [Event(REPAID, entry["n"], 0, entry["ref"], told)]


def _clawback(entry: Mapping[str, Any]) -> list[Event]:
    return [Event(RETURNED, entry["n"], 0, entry["ref"], {"amount": _back(entry)})]


def _share(entry: Mapping[str, Any]) -> list[Event]:
    """One event a gift; what a quadratic rule gives whole projects is no gift's."""
    return [
        Event(MATCHED, entry["n"], place, each[0], {"amount": each[1], "rule": entry["r"]})
        for place, each in enumerate(entry.get("m", []))
        if each[1]
    ]


def _back(entry: Mapping[str, Any]) -> int:
    return sum(each["amt"] for each in entry.get("m", []))


TELL: Final[Mapping[str, Callable[[Mapping[str, Any]], list[Event]]]] = {
    "don": _gift,
    "held": _held,
    "refund": _refund,
    "repaid": _repaid,
    "clawback": _clawback,
    "share": _share,
}


class Verdict(NamedTuple):
    """What follows from one call."""

    arrived: bool
    dead: bool
    off: bool
    pause_seconds: int
    told: str


def judge(*, status: int, told: str, tries: int, failing_seconds: int) -> Verdict:
    """Say what follows from an answer; `status` 0: there was none, and `told` says why.

    `tries`: how often this event failed before; `failing_seconds`: since the first failure
    without a success.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - the range is the standard's word for success
        return Verdict(arrived=True, dead=False, off=False, pause_seconds=0, told="")
    why = told or f"status-{status}"
    if status == GONE:
        return Verdict(arrived=False, dead=False, off=True, pause_seconds=0, told="gone")
    if failing_seconds >= GIVE_UP_SECONDS:
        return Verdict(arrived=False, dead=False, off=True, pause_seconds=0, told="failing")
    if tries >= len(RETRY_SECONDS):
        return Verdict(arrived=False, dead=True, off=False, pause_seconds=0, told=why)
    pause = max(RETRY_SECONDS[tries], SLOW_SECONDS if status in SLOW else 0)
    return Verdict(arrived=False, dead=False, off=False, pause_seconds=pause, told=why)
