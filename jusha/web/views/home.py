"""Home: one sentence, one number that lives, three projects, how to check us."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog
from jusha.web.cards import cards
from jusha.web.entries import rows
from jusha.web.live import shanghai_day, today
from jusha.web.views.beside import beside

PROJECTS_SHOWN = 3
ENTRIES_SHOWN = 5


def home(request: HttpRequest) -> HttpResponse:
    """Show the front page; beside any platform, that is the accounts."""
    if settings.JUSHA_MODE == "beside":
        return beside(request)
    now = timezone.now()
    day = shanghai_day(now)
    running = [each for each in campaigns.all_campaigns() if each.is_open(now)]
    published = tlog.checkpoint()
    shown = list(projects.in_fair_order(day))
    return render(
        request,
        "web/home.html",
        {
            "today": today(),
            "day": day,
            "cards": cards(shown[:PROJECTS_SHOWN]),
            "campaign": running[0] if running else None,
            "checkpoint": published,
            "published": published.size if published else 0,
            "rows": rows(tlog.latest(ENTRIES_SHOWN), projects={each.code: each for each in shown}),
        },
    )
