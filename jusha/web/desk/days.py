"""Giving days at the desk: the list, a day's page, its venues, an emergency venue; two open it."""

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.campaigns import day_queries as days
from jusha.campaigns import queries as campaigns
from jusha.campaigns.day_report import propose_report
from jusha.campaigns.day_rules import (
    COLOURS,
    KINDS,
    OPEN_KIND,
    REPORT_KIND,
    DayRefusedError,
    anchors,
    phase,
    suggestions,
)
from jusha.campaigns.edit_day import save_page
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.open_day import propose_emergency, propose_open
from jusha.people.decisions import DecisionRefusedError
from jusha.people.rules import Office
from jusha.web.day_form import DayForm, typed_of
from jusha.web.day_words import COLOUR_WORDS, PHASES, anchor_name, refused
from jusha.web.decision_words import refusal
from jusha.web.desk import day_decide
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
REFUSED: Final = 422
SUGGESTED: Final = 5
EMERGENCY_DAYS: Final = (3, 7, 14, 30)
LOOKS: Final = (Office.OPERATOR, Office.FINANCE, Office.REVIEWER, Office.AUDITOR)
HUB_KINDS: Final = (OPEN_KIND, REPORT_KIND)


def waiting(staff: Staff) -> int:
    """How many decisions about giving days this very person can confirm. Reads: jusha_decision."""
    return day_decide.waiting_for(staff, KINDS)


@require_role(*LOOKS)
def listed(request: DeskRequest) -> HttpResponse:
    """List giving days, drafts and rehearsals too, what waits, and the calendar's next days."""
    pages, now = days.drafts(), timezone.now()
    opened = set(Terms.objects.values_list("code", flat=True))
    context: dict[str, Any] = {
        "pages": [(each, _state(each, opened)) for each in pages],
        "rows": day_decide.rows(request.staff, KINDS),
        "suggested": [
            (code, anchor_name(code), day) for code, _, day in suggestions(timezone.localdate(now))
        ][:SUGGESTED],
        "may_write": request.staff.office == Office.OPERATOR,
    }
    return render(request, "web/desk_days.html", context)


def _state(page: Campaign, opened: set[str]) -> str:
    """draft, soon, now or over."""
    if page.code not in opened:
        return "draft"
    if page.opens is None or page.closes is None:
        return "now"
    return phase(page.opens, page.closes, timezone.now())


@require_role(Office.OPERATOR)
def new(request: DeskRequest) -> HttpResponse:
    """Write a new giving day."""
    return _written(request, None, parent="")


@require_role(Office.OPERATOR)
def venue(request: DeskRequest, code: str) -> HttpResponse:
    """Write a new venue of a giving day."""
    day = Campaign.objects.filter(code=code, parent="").first()
    if day is None:
        raise Http404(code)
    return _written(request, None, parent=code, day=day)


@require_role(Office.OPERATOR)
def edit(request: DeskRequest, code: str) -> HttpResponse:
    """Write a page again: all of a draft, the words alone of what was opened."""
    found = Campaign.objects.filter(code=code).first()
    if found is None:
        raise Http404(code)
    return _written(request, found, parent=found.parent)


def _written(
    request: DeskRequest, found: Campaign | None, *, parent: str, day: Campaign | None = None
) -> HttpResponse:
    """The form, and what it says; the day's hub when it was kept."""
    said, typed = "", typed_of(found) if found else _first_typed(request, day)
    if request.method == "POST":
        typed = request.POST.dict()
        form = DayForm(request.POST, parent=parent, code=found.code if found else "")
        try:
            page = form.page()
            if day is not None:
                page = page._replace(is_rehearsal=day.is_rehearsal)
            made = save_page(
                page,
                is_new=found is None,
                is_sandbox=settings.JUSHA_SIMULATOR,
                by=request.account.pk,
            )
            way = reverse("desk-day", args=(made.parent or made.code,))
            return HttpResponseRedirect(way, status=SEE_OTHER)
        except DayRefusedError as error:
            said = refused(error)
    context: dict[str, Any] = {
        "it": found,
        "parent": parent,
        "typed": typed,
        "said": said,
        "is_opened": found is not None and Terms.objects.filter(code=found.code).exists(),
        "colours": [(each, COLOUR_WORDS[each]) for each in COLOURS],
        "anchors": [(code, anchor_name(code)) for code in anchors()],
        "sandbox": settings.JUSHA_SIMULATOR,
    }
    return render(request, "web/desk_day_write.html", context, status=REFUSED if said else 200)


def _first_typed(request: DeskRequest, day: Campaign | None) -> dict[str, Any]:
    """What stands in an empty form: a venue has its day's times, a day its anchor's."""
    if day is None:
        code = request.GET.get("anchor", "")
        on = anchors()[code].next(timezone.localdate()) if code in anchors() else None
        if on is None:
            return {"colour": COLOURS[0]}
        times = {"opens": f"{on}T00:00", "closes": f"{on + timedelta(days=1)}T00:00"}
        return times | {"colour": COLOURS[0], "anchor": code}
    return {
        name: value
        for name, value in typed_of(day).items()
        if name in {"opens", "closes", "colour", "anchor"}
    }


@require_role(Office.OPERATOR)
def emergency(request: DeskRequest) -> HttpResponse:
    """Write an emergency venue in one form: its window begins now, a second person opens it."""
    said, typed = "", {"days": str(EMERGENCY_DAYS[1])}
    if request.method == "POST":
        typed = request.POST.dict()
        try:
            page = (
                DayForm(request.POST)
                .page()
                ._replace(opens=None, closes=None, predecessor="", anchor="")
            )
            length = typed.get("days", "")
            found = propose_emergency(
                page._replace(colour=COLOURS[0]),
                days=int(length) if length in map(str, EMERGENCY_DAYS) else EMERGENCY_DAYS[0],
                projects=typed.get("projects", "").replace(",", " ").replace("，", " ").split(),
                by=request.account.pk,
                now=timezone.now(),
                is_sandbox=settings.JUSHA_SIMULATOR,
            )
            return HttpResponseRedirect(
                reverse("desk-day", args=(found.subject,)), status=SEE_OTHER
            )
        except DayRefusedError as error:
            said = refused(error)
        except DecisionRefusedError as error:
            said = str(refusal(error.code))
    context = {"typed": typed, "said": said, "lengths": [str(each) for each in EMERGENCY_DAYS]}
    return render(request, "web/desk_day_emergency.html", context, status=REFUSED if said else 200)


@require_role(*LOOKS)
def hub(request: DeskRequest, code: str) -> HttpResponse:
    """One giving day: where it stands, its venues, what waits, and the ways to its parts."""
    found = Campaign.objects.filter(code=code).first()
    if found is None:
        raise Http404(code)
    said = ""
    if request.method == "POST":
        answer = _done(request, found)
        if isinstance(answer, HttpResponse):
            return answer
        said = answer
        if not said:
            return HttpResponseRedirect(reverse("desk-day", args=(code,)), status=SEE_OTHER)
    venues = list(Campaign.objects.filter(parent=code).order_by("id"))
    opened = set(Terms.objects.values_list("code", flat=True))
    running = campaigns.find(code)
    states = [(each, _state(each, opened)) for each in (found, *venues)]
    context: dict[str, Any] = {
        "it": found,
        "states": states,
        "state": states[0][1],
        "phases": PHASES,
        "running": running,
        "anchor": anchor_name(found.anchor),
        "lineage": days.lineage(found),
        "rows": day_decide.rows(request.staff, HUB_KINDS, subject=code),
        "history": day_decide.history(HUB_KINDS, code),
        "projects": found.projects.count(),
        "may_write": request.staff.office == Office.OPERATOR,
        "can_open": any(state == "draft" for _, state in states),
        "is_over": running is not None and timezone.now() >= running.closes,
        "report": days.newest_report(code),
        "said": said,
    }
    return render(request, "web/desk_day.html", context, status=REFUSED if said else 200)


def _done(request: DeskRequest, found: Campaign) -> HttpResponse | str:
    """Propose to open or to report, or end a decision; what to say if it was refused."""
    do, by, now = request.POST.get("do", ""), request.account.pk, timezone.now()
    try:
        if do == "open":
            propose_open(found.code, by=by, now=now, is_sandbox=settings.JUSHA_SIMULATOR)
        elif do == "report":
            propose_report(found.code, by=by, now=now, today=timezone.localdate(now))
        else:
            return day_decide.end(request, HUB_KINDS)
    except DayRefusedError as error:
        return refused(error)
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""
