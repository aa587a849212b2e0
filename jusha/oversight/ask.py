"""A reviewer asks the charity; it sees the question, and nothing that the reporter wrote."""

from uuid import UUID

from jusha.oversight.models import Complaint, ComplaintStep
from jusha.oversight.rules import ComplaintRefusedError
from jusha.oversight.step import review


def ask(number: int, *, by: UUID, words: str) -> ComplaintStep:
    """Put a question to the charity that a complaint is about. Raises ComplaintRefusedError."""
    if not Complaint.objects.filter(pk=number).exclude(charity="").exists():
        raise ComplaintRefusedError("no-charity")
    return review(number, "asked", by=by, words=words)
