"""A charity: who it is, what it is registered as, its projects and what they got."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from jusha.campaigns import queries as campaigns
from jusha.charities import queries as charities
from jusha.projects import queries as projects
from jusha.web.cards import card


def charity(request: HttpRequest, code: str) -> HttpResponse:
    """Show a charity that has a page."""
    found = charities.find(code)
    if found is None:
        raise Http404(code)
    shown = projects.of_charity(code)
    funds = projects.funds(each.code for each in shown)
    raised = campaigns.raised(fund.project for fund in funds.values())
    context = {
        "charity": found,
        "payee": charities.payee(code),
        "raised": sum(raised.values(), campaigns.Raised()),
        "cards": [card(each, raised, funds.get(each.code)) for each in shown],
    }
    return render(request, "web/charity.html", context)
