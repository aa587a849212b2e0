"""Beside mode: the charity's notice, its accounts day by day, and a gift found by its number."""

import unicodedata
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from jusha.giving import queries as giving
from jusha.people import vault
from jusha.web.beside_words import (
    CLASS_NAMES,
    cause_name,
    class_means,
    class_name,
    reason_name,
    state_name,
)

NUMBER_MAX: Final = 200
DAYS_SHOWN: Final = 31
LINES_SHOWN: Final = 200
TABLES_KEPT: Final = 400
"""Tables never change, so what a day comes to is remembered by its table's hash."""
TAKEN_BACK: Final = "taken-back"


def beside(request: HttpRequest) -> HttpResponse:
    """Show the notice, the search by a payment's number, and the newest days."""
    return _page(request)


@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the gift of a payment's number; the number stands in no address and no log."""
    _mode()
    wanted = request.POST.get("number", "").strip().lstrip("`")
    if not 0 < len(wanted) <= NUMBER_MAX:
        return _page(request, wanted=wanted, problem="empty", status=422)
    key = vault.load(settings.HOME, "dedupe")
    numbers = giving.numbers_of_external(key, wanted)
    if not numbers:  # typed in groups, or with full-width digits
        plain = "".join(unicodedata.normalize("NFKC", wanted).split())
        numbers = giving.numbers_of_external(key, plain) if plain != wanted else numbers
    if len(numbers) == 1:
        return redirect("deed", number=numbers[0])
    problem = "" if numbers else "unknown"
    return _page(request, wanted=wanted, problem=problem, found=numbers, status=200)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    facts = _mode()
    listed = giving.accounts_days(facts.charity)
    shown = listed[:DAYS_SHOWN]
    sums = _sums_of(shown)
    days = [each._asdict() | sums[each.digest] for each in shown]
    context = {"name": facts.name, "notice": facts.notice, "days": days}
    context |= {"older": [each.day for each in listed[DAYS_SHOWN:]]} | more
    response = render(request, "web/beside.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _mode() -> Any:
    """What this installation said of itself; not found in every mode but beside."""
    facts = settings.JUSHA_MODE_FACTS
    if settings.JUSHA_MODE != "beside" or facts is None:
        raise Http404
    return facts


_kept: dict[str, dict[str, Any]] = {}


def _sums_of(days: list[giving.AccountsDay]) -> dict[str, dict[str, Any]]:
    """What days come to, by their tables' hashes; one query for those not met before."""
    found = {each.digest: _kept[each.digest] for each in days if each.digest in _kept}
    lost = [each.number for each in days if each.digest not in found]
    for accounts in giving.accounts_of(lost) if lost else ():
        found[accounts.digest] = _summed(accounts.told)
    _kept.update(found)
    while len(_kept) > TABLES_KEPT:
        del _kept[next(iter(_kept))]
    return found


def _summed(told: dict[str, Any]) -> dict[str, Any]:
    """One day in a line: its gifts, and how many lines differ between lists and bills."""
    pairs, refunds = told["pairs"], told.get("refunds", {}).get("states", {})
    listed, laid = ({pair[side] for pair in pairs} for side in ("here", "there"))
    bills = [s for s in told["sources"] if s["name"] not in listed and s["cur"] == "CNY"]
    return {
        "lines": sum(source["lines"] for source in bills),
        "sum": sum(source["sum"] for source in bills),
        "paired": bool(pairs),
        "alone": sum(s["lines"] for s in bills if s["name"] not in laid),
        "differing": sum(map(_differing, pairs)),
        "refunds": sum(state["lines"] for state in refunds.values()),
        "open_refunds": sum(n["lines"] for state, n in refunds.items() if state != TAKEN_BACK),
    }


def _differing(pair: dict[str, Any]) -> int:
    return sum(t["lines"] for kind, t in pair["classes"].items() if kind != "matched")


def beside_day(request: HttpRequest, day: str) -> HttpResponse:
    """Show a day's accounts whole: every source, every pair, every difference, every refund."""
    days = giving.accounts_days(_mode().charity)
    place = next((n for n, each in enumerate(days) if each.day == day), None)
    accounts = giving.accounts_at(days[place].number) if place is not None else None
    if accounts is None or place is None:
        raise Http404(day)
    told = accounts.told
    before = giving.accounts_called(told["corrects"]) if told.get("corrects") else None
    named = {source["name"]: source.get("title") or source["name"] for source in told["sources"]}
    context = {
        "day": day,
        "newer": days[place - 1].day if place else "",
        "older": days[place + 1].day if place + 1 < len(days) else "",
        "accounts": accounts,
        "table": f"tables/{accounts.digest}.json",
        "corrects": told.get("corrects"),
        "before": f"tables/{told.get('corrects')}.json",
        "changes": _changes(before, told) if before else [],
        "sums": _summed(told),
        "sources": [_source(source) for source in told["sources"]],
        "pairs": [_pair(pair, named) for pair in told["pairs"]],
        "refunds": _refunds(told.get("refunds")),
    }
    return render(request, "web/beside_day.html", context)


def _source(source: dict[str, Any]) -> dict[str, Any]:
    """A bill or list, with words for why lines were not taken."""
    files = [
        file | {"why": [(reason_name(code), n) for code, n in file["rejected"].items()]}
        for file in source["files"]
    ]
    return source | {"title": source.get("title") or source["name"], "files": files}


def _pair(pair: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    """A list beside its bill, with words for classes and causes."""
    shown = pair["differences"][:LINES_SHOWN]
    causes: dict[str, int] = {}
    for each in pair["differences"]:
        word = cause_name(each.get("cause", ""))
        causes[word] = causes.get(word, 0) + 1
    return {
        "here": named.get(pair["here"], pair["here"]),
        "there": named.get(pair["there"], pair["there"]),
        "classes": [
            {"code": kind, "name": class_name(kind), "means": class_means(kind)} | tally
            for kind, tally in sorted(pair["classes"].items(), key=_class_place)
        ],
        "causes": sorted(causes.items(), key=lambda item: -item[1]),
        "differences": [
            {
                "name": class_name(each["class"]),
                "cause": cause_name(each.get("cause", "")),
                "here": each.get("here"),
                "there": each.get("there"),
            }
            for each in shown
        ],
        "more": len(pair["differences"]) - len(shown),
        "unlisted": pair.get("more", 0),
    }


def _class_place(item: tuple[str, Any]) -> int:
    """What agrees stands first; a class made after this version last."""
    known = list(CLASS_NAMES)
    return known.index(item[0]) if item[0] in known else len(known)


def _refunds(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the day's bills send back, with words for how it stands."""
    if told is None:
        return None
    return {
        "states": [(state_name(code), code, sums) for code, sums in told["states"].items()],
        "lines": [each | {"name": state_name(each["state"])} for each in told["lines"]][
            :LINES_SHOWN
        ],
        "more": max(len(told["lines"]) - LINES_SHOWN, 0) + told.get("more", 0),
    }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """What a correction changed: one line a source or class whose lines or sums differ."""
    old, new = _standings(before), _standings(after)
    nothing = (0, 0)
    return [
        {"name": name, "old": old.get(name, nothing), "new": new.get(name, nothing)}
        for name in dict.fromkeys([*old, *new])
        if old.get(name, nothing) != new.get(name, nothing)
    ]


def _standings(told: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """By what it is called: lines and sum of every source, class and refund's standing."""
    found = {
        source.get("title") or source["name"]: (source["lines"], source["sum"])
        for source in told["sources"]
        if source["cur"] == "CNY"
    }
    for pair in told["pairs"]:
        for kind, tally in pair["classes"].items():
            name = f"{pair['here']} — {pair['there']} · {class_name(kind)}"
            found[name] = tally["lines"], tally["here"] or tally["there"]
    for state, sums in told.get("refunds", {}).get("states", {}).items():
        found[state_name(state)] = sums["lines"], sums["sum"]
    return found
