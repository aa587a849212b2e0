"""Beside mode: the charity's notice, its accounts day by day, and a gift found by its number."""

import time
import unicodedata
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from jusha.giving import queries as giving
from jusha.people import vault
from jusha.web.beside_days import Refused, gaps_of
from jusha.web.beside_words import (
    CLASS_NAMES,
    REFUNDS,
    UNREAD_NAMES,
    cause_name,
    class_means,
    class_name,
    reason_name,
    state_name,
)
from jusha.web.language import in_english, in_words

NUMBER_MAX: Final = 200
DAYS_SHOWN: Final = 31
LINES_SHOWN: Final = 200
TABLES_KEPT: Final = 400
"""Tables never change, so what a day comes to is remembered by its table's hash."""
TAKEN_BACK: Final = "taken-back"
NOT_TAKEN: Final = "not-taken"


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
    gaps = gaps_of(
        [each.day for each in shown],
        [Refused(each.day, n) for each in shown if (n := sums[each.digest]["refused"])],
        now_s=int(time.time()),
        publish_hour=facts.publish_hour,
    )
    days = [each._asdict() | sums[each.digest] | {"gaps": gaps.get(each.day)} for each in shown]
    context = {
        "name": in_words(facts.name, facts.name_en or facts.name),
        "notice": in_words(facts.notice, facts.notice),
        "written_in": "zh-Hans" if in_english() else "",
        "projects": [in_words(zh, en or zh) or code for code, zh, en in facts.projects],
        "days": days,
        "publish_hour": facts.publish_hour,
    }
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
    """One day in a line: its gifts, what differs between lists and bills, what was not read."""
    pairs, refunds = told["pairs"], told.get("refunds", {}).get("states", {})
    unread = [file["why"] for file in told.get("unread", [])]
    listed, laid = ({pair[side] for pair in pairs} for side in ("here", "there"))
    bills = [s for s in told["sources"] if s["name"] not in listed and s["cur"] == "CNY"]
    return {
        "lines": sum(source["lines"] for source in bills),
        "sum": sum(source["sum"] for source in bills),
        "empty": not told["sources"],
        "unread": len(unread),
        "refused": unread.count(NOT_TAKEN),
        "paired": bool(pairs),
        "alone": sum(s["lines"] for s in bills if s["name"] not in laid),
        "differing": sum(map(_differing, pairs)),
        "refunds": sum(state["lines"] for state in refunds.values()),
        "open_refunds": sum(n["lines"] for state, n in refunds.items() if state != TAKEN_BACK),
    }


def _differing(pair: dict[str, Any]) -> int:
    laid = [pair, pair["refunds"]] if "refunds" in pair else [pair]
    return sum(
        t["lines"] for each in laid for kind, t in each["classes"].items() if kind != "matched"
    )


def beside_day(request: HttpRequest, day: str) -> HttpResponse:
    """Show a day's accounts whole: every source, every pair, every difference, every refund."""
    facts = _mode()
    days = giving.accounts_days(facts.charity)
    place = next((n for n, each in enumerate(days) if each.day == day), None)
    accounts = giving.accounts_at(days[place].number) if place is not None else None
    if accounts is None or place is None:
        raise Http404(day)
    told = accounts.told
    before = giving.accounts_called(told["corrects"]) if told.get("corrects") else None
    context = {
        "day": day,
        "name": in_words(facts.name, facts.name_en or facts.name),
        "newer": days[place - 1].day if place else "",
        "older": days[place + 1].day if place + 1 < len(days) else "",
        "accounts": accounts,
        "table": f"tables/{accounts.digest}.json",
        "corrects": told.get("corrects"),
        "before": f"tables/{told.get('corrects')}.json",
        "changes": _changes(before, told) if before else [],
        "renamed": _renamed(before, told) if before else [],
        "sums": _summed(told),
        "sources": [_source(source) for source in told["sources"]],
        "pairs": [_pair(pair, told["sources"]) for pair in told["pairs"]],
        "refunds": _refunds(told.get("refunds"), told["sources"]),
        "unread": [
            {"sha256": file["sha256"], "why": str(UNREAD_NAMES.get(file["why"], file["why"]))}
            for file in told.get("unread", [])
        ],
    }
    return render(request, "web/beside_day.html", context)


def _source(source: dict[str, Any]) -> dict[str, Any]:
    """A bill or list, with words for why lines were not taken."""
    files = [
        file | {"why": [(reason_name(code), n) for code, n in file["rejected"].items()]}
        for file in source["files"]
    ]
    return source | {"title": _title(source), "files": files}


def _title(source: dict[str, Any]) -> str:
    """What a source is called, in the reader's characters."""
    title = source.get("title") or source["name"]
    return in_words(title, title)


def _pair(pair: dict[str, Any], sources: list[dict[str, Any]]) -> dict[str, Any]:
    """A list beside its bill: gifts, and refunds where the list names them."""
    named = {source["name"]: source for source in sources}
    bill = named.get(pair["there"], {"files": []})
    sent_back = sum(file.get("refunds", 0) for file in bill["files"])
    return _laid(pair) | {
        "here": _title(named.get(pair["here"], {"name": pair["here"]})),
        "there": _title(named.get(pair["there"], {"name": pair["there"]})),
        "refunds": _laid(pair["refunds"]) if "refunds" in pair else None,
        "refunds_alone": sent_back and "refunds" not in pair,
    }


def _laid(pair: dict[str, Any]) -> dict[str, Any]:
    """How the lines of two sides stand, with words for classes and causes."""
    shown = pair["differences"][:LINES_SHOWN]
    causes: dict[str, int] = {}
    for each in pair["differences"]:
        word = cause_name(each.get("cause", ""))
        causes[word] = causes.get(word, 0) + 1
    return {
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


def _refunds(told: dict[str, Any] | None, sources: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What the day's bills send back, with words for how it stands and from which bill."""
    if told is None:
        return None
    named = {source["name"]: _title(source) for source in sources}
    return {
        "states": [(state_name(code), code, sums) for code, sums in told["states"].items()],
        "lines": [
            each
            | {
                "name": state_name(each["state"]),
                "bill": named.get(each["source"], each["source"]),
            }
            for each in told["lines"][:LINES_SHOWN]
        ],
        "more": max(len(told["lines"]) - LINES_SHOWN, 0) + told.get("more", 0),
    }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """What a correction changed: one line a source or class whose lines or sums differ.

    A source is the same under another title: it is told by its name in the settings.
    """
    old, new = _standings(before), _standings(after)
    nothing = (0, 0)
    labels = _labels(before) | _labels(after)
    return [
        {
            "name": _label(key, labels),
            "old": old.get(key, nothing),
            "new": new.get(key, nothing),
        }
        for key in dict.fromkeys([*old, *new])
        if old.get(key, nothing) != new.get(key, nothing)
    ]


def _renamed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    """Sources that a correction calls otherwise: (before, after)."""
    old, new = _labels(before), _labels(after)
    return [(old[name], new[name]) for name in old if new.get(name, old[name]) != old[name]]


def _labels(told: dict[str, Any]) -> dict[str, str]:
    """What each source is called, by its name in the settings."""
    return {source["name"]: _title(source) for source in told["sources"]}


def _label(key: tuple[str, ...], labels: dict[str, str]) -> str:
    """What a standing is called: a source, a class of a pair or of its refunds, or a state."""
    kind, *names, last = key
    words = [labels.get(name, name) for name in names]
    if kind == "source":
        return labels.get(last, last)
    if kind == "state":
        return state_name(last)
    refunds = f" · {REFUNDS}" if kind == "refunds" else ""
    return f"{' — '.join(words)}{refunds} · {class_name(last)}"


def _standings(told: dict[str, Any]) -> dict[tuple[str, ...], tuple[int, int]]:
    """By kind and names: lines and sum of every source, class and refund's standing."""
    found: dict[tuple[str, ...], tuple[int, int]] = {
        ("source", source["name"]): (source["lines"], source["sum"])
        for source in told["sources"]
        if source["cur"] == "CNY"
    }
    for pair in told["pairs"]:
        for kind, laid in (("pair", pair), ("refunds", pair.get("refunds"))):
            for code, tally in laid["classes"].items() if laid else ():
                sums = tally["lines"], tally["here"] or tally["there"]
                found[kind, pair["here"], pair["there"], code] = sums
    for state, sums in told.get("refunds", {}).get("states", {}).items():
        found["state", state] = sums["lines"], sums["sum"]
    return found
