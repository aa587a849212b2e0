"""Abuse of matches at the desk: a reviewer lets go alone, takes back with a second one."""

from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.guarding import decide, edit_rules, queries
from jusha.guarding.models import AbuseCase
from jusha.guarding.rules import RULES, WORDS_MAX, AbuseRefusedError
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web import abuse_words, reference
from jusha.web.abuse_graph import graph, strip
from jusha.web.desk.abuse_rules import days_of
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.titles import told

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15


def waiting(staff: Staff) -> int:
    """How many open cases this reviewer can still move: none they proposed to take back.

    Reads: jusha_abusecase, jusha_abuseend, jusha_decision.
    """
    if staff.office != Office.REVIEWER:
        return 0
    mine = decisions.open_decisions(decide.KIND).filter(proposed_by=staff.account.pk).count()
    rules = decisions.open_decisions(edit_rules.KIND).exclude(proposed_by=staff.account.pk)
    return queries.count_open() - mine + rules.count()


@require_role(Office.REVIEWER, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List the cases that nobody has ended, the first due first, and the newest that are."""
    asked = {int(each.subject) for each in decisions.open_decisions(decide.KIND)}
    context = {
        "rows": [_row(case) | {"is_asked": case.pk in asked} for case in queries.open_cases()],
        "ended": [
            _row(case) | {"state": abuse_words.STATES[case.end.verdict], "end": case.end}
            for case in queries.ended_cases()
        ],
        "today": localdate(),
    }
    return render(request, "web/desk_abuse.html", context)


@require_role(Office.REVIEWER, Office.AUDITOR)
def one(request: DeskRequest, number: str) -> HttpResponse:
    """Show a case with its gifts and its picture; let go, propose, confirm, hand back."""
    case = AbuseCase.objects.filter(pk=int(number)).first()
    if case is None:
        raise Http404(number)
    do, refusal = request.POST.get("do", ""), ""
    if request.method == "POST":
        if do == "confirm" and (first := prove_first(request)) is not None:
            return first
        refusal = _done(request, case, do)
        if not refusal:
            here = reverse("desk-abuse-case", args=(case.pk,))
            return HttpResponseRedirect(here, status=SEE_OTHER)
    context = _context(request, case) | {
        "refusal": abuse_words.REFUSALS.get(refusal, abuse_words.REFUSALS["unknown"])
        if refusal
        else "",
        "typed": request.POST.get("words", "") if refusal else "",
        "tried": do,
    }
    return render(request, "web/desk_abuse_case.html", context, status=REFUSED if refusal else 200)


def _row(case: AbuseCase) -> dict[str, Any]:
    campaign = reference.campaign(case.campaign)
    return {
        "case": case,
        "rule": abuse_words.RULES[case.rule],
        "why": abuse_words.explained(case),
        "campaign": told(campaign, "title") if campaign else case.campaign,
    }


def _context(request: DeskRequest, case: AbuseCase) -> dict[str, Any]:
    gifts, end = queries.gifts_of(case), queries.end_of(case)
    linked = any(gift.links for gift in gifts)
    asked = _asked(case) if end is None else None
    mine = request.account.pk
    return _row(case) | {
        "gifts": gifts,
        "left_out": max(case.gifts.count() - len(gifts), 0),
        "given": sum(gift.amount for gift in gifts),
        "matched": sum(gift.matched for gift in gifts),
        "payers": len({gift.payer for gift in gifts}),
        "graph": graph(gifts) if linked else None,
        "strip": None if linked else strip(gifts),
        "version": f"{case.rule}.{case.version}",
        "since": days_of(case.rule, case.version),
        "end": end,
        "state": abuse_words.STATES[end.verdict if end else "open"],
        "asked": asked,
        "is_own": asked is not None and asked.proposed_by == mine,
        "objections": queries.objections([gift.deed for gift in gifts]),
        "may": request.staff.office == Office.REVIEWER and end is None,
        "conflict": queries.works_there(case, mine),
        "most": WORDS_MAX,
        "today": localdate(),
    }


def _asked(case: AbuseCase) -> Decision | None:
    return decisions.open_decisions(decide.KIND).filter(subject=str(case.pk)).first()


def _done(request: DeskRequest, case: AbuseCase, do: str) -> str:
    """Do what was pressed; the code of the refusal, or ""."""
    by, words = request.account.pk, request.POST.get("words", "")
    text = request.POST.get("decision", "")
    asked = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0
    try:
        match do:
            case "let":
                decide.let_go(case.pk, words=words, by=by)
            case "propose":
                decide.propose_claw_back(case.pk, words=words, by=by)
            case "confirm":
                decide.confirm_claw_back(asked, by=by)
            case "decline":
                decisions.decline(asked, kind=decide.KIND, by=by, words=words)
            case "withdraw":
                decisions.withdraw(asked, kind=decide.KIND, by=by)
            case _:
                return "unknown"
    except (AbuseRefusedError, DecisionRefusedError) as error:
        return error.code
    return ""


assert abuse_words.RULES.keys() == RULES.keys()
