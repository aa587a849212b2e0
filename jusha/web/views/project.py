"""A project: what money does there, how far it is, what happened to it, who answers for it."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.projects.hold_rules import TAKEN_DOWN
from jusha.web import reference
from jusha.web.came_by import carried
from jusha.web.complaint_words import HOLD_REASONS, word
from jusha.web.disclosure_words import pressing
from jusha.web.raising_words import why_not
from jusha.web.timeline import timeline
from jusha.web.views.light import is_light, light_project

DEADLINES_SHOWN: Final = 4


def project(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project that people wrote a page for."""
    found = reference.project_now(code)
    if found is None:
        raise Http404(code)
    if is_light(request):
        return light_project(request, found.project)
    now = timezone.now()
    hold = reference.hold(code)
    is_open = [each for each in found.campaigns if each.is_open(now)]
    running = [each for each in is_open if not each.page.is_rehearsal]
    wanted = request.GET.get("campaign", "")
    named = (each for each in is_open if each.page.code == wanted)
    campaign = next(named, running[0] if running else None)
    today = timezone.localdate(now)
    steps = timeline(found.project, found.fund, today=today)
    return render(
        request,
        "web/project.html",
        {
            "card": found.card,
            "hold": hold,
            "hold_reason": word(HOLD_REASONS, hold.reason) if hold else "",
            "is_down": hold is not None and hold.cause == TAKEN_DOWN,
            "project": found.project,
            "is_open": not found.hindrances,
            "why": why_not(found.hindrances),
            "certificate": found.certificate,
            "public": found.public,
            "line": found.line,
            "spent": found.spent,
            "campaign": campaign,
            "carried": carried(request, campaign.page.code if campaign else ""),
            "newest": found.newest,
            "residue": found.residue,
            "related": found.related,
            "steps": tuple(steps),
            "deadlines": tuple(pressing(reference.deadlines(code, today), most=DEADLINES_SHOWN)),
        },
    )
