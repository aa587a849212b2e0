"""A project: what money does there, how far it is, what happened to it, who answers for it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.web import reference
from jusha.web.timeline import timeline


def project(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project that people wrote a page for."""
    found = reference.project_now(code)
    if found is None:
        raise Http404(code)
    now = timezone.now()
    running = [each for each in found.campaigns if each.is_open(now)]
    steps = timeline(found.project, found.fund, today=timezone.localdate(now))
    return render(
        request,
        "web/project.html",
        {
            "card": found.card,
            "project": found.project,
            "is_open": found.fund is not None and found.fund.state == "open",
            "line": found.line,
            "campaign": running[0] if running else None,
            "newest": found.newest,
            "steps": tuple(steps),
        },
    )
