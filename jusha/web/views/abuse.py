"""For everybody: what rules against abuse of matches found, and what became of it; no persons."""

from typing import Any, Final

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from jusha.guarding import queries
from jusha.guarding.queries import Counted
from jusha.guarding.rules import RULES, SHOWN_LEAST, few
from jusha.law.queries import figure
from jusha.oversight.report import ANSWER_DAYS
from jusha.web import reference
from jusha.web.abuse_words import RULES as NAMES
from jusha.web.abuse_words import terms_told
from jusha.web.titles import told

KEEP_SECONDS: Final = 60
"""How long the counts are kept."""


@require_safe
def abuse(request: HttpRequest) -> HttpResponse:
    """Show counts by rule and campaign, small ones as "<5", and every rule with its thresholds."""
    found = cache.get_or_set("web:abuse", queries.counts, KEEP_SECONDS) or {}
    today = localdate()
    holding = queries.in_force(today)
    context = {
        "rows": [_row(rule, campaign, each) for (rule, campaign), each in found.items()],
        "rules": [
            {
                "name": NAMES[rule],
                "version": f"{rule}.{holding[rule][0]}",
                "terms": terms_told(holding[rule][1]),
            }
            for rule in RULES
            if rule in holding
        ],
        "least": SHOWN_LEAST,
        "days": figure(ANSWER_DAYS, on=today),
    }
    return render(request, "web/abuse.html", context)


def _row(rule: str, campaign: str, found: Counted) -> dict[str, Any]:
    page = reference.campaign(campaign) if campaign else None
    return {
        "rule": NAMES[rule],
        "campaign": told(page, "title") if page else campaign,
        "counts": [few(each) for each in (found.cases, found.held, found.let, found.clawed)],
        "held_sum": found.open_sum if found.tells_sums else None,
        "clawed_sum": found.clawed_sum if found.tells_sums else None,
    }
