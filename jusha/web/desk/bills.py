"""The rails' bills at the desk: days, what differs in them, and clearing it by two people."""

import re
import time
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime, now

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.giving import rail_bills_queries as bills
from jusha.giving.models import RailDifference, RailDifferenceStep
from jusha.giving.rail_bills_clear import confirm_clear, propose_clear, return_clear
from jusha.giving.rail_bills_order import DayRefusedError, order_day
from jusha.giving.rail_bills_rules import (
    NOTE_MAX,
    PROPOSED,
    REASONS,
    UNSETTLED,
    Clearer,
    ClearRefusedError,
    today,
)
from jusha.inbox.connect import django_connection
from jusha.people.accounts import address_of
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.web import bill_words
from jusha.web.bill_words import word
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.rails import TITLES
from jusha.web.timeline import Step
from jusha.web.titles import told as name_of

DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
SEE_OTHER: Final = 303
REFUSED: Final = 422


def clearer_of(staff: Staff) -> Clearer:
    """The person as the rules of clearing see them; platform finance has what is no charity's."""
    codes = set(staff.charities(Role.FINANCE))
    if staff.office == Office.FINANCE:
        codes.add("")
    return Clearer(staff.signs_as, frozenset(codes))


def seen_by(staff: Staff) -> frozenset[str] | None:
    """Codes of the charities whose lines a person sees; None for all of them."""
    if staff.office in {Office.FINANCE, Office.AUDITOR}:
        return None
    return frozenset(staff.charities(Role.VIEWER))


def waiting(staff: Staff) -> int:
    """How many differences this person can move on. Reads: jusha_raildifference."""
    clearer = clearer_of(staff)
    return bills.waiting_for(clearer.charities, clearer.name)


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def days(request: DeskRequest) -> HttpResponse:
    """Ages of what waits, and the days, newest first; finance may have a day fetched."""
    may_fetch = bool(clearer_of(request.staff).charities)
    refusal = ""
    if request.method == "POST":
        refusal = _fetch(request, may_fetch=may_fetch)
        if not refusal:
            return HttpResponseRedirect(reverse("desk-bills"), status=SEE_OTHER)
    codes = seen_by(request.staff)
    before = _day(request.GET.get("before", ""))
    found = bills.days(codes, before=before)
    now_s = int(time.time())
    suspense = bills.suspense(codes, now=now())
    context = {
        "rows": [_row(each) for each in found],
        "more": found[-1].day if len(found) == bills.DAYS_LISTED else None,
        "ages": list(zip(bills.ages(codes, now_s=now_s), suspense, strict=True)),
        "waiting": [_difference_row(each) for each in bills.waiting(codes)],
        "late": bills.oldest_unread(codes),
        "may_fetch": may_fetch,
        "today": today(now_s),
        "refusal": word(bill_words.REFUSALS, refusal) if refusal else "",
    }
    return render(request, "web/desk_bills.html", context, status=REFUSED if refusal else 200)


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def day(request: DeskRequest, rail: str, on: str) -> HttpResponse:
    """Show one rail's day: what agrees, what it cost, what differs."""
    codes = seen_by(request.staff)
    at = _day(on)
    found = bills.day(codes, rail, at) if at else None
    if found is None or at is None:
        raise Http404(on)
    context = {
        "each": _row(found),
        "bills": [(bill, word(bill_words.BILLS, bill.state)) for bill in found.bills],
        "rows": [_difference_row(each) for each in bills.of_day(codes, rail, at)],
        "may_fetch": bool(clearer_of(request.staff).charities),
    }
    return render(request, "web/desk_bills_day.html", context)


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def difference(request: DeskRequest, number: str) -> HttpResponse:
    """Show one difference; name its reason, or hand back what another person named."""
    found = _find(request.staff, number)
    refusal = ""
    if request.method == "POST":
        clearer = clearer_of(request.staff)
        try:
            if request.POST.get("do") == "return":
                return_clear(found.pk, clearer)
            else:
                said = {name: request.POST.get(name, "") for name in ("reason", "note")}
                propose_clear(found.pk, clearer, **said)
            return _to(found)
        except ClearRefusedError as error:
            refusal = error.code
            found = _find(request.staff, number)
    return _show(request, found, "web/desk_difference.html", refusal)


@require_role(Role.FINANCE, Office.FINANCE, fresh=True)
def confirm(request: DeskRequest, number: str) -> HttpResponse:
    """Let a second person, who has just proved who they are, confirm the reason."""
    found = _find(request.staff, number)
    refusal = ""
    if request.method == "POST":
        said = {name: request.POST.get(name, "") for name in ("reason", "note")}
        try:
            confirm_clear(found.pk, clearer_of(request.staff), **said)
            return _to(found)
        except ClearRefusedError as error:
            refusal = error.code
            found = _find(request.staff, number)
    return _show(request, found, "web/desk_difference_confirm.html", refusal)


def _fetch(request: DeskRequest, *, may_fetch: bool) -> str:
    """Have the named day's bills fetched; why not, as a code."""
    on = _day(request.POST.get("day", ""))
    if not may_fetch:
        return "not-yours"
    if on is None:
        return "bad-day"
    try:
        order_day(django_connection(), on, now=now())
    except DayRefusedError:
        return "bad-day"
    return ""


def _to(found: RailDifference) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk-difference", args=(found.pk,)), status=SEE_OTHER)


def _find(staff: Staff, number: str) -> RailDifference:
    found = bills.find(seen_by(staff), int(number))
    if found is None:
        raise Http404(number)
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def _row(found: bills.Day) -> dict[str, Any]:
    state = bill_words.bill_state(found.bills)
    return {
        "rail": found.rail,
        "rail_name": word(TITLES, found.rail),
        "day": found.day,
        "sums": found.sums,
        "fee": bill_words.fee(found.sums.fee_micro),
        "open": found.open,
        "state": state,
        "told": word(bill_words.BILLS, state),
    }


def _difference_row(found: RailDifference) -> dict[str, Any]:
    return {
        "it": found,
        "rail_name": word(TITLES, found.rail),
        "kind": word(bill_words.KINDS, found.kind),
        "state": word(bill_words.STATES, found.state),
        "cause": bill_words.cause(found),
        "is_open": found.state in UNSETTLED,
        "amount": found.here if found.there is None else found.there,
        "age": (today(int(time.time())) - found.day).days,
    }


def _show(request: DeskRequest, found: RailDifference, template: str, refusal: str) -> HttpResponse:
    clearer = clearer_of(request.staff)
    steps = bills.steps_of(found.pk)
    is_finance = found.charity in clearer.charities
    charity = charities.find(found.charity) if found.charity else None
    chosen = request.POST.get("reason", found.reason)
    context = {
        "each": _difference_row(found),
        "charity": name_of(charity, "name") if charity else found.charity,
        "answer": word(bill_words.ANSWERS, found.answer) if found.answer else "",
        "reason": word(bill_words.REASONS, found.reason) if found.reason else "",
        "steps": _timeline(steps),
        "may_clear": is_finance and found.state in UNSETTLED,
        "is_proposed": found.state == PROPOSED,
        "is_second": found.state == PROPOSED and found.proposed_by != clearer.name,
        "reasons": [(code, word(bill_words.REASONS, code), code == chosen) for code in REASONS],
        "note": request.POST.get("note", "")[:NOTE_MAX],
        "note_max": NOTE_MAX,
        "refusal": word(bill_words.REFUSALS, refusal) if refusal else "",
    }
    return render(request, template, context, status=REFUSED if refusal else 200)


def _timeline(steps: list[RailDifferenceStep]) -> list[Step]:
    """What was done, oldest first, with who and why."""
    ids = [UUID(step.by) for step in steps if _is_id(step.by)]
    accounts = UserAccount.objects.in_bulk(ids) if ids else {}
    names = {str(key): address_of(account) for key, account in accounts.items()}
    return [
        Step(f"{localtime(step.at):%Y-%m-%d %H:%M}", _said(step, names), "done") for step in steps
    ]


def _said(step: RailDifferenceStep, names: dict[str, str]) -> str:
    reasons = bill_words.REASONS if step.by else bill_words.ANSWERS
    parts = [word(bill_words.STEPS, step.did)]
    parts += [word(reasons, step.reason)] if step.reason else []
    parts += [step.note] if step.note else []
    parts += [names.get(step.by, step.by)] if step.by else []
    return " · ".join(parts)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
