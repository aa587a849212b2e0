"""A charity: who it is, what it is registered as, its projects and what they got."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.charities import queries as charities
from jusha.charities.network import network_of
from jusha.charities.qualification import standing
from jusha.payments.payee_queries import coming
from jusha.projects import queries as projects
from jusha.projects.disclosure_queries import overdue_of_charity
from jusha.projects.rules import Hindrance
from jusha.stories.queries import verified
from jusha.web.cards import card
from jusha.web.payee_words import way_name
from jusha.web.raising_words import sentence
from jusha.web.tier_words import TIERS, kind_name


def charity(request: HttpRequest, code: str) -> HttpResponse:
    """Show a charity that has a page."""
    found = charities.find(code)
    if found is None:
        raise Http404(code)
    shown = projects.of_charity(code)
    funds = projects.funds(each.code for each in shown)
    today = timezone.localdate()
    certificate = charities.certificate(code, today)
    raised = campaigns.raised(fund.project for fund in funds.values())
    stands = standing(certificate, today)
    own, hub, members = network_of(code, today)
    context = {
        "charity": found,
        "payee": charities.payee(code),
        "certificate": certificate,
        "official": verified(found, today),
        "form": kind_name(found.kind),
        "own": own,
        "tier": TIERS[own.tier] if own else "",
        "hub": hub,
        "members": members,
        "partners": charities.partners(code, today),
        "changes": [
            (way_name(each.rail), each.since) for each in coming([code], now=timezone.now())
        ],
        "why": "" if stands == "valid" else sentence(Hindrance(f"certificate-{stands}")),
        "late": overdue_of_charity(code, today),
        "raised": sum(raised.values(), campaigns.Raised()),
        "cards": [card(each, raised, funds.get(each.code)) for each in shown],
    }
    return render(request, "web/charity.html", context)
