"""A reviewer holds the project that a complaint is about, at once and alone."""

from uuid import UUID

from django.db import transaction

from jusha.oversight.models import Complaint, ComplaintStep
from jusha.oversight.rules import ComplaintRefusedError
from jusha.oversight.step import review
from jusha.projects.hold import place


def hold_project(number: int, *, by: UUID, cause: str, reason: str, words: str) -> ComplaintStep:
    """Suspend the project or take it down; `words` are for the public.

    Raises ComplaintRefusedError, HoldRefusedError. Writes: jusha_projecthold, the inbox, the step.
    """
    project = Complaint.objects.filter(pk=number).values_list("project", flat=True).first()
    if not project:
        raise ComplaintRefusedError("no-project")
    with transaction.atomic():
        made = place(project, cause=cause, reason=reason, words=words, by=by, complaint=number)
        return review(number, "held", by=by, words=words, hold=made.pk)
