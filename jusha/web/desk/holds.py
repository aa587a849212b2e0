"""Holds at the desk: one reviewer stops a project at once, two let it go."""

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects import hold_queries
from jusha.projects import queries as projects
from jusha.projects.hold import confirm_lift, place, propose_lift
from jusha.projects.hold_rules import CAUSES, LIFT_KIND, REASONS, WORDS_MAX, HoldRefusedError
from jusha.web.complaint_words import CAUSES as CAUSE_WORDS
from jusha.web.complaint_words import HOLD_REASONS, REFUSALS, word
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15


def waiting(staff: Staff) -> int:
    """How many lifts wait for this reviewer. Reads: jusha_decision."""
    if staff.office != Office.REVIEWER:
        return 0
    return decisions.open_decisions(LIFT_KIND).exclude(proposed_by=staff.account.pk).count()


@require_role(Office.REVIEWER, Office.AUDITOR)
def holds(request: DeskRequest) -> HttpResponse:
    """List the holds that stand; place one, propose to lift one, confirm a colleague's."""
    if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
        return first
    refusal = _done(request) if request.method == "POST" else ""
    if request.method == "POST" and not refusal:
        return HttpResponseRedirect(reverse("desk-holds"), status=SEE_OTHER)
    standing = list(hold_queries.standing())
    titles = projects.named({each.project for each in standing})
    proposed = {each.subject: each for each in decisions.open_decisions(LIFT_KIND)}
    context: dict[str, Any] = {
        "rows": [
            (
                each,
                titles.get(each.project),
                word(CAUSE_WORDS, each.cause),
                word(HOLD_REASONS, each.reason),
                proposed.get(each.project),
                _is_own(request, proposed.get(each.project)),
            )
            for each in standing
        ],
        "may": request.staff.office == Office.REVIEWER,
        "causes": [(each, word(CAUSE_WORDS, each)) for each in CAUSES],
        "reasons": [(each, word(HOLD_REASONS, each)) for each in REASONS],
        "most": WORDS_MAX,
        "refusal": word(REFUSALS, refusal) if refusal else "",
        "typed": request.POST if refusal else {},
    }
    return render(request, "web/desk_holds.html", context, status=REFUSED if refusal else 200)


def _is_own(request: DeskRequest, found: Decision | None) -> bool:
    return found is not None and found.proposed_by == request.account.pk


def _done(request: DeskRequest) -> str:
    """Do what was pressed; the code of the refusal, or ""."""
    said, by = request.POST, request.account.pk
    number = said.get("decision", "")
    lift = int(number) if number.isdecimal() and len(number) <= DIGITS_MAX else 0
    words = said.get("words", "")
    try:
        match said.get("do", ""):
            case "place":
                cause, reason = said.get("cause", ""), said.get("reason", "")
                code = said.get("project", "").strip()
                place(code, cause=cause, reason=reason, words=words, by=by)
            case "propose":
                propose_lift(said.get("project", ""), words=words, by=by)
            case "confirm":
                confirm_lift(lift, by=by)
            case "decline":
                decisions.decline(lift, kind=LIFT_KIND, by=by, words=words)
            case "withdraw":
                decisions.withdraw(lift, kind=LIFT_KIND, by=by)
            case _:
                return "unknown"
    except (HoldRefusedError, DecisionRefusedError) as error:
        return error.code
    return ""
