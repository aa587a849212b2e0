"""Beside mode: the charity's notice, its accounts day by day, and a gift found by its number."""

from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from jusha.giving import queries as giving
from jusha.people import vault
from jusha.web.beside_words import cause_name, class_name

NUMBER_MAX: Final = 200
DAYS_SHOWN: Final = 60
LINES_SHOWN: Final = 500


def beside(request: HttpRequest) -> HttpResponse:
    """Show the notice, the search by a payment's number, and the newest days."""
    return _page(request)


@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the gift of a payment's number; the number stands in no address and no log."""
    _charity()
    wanted = request.POST.get("number", "").strip().lstrip("`")
    if not 0 < len(wanted) <= NUMBER_MAX:
        return _page(request, wanted=wanted, problem="empty", status=422)
    numbers = giving.numbers_of_external(vault.load(settings.HOME, "dedupe"), wanted)
    if len(numbers) == 1:
        return redirect("deed", number=numbers[0])
    problem = "" if numbers else "unknown"
    return _page(request, wanted=wanted, problem=problem, found=numbers, status=200)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    charity = _charity()
    days = []
    for day, number, corrects in giving.accounts_days(charity)[:DAYS_SHOWN]:
        accounts = giving.accounts_at(number)
        if accounts is not None:
            days.append(_day(day, corrects, accounts))
    context = {"notice": _mode().notice, "days": days} | more
    response = render(request, "web/beside.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _charity() -> str:
    """The charity of this installation; not found in every other mode."""
    return str(_mode().charity)


def _mode() -> Any:
    """What this installation said of itself; not found in every mode but beside."""
    facts = settings.JUSHA_MODE_FACTS
    if settings.JUSHA_MODE != "beside" or facts is None:
        raise Http404
    return facts


def _day(day: str, corrects: str, accounts: giving.Accounts) -> dict[str, Any]:
    """One day in a line: its gifts, and how many lines differ between lists and bills."""
    pairs = accounts.told["pairs"]
    sources = accounts.told["sources"]
    listed = {pair["here"] for pair in pairs}
    bills = [s for s in sources if s["name"] not in listed and s["cur"] == "CNY"]
    differing = sum(
        tally["lines"]
        for pair in pairs
        for kind, tally in pair["classes"].items()
        if kind != "matched"
    )
    return {
        "day": day,
        "number": accounts.number,
        "corrects": corrects,
        "lines": sum(source["lines"] for source in bills),
        "sum": sum(source["sum"] for source in bills),
        "paired": bool(pairs),
        "differing": differing,
    }


def beside_day(request: HttpRequest, day: str) -> HttpResponse:
    """Show a day's accounts whole: every source, every pair, every difference."""
    known = {each: number for each, number, _ in giving.accounts_days(_charity())}
    accounts = giving.accounts_at(known[day]) if day in known else None
    if accounts is None:
        raise Http404(day)
    pairs = [_pair(pair) for pair in accounts.told["pairs"]]
    context = {
        "day": day,
        "accounts": accounts,
        "table": f"tables/{accounts.digest}.json",
        "corrects": accounts.told.get("corrects"),
        "before": f"tables/{accounts.told.get('corrects')}.json",
        "sources": accounts.told["sources"],
        "pairs": pairs,
    }
    return render(request, "web/beside_day.html", context)


def _pair(pair: dict[str, Any]) -> dict[str, Any]:
    """A list beside its bill, with words for classes and causes."""
    shown = pair["differences"][:LINES_SHOWN]
    return {
        "here": pair["here"],
        "there": pair["there"],
        "classes": [(class_name(kind), tally) for kind, tally in pair["classes"].items()],
        "differences": [
            (class_name(d["class"]), cause_name(d.get("cause", "")), d.get("here"), d.get("there"))
            for d in shown
        ],
        "more": sum(t["lines"] for k, t in pair["classes"].items() if k != "matched") - len(shown),
    }
