"""A campaign: its theme, its day, its pools, its projects, its rule in a sentence."""

from typing import Any, Final

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.giving import queries as giving
from jusha.projects import queries as projects
from jusha.projects.hold_queries import held
from jusha.web.came_by import carried
from jusha.web.cards import card
from jusha.web.day_shown import day_of
from jusha.web.drawings import Curve, curve
from jusha.web.live import standing
from jusha.web.rails import offered
from jusha.web.rule_words import rule_gist, rule_terms, rule_title
from jusha.web.views.light import is_light, light_list

CURVE_KEEP_SECONDS: Final = 60


def campaign(request: HttpRequest, code: str) -> HttpResponse:
    """Show a campaign, its projects in an order nobody can buy."""
    found = campaigns.find(code)
    if found is None:
        raise Http404(code)
    if is_light(request):
        return light_list(request, found)
    fair = projects.in_fair_order(code).exclude(code__in=held(timezone.localdate()))
    shown = list(fair.filter(id__in=found.page.projects.values("id")))
    funds = projects.funds(project.code for project in shown)
    now = standing(found.id, found.page.code)
    cards = [card(each, now.by_project, funds.get(each.code)) for each in shown]
    context = _standing(found) | {
        "cards": cards,
        "curve": _curve(found.id),
        "day": day_of(found, [each.code for each in now.pools], timezone.now()),
        "carried": carried(request, code),
    }
    return render(request, "web/campaign.html", context)


def _curve(campaign: int) -> Curve | None:
    """Today as a line, as of at most a minute ago: it reads the whole day."""
    key = f"web:curve:{campaign}"
    found: tuple[list[giving.Minute], int] | None = cache.get(key)
    if found is None:
        at = timezone.localtime()
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        found = giving.by_minute(campaign, midnight), at.hour * 60 + at.minute
        cache.set(key, found, CURVE_KEEP_SECONDS)
    return curve(found[0], until=found[1])


def _standing(found: campaigns.Running) -> dict[str, Any]:
    now = timezone.now()
    state = standing(found.id, found.page.code)
    return {
        "campaign": found,
        "standing": state,
        "is_open": found.is_open(now),
        "is_over": now >= found.closes,
        "rails": now < found.opens and bool(offered()),
        "sentences": [
            (rule, rule_title(rule.terms), rule_gist(rule.terms), rule_terms(rule.terms))
            for pool in state.pools
            for rule in pool.rules
        ],
    }
