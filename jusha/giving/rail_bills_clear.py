"""A difference is cleared by two people of finance: one names the reason, another confirms it.

Clearing moves no money: it says that people know why the two sides differ. What was said stays,
step by step, for ever.
"""

from django.db import transaction
from django.utils.timezone import now

from jusha.giving.models import RailDifference, RailDifferenceStep
from jusha.giving.rail_bills_rules import (
    CLEARED,
    OPEN,
    PROPOSED,
    Clearer,
    ClearRefusedError,
    check_confirm,
    check_propose,
    check_return,
)


def propose_clear(difference: int, clearer: Clearer, *, reason: str, note: str) -> RailDifference:
    """Name the reason of a difference, for a second person to confirm. Raises ClearRefusedError.

    Writes: jusha_raildifference, jusha_raildifferencestep.
    """
    said = note.strip()
    with transaction.atomic():
        found = _locked(difference)
        check_propose(
            state=found.state, charity=found.charity, clearer=clearer, reason=reason, note=said
        )
        found.state, found.proposed_by, found.confirmed_by = PROPOSED, clearer.name, ""
        found.reason, found.note = reason, said
        found.save(update_fields=["state", "proposed_by", "confirmed_by", "reason", "note"])
        _step(found, "proposed", clearer)
    return found


def confirm_clear(difference: int, clearer: Clearer, *, reason: str, note: str) -> RailDifference:
    """Confirm what another person proposed: `reason` and `note` as they were read on the page.

    Raises ClearRefusedError, with `changed` where another reason stands there by now.
    Writes: jusha_raildifference, jusha_raildifferencestep.
    """
    with transaction.atomic():
        found = _locked(difference)
        check_confirm(
            state=found.state,
            charity=found.charity,
            clearer=clearer,
            proposed_by=found.proposed_by,
        )
        if (found.reason, found.note) != (reason, note):
            raise ClearRefusedError("changed")
        found.state, found.confirmed_by, found.closed_at = CLEARED, clearer.name, now()
        found.next_at = None
        found.save(update_fields=["state", "confirmed_by", "closed_at", "next_at"])
        _step(found, "cleared", clearer)
    return found


def return_clear(difference: int, clearer: Clearer) -> RailDifference:
    """Hand a proposal back: it is open again. Raises ClearRefusedError.

    Writes: jusha_raildifference, jusha_raildifferencestep.
    """
    with transaction.atomic():
        found = _locked(difference)
        check_return(state=found.state, charity=found.charity, clearer=clearer)
        _step(found, "returned", clearer)
        found.state, found.reason, found.note, found.proposed_by = OPEN, "", "", ""
        found.save(update_fields=["state", "reason", "note", "proposed_by"])
    return found


def _locked(difference: int) -> RailDifference:
    found = RailDifference.objects.select_for_update().filter(pk=difference).first()
    if found is None:
        raise ClearRefusedError("not-yours")
    return found


def _step(found: RailDifference, did: str, clearer: Clearer) -> None:
    RailDifferenceStep.objects.create(
        difference=found.pk, did=did, by=clearer.name, reason=found.reason, note=found.note
    )
