"""When a rail's bill is asked for, and who may clear a difference. Pure.

The classes are those of R-PAY-4, in the words that beside mode has for them (`reconcile.py`).
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from jusha.money.clock import DAY_SECONDS, SHANGHAI_SHIFT_SECONDS

ASKED: Final = "asked"
READ: Final = "read"
EMPTY: Final = "empty"
UNREAD: Final = "unread"
BILL_STATES: Final = (ASKED, READ, EMPTY, UNREAD)
"""asked: not here yet; read: its lines are laid beside ours; empty: the rail says that there is
none of this day; unread: it came and is no bill, or the rail refuses it."""

READY_HOUR: Final = 10
"""From when on yesterday's bill is asked for, Shanghai time: WeChat Pay's; Alipay's is earlier."""
DAYS: Final = 7
"""How far back a missing bill is looked for."""
NO_BILL: Final = frozenset({"NO_STATEMENT_EXIST", "isp.bill_not_exist"})
"""The rails' words for a day without a bill; Alipay says it of a late one too."""
FIRST_S: Final = 60
LAST_S: Final = 3_600
EMPTY_AGAIN_S: Final = 6 * 3_600
CUT_OFF_S: Final = 1_800

ONLY_THERE: Final = "only-there"
ONLY_HERE: Final = "only-here"
AMOUNT_DIFFERS: Final = "amount-differs"
STATE_DIFFERS: Final = "state-differs"
KINDS: Final = (ONLY_THERE, ONLY_HERE, AMOUNT_DIFFERS, STATE_DIFFERS)
CAUSES: Final = (
    "", "repeated", "cut-off", "no-bill", "refunded-there", "not-on-bill", "not-arrived-here",
    "not-arrived-there",
)  # fmt: skip
"""repeated: the line stands there a second time; cut-off: paid in the last half hour of the day,
and the next day's bill is not here yet; no-bill: the rail has no bill of this day;
refunded-there: the rail gave back what nobody here sent back; not-on-bill: the rail said that a
refund arrived, and no bill has it; not-arrived-here, not-arrived-there: one side alone
says that the refund arrived."""

OPEN: Final = "open"
PROPOSED: Final = "proposed"
CLEARED: Final = "cleared"
GONE: Final = "gone"
STATES: Final = (OPEN, PROPOSED, CLEARED, GONE)
"""open: waits; proposed: one person named a reason; cleared: a second one confirmed; gone: the
sides agree by now."""
UNSETTLED: Final = frozenset({OPEN, PROPOSED})

REASONS: Final = (
    "rail-corrects", "sent-back", "booked-otherwise", "not-a-gift", "charity-pays", "other",
)  # fmt: skip
"""rail-corrects: the rail owned up and corrects its bill; sent-back: the money went back to who
paid; booked-otherwise: it stands in the books by another entry; not-a-gift: other income of the
account; charity-pays: the charity makes the difference good; other: the note says it."""
NOTE_MAX: Final = 200

ANSWERS: Final = (
    "", "paid", "unpaid", "closed", "refunded", "unknown", "arrived", "pending", "failed",
    "refused", "no-order", "no-account",
)  # fmt: skip
"""What the rail said: of an order, of a refund, or why it could not be asked: refused: the rail
will not say; no-order: the line names no order of ours; no-account: no account at the rail is
known for it."""

AGES: Final = ((0, 1), (2, 7), (8, 30), (31, None))
"""Ages in days, from and to, both counted in; what waits longer than 30 days has a class of its
own."""


class ClearRefusedError(Exception):
    """What was asked may not be done; `code` says why, in one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


REFUSALS: Final = (
    "not-yours", "not-now", "same-person", "bad-reason", "needs-a-note", "bad-note", "changed",
)  # fmt: skip


class Clearer(NamedTuple):
    """Who acts: the account, and the codes of charities whose finance it is ("": of none)."""

    name: str
    charities: frozenset[str]


def days_due(now_s: int) -> list[date]:
    """Shanghai days whose bills should be there by now, newest first."""
    local = datetime.fromtimestamp(now_s + SHANGHAI_SHIFT_SECONDS, UTC)
    first = 1 if local.hour >= READY_HOUR else 2
    return [local.date() - timedelta(days=back) for back in range(first, DAYS + 1)]


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a Shanghai day begins, and when the next one does."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    begins = midnight - timedelta(seconds=SHANGHAI_SHIFT_SECONDS)
    return begins, begins + timedelta(seconds=DAY_SECONDS)


def today(now_s: int) -> date:
    """The Shanghai day of a Unix time."""
    return datetime.fromtimestamp(now_s + SHANGHAI_SHIFT_SECONDS, UTC).date()


def is_young(day: date, now_s: int) -> bool:
    """Whether a day is still looked at by itself."""
    return (today(now_s) - day).days <= DAYS


def later_s(tries: int) -> int:
    """When to try again after so many tries, in seconds: ever more rarely, at least hourly."""
    return min(FIRST_S << min(tries, 10), LAST_S)


def age_class(days: int) -> int:
    """The place in AGES of something that has waited so many days."""
    return next(n for n, (_, most) in enumerate(AGES) if most is None or days <= most)


def check_propose(*, state: str, charity: str, clearer: Clearer, reason: str, note: str) -> None:
    """Refuse a proposal by others than the charity's finance, or without a reason.

    A proposal may be replaced by another one, by the same person or not.
    """
    _yours(charity, clearer)
    _in(state, UNSETTLED)
    if reason not in REASONS:
        raise ClearRefusedError("bad-reason")
    if len(note) > NOTE_MAX or not note.isprintable():
        raise ClearRefusedError("bad-note")
    if not note:
        raise ClearRefusedError("needs-a-note")


def check_confirm(*, state: str, charity: str, clearer: Clearer, proposed_by: str) -> None:
    """Refuse a confirmation by who proposed: a difference is cleared by two."""
    _yours(charity, clearer)
    _in(state, {PROPOSED})
    if clearer.name == proposed_by:
        raise ClearRefusedError("same-person")


def check_return(*, state: str, charity: str, clearer: Clearer) -> None:
    """Refuse to hand back what nobody proposed; who proposed may take it back."""
    _yours(charity, clearer)
    _in(state, {PROPOSED})


def _yours(charity: str, clearer: Clearer) -> None:
    if not clearer.name or charity not in clearer.charities:
        raise ClearRefusedError("not-yours")


def _in(state: str, states: Collection[str]) -> None:
    if state not in states:
        raise ClearRefusedError("not-now")
