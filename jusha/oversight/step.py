"""One step about a complaint: locked, checked, recorded with its words; the verbs share it."""

from collections.abc import Callable, Collection
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.timezone import localdate, now

from jusha.oversight import queries
from jusha.oversight.models import Complaint, ComplaintLetter, ComplaintStep
from jusha.oversight.rules import (
    REVIEWER,
    ComplaintRefusedError,
    check_judge,
    check_open,
    check_words,
)
from jusha.oversight.words import is_mail, keep_words, read_contact

Check = Callable[[Collection[str]], None]

log = structlog.get_logger("oversight")


def review(
    number: int,
    did: str,
    *,
    by: UUID,
    words: str,
    check: Check = check_open,
    letter: bool = False,
    finding: str = "",
    hold: int = 0,
) -> ComplaintStep:
    """Record what a reviewer does, with words; with `letter`, the reporter is written to.

    The complaint is locked until the caller's transaction ends. Raises ComplaintRefusedError.
    Writes: jusha_complaintstep, jusha_complaintwords, jusha_complaintletter.
    """
    said = check_words(words)
    with transaction.atomic():
        found = locked(number, check)
        check_judge(queries.judge(found, by), charity=found.charity)
        made = ComplaintStep.objects.create(
            complaint=number, did=did, as_role=REVIEWER, by=by, finding=finding, hold=hold
        )
        keep_words(made.pk, number, said)
        if letter and is_mail(read_contact(number)):
            ComplaintLetter.objects.create(step=made.pk, complaint=number, mail_at=now())
    log.info("complaint_step", complaint=number, did=did)
    return made


def locked(number: int, check: Check) -> Complaint:
    """The complaint, locked and its steps checked. Raises ComplaintRefusedError."""
    found = Complaint.objects.select_for_update().filter(pk=number).first()
    case = queries.find(number, today=localdate()) if found else None
    if found is None or case is None:
        raise ComplaintRefusedError("unknown")
    check(case.did)
    return found
