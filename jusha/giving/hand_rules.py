"""Who may say that a refund was paid by hand, or have it tried again. Pure.

The payee's account is the charity's own (blueprint decision 4: no custody), so what no rail
delivers, the charity pays from its bank, and the books clear it by the same instruction as a rail's
word. It is money that leaves without anybody outside having seen it: two persons, and the bank's
number of the transfer.
"""

import unicodedata
from datetime import date
from typing import Final, NamedTuple

REFERENCE_MIN: Final = 6
REFERENCE_MAX: Final = 64

REFUSALS: Final = (
    "not-yours", "not-now", "same-person", "bad-reference", "bad-day", "changed", "residue",
)  # fmt: skip


class HandRefusedError(Exception):
    """What was asked may not be done; `code` says why, in one of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Hand(NamedTuple):
    """Who acts: a name by which the person is known again, and the charities they act for."""

    name: str
    charities: frozenset[str]


class Failed(NamedTuple):
    """A refund as these rules see it; `owed` of it in fen, `proposed_by` "" where nobody said."""

    charity: str
    is_failed: bool
    owed: int
    amount: int
    proposed_by: str = ""
    is_confirmed: bool = False


def check_retry(refund: Failed, hand: Hand) -> None:
    """Refuse another try of what is not failed, or what somebody says was paid by hand."""
    _yours(refund, hand)
    if not _is_open(refund) or refund.proposed_by:
        raise HandRefusedError("not-now")


def check_propose(
    refund: Failed, hand: Hand, *, reference: str, paid_on: date | None, today: date
) -> date:
    """Return the day; refuse to say "paid" without it and the bank's number of the transfer."""
    _yours(refund, hand)
    if not _is_open(refund) or refund.proposed_by:
        raise HandRefusedError("not-now")
    if not REFERENCE_MIN <= len(reference) <= REFERENCE_MAX or not _is_plain(reference):
        raise HandRefusedError("bad-reference")
    if paid_on is None or paid_on > today:
        raise HandRefusedError("bad-day")
    return paid_on


def check_confirm(refund: Failed, hand: Hand) -> None:
    """Refuse a confirmation by who proposed it, and of what is not open any more."""
    _yours(refund, hand)
    if not _is_open(refund) or not refund.proposed_by:
        raise HandRefusedError("not-now")
    if refund.proposed_by == hand.name:
        raise HandRefusedError("same-person")


def check_return(refund: Failed, hand: Hand) -> None:
    """Refuse to hand back what nobody proposed, what is confirmed, or what one proposed oneself.

    Alone one could say "paid", take it back and have the rail pay again: so another person does it.
    """
    _yours(refund, hand)
    if not refund.proposed_by or refund.is_confirmed:
        raise HandRefusedError("not-now")
    if refund.proposed_by == hand.name:
        raise HandRefusedError("same-person")


def _yours(refund: Failed, hand: Hand) -> None:
    if not hand.name or refund.charity not in hand.charities:
        raise HandRefusedError("not-yours")


def _is_open(refund: Failed) -> bool:
    return refund.is_failed and not refund.is_confirmed and refund.owed >= refund.amount


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(char)[0] in "CZ" for char in text)
