"""Where a charity's money arrives: finance proposes, another of finance confirms, each can stop."""

from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.law.queries import figure
from jusha.payments.payee_change import confirm_payee, propose_payee, stop_payee
from jusha.payments.payee_queries import Account, accounts, coming
from jusha.payments.payee_rules import KINDS, WAIT_RULE
from jusha.people.accounts import address_of
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.uploads import queries as uploads
from jusha.uploads.rules import ENDINGS
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.payee_words import ADDRESSES, STATES, WAYS, PayeeForm, way_name

SEE_OTHER: Final = 303
REFUSED: Final = 422
ERROR_FIELDS: Final = {
    "payee-address": "address",
    "payee-taken": "address",
    "payee-name": "holder",
    "payee-bank": "bank",
}
PROVES: Final = frozenset({"confirm"})
"""What one proves anew who one is for; stopping never waits for that."""


def waiting(staff: Staff) -> int:
    """How many changes this very person can confirm, or still stop."""
    mine = [each for each in _open(staff) if _may_confirm(staff, each)]
    return len(mine) + sum(_may_stop(staff, each) for each in _coming(staff))


def _seen_by(staff: Staff) -> tuple[str, ...] | None:
    """Charities whose accounts a person sees; None for all."""
    whole = staff.office in {Office.OPERATOR, Office.AUDITOR}
    return None if whole else staff.charities(Role.VIEWER)


def _open(staff: Staff) -> list[Decision]:
    codes = _seen_by(staff)
    found = [each for kind in KINDS for each in open_decisions(kind, charities=codes)]
    return sorted(found, key=lambda each: each.pk)


def _coming(staff: Staff) -> list[Account]:
    return coming(_seen_by(staff), now=timezone.now())


def _may_confirm(staff: Staff, decision: Decision) -> bool:
    is_mine = decision.proposed_by == staff.account.pk
    return not is_mine and staff.holds(Role.FINANCE, charity=decision.charity)


def _may_stop(staff: Staff, account: Account) -> bool:
    return staff.office == Office.OPERATOR or staff.holds(Role.FINANCE, charity=account.charity)


@require_role(Role.VIEWER, Office.OPERATOR, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List what waits, what is on its way, and the accounts of the person's charities."""
    said = ""
    if request.method == "POST":
        if request.POST.get("do") in PROVES and (first := prove_first(request)) is not None:
            return first
        said = _ended(request)
        if not said:
            return HttpResponseRedirect(reverse("desk-payees"), status=SEE_OTHER)
    staff, now = request.staff, timezone.now()
    found, own = _open(staff), accounts(staff.roles, now=now)
    planned = _coming(staff)
    codes = {*(each.charity for each in found), *(each.charity for each in planned)}
    names = charities.named({*codes, *staff.roles})
    context: dict[str, Any] = {
        "rows": [_row(staff, each, names) for each in found],
        "coming": [(_shown(each), names.get(each.charity), _may_stop(staff, each))
                   for each in planned],
        "own": [
            (names[code], [_shown(each) for each in own if each.charity == code],
             staff.holds(Role.FINANCE, charity=code))
            for code in staff.roles if code in names
        ],
        "days": figure(WAIT_RULE, on=timezone.localdate()),
        "said": said,
        "typed": request.POST.get("words", "") if said else "",
    }  # fmt: skip
    return render(request, "web/desk_payees.html", context, status=REFUSED if said else 200)


def _ended(request: DeskRequest) -> str:
    """Confirm, hand back, take back or stop; what to say if it was refused, else ""."""
    staff, do = request.staff, request.POST.get("do", "")
    number, words = request.POST.get("number", ""), request.POST.get("words", "")
    by = staff.account.pk
    try:
        if do == "stop":
            if number not in {str(each.decision) for each in _coming(staff)}:
                return str(refusal("payee-began"))
            stop_payee(int(number), words=words, by=by)
            return ""
        chosen = [each for each in _open(staff) if str(each.pk) == number]
        if not chosen:
            return str(refusal("unknown"))
        if do == "confirm":
            confirm_payee(chosen[0].pk, kind=chosen[0].kind, by=by)
        elif do == "decline":
            decline(chosen[0].pk, kind=chosen[0].kind, by=by, words=words)
        elif do == "withdraw":
            withdraw(chosen[0].pk, kind=chosen[0].kind, by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _row(staff: Staff, found: Decision, names: dict[str, Any]) -> dict[str, Any]:
    """A proposal as the page shows it, with the paper to look at."""
    files = uploads.named(found.evidence, charity=found.charity)
    account = UserAccount.objects.filter(pk=found.proposed_by).first()
    body = found.body
    return {
        "it": found,
        "charity": names.get(found.charity),
        "way": way_name(found.subject),
        "address": body.get("merchant") or body.get("number"),
        "label": ADDRESSES[found.subject],
        "by": address_of(account) if account else "",
        "files": [
            reverse("upload", args=(each, ENDINGS[files[each].kind]))
            for each in found.evidence if each in files
        ],
        "may_confirm": _may_confirm(staff, found),
        "is_mine": found.proposed_by == staff.account.pk,
    }  # fmt: skip


def _shown(account: Account) -> dict[str, Any]:
    return {
        "it": account,
        "way": way_name(account.rail),
        "state": STATES[account.state],
        "number": account.decision,
    }


@require_role(Role.FINANCE)
def propose(request: DeskRequest, charity: str) -> HttpResponse:
    """Propose another account of a charity, with the paper of the rail or the bank."""
    found = charities.find(charity)
    if found is None:
        raise Http404(charity)
    how: dict[str, Any] = {"account": request.account, "charity": charity}
    form = PayeeForm(initial={"holder": found.name_zh, "rail": "wechat"}, **how)
    if request.method == "POST":
        form = PayeeForm(request.POST, request.FILES, **how)
        if form.is_valid() and _proposed(request, charity, form):
            return HttpResponseRedirect(reverse("desk-payees"), status=SEE_OTHER)
    context: dict[str, Any] = {
        "it": found,
        "form": form,
        "ways": WAYS.items(),
        "days": figure(WAIT_RULE, on=timezone.localdate()),
    }
    return render(request, "web/desk_payee.html", context, status=REFUSED if form.errors else 200)


def _proposed(request: DeskRequest, charity: str, form: PayeeForm) -> bool:
    """Propose what a valid form says; False with an error in the form."""
    said = form.cleaned_data
    try:
        propose_payee(
            charity,
            rail=said["rail"],
            address=said["address"],
            holder=said["holder"],
            bank=said["bank"],
            evidence=form.kept["evidence"].sha256,
            by=request.staff.account.pk,
            today=timezone.localdate(),
        )
    except DecisionRefusedError as error:
        form.add_error(ERROR_FIELDS.get(error.code), str(refusal(error.code)))
        return False
    return True
