"""A reviewer answers who reported: at their address, and by letter if they left one."""

from uuid import UUID

from jusha.oversight.models import ComplaintStep
from jusha.oversight.step import review


def answer(number: int, *, by: UUID, words: str) -> ComplaintStep:
    """Answer a complaint; the clock stops with the first answer. Raises ComplaintRefusedError."""
    return review(number, "answered", by=by, words=words, letter=True)
