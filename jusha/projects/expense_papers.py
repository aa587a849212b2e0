"""Papers of an expense that its charity lets donors see: the very paper, or a covered copy of it.

A receipt may name a person: a driver, a child's parent. So papers are for those who examine them,
until somebody of the charity who has looked says that everybody may see this one, or hands in a
copy on which what is private is covered. Taking back is possible; copies elsewhere live on.
"""

from typing import Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.projects.expenses import reference
from jusha.projects.models import Expense, ExpensePaper
from jusha.uploads.publish import UnknownUploadError, publish_upload, withdraw_upload

PAPERS_MAX: Final = 12
"""Papers of one expense that are shown at a time."""

log = structlog.get_logger("expenses")


def show_paper(decision: Decision, sha256: str, *, by: UUID) -> None:
    """Let everybody see a paper of the settled expense that a request became.

    It must have been handed in by the charity; it is the original if the request names it.
    Raises DecisionRefusedError: "unknown" for a request that is no expense yet, "evidence" for a
    file of others or one too many, "not-yours". Writes: jusha_expensepaper, jusha_uploadshown.
    """
    if len(papers_shown(_entry(decision))) >= PAPERS_MAX:
        raise DecisionRefusedError("evidence")
    _note(decision, sha256, by, shown=True)


def hide_paper(decision: Decision, sha256: str, *, by: UUID) -> None:
    """Let a paper be seen no longer. Raises DecisionRefusedError as `show_paper` does.

    Writes: jusha_expensepaper, jusha_uploadshown.
    """
    _note(decision, sha256, by, shown=False)


def papers_shown(number: int) -> list[ExpensePaper]:
    """The papers of an expense that everybody may see, originals first.

    Reads: jusha_expensepaper.
    """
    newest = ExpensePaper.objects.filter(number=number).order_by("sha256", "-id")
    found = [each for each in newest.distinct("sha256") if each.shown]
    return sorted(found, key=lambda each: (not each.original, each.pk))


def _entry(decision: Decision) -> int:
    """The entry of the expense that a request became. Raises DecisionRefusedError("unknown")."""
    found = Expense.objects.filter(ref=reference(decision.pk), number__gt=0)
    number = found.values_list("number", flat=True).first()
    if number is None:
        raise DecisionRefusedError("unknown")
    return int(number)


def _note(decision: Decision, sha256: str, by: UUID, *, shown: bool) -> None:
    number, charity = _entry(decision), decision.charity
    where = f"expense {number}"
    try:
        with transaction.atomic():
            ExpensePaper.objects.create(
                number=number,
                charity=charity,
                sha256=sha256,
                original=sha256 in decision.evidence,
                shown=shown,
                by=by,
            )
            if shown:
                publish_upload(sha256, where, charity=charity, project=decision.subject)
            else:
                withdraw_upload(sha256, where, charity=charity)
    except UnknownUploadError as error:
        raise DecisionRefusedError("evidence") from error
    except IntegrityError as error:
        raise DecisionRefusedError("not-yours") from error
    log.info("expense_paper", number=number, sha256=sha256, shown=shown)
