"""The platform's report at the desk: drafted from the books, published by two persons."""

from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.oversight import platform_report as platform
from jusha.oversight.platform_report import KIND, confirm_report, figures, propose_report
from jusha.oversight.platform_rules import PlatformRefusedError, over
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.forms import parse_yuan
from jusha.web.platform_shown import lines, ratios
from jusha.web.platform_words import REFUSALS, period_name

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15
WRITES: Final = frozenset({Office.OPERATOR, Office.FINANCE})
CONFIRMS: Final = WRITES | {Office.REVIEWER}


def waiting(staff: Staff) -> int:
    """How many reports this person can confirm. Reads: jusha_decision."""
    if staff.office not in CONFIRMS:
        return 0
    return open_decisions(KIND).exclude(proposed_by=staff.account.pk).count()


@require_role(Office.OPERATOR, Office.FINANCE, Office.REVIEWER, Office.AUDITOR)
def reports(request: DeskRequest) -> HttpResponse:
    """Show a period's figures; write its report, confirm a colleague's."""
    today, first = localdate(), platform.first_day()
    periods = over(first, today) if first else []
    period = request.GET.get("period", periods[0] if periods else "")
    if period and period not in periods:
        raise Http404(period)
    said = _done(request, period) if request.method == "POST" else ""
    if request.method == "POST" and not said:
        return HttpResponseRedirect(reverse("desk-platform-reports"), status=SEE_OTHER)
    now = figures(period, today=today) if period else {}
    context: dict[str, Any] = {
        "periods": [(each, period_name(each)) for each in periods],
        "period": period,
        "name": period_name(period) if period else "",
        "lines": lines(now) if now else [],
        "version": platform.newest_version(period) + 1 if period else 1,
        "asked": [_shown(each, request) for each in open_decisions(KIND)],
        "may_write": request.staff.office in WRITES,
        "may_confirm": request.staff.office in CONFIRMS,
        "said": said,
        "typed": request.POST if said else {},
    }
    return render(request, "web/desk_platform.html", context, status=REFUSED if said else 200)


def _shown(asked: Decision, request: DeskRequest) -> dict[str, Any]:
    body = asked.body
    return {
        "it": asked,
        "name": period_name(body["period"]),
        "lines": lines(body["figures"]),
        "ratios": ratios(body["figures"], body["cost"]),
        "is_own": asked.proposed_by == request.account.pk,
    }


def _done(request: DeskRequest, period: str) -> str:
    """Do what was pressed; what to say if it was refused, else ""."""
    post, by = request.POST, request.account.pk
    text, do = post.get("decision", ""), post.get("do", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0
    try:
        if do == "propose" and period:
            propose_report(
                period,
                income=_fen(post.get("income", "")),
                cost=_fen(post.get("cost", "")),
                words=post.get("words", "").replace("\r\n", "\n"),
                correction=post.get("correction", ""),
                by=by,
                today=localdate(),
            )
        elif do == "confirm":
            confirm_report(number, by=by)
        elif do == "decline":
            decline(number, kind=KIND, by=by, words=post.get("back", ""))
        elif do == "withdraw":
            withdraw(number, kind=KIND, by=by)
        else:
            return str(refusal("unknown"))
    except PlatformRefusedError as error:
        return str(REFUSALS[error.code])
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _fen(text: str) -> int:
    """An amount as typed, in fen; -1, which is refused, for anything else."""
    found = parse_yuan(text.strip())
    return -1 if found is None else found
