"""Home: one sentence, one number that lives, three projects, how to check us."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.web import reference
from jusha.web.entries import rows
from jusha.web.live import shanghai_day, today
from jusha.web.templatetags.keep import reported
from jusha.web.titles import held_titles_of
from jusha.web.views.beside import beside
from jusha.web.views.light import is_light, light_list

PROJECTS_SHOWN = 3
ENTRIES_SHOWN = 5


def home(request: HttpRequest) -> HttpResponse:
    """Show the front page; beside any platform, that is the accounts."""
    if settings.JUSHA_MODE == "beside":
        return beside(request)
    if is_light(request):
        return light_list(request)
    now = timezone.now()
    day = shanghai_day(now)
    every = reference.all_campaigns()
    running = [each for each in every if each.is_open(now) and not each.page.parent]
    published = reference.checkpoint()
    first = reference.first_cards(day, PROJECTS_SHOWN)
    known = {each.project.code: each.project for each in first}
    return render(
        request,
        "web/home.html",
        {
            "today": today(),
            "day": day,
            "cards": first,
            "campaign": running[0] if running else None,
            "checkpoint": published,
            "published": published.size if published else 0,
            "rows": tuple(
                rows(reference.latest(ENTRIES_SHOWN), projects=known, titles_by=held_titles_of)
            ),
            "browsers": reported(),
        },
    )
