"""A campaign's rankings, as the board told them last: by what, in which order, as of when."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live.rank_rules import Kind
from jusha.web import live_files, shed
from jusha.web.board.rank_words import (
    KINDS,
    SLUGS,
    kind_choices,
    list_name,
    order_called,
    order_choices,
)
from jusha.web.shed_rules import Level


@require_safe
def rankings(request: HttpRequest, code: str) -> HttpResponse:
    """Show one list, which goes on by itself; no list names who did not give."""
    found = campaigns.find(code)
    if found is None:
        raise Http404(code)
    kind = KINDS.get(request.GET.get("of", ""), Kind.PROJECT)
    order = order_called(kind, request.GET.get("by", ""))
    name = live_files.ranking_name(code, list_name(kind, order))
    context = {
        "campaign": found,
        "kinds": kind_choices(kind),
        "orders": order_choices(kind, order),
        "of": SLUGS[kind],
        "name": name,
        "json": reverse("live", args=(f"{live_files.ranking_name(code)}.json",)),
        "list": live_files.read_fragment(name, get_language() or "zh-hans"),
        "let_go": shed.level() >= Level.RANKINGS,
    }
    return render(request, "web/rankings.html", context)
