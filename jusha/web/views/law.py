"""Every figure of the law that this platform goes by, with its days and its source."""

from datetime import date
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate

from jusha.law.queries import figures
from jusha.law.rules import Figure, NoFigureError, pick
from jusha.web.law_words import SURE, name, span, value


class Held(NamedTuple):
    """One figure of a rule's history as the page shows it."""

    figure: Figure
    value: str
    span: str
    sure: str
    is_now: bool


class Rule(NamedTuple):
    """A rule with its history, newest first; `now` is what holds, "" for nothing."""

    rule: str
    name: str
    article: str
    now: str
    history: list[Held]


def law(request: HttpRequest) -> HttpResponse:
    """Show the table of figures."""
    return render(request, "web/law.html", {"rules": told(localdate())})


def told(today: date) -> list[Rule]:
    """All rules in the order in which they were first written down. Reads: jusha_lawrule."""
    rows = figures()
    by_rule: dict[str, list[Figure]] = {}
    for each in rows:
        by_rule.setdefault(each.rule, []).append(each)
    return [_rule(rule, found, today) for rule, found in by_rule.items()]


def _rule(rule: str, rows: list[Figure], today: date) -> Rule:
    try:
        now = pick(rows, rule, on=today)
    except NoFigureError:
        now = None
    kept: dict[date, Figure] = {}
    for each in rows:  # a later row of the same day corrects the earlier
        kept[each.begins] = each
    order = [kept[begins] for begins in sorted(kept)]
    history = [
        Held(each, value(each), span(each, following), str(SURE[each.sure]), each is now)
        for each, following in zip(order, [*order[1:], None], strict=True)
    ]
    return Rule(rule, name(order[-1]), order[-1].article, value(now) if now else "", history[::-1])
