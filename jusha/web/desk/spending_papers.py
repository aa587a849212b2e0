"""Papers of an expense at the desk: shown to donors as they are, or as a covered copy."""

import re
from typing import Any, Final

from jusha.charities.rules import Role
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.projects.expense_papers import hide_paper, papers_shown, show_paper
from jusha.uploads.keep import keep
from jusha.uploads.rules import PAPERS, UploadRefusedError
from jusha.web import upload_words
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest
from jusha.web.desk.staff import Staff
from jusha.web.spending_words import FAULTS, NOT_SURE

HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
VERBS: Final = frozenset({"show", "show-copy", "hide"})


def may_show(staff: Staff, found: Decision) -> bool:
    """Whether this person may decide what donors see; the database asks it again."""
    return any(staff.holds(each, charity=found.charity) for each in (Role.PROGRAMME, Role.FINANCE))


def done(request: DeskRequest, found: Decision, do: str) -> str:
    """Show or hide a paper; what to say if it was refused, else ""."""
    if not may_show(request.staff, found):
        return str(refusal("not-yours"))
    if do != "hide" and request.POST.get("sure") != "yes":
        return str(NOT_SURE)
    try:
        tell = hide_paper if do == "hide" else show_paper
        tell(found, _chosen(request, found, do), by=request.account.pk)
    except UploadRefusedError as error:
        return str(upload_words.refusal(error.code))
    except DecisionRefusedError as error:
        return str(FAULTS.get(error.code) or refusal(error.code))
    return ""


def _chosen(request: DeskRequest, found: Decision, do: str) -> str:
    """The hash of the paper that was pressed, or of the copy that came with the form.

    Raises UploadRefusedError, DecisionRefusedError.
    """
    sha256 = request.POST.get("file", "")
    if do == "show-copy":
        given = request.FILES.get("copy")
        if given is None:
            raise DecisionRefusedError("evidence")
        made = keep(given, by=request.account.pk, charity=found.charity, kinds=PAPERS)
        return str(made.sha256)
    if not HASH.fullmatch(sha256) or (do == "show" and sha256 not in found.evidence):
        raise DecisionRefusedError("unknown")
    return sha256


def context(staff: Staff, found: Decision, entry: int) -> dict[str, Any]:
    """What the page needs to offer it: which hashes are shown, and those that are copies."""
    shown = papers_shown(entry) if entry else []
    return {
        "may_show": bool(entry) and may_show(staff, found),
        "shown": {each.sha256 for each in shown},
        "copies": [each.sha256 for each in shown if not each.original],
    }
