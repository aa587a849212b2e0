"""A reviewer closes a complaint with a finding; the reporter is told."""

from functools import partial
from uuid import UUID

from jusha.oversight.models import ComplaintStep
from jusha.oversight.rules import check_close
from jusha.oversight.step import review


def close(number: int, *, by: UUID, finding: str, words: str) -> ComplaintStep:
    """Close an answered complaint: one of rules.FINDINGS, and why. Raises ComplaintRefusedError."""
    check = partial(check_close, finding=finding)
    return review(number, "closed", by=by, words=words, check=check, letter=True, finding=finding)
