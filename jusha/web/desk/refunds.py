"""Refund cases at the desk: finance approves or declines, a second person confirms."""

import re
from datetime import datetime, time
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime, make_aware, now

from jusha.charities import queries as charities
from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.giving import refund_queries as refunds
from jusha.giving.models import RefundCase, RefundStep
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_ask import ask_refund, open_dispute
from jusha.giving.refund_confirm import confirm_refund
from jusha.giving.refund_decline import decline_refund
from jusha.giving.refund_rules import (
    APPROVED,
    DECLINES,
    DISPUTE_REASONS,
    MOVING,
    STATES,
    UNDECIDED,
    Actor,
    RefundRefusedError,
)
from jusha.giving.refund_words import read_words
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.people.accounts import address_of
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.refund_form import CaseForm
from jusha.web.refund_words import DECLINES as DECLINE_WORDS
from jusha.web.refund_words import REASONS, REFUSALS, told, word
from jusha.web.refund_words import STATES as STATE_WORDS
from jusha.web.titles import told as name_of

NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
OPEN: Final = UNDECIDED | MOVING
CLOSED: Final = frozenset(STATES) - OPEN
SEE_OTHER: Final = 303
BESIDE: Final = "beside"
REFUSED: Final = 422
END_OF_DAY: Final = time(23, 59, 59)


class Row(NamedTuple):
    """A case in the list."""

    case: RefundCase
    charity: str
    cur: str
    reason: str
    state: str
    is_late: bool


def actor_of(staff: Staff) -> Actor:
    """The person as the rules of refunds see them.

    Platform finance decides about held money of which no charity is known.
    """
    codes = set(staff.charities(Role.FINANCE))
    if staff.office == Office.FINANCE:
        codes.add("")
    return Actor("finance", staff.signs_as, frozenset(codes))


def seen_by(staff: Staff) -> frozenset[str] | None:
    """Codes of the charities whose cases a person sees; None for all of them."""
    if staff.office == Office.AUDITOR:
        return None
    return frozenset(staff.charities(Role.VIEWER)) | actor_of(staff).charities


def waiting(staff: Staff) -> int:
    """How many cases this person can decide now. Reads: jusha_refundcase."""
    actor = actor_of(staff)
    return refunds.waiting_for(actor.charities, actor.name)


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def cases(request: DeskRequest) -> HttpResponse:
    """List the cases that this person sees: those under way, or (`show=closed`) the others."""
    codes = seen_by(request.staff)
    is_closed = request.GET.get("show") == "closed"
    if is_closed:
        below = request.GET.get("below", "")
        found = refunds.closed_of(codes, CLOSED, below=int(below) if NUMBER.fullmatch(below) else 0)
    else:
        found = refunds.of_charities(codes, OPEN)
    at = now()
    names = charities.named({case.charity for case in found})
    rows = [_row(case, names.get(case.charity), at) for case in found]
    context = {
        "rows": rows,
        "is_closed": is_closed,
        "more": found[-1].pk if is_closed and len(found) == refunds.LISTED_MAX else None,
        "may_open": bool(actor_of(request.staff).charities) and settings.JUSHA_MODE != BESIDE,
    }
    return render(request, "web/desk_refunds.html", context)


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def case(request: DeskRequest, number: str) -> HttpResponse:
    """Show one case; approve or decline it. What the donor wrote, finance alone sees."""
    found = _case(request.staff, number)
    refusal = ""
    if request.method == "POST":
        try:
            _decide(request, found)
            return HttpResponseRedirect(reverse("desk-refund", args=(found.pk,)), status=SEE_OTHER)
        except RefundRefusedError as error:
            refusal = error.code
            found = _case(request.staff, number)
    return _show(request, found, "web/desk_refund.html", refusal)


@require_role(Role.FINANCE, Office.FINANCE, fresh=True)
def confirm(request: DeskRequest, number: str) -> HttpResponse:
    """Let a second person, who has just proved who they are, send the money back."""
    found = _case(request.staff, number)
    refusal = ""
    if request.method == "POST":
        try:
            confirm_refund(found.pk, actor_of(request.staff))
            return HttpResponseRedirect(reverse("desk-refund", args=(found.pk,)), status=SEE_OTHER)
        except RefundRefusedError as error:
            refusal = error.code
            found = _case(request.staff, number)
    return _show(request, found, "web/desk_refund_confirm.html", refusal)


@require_role(Role.FINANCE, Office.FINANCE)
def open_case(request: DeskRequest) -> HttpResponse:
    """Open a case for somebody else: a donor on the phone, a rail with a dispute.

    Not beside another platform: there what goes back is told by the charity's bills.
    """
    if settings.JUSHA_MODE == BESIDE:
        raise Http404
    form = CaseForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            opened = _open(actor_of(request.staff), form)
            return HttpResponseRedirect(reverse("desk-refund", args=(opened.pk,)), status=SEE_OTHER)
        except RefundRefusedError as error:
            refusal = error.code
    status = REFUSED if form.errors or refusal else 200
    context = {"form": form, "refusal": word(REFUSALS, refusal) if refusal else ""}
    return render(request, "web/desk_refund_open.html", context, status=status)


def _open(actor: Actor, form: CaseForm) -> RefundCase:
    said = form.cleaned_data
    about = refunds.money([said["deed"]])
    if not about or about[0].charity not in actor.charities:
        raise RefundRefusedError("unknown-deed")
    asked: dict[str, Any] = {"deed": said["deed"], "amount": said["amount"] or about[0].left}
    if said["reason"] in DISPUTE_REASONS:
        due_at = make_aware(datetime.combine(said["due_on"], END_OF_DAY))
        reference, reason = said["reference"], said["reason"]
        return open_dispute(**asked, reason=reason, reference=reference, due_at=due_at, actor=actor)
    return ask_refund(**asked, reason=said["reason"], words=said["words"], actor=actor)


def _decide(request: DeskRequest, found: RefundCase) -> None:
    actor = actor_of(request.staff)
    if request.POST.get("do") == "approve":
        approve_refund(found.pk, actor)
    else:
        decline_refund(found.pk, actor, reason=request.POST.get("reason", ""))


def _case(staff: Staff, number: str) -> RefundCase:
    found = refunds.find(int(number))
    codes = seen_by(staff)
    if found is None or (codes is not None and found.charity not in codes):
        raise Http404(number)
    return found


def _show(request: DeskRequest, found: RefundCase, template: str, refusal: str) -> HttpResponse:
    actor = actor_of(request.staff)
    steps = refunds.steps_of([found.pk])[found.pk]
    is_finance = found.charity in actor.charities
    money = next(iter(refunds.money([found.deed])), None)
    by_hand = bool(money and refunds.by_hand([money.channel]))
    context = {
        "each": told(found, steps, by_hand=by_hand),
        "by_hand": by_hand,
        "cur": ASSETS_BY_NUMBER[found.asset].code,
        "money": money,
        "charity": charities.find(found.charity) if found.charity else None,
        "words": read_words(found.pk) if is_finance else "",
        "who": _who(steps),
        "is_late": _is_late(found, now()),
        "may_decide": is_finance and found.state in UNDECIDED and found.donor != actor.name,
        "is_second": found.state == APPROVED and found.approved_by != actor.name,
        "declines": [(code, word(DECLINE_WORDS, code)) for code in DECLINES],
        "refusal": word(REFUSALS, refusal) if refusal else "",
    }
    return render(request, template, context, status=REFUSED if refusal else 200)


def _who(steps: list[RefundStep]) -> list[tuple[str, str]]:
    """The colleagues who decided, each with the day and minute: who has no account has no name."""
    decided = [step for step in steps if step.as_role == "finance" and step.by]
    accounts = UserAccount.objects.in_bulk([UUID(s.by) for s in decided if _is_id(s.by)])
    names = {str(key): address_of(account) for key, account in accounts.items()}
    return [
        (names.get(step.by) or step.by, f"{localtime(step.at):%Y-%m-%d %H:%M}") for step in decided
    ]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _row(found: RefundCase, charity: Charity | None, at: datetime) -> Row:
    return Row(
        found,
        name_of(charity, "name") if charity else found.charity,
        ASSETS_BY_NUMBER[found.asset].code,
        word(REASONS, found.reason),
        word(STATE_WORDS, found.state),
        _is_late(found, at),
    )


def _is_late(found: RefundCase, at: datetime) -> bool:
    return found.due_at is not None and found.due_at < at and found.state in UNDECIDED
