"""A campaign: its theme, its day, its pools, its projects, its rule in a sentence."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.web.cards import card
from jusha.web.live import standing
from jusha.web.rule_words import rule_gist, rule_terms, rule_title


def campaign(request: HttpRequest, code: str) -> HttpResponse:
    """Show a campaign, its projects in an order nobody can buy."""
    found = campaigns.find(code)
    if found is None:
        raise Http404(code)
    shown = list(projects.in_fair_order(code).filter(id__in=found.page.projects.values("id")))
    funds = projects.funds(project.code for project in shown)
    now = standing(found.id)
    cards = [card(each, now.by_project, funds.get(each.code)) for each in shown]
    return render(request, "web/campaign.html", _standing(found) | {"cards": cards})


def campaign_live(request: HttpRequest, code: str) -> HttpResponse:
    """The campaign's numbers, alone."""
    found = campaigns.find(code)
    if found is None:
        raise Http404(code)
    response = render(request, "web/parts/standing.html", _standing(found))
    response["Cache-Control"] = "no-store"
    return response


def _standing(found: campaigns.Running) -> dict[str, Any]:
    now = timezone.now()
    state = standing(found.id)
    return {
        "campaign": found,
        "standing": state,
        "is_open": found.is_open(now),
        "is_over": now >= found.closes,
        "sentences": [
            (rule, rule_title(rule.terms), rule_gist(rule.terms), rule_terms(rule.terms))
            for pool in state.pools
            for rule in pool.rules
        ],
    }
