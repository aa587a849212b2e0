"""A refund that no rail delivers is paid from the charity's bank: one says so, another confirms.

Confirming is one transaction with the instruction `refund-sent`, as with a refund itself; its id
comes from the refund's key, so settlement obeys it once. The sending's row is locked in each step,
so that nothing is tried again while somebody says it was paid.
"""

import unicodedata
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.utils import timezone

from jusha.giving.failed_queries import FailedRefund, is_used, standing
from jusha.giving.hand_rules import (
    Hand,
    HandRefusedError,
    check_confirm,
    check_propose,
    check_retry,
    check_return,
)
from jusha.giving.models import HandPaid
from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.payments.models import Sending
from jusha.people import decisions

LANE: Final = "console"
RESIDUE: Final = "residue"
LOCK_SQL: Final = "SELECT pg_advisory_xact_lock(hashtext('jusha paid by hand'))"
"""One says "paid" at a time, so that two cannot name one transfer at once."""


def retry_refund(refund: int, hand: Hand, *, now: datetime) -> None:
    """Let the payments process try a failed refund again, under the same key: never paid twice.

    One person may: two have decided the refund. Raises HandRefusedError. Writes: jusha_sending.
    """
    with transaction.atomic():
        found = _locked(refund)
        check_retry(found.standing, hand)
        _check_residue(found.standing.charity)
        sending = found.sending
        sending.state, sending.told, sending.tries, sending.next_at = "asked", "", 0, now
        sending.save(update_fields=["state", "told", "tries", "next_at", "changed_at"])


def propose_paid(
    refund: int, hand: Hand, *, reference: str, paid_on: date | None, now: datetime
) -> None:
    """Say that a refund was paid by hand, for a second person to confirm.

    `reference`: the bank's number of the transfer, full-width letters as plain ones. A proposal
    that was handed back is overwritten. Raises HandRefusedError.
    Reads: as `failed_queries`. Writes: jusha_handpaid.
    """
    said = unicodedata.normalize("NFKC", reference).strip()
    today = timezone.localtime(now).date()
    with transaction.atomic():
        django_connection().execute(LOCK_SQL)
        found = _locked(refund)
        on = check_propose(found.standing, hand, reference=said, paid_on=paid_on, today=today)
        _check_residue(found.standing.charity)
        if is_used(said, leaving_out=refund):
            raise HandRefusedError("bad-reference")
        words = {"reference": said, "paid_on": on, "proposed_by": hand.name, "proposed_at": now}
        HandPaid.objects.update_or_create(pk=refund, defaults=words | {"confirmed_by": ""})


def return_paid(refund: int, hand: Hand) -> None:
    """Hand another person's proposal back: nothing was paid, as far as is known here.

    The row keeps both names until somebody says "paid" again. Raises HandRefusedError.
    Writes: jusha_handpaid.
    """
    with transaction.atomic():
        found = _locked(refund)
        check_return(found.standing, hand)
        assert found.said is not None
        found.said.confirmed_by = hand.name
        found.said.save(update_fields=["confirmed_by"])


def confirm_paid(refund: int, hand: Hand, *, reference: str, now: datetime) -> None:
    """Confirm what another person said, as it was read on the page; settlement clears what is owed.

    Raises HandRefusedError, "changed" where another reference stands there by now.
    Writes: jusha_handpaid, the inbox.
    """
    with transaction.atomic():
        found = _locked(refund)
        check_confirm(found.standing, hand)
        _check_residue(found.standing.charity)
        said = found.said
        assert said is not None
        if said.reference != reference:
            raise HandRefusedError("changed")
        said.confirmed_by, said.confirmed_at = hand.name, now
        said.save(update_fields=["confirmed_by", "confirmed_at"])
        append(django_connection(), lane=LANE, envelopes=[instruction(found, said)])


def instruction(found: FailedRefund, said: HandPaid) -> Instruction:
    """What settlement is told; the same for the same refund."""
    name = sha256(f"paid-by-hand\n{found.sending.key}".encode()).digest()[:16]
    body = {"deed": found.deed, "amount": found.standing.amount, "reference": said.reference}
    return Instruction(name, "refund-sent", said.proposed_by, said.confirmed_by, body)


def _check_residue(charity: str) -> None:
    """Refuse while an order about money that could not go back waits for its second person.

    It says that this money went to another charity: to pay the donor as well would be to pay twice.
    """
    if decisions.open_decisions(RESIDUE, charities=[charity]).exists():
        raise HandRefusedError("residue")


def _locked(refund: int) -> FailedRefund:
    sending = Sending.objects.select_for_update().filter(pk=refund).first()
    if sending is None:
        raise HandRefusedError("not-yours")
    return standing([sending])[0]
