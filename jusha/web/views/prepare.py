"""预备捐: choose before a giving day, come back at its opening minute, pay with one thumb."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from jusha.campaigns import queries as campaigns
from jusha.payments import queries as payments
from jusha.payments.models import Attempt, Prepared
from jusha.payments.order import OrderRefusedError, Wish
from jusha.payments.prepare import (
    LAST_SECONDS,
    PLAN_MAX,
    Means,
    TooLateError,
    cancel,
    prepare,
)
from jusha.projects import queries as projects
from jusha.projects.models import Project
from jusha.projects.raising import raising_of
from jusha.projects.rules import Hindrance
from jusha.web import facts
from jusha.web.browser import donor_of, remember
from jusha.web.came_by import came_by
from jusha.web.forms import AMOUNT_MAX_FEN, parse_yuan
from jusha.web.rails import offered, way_for
from jusha.web.raising_words import WORDS, sentence
from jusha.web.titles import told
from jusha.web.views.order import looks_of
from jusha.web.words import reason

SEE_OTHER: Final = 303
UNPROCESSABLE: Final = 422
ICS_TIME: Final = "%Y%m%dT%H%M%SZ"
LINE_BREAK: Final = re.compile(r"[\r\n]+")


def choose(request: HttpRequest, code: str) -> HttpResponse:
    """Ask which projects of a campaign that has not opened get how much; keep the plan."""
    found = campaigns.find(code)
    rails = dict(offered())
    if found is None or not rails:
        raise Http404(code)
    fair = projects.in_fair_order(code, open_on=timezone.localdate(found.opens))
    offers = list(fair.filter(id__in=found.page.projects.values("id")))
    error, first = "", list[tuple[Project, facts.Before]]()
    is_late = (found.opens - timezone.now()).total_seconds() < LAST_SECONDS
    if request.method == "POST" and not is_late:
        try:
            return _kept(request, found, rails)
        except TooLateError:
            is_late = True
        except _NotChosenError as refused:
            error = str(refused)
        except _FactsFirstError as unseen:
            first = unseen.unseen
    context = {
        "campaign": found,
        "first": [(each, before, f"facts-{each.code}") for each, before in first],
        "projects": [(each, request.POST.get(f"yuan-{each.code}", "")) for each in offers],
        "rails": list(rails.items()),
        "error": error,
        "is_late": is_late,
        "most": PLAN_MAX,
    }
    status = UNPROCESSABLE if error or first else 200
    return render(request, "web/prepare.html", context, status=status)


class _NotChosenError(Exception):
    """What was filled in is no plan; the text says what to do."""


class _FactsFirstError(Exception):
    """Of some chosen projects this visitor has not seen the facts that hold now."""

    def __init__(self, unseen: list[tuple[Project, facts.Before]]) -> None:
        super().__init__()
        self.unseen = unseen


def _facts_seen(request: HttpRequest, chosen: list[Project]) -> dict[str, facts.Before]:
    """The facts of the chosen projects, all of them seen: before, or above this very form.

    Raises _FactsFirstError.
    """
    found = {each.code: facts.before(request, each.code) for each in chosen}
    shown = {code: each for code, each in found.items() if each is not None}
    unseen = [
        (each, shown[each.code])
        for each in chosen
        if each.code in shown
        and not shown[each.code].is_known
        and request.POST.get(f"facts-{each.code}") != shown[each.code].facts.version
    ]
    if unseen:
        raise _FactsFirstError(unseen)
    return shown


def _kept(request: HttpRequest, found: campaigns.Running, rails: dict[str, str]) -> HttpResponse:
    rail = request.POST.get("rail", "")
    if rail not in rails:
        raise _NotChosenError(_("请选怎样付款。"))
    wishes, chosen = [], list[Project]()
    open_then = raising_of(
        found.page.projects.values_list("code", flat=True), timezone.localdate(found.opens)
    )
    for project in found.page.projects.filter(code__in=open_then).order_by("code"):
        typed = request.POST.get(f"yuan-{project.code}", "").strip(" ¥元")
        if not typed:
            continue
        amount = parse_yuan(typed)
        if not amount or amount > AMOUNT_MAX_FEN:
            raise _NotChosenError(_("金额请写成 20 或 20.50 这样，每个项目最多 50,000 元。"))
        wishes.append(Wish(project.code, found.page.code, amount, attribution=came_by(request)))
        chosen.append(project)
    if not 0 < len(wishes) <= PLAN_MAX:
        raise _NotChosenError(_("请至少给一个项目写下金额，最多十个项目。"))
    seen = _facts_seen(request, chosen)
    means = Means(rail, way_for(request, rail), request.build_absolute_uri("/"))
    try:
        donor = donor_of(request)
        token = prepare(wishes, means, opens_at=found.opens, now=timezone.now(), donor=donor)
    except OrderRefusedError as error:
        raise _NotChosenError(_("没有存下来。请检查金额后再试。")) from error
    answer = HttpResponseRedirect(reverse("prepared", args=(token,)), status=SEE_OTHER)
    remember(request, answer)
    return facts.remember_all(request, answer, seen)


def prepared(request: HttpRequest, token: str) -> HttpResponse:
    """Show a plan: before the opening what was chosen, from then on how to pay each gift."""
    if request.method == "POST" and request.POST.get("cancel"):
        cancel(token)
    rows = list(Prepared.objects.filter(token=token).order_by("id"))
    if not rows:
        return render(request, "web/prepared.html", {"rows": []}, status=404)
    numbers = [row.order_no for row in rows if row.order_no]
    paid = payments.deeds_of_orders(numbers)
    attempts = {each.order_no: each for each in Attempt.objects.filter(order_no__in=numbers)}
    titles = projects.named(row.project for row in rows)
    now, opens_at = timezone.now(), rows[0].opens_at
    shown = [
        {
            "row": row,
            "project": titles.get(row.project),
            "paid": paid.get(row.order_no or 0),
            "refused": _refused(row, attempts.get(row.order_no or 0)),
        }
        for row in rows
    ]
    is_open = now >= opens_at
    context: dict[str, Any] = {
        "rows": shown,
        "token": token,
        "campaign": campaigns.find(rows[0].campaign),
        "opens_at": opens_at,
        "is_open": is_open,
        "total": sum(row.amount for row in rows),
        "can_cancel": any(row.order_no is None for row in rows),
        "state": f"{is_open}-{len(numbers)}-{len(paid)}",
    }
    if not is_open or len(paid) < len(rows):
        context |= looks_of(request)
    response = render(request, "web/prepared.html", context)
    response["Cache-Control"] = "private, no-store"
    if numbers:
        remember(request, response, *numbers)
    return response


def prepared_state(_request: HttpRequest, token: str) -> HttpResponse:
    """How far a plan has come, in one word, for a page that waits."""
    rows = list(Prepared.objects.filter(token=token).values_list("order_no", "opens_at"))
    numbers = [number for number, _ in rows if number]
    is_open = bool(rows) and timezone.now() >= rows[0][1]
    told_state = f"{is_open}-{len(numbers)}-{len(payments.deeds_of_orders(numbers))}"
    return JsonResponse({"state": told_state}, headers={"Cache-Control": "private, no-store"})


def _refused(row: Prepared, attempt: Attempt | None) -> str:
    if row.told:
        is_known = row.told in WORDS
        return sentence(Hindrance(row.told)) if is_known else reason(row.told)
    return reason(attempt.told) if attempt is not None and attempt.state == "refused" else ""


def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The opening minute as a calendar entry that leads back to the plan (RFC 5545)."""
    row = Prepared.objects.filter(token=token).first()
    found = campaigns.find(row.campaign) if row else None
    if row is None or found is None:
        raise Http404(token)
    address = request.build_absolute_uri(reverse("prepared", args=(token,)))
    title = LINE_BREAK.sub(" ", told(found.page, "title"))
    for mark in ("\\", ";", ","):
        title = title.replace(mark, f"\\{mark}")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Jusha//prepared gift//EN",
        "BEGIN:VEVENT",
        f"UID:{token}@jusha",
        f"DTSTAMP:{datetime.now(UTC):{ICS_TIME}}",
        f"DTSTART:{row.opens_at.astimezone(UTC):{ICS_TIME}}",
        "DURATION:PT15M",
        f"SUMMARY:{title}",
        f"URL:{address}",
        f"DESCRIPTION:{address}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{title}",
        "TRIGGER:-PT5M",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    response = HttpResponse("\r\n".join(lines), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="jusha.ics"'
    return response
