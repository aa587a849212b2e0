"""A donor asks for money back, and sees what becomes of it. Only for who placed the order."""

import re
from typing import Final, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jusha.giving import queries as giving
from jusha.giving import refund_queries as refunds
from jusha.giving.models import Refund
from jusha.giving.refund_ask import ask_refund
from jusha.giving.refund_queries import Money
from jusha.giving.refund_rules import OPEN, Actor, RefundRefusedError
from jusha.giving.refund_withdraw import withdraw_refund
from jusha.giving.refund_words import erase_words
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.people.models import OwnedOrder
from jusha.tlog import queries as tlog
from jusha.web import reference
from jusha.web.browser import orders_of
from jusha.web.refund_form import RefundForm
from jusha.web.refund_words import REFUSALS, Told, told, word

NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
SEE_OTHER: Final = 303
ERASE: Final = "erase"
ON_A_CASE: Final = ("withdraw", ERASE)
REFUSED: Final = 422


class Part(NamedTuple):
    """One deed of the order: the money, how its cases stand, and a form where one can be opened."""

    money: Money
    cur: str
    matched: int
    now: Told | None
    earlier: list[Told]
    others: list[Refund]
    form: RefundForm | None
    by_hand: bool


@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, number: str) -> HttpResponse:
    """Show what can be refunded of an order and how it stands; take a wish, or take it back.

    For the browser that placed the order, or the account that keeps it; 404 for all others.
    """
    no = int(number)
    account = _keeper(no)
    if not _may(request, no, account):
        raise Http404(number)
    money = {each.number: each for each in refunds.money(refunds.deeds_of_order(no))}
    if not money:
        raise Http404(number)
    refusal, form = "", None
    if request.method == "POST":
        deed = _number(request.POST.get("deed", ""))
        if deed not in money:
            raise Http404(number)
        form = RefundForm(request.POST, money=money[deed])
        refusal = _act(request, money[deed], form, account)
        if not refusal and not form.errors:
            return HttpResponseRedirect(reverse("refund", args=(no,)), status=SEE_OTHER)
    parts = _parts(list(money.values()), form)
    response = render(
        request,
        "web/refund.html",
        {
            "no": no,
            "parts": parts,
            "refusal": word(REFUSALS, refusal) if refusal else "",
            "charity": reference.charity(next(iter(money.values())).charity),
        },
        status=REFUSED if refusal or (form and form.errors) else 200,
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _keeper(no: int) -> str:
    """The account that keeps the order; "" if none does. Reads: jusha_ownedorder."""
    found = OwnedOrder.objects.filter(order_no=no).values_list("account_id", flat=True).first()
    return str(found) if found else ""


def _may(request: HttpRequest, no: int, account: str) -> bool:
    if no in orders_of(request):
        return True
    user = getattr(request, "user", AnonymousUser())
    return bool(account) and user.is_authenticated and str(user.pk) == account


def _act(request: HttpRequest, money: Money, form: RefundForm, account: str) -> str:
    """Do what was asked; "", or the code of the refusal. Errors of the form stay in it."""
    try:
        if (do := request.POST.get("do")) in ON_A_CASE:
            form.errors.clear()
            _on_a_case(do, money, _number(request.POST.get("case", "")))
        elif form.is_valid():
            ask_refund(
                deed=money.number,
                amount=form.cleaned_data["amount"],
                reason=form.cleaned_data["reason"],
                words=form.cleaned_data["words"],
                actor=Actor("donor", account),
                donor=account,
            )
    except RefundRefusedError as error:
        return error.code
    return ""


def _on_a_case(do: str, money: Money, case_id: int) -> None:
    case = refunds.find(case_id)
    if case is None or case.deed != money.number or case.asked_as != "donor":
        raise RefundRefusedError("not-yours")
    if do == ERASE:
        erase_words(case.pk)
    else:  # who is let in here is the donor, by browser or by account
        withdraw_refund(case.pk, Actor("donor", case.asked_by))


def _parts(money: list[Money], tried: RefundForm | None) -> list[Part]:
    cases = refunds.cases_of([each.number for each in money])
    numbers = [case.pk for case in cases]
    steps, worded = refunds.steps_of(numbers), refunds.worded(numbers)
    filed = refunds.by_hand([each.channel for each in money])
    by_hand = {each.number for each in money if each.channel in filed}
    shown = [
        told(case, steps[case.pk], has_words=case.pk in worded, by_hand=case.deed in by_hand)
        for case in cases
    ]
    return [_part(each, shown, tried, by_hand=each.number in by_hand) for each in money]


def _part(money: Money, shown: list[Told], tried: RefundForm | None, *, by_hand: bool) -> Part:
    mine = [each for each in shown if each.case.deed == money.number]
    is_open = any(each.case.state in OPEN for each in mine)
    form = None
    if money.left and not is_open:
        is_tried = tried is not None and tried.money.number == money.number
        form = tried if is_tried else RefundForm(money=money)
    entry = tlog.entry(money.number) or {}
    own = {each.case.entry for each in mine}
    back = giving.refunds_of(money.number) if money.left < money.amount else []
    return Part(
        money=money,
        cur=ASSETS_BY_NUMBER[money.asset].code,
        matched=sum(match["amt"] for match in entry.get("m", ())),
        now=mine[0] if mine else None,
        earlier=mine[1:],
        others=[each for each in back if each.number not in own],
        form=form,
        by_hand=by_hand,
    )


def _number(text: str) -> int:
    """A number that a form sent; -1 for anything else."""
    return int(text) if NUMBER.fullmatch(text) else -1
