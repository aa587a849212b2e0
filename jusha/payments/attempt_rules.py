"""What is done next about an order shown on a rail, and what comes of the rail's answer. Pure.

    asked --create--> ready --query--> paid | closed        asked ----> refused

A notice is the quick way to `paid`; the questions are for what no notice said. An order that is
paid on another rail is closed on this one. An order whose `create` is unsure is asked for again,
never closed: closing a number that a rail has not seen uses it up.
"""

from typing import Final, Literal, NamedTuple

from jusha.payments.rails.seam import Payable, State

OPEN_SECONDS: Final = 900
"""How long an order can be paid at a rail."""
SETTLE_SECONDS: Final = 600
"""How long settlement may take to know an order before its attempt is given up."""
GRACE_SECONDS: Final = 60
HOLD_SECONDS: Final = OPEN_SECONDS + GRACE_SECONDS
"""How long a hard target holds an order's room: until a payment of the last second was told."""
FIRST_LOOK_SECONDS: Final = 20.0
LAST_LOOK_SECONDS: Final = 300.0
UNSURE_FIRST_SECONDS: Final = 0.5
UNSURE_LAST_SECONDS: Final = 30.0
PAID_LOOK_SECONDS: Final = 2.0

Step = Literal["wait", "refuse", "create", "query", "close", "done"]


class Facts(NamedTuple):
    """All that decides the next step. Times are Unix seconds."""

    state: str
    rail: str
    amount: int
    """Fen, as settlement has the order; 0 while it does not know it."""
    merchant: str
    paid_by: str
    """Code of the channel that paid the order, "" while none did."""
    outcome: str
    """Settlement's refusal of the order, "" or "done"."""
    created_at: int
    expires_at: int
    """0 before the rail was asked first."""
    tries: int
    room_until: int = 0
    """Until when a hard target holds the order's room; 0: it needs none."""


class Next(NamedTuple):
    """The state to keep and when to look again; `after_s` None: never."""

    state: str
    told: str
    tries: int
    after_s: float | None


def step(facts: Facts, now: int) -> tuple[Step, str]:
    """Say what to do, and the reason where it is a refusal."""
    if facts.state == "asked":
        return _first_step(facts, now)
    if facts.paid_by == facts.rail:
        return "done", ""
    if facts.paid_by:
        return "close", "paid-elsewhere"
    return "query", ""


def _first_step(facts: Facts, now: int) -> tuple[Step, str]:
    if facts.paid_by:  # by this rail: its answer to `create` was lost, its notice was not
        return ("done", "") if facts.paid_by == facts.rail else ("refuse", "order-paid")
    if not facts.amount:
        if facts.outcome not in {"", "done"}:
            return "refuse", facts.outcome
        if now - facts.created_at > SETTLE_SECONDS:
            return "refuse", "unknown-order"
        return "wait", ""
    late = facts.room_until and not facts.expires_at
    why = "room-over" if late and now > facts.room_until - 2 * GRACE_SECONDS else ""
    why = why if facts.merchant else "no-merchant"
    return ("refuse", why) if why else ("create", "")


def after_create(facts: Facts, payable: Payable) -> Next:  # noqa: ARG001 - the shape of all
    """It can be paid now; a first question follows, in case no notice comes."""
    return Next("ready", "", 0, FIRST_LOOK_SECONDS)


def after_query(facts: Facts, found: State, now: int) -> tuple[Next, bool]:
    """What an answer means, and whether the rail must now be told to close the order."""
    is_over = now > facts.expires_at + GRACE_SECONDS
    tries = facts.tries + 1
    if found.paid is not None:  # its deed is recorded; settlement will say that it is paid
        return Next("ready", "", tries, PAID_LOOK_SECONDS), False
    if found.state == "closed" or (found.state == "unknown" and is_over):
        return Next("closed", "", tries, None), False
    if found.state == "unpaid" and is_over:
        return Next("ready", "", tries, LAST_LOOK_SECONDS), True
    return Next("ready", "", tries, look_after(tries)), False


def after_unsure(facts: Facts, code: str) -> Next:
    """No answer: the same is asked again, ever more slowly."""
    tries = facts.tries + 1
    if facts.state == "asked":
        wait = min(UNSURE_FIRST_SECONDS * 2 ** min(tries, 10), UNSURE_LAST_SECONDS)
        return Next("asked", code, tries, wait)
    return Next("ready", code, tries, look_after(tries))


def after_refusal(facts: Facts, code: str) -> Next:
    """The rail will not. An order that it says is paid is asked about; any other is over."""
    if code == "paid":
        return Next("ready", "", facts.tries + 1, PAID_LOOK_SECONDS)
    if facts.state == "asked":
        return Next("refused", code, facts.tries + 1, None)
    return Next("ready", code, facts.tries + 1, look_after(facts.tries + 1))


def look_after(tries: int) -> float:
    """Seconds until the next question of an open order: 20, 20, 40, 80, … at most 300."""
    return min(FIRST_LOOK_SECONDS * 2.0 ** max(min(tries, 10) - 1, 0), LAST_LOOK_SECONDS)
