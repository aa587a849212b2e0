"""The light page: what is left of home, a campaign or a project while all but giving is let go.

It is rendered into a file beforehand (snapshots.py) and costs two queries then, none when served.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.projects.hold_queries import held
from jusha.projects.models import Project
from jusha.web.shed_rules import Level
from jusha.web.snapshots import MARK

LISTED_MAX = 30


def is_light(request: HttpRequest) -> bool:
    """Whether this page is rendered for the time when all but giving is let go."""
    return request.META.get(MARK) == Level.DONATE_ONLY


def light_list(request: HttpRequest, campaign: campaigns.Running | None = None) -> HttpResponse:
    """A list of projects, each leading to giving; of a campaign, or of all."""
    day = campaign.page.code if campaign else timezone.localdate().isoformat()
    fair = projects.in_fair_order(day).exclude(code__in=held(timezone.localdate()))
    if campaign is not None:
        fair = fair.filter(id__in=campaign.page.projects.values("id"))
    context = {"campaign": campaign, "projects": fair[:LISTED_MAX]}
    return render(request, "web/light.html", context)


def light_project(request: HttpRequest, project: Project) -> HttpResponse:
    """One project and the form for an amount, which leads on to the donate page."""
    return render(request, "web/light.html", {"project": project})
