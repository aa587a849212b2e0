"""Giving days in public: the calendar by years, the pact, and the closing report of one."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import day_queries as days
from jusha.campaigns.day_models import DayReport, Pact
from jusha.campaigns.day_rules import suggestions
from jusha.campaigns.models import Campaign
from jusha.web.day_words import PHASES, anchor_name

SUGGESTED = 6


def all_days(request: HttpRequest) -> HttpResponse:
    """List campaigns by the year in which they opened, and the calendar's next days."""
    now = timezone.now()
    context: dict[str, Any] = {
        "years": days.calendar(now),
        "phases": PHASES,
        "suggested": [
            (anchor_name(code), day) for code, _, day in suggestions(timezone.localdate(now))
        ][:SUGGESTED],
    }
    return render(request, "web/days.html", context)


def pact(request: HttpRequest) -> HttpResponse:
    """Show the self-discipline pact as it stands, and its earlier versions by their hashes."""
    found = list(Pact.objects.order_by("-version"))
    context = {"pact": found[0] if found else None, "earlier": found[1:]}
    return render(request, "web/pact.html", context)


def closing(request: HttpRequest, code: str) -> HttpResponse:
    """Show a campaign's closing report as two persons published it; ?version=1 is the first."""
    page, report, version, every = _found(request, code)
    venues = {each.code: each for each in Campaign.objects.filter(parent=code)} | {code: page}
    rows = [(venues.get(each["code"]), each) for each in report.figures["venues"]]
    context: dict[str, Any] = {
        "page": page,
        "report": report,
        "rows": rows,
        "sums": report.figures["sums"],
        "version": version,
        "others": [pair for pair in enumerate(every, 1) if pair[0] != version],
    }
    return render(request, "web/closing.html", context)


def closing_file(request: HttpRequest, code: str) -> HttpResponse:
    """The same as JSON."""
    report = _found(request, code)[1]
    return JsonResponse(
        report.figures | {"published": report.at.isoformat(timespec="seconds")},
        json_dumps_params={"ensure_ascii": False, "sort_keys": True, "indent": 1},
    )


def _found(request: HttpRequest, code: str) -> tuple[Campaign, DayReport, int, list[DayReport]]:
    """The campaign, the report that was asked for (the newest), its version, and all of them."""
    page, every = Campaign.objects.filter(code=code).first(), days.reports(code)
    numbers = {str(number): number for number in range(1, len(every) + 1)}
    version = numbers.get(request.GET.get("version", str(len(every))))
    if page is None or version is None:
        raise Http404(code)
    return page, every[version - 1], version, every
