"""Somebody reports what seems wrong: it gets a number, a last day to be answered, an address."""

from datetime import date
from typing import Final

import structlog
from django.db import transaction

from jusha.law.queries import figure
from jusha.oversight.models import Complaint, ComplaintStep
from jusha.oversight.rules import (
    ABOUT_MAX,
    KINDS,
    REPORTER,
    ComplaintRefusedError,
    check_words,
    due,
)
from jusha.oversight.words import keep_contact, keep_words, read_contact_text

ANSWER_DAYS: Final = "complaint-answer-working-days"
"""The figure of the law."""

log = structlog.get_logger("oversight")


def report(
    *, kind: str, about: str, words: str, contact: str, project: str, charity: str, today: date
) -> Complaint:
    """Take a complaint in; words and contact are sealed. Raises ComplaintRefusedError.

    `about` is the page's path; `project` and `charity` are codes, or "". The clock starts on the
    working day behind `today` (Shanghai). Reads: jusha_lawrule.
    Writes: jusha_complaint, jusha_complaintstep, jusha_complaintwords, jusha_complaintcontact.
    """
    if kind not in KINDS:
        raise ComplaintRefusedError("bad-kind")
    said, reached = check_words(words), read_contact_text(contact)
    days = figure(ANSWER_DAYS, on=today)
    with transaction.atomic():
        made = Complaint.objects.create(
            kind=kind,
            about=about[:ABOUT_MAX],
            project=project,
            charity=charity,
            received_on=today,
            answer_days=days,
            due_on=due(today, working_days=days),
        )
        step = ComplaintStep.objects.create(complaint=made.pk, did="received", as_role=REPORTER)
        keep_words(step.pk, made.pk, said)
        if reached:
            keep_contact(made.pk, reached)
    log.info("complaint_received", complaint=made.pk, kind=kind, due=str(made.due_on))
    return made
