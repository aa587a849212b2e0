"""A charity's own matters: certificate, colleagues, partners; proposed by one, ended by another."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.charities import queries as charities
from jusha.charities.confirm import confirm_for_charity
from jusha.charities.propose import (
    CERTIFICATE,
    KINDS,
    MEMBER,
    PARTNER,
    propose_certificate,
    propose_member,
    propose_partner,
)
from jusha.charities.qualification import days_left, standing
from jusha.charities.rules import Role
from jusha.people.accounts import address_of
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.uploads import queries as uploads
from jusha.uploads.rules import ENDINGS
from jusha.web.charity_forms import ROLE_WORDS, CertificateForm, MemberForm, PartnerForm
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
REFUSED: Final = 422
PROPOSERS: Final[dict[str, tuple[Role, ...]]] = {
    CERTIFICATE: (Role.PROGRAMME, Role.FINANCE),
    MEMBER: (Role.PROGRAMME, Role.FINANCE),
    PARTNER: (Role.PROGRAMME,),
}
"""Whom pages offer it; the database asks jusha_decisionkind."""
CONFIRMERS: Final[dict[str, tuple[Role | Office, ...]]] = {
    CERTIFICATE: (Office.REVIEWER,),
    MEMBER: (Role.FINANCE, Office.REVIEWER),
    PARTNER: (Role.FINANCE,),
}
TITLES: Final[dict[str, Promise]] = {
    CERTIFICATE: _("公开募捐资格证书"),
    MEMBER: _("同事"),
    PARTNER: _("合作方"),
}
PAPERS: Final[dict[str, Promise]] = {
    "evidence": _("公开募捐资格证书"),
    "evaluation": _("对合作方的评估"),
    "agreement": _("书面协议"),
}
"""What the files of a decision are, by the field that holds their hash."""
ERROR_FIELDS: Final = {
    "uscc": "uscc",
    "own": "uscc",
    "address": "address",
    "name": "name",
    "other-uscc": "certified",
}


def may_confirm(staff: Staff, decision: Decision) -> bool:
    """Whether a page offers this person to end a decision of somebody else."""
    if decision.proposed_by == staff.account.pk:
        return False
    return any(
        staff.holds(each, charity="" if isinstance(each, Office) else decision.charity)
        for each in CONFIRMERS[decision.kind]
    )


def waiting(staff: Staff) -> int:
    """How many decisions about charities wait for this very person."""
    return sum(may_confirm(staff, each) for each in _open(staff))


def _open(staff: Staff) -> list[Decision]:
    """Decisions of all kinds that this person sees, oldest first."""
    whole = staff.office in {Office.REVIEWER, Office.AUDITOR}
    codes = None if whole else staff.charities(Role.VIEWER)
    found = [each for kind in KINDS for each in open_decisions(kind, charities=codes)]
    return sorted(found, key=lambda each: each.pk)


@require_role(Role.VIEWER, Office.REVIEWER, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List what waits for a second person, and the charities of this one."""
    said = ""
    if request.method == "POST":
        if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
            return first
        said = _ended(request)
        if not said:
            return HttpResponseRedirect(reverse("desk-charities"), status=SEE_OTHER)
    found = _open(request.staff)
    names = charities.named({*(each.charity for each in found), *request.staff.roles})
    context: dict[str, Any] = {
        "rows": [_row(request.staff, each, names) for each in found],
        "own": [names[code] for code in request.staff.roles if code in names],
        "said": said,
        "typed": request.POST.get("words", "") if said else "",
    }
    status = REFUSED if said else 200
    return render(request, "web/desk_charities.html", context, status=status)


def _ended(request: DeskRequest) -> str:
    """Confirm, decline or take back; what to say if it was refused, else ""."""
    by, do = request.staff.account.pk, request.POST.get("do", "")
    number = request.POST.get("number", "")
    chosen = [each for each in _open(request.staff) if str(each.pk) == number]
    if not chosen:
        return str(refusal("unknown"))
    kind = chosen[0].kind
    try:
        if do == "confirm":
            confirm_for_charity(chosen[0].pk, kind=kind, by=by)
        elif do == "decline":
            decline(chosen[0].pk, kind=kind, by=by, words=request.POST.get("words", ""))
        elif do == "withdraw":
            withdraw(chosen[0].pk, kind=kind, by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _row(staff: Staff, found: Decision, names: dict[str, Any]) -> dict[str, Any]:
    """A decision as the page shows it: what would hold, and the files to look at."""
    files = uploads.named(found.evidence, charity=found.charity)
    body = found.body
    return {
        "it": found,
        "title": TITLES[found.kind],
        "charity": names.get(found.charity),
        "by": _address(found.proposed_by),
        "body": body,
        "person": _address(UUID(body["account_id"])) if found.kind == MEMBER else "",
        "role": ROLE_WORDS.get(body.get("role", ""), ""),
        "files": [
            (title, reverse("upload", args=(body[name], ENDINGS[files[body[name]].kind])))
            for name, title in PAPERS.items()
            if body.get(name) in files
        ],
        "may_confirm": may_confirm(staff, found),
        "is_mine": found.proposed_by == staff.account.pk,
    }


def _address(account: UUID) -> str:
    found = UserAccount.objects.filter(pk=account).first()
    return address_of(found) if found else ""


@require_role(Role.VIEWER)
def charity(request: DeskRequest, charity: str) -> HttpResponse:
    """One charity as its own people see it; propose a certificate, a colleague, a partner."""
    found = charities.find(charity)
    if found is None:
        raise Http404(charity)
    today = timezone.localdate()
    do = request.POST.get("do", "") if request.method == "POST" else ""
    how: dict[str, Any] = {"account": request.account, "charity": charity}
    given = (request.POST, request.FILES)
    forms: dict[str, Any] = {
        CERTIFICATE: CertificateForm(*given, **how)
        if do == CERTIFICATE
        else CertificateForm(**how),
        MEMBER: MemberForm(request.POST) if do == MEMBER else MemberForm(),
        PARTNER: PartnerForm(*given, **how) if do == PARTNER else PartnerForm(**how),
    }
    is_right = do in forms and _may(request.staff, charity, do) and forms[do].is_valid()
    if is_right and _proposed(request, charity, do, forms[do], today):
        return HttpResponseRedirect(reverse("desk-charities"), status=SEE_OTHER)
    held = charities.certificate(charity, today)
    members = charities.members(charity)
    context: dict[str, Any] = {
        "it": found,
        "certificate": held,
        "standing": standing(held, today),
        "days": days_left(held, today) if held else 0,
        "members": [(_address(each.account_id), ROLE_WORDS[each.role]) for each in members],
        "partners": charities.partners(charity, today),
        "forms": forms,
        "do": do,
        "may": {kind: _may(request.staff, charity, kind) for kind in KINDS},
        "roles": ROLE_WORDS.items(),
    }
    return render(request, "web/desk_charity.html", context, status=REFUSED if do else 200)


def _may(staff: Staff, code: str, kind: str) -> bool:
    return any(staff.holds(role, charity=code) for role in PROPOSERS[kind])


def _proposed(request: DeskRequest, code: str, kind: str, form: Any, today: date) -> bool:
    """Propose what a valid form says; False with an error in the form."""
    said, by = form.cleaned_data, request.staff.account.pk
    try:
        if kind == MEMBER:
            propose_member(code, address=said["address"], role=said["role"], by=by)
            return True
        said = said | {name: kept.sha256 for name, kept in form.kept.items()}
        if kind == CERTIFICATE:
            uscc = said.pop("certified")
            propose_certificate(code, uscc=uscc, **said, by=by)
        else:
            first, last = said.pop("partner_from"), said.pop("partner_until")
            days = {"valid_from": first, "valid_until": last}
            propose_partner(code, **said, **days, by=by, today=today)
    except DecisionRefusedError as error:
        field = "certified" if (kind, error.code) == (CERTIFICATE, "uscc") else None
        form.add_error(field or ERROR_FIELDS.get(error.code), str(refusal(error.code)))
        return False
    return True
