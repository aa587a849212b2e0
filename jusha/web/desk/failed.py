"""What did not work, at the desk: refunds that no rail delivers, receipts that were refused."""

import re
from datetime import date
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate, now

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.giving import failed_queries as failed
from jusha.giving.failed_queries import FailedRefund, RefusedReceipt
from jusha.giving.hand_rules import REFERENCE_MAX, Hand, HandRefusedError
from jusha.giving.paid_by_hand import confirm_paid, propose_paid, retry_refund, return_paid
from jusha.giving.retry_receipt import retry_receipt
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.payments.bank_account import BANK
from jusha.payments.models import Sending
from jusha.people.rules import Office
from jusha.web import failed_words as words
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.refunds import actor_of, seen_by
from jusha.web.desk.staff import Staff
from jusha.web.rails import TITLES, TRANSFER
from jusha.web.refund_words import word
from jusha.web.titles import told as name_of

NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
SEE_OTHER: Final = 303
REFUSED: Final = 422


def hand_of(staff: Staff) -> Hand:
    """The person as the rules see them: finance of its charities, as with refunds."""
    return Hand(staff.signs_as, actor_of(staff).charities)


def waiting(staff: Staff) -> int:
    """How many of these this person can move on. Reads: as `failed_queries`."""
    hand = hand_of(staff)
    if not hand.charities:
        return 0
    mine = [
        each
        for each in failed.failed_refunds(hand.charities)
        if each.standing.proposed_by != hand.name and not each.refused
    ]
    return len(mine) + len(failed.refused_receipts(hand.charities))


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List what failed, with what to do next; try again, or say that it was paid by hand."""
    refusal, at = "", 0
    if request.method == "POST":
        at = _number(request.POST.get("refund", ""))
        try:
            _do(request, at)
            return HttpResponseRedirect(reverse("desk-failed"), status=SEE_OTHER)
        except HandRefusedError as error:
            refusal = error.code
    hand, codes = hand_of(request.staff), seen_by(request.staff)
    refunds, receipts = failed.failed_refunds(codes), failed.refused_receipts(codes)
    names = _names([each.standing.charity for each in refunds], receipts)
    context = {
        "refunds": [_refund(each, hand, names) for each in refunds],
        "receipts": [_receipt(each, hand, names) for each in receipts],
        "refusal": word(words.REFUSALS, refusal) if refusal else "",
        "at": at if refusal in {"bad-reference", "bad-day"} else 0,
        "is_reference": refusal == "bad-reference",
        "reference": request.POST.get("reference", "")[:REFERENCE_MAX],
        "reference_max": REFERENCE_MAX,
        "today": localdate(),
    }
    return render(request, "web/desk_failed.html", context, status=REFUSED if refusal else 200)


@require_role(Role.FINANCE, Office.FINANCE, fresh=True)
def confirm(request: DeskRequest, number: str) -> HttpResponse:
    """Let a second person, who has just proved who they are, confirm that it was paid by hand."""
    hand, refusal = hand_of(request.staff), ""
    if request.method == "POST":
        said = request.POST.get("reference", "")
        try:
            confirm_paid(int(number), hand, reference=said, now=now())
            return HttpResponseRedirect(reverse("desk-failed"), status=SEE_OTHER)
        except HandRefusedError as error:
            refusal = error.code
    found = failed.failed_refund(int(number), hand.charities)
    if not found and not refusal:
        raise Http404(number)
    names = _names([found.standing.charity] if found else [], [])
    context = {
        "each": _refund(found, hand, names) if found else None,
        "refusal": word(words.REFUSALS, refusal) if refusal else "",
    }
    return render(
        request, "web/desk_failed_confirm.html", context, status=REFUSED if refusal else 200
    )


def _do(request: DeskRequest, refund: int) -> None:
    hand, do = hand_of(request.staff), request.POST.get("do", "")
    if do == "retry":
        if Sending.objects.filter(pk=refund, told=words.NO_RAIL).exists():
            raise HandRefusedError("not-now")  # no rail would ever answer
        retry_refund(refund, hand, now=now())
    elif do == "paid":
        reference = request.POST.get("reference", "")
        propose_paid(refund, hand, reference=reference, paid_on=_day(request), now=now())
    elif do == "return":
        return_paid(refund, hand)
    elif do == "receipt":
        retry_receipt(_number(request.POST.get("receipt", "")), hand, now=now())
    else:
        raise HandRefusedError("not-now")


def _refund(each: FailedRefund, hand: Hand, names: dict[str, str]) -> dict[str, Any]:
    about, said = each.standing, each.said
    is_mine = about.charity in hand.charities
    return {
        "it": each.sending,
        "deed": each.deed,
        "amount": about.amount,
        "cur": ASSETS_BY_NUMBER[each.asset].code,
        "charity": names.get(about.charity, about.charity),
        "rail": TRANSFER if each.sending.rail == BANK else word(TITLES, each.sending.rail),
        "why": words.why(each.sending.told),
        "next": words.next_step(each.refused or each.sending.told),
        "refused": each.refused,
        "said": said,
        "can_retry": each.sending.told != words.NO_RAIL,
        "may_act": is_mine and said is None,
        "is_own": bool(said and said.proposed_by == hand.name),
        "may_second": is_mine and not each.refused and bool(said and said.proposed_by != hand.name),
    }


def _receipt(each: RefusedReceipt, hand: Hand, names: dict[str, str]) -> dict[str, Any]:
    return {
        "it": each.receipt,
        "amount": each.amount,
        "charity": names.get(each.charity, each.charity),
        "why": words.receipt_why(each.receipt.told),
        "next": words.receipt_next(is_reversal=each.is_reversal),
        "is_reversal": each.is_reversal,
        "may_act": each.charity in hand.charities,
    }


def _names(codes: list[str], receipts: list[RefusedReceipt]) -> dict[str, str]:
    found = charities.named({*codes, *(each.charity for each in receipts)})
    return {code: name_of(page, "name") for code, page in found.items()}


def _number(text: str) -> int:
    return int(text) if NUMBER.fullmatch(text) else 0


def _day(request: DeskRequest) -> date | None:
    text = request.POST.get("paid_on", "")
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None
