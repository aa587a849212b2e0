"""Who may do what with a refund case, and when. Pure.

No statute gives donors a general right of refund (facts R-MC-2): a refund is a case that the
charity's finance approves and a second person confirms. Settlement books it; what is true of
the money after that is read from settlement's own tables, never decided here.
"""

from typing import Final, Literal, NamedTuple

ASKED: Final = "asked"
APPROVED: Final = "approved"
CONFIRMED: Final = "confirmed"
BOOKED: Final = "booked"
SENT: Final = "sent"
UNDELIVERED: Final = "undelivered"
ARRIVED: Final = "arrived"
DECLINED: Final = "declined"
REFUSED: Final = "refused"
OVERTAKEN: Final = "overtaken"
WITHDRAWN: Final = "withdrawn"
STATES: Final = (
    ASKED, APPROVED, CONFIRMED, BOOKED, SENT, UNDELIVERED, ARRIVED, DECLINED, REFUSED, OVERTAKEN,
    WITHDRAWN,
)  # fmt: skip
"""Where a case can be:

asked: waits for the charity's finance; approved: waits for a second person; confirmed: the
instruction is in the inbox; booked: settlement took it, the money is owed to the donor; sent: the
rail was told; undelivered: the rail could not deliver, the money stays owed; arrived: the rail
says that the donor has it; declined: by finance, with a reason; refused: by settlement;
overtaken: less is left of the gift than was asked, by another refund; withdrawn: by who asked.
"""
UNDECIDED: Final = frozenset({ASKED, APPROVED})
OPEN: Final = frozenset({ASKED, APPROVED, CONFIRMED})
"""A deed has one case in these; what is behind them has taken its part of the deed, or none."""
MOVING: Final = frozenset({CONFIRMED, BOOKED, SENT, UNDELIVERED})
"""In these, what settlement and the rail say moves a case on."""

REASONS: Final = (
    "wrong-amount", "paid-twice", "minor", "project-stopped", "not-authorised", "changed-mind",
    "other",
)  # fmt: skip
DISPUTE_REASONS: Final = ("complaint", "chargeback")
"""complaint: at the rail, which waits for an answer; chargeback: the rail took the money back."""
DECLINES: Final = (
    "already-spent", "no-evidence", "not-the-payer", "agreement", "answered", "other",
)  # fmt: skip
WORDS_MAX: Final = 200
CASES_MAX: Final = 5
"""How many cases the donor may open of one deed."""

Role = Literal["donor", "finance", "staff", "rail"]


class Actor(NamedTuple):
    """Who acts: the role, and a name by which the same person is known again.

    A donor without an account has no name. `charities` are the codes that finance acts for.
    """

    role: Role
    name: str = ""
    charities: frozenset[str] = frozenset()


class Standing(NamedTuple):
    """What the rules need of a case; `left` is what is left of the deed, in its smallest unit."""

    state: str
    charity: str
    amount: int
    left: int
    donor: str = ""
    """The account that gave, where it is known."""
    asked_by: str = ""
    approved_by: str = ""
    confirmed_by: str = ""


class RefundRefusedError(Exception):
    """What was asked may not be done; `code` says why, in one of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


REFUSALS: Final = (
    "not-yours", "not-now", "same-person", "own-gift", "too-much", "too-many", "open-case",
    "bad-reason", "bad-amount", "bad-words", "unknown-deed", "words-too-long", "needs-a-name",
    "receipt-stands",
)  # fmt: skip


def check_ask(*, amount: int, left: int, reason: str, words: str, cases: int) -> None:
    """Refuse an impossible case: `cases` is how many the donor opened of this deed before."""
    if reason not in REASONS and reason not in DISPUTE_REASONS:
        raise RefundRefusedError("bad-reason")
    if amount <= 0:
        raise RefundRefusedError("bad-amount")
    if amount > left:
        raise RefundRefusedError("too-much")
    if len(words) > WORDS_MAX:
        raise RefundRefusedError("words-too-long")
    if cases >= CASES_MAX:
        raise RefundRefusedError("too-many")


def check_approve(case: Standing, actor: Actor) -> None:
    """Refuse an approval that is not the charity's finance's, or comes at the wrong time."""
    _finance(case, actor)
    _in(case, {ASKED})
    _enough(case)


def check_decline(case: Standing, actor: Actor, *, reason: str) -> None:
    """Refuse to decline without a reason, for another charity, or after the confirmation."""
    _finance(case, actor)
    _in(case, UNDECIDED)
    if reason not in DECLINES:
        raise RefundRefusedError("bad-reason")


def check_confirm(case: Standing, actor: Actor) -> None:
    """Refuse a confirmation by the person who approved: money moves by two.

    A confirmed case may be confirmed again by the same person: the same instruction is sent.
    """
    _finance(case, actor)
    if case.state == CONFIRMED and case.confirmed_by == actor.name:
        return
    _in(case, {APPROVED})
    if actor.name == case.approved_by:
        raise RefundRefusedError("same-person")
    _enough(case)


def check_withdraw(case: Standing, actor: Actor) -> None:
    """Refuse a withdrawal by others than who asked, or once the instruction was sent."""
    if actor.role == "finance" or actor.name != case.asked_by:
        raise RefundRefusedError("not-yours")
    _in(case, UNDECIDED)


def _finance(case: Standing, actor: Actor) -> None:
    if actor.role != "finance" or case.charity not in actor.charities:
        raise RefundRefusedError("not-yours")
    if not actor.name:
        raise RefundRefusedError("needs-a-name")
    if actor.name == case.donor:
        raise RefundRefusedError("own-gift")


def _in(case: Standing, states: frozenset[str] | set[str]) -> None:
    if case.state not in states:
        raise RefundRefusedError("not-now")


def _enough(case: Standing) -> None:
    if case.amount > case.left:
        raise RefundRefusedError("too-much")
