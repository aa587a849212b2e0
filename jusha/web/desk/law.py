"""Figures of the law at the desk: one proposes a new one from a day on, a reviewer confirms."""

import re
from datetime import date
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.law.add import KIND, SOURCE_MAX, FigureRefusedError, add, proposed
from jusha.law.queries import figures
from jusha.people.decisions import (
    DecisionRefusedError,
    confirm,
    decisions_about,
    decline,
    open_decisions,
    propose,
    withdraw,
)
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.law_words import REFUSALS, SURE
from jusha.web.views.law import told

SEE_OTHER: Final = 303
REFUSED: Final = 422
WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
OFFERED: Final = ("V", "S", "H")
HISTORY_MAX: Final = 20


def waiting(staff: Staff) -> int:
    """How many figures this person can confirm now. Reads: jusha_decision."""
    if staff.office != Office.REVIEWER:
        return 0
    return open_decisions(KIND).exclude(proposed_by=staff.account.pk).count()


@require_role(Office.REVIEWER, Office.OPERATOR, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List the figures, and what waits for a second person."""
    context = {"rules": told(localdate()), "asked": list(open_decisions(KIND))}
    return render(request, "web/desk_law.html", context)


@require_role(Office.REVIEWER, Office.OPERATOR, Office.AUDITOR)
def rule(request: DeskRequest, name: str) -> HttpResponse:
    """Show a rule's history; propose a figure, confirm or hand back another's proposal."""
    today = localdate()
    found = next((each for each in told(today) if each.rule == name), None)
    if found is None:
        raise Http404(name)
    error = ""
    if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
        return first
    if request.method == "POST":
        try:
            _do(request, name, today)
            return HttpResponseRedirect(reverse("desk-law-rule", args=(name,)), status=SEE_OTHER)
        except FigureRefusedError as refused:
            error = str(REFUSALS[refused.code])
        except DecisionRefusedError as refused:
            error = str(refusal(refused.code))
    decisions = list(decisions_about(KIND, name)[:HISTORY_MAX])
    context: dict[str, Any] = {
        "rule": found,
        "decisions": [
            (each, not hasattr(each, "end"), each.proposed_by == request.account.pk)
            for each in decisions
        ],
        "may_propose": request.staff.office in {Office.REVIEWER, Office.OPERATOR},
        "is_reviewer": request.staff.office == Office.REVIEWER,
        "sures": [(each, SURE[each]) for each in OFFERED],
        "typed": request.POST if error else {},
        "most": SOURCE_MAX,
        "error": error,
    }
    return render(request, "web/desk_law_rule.html", context, status=REFUSED if error else 200)


def _do(request: DeskRequest, name: str, today: date) -> None:
    """Do what was pressed. Raises FigureRefusedError, DecisionRefusedError."""
    post, by = request.POST, request.account.pk
    do, number = post.get("do", ""), post.get("number", "")
    if do == "propose":
        newest = max((f for f in figures() if f.rule == name), key=lambda f: (f.begins, f.place))
        text = post.get("value", "").strip()
        body = proposed(
            newest,
            value=int(text) if WHOLE.fullmatch(text) else -1,
            begins=_day(post.get("begins", "")),
            source=post.get("source", ""),
            sure=post.get("sure", ""),
            today=today,
        )
        propose(KIND, charity="", subject=name, body=body, by=by)
        return
    if not WHOLE.fullmatch(number) or not _is_about(int(number), name):
        raise DecisionRefusedError("unknown")
    if do == "confirm":
        confirm(int(number), kind=KIND, by=by, apply=_write)
    elif do == "withdraw":
        withdraw(int(number), kind=KIND, by=by)
    else:
        decline(int(number), kind=KIND, by=by, words=post.get("words", ""))


def _is_about(number: int, name: str) -> bool:
    return Decision.objects.filter(pk=number, kind=KIND, subject=name).exists()


def _write(decided: Decision) -> None:
    if date.fromisoformat(decided.body["begins"]) <= localdate():
        raise DecisionRefusedError("stale")  # its day came while it waited
    add(decided.body, decision=decided.pk)


def _day(text: str) -> date:
    """A day as a browser sends it; one long ago, which is refused, for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min
