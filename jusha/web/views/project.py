"""A project: what money does there, how far it is, what happened to it, who answers for it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.giving import queries as giving
from jusha.projects import queries as projects
from jusha.web.cards import card
from jusha.web.timeline import timeline

GIFTS_SHOWN = 5


def project(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project that people wrote a page for."""
    found = projects.find(code)
    if found is None:
        raise Http404(code)
    now = timezone.now()
    fund = projects.fund(code)
    raised = campaigns.raised([fund.project]) if fund else {}
    running = [each for each in campaigns.of_project(code) if each.is_open(now)]
    return render(
        request,
        "web/project.html",
        {
            "card": card(found, raised, fund),
            "project": found,
            "is_open": fund is not None and fund.state == "open",
            "line": projects.money_line(fund) if fund else None,
            "campaign": running[0] if running else None,
            "newest": giving.newest(fund.project, GIFTS_SHOWN) if fund else [],
            "steps": timeline(found, fund, today=timezone.localdate(now)),
        },
    )
