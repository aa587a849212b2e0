"""Home: one sentence, one number that lives, three projects, how to check us."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog
from jusha.web.cards import cards
from jusha.web.live import shanghai_day, today
from jusha.web.views.beside import beside

PROJECTS_SHOWN = 3


def home(request: HttpRequest) -> HttpResponse:
    """Show the front page; beside any platform, that is the accounts."""
    if settings.JUSHA_MODE == "beside":
        return beside(request)
    now = timezone.now()
    day = shanghai_day(now)
    running = [each for each in campaigns.all_campaigns() if each.is_open(now)]
    return render(
        request,
        "web/home.html",
        {
            "today": today(),
            "day": day,
            "cards": cards(projects.in_fair_order(day)[:PROJECTS_SHOWN]),
            "campaign": running[0] if running else None,
            "checkpoint": tlog.checkpoint(),
        },
    )


def home_live(request: HttpRequest) -> HttpResponse:
    """The number that lives, alone."""
    response = render(request, "web/parts/today.html", {"today": today()})
    response["Cache-Control"] = "no-store"
    return response
