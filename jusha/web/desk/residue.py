"""Residue at the desk: finance says where it went and by which document, a reviewer confirms."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.giving.residue import KIND, confirm_residue, propose_residue
from jusha.giving.residue_queries import campaigns_sent_back, open_gifts, orders_told
from jusha.giving.residue_rules import ResidueRefusedError, Share, shares
from jusha.money.assets import ASSETS_BY_NUMBER, decimal_text
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.uploads import queries as uploads
from jusha.uploads.models import Upload
from jusha.uploads.rules import ENDINGS, PAPERS
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.residue_form import ResidueForm
from jusha.web.residue_words import FIELDS, REFUSALS
from jusha.web.upload_words import keep_field

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15


def waiting(staff: Staff) -> int:
    """How many orders this person can confirm. Reads: jusha_decision."""
    if staff.office != Office.REVIEWER:
        return 0
    return open_decisions(KIND).exclude(proposed_by=staff.account.pk).count()


@require_role(Office.FINANCE, Office.REVIEWER, Office.AUDITOR)
def residue(request: DeskRequest) -> HttpResponse:
    """Show what could not go back and where it went; say it, confirm it, hand it back."""
    do, said = request.POST.get("do", ""), ""
    standing = [(code, share) for code in campaigns_sent_back() for share in _shares(code)]
    final = [(code, share) for code, share in standing if share.amount]
    form = ResidueForm(None, shares=final, initial={"paid_on": localdate().isoformat()})
    if request.method == "POST" and do == "propose":
        form = ResidueForm(request.POST, request.FILES, shares=final)
        said = _proposed(request, form)
    elif request.method == "POST":
        if do == "confirm" and (first := prove_first(request)) is not None:
            return first
        said = _ended(request, do)
    if request.method == "POST" and not said and not form.errors:
        return HttpResponseRedirect(reverse("desk-residue"), status=SEE_OTHER)
    context = _context(request, standing, form) | {"said": said}
    status = REFUSED if said or form.errors else 200
    return render(request, "web/desk_residue.html", context, status=status)


def _shares(campaign: str) -> list[Share]:
    return shares(open_gifts(campaign))


def _context(
    request: DeskRequest, standing: list[tuple[str, Share]], form: ResidueForm
) -> dict[str, Any]:
    me = request.account.pk
    return {
        "standing": standing,
        "final": [
            (key, campaign, share.charity, decimal_text(share.amount, code), code)
            for key, (campaign, share) in form.shares.items()
            for code in (ASSETS_BY_NUMBER[share.asset].code,)
        ],
        "asked": [(each, each.proposed_by == me, _papers(each)) for each in open_decisions(KIND)],
        "told": orders_told(),
        "form": form,
        "may_propose": request.staff.office == Office.FINANCE,
        "may_confirm": request.staff.office == Office.REVIEWER,
    }


def _papers(found: Decision) -> list[tuple[Upload, str]]:
    named = uploads.named(found.evidence, charity=found.charity)
    return [
        (each, reverse("upload", args=(each.sha256, ENDINGS[each.kind]))) for each in named.values()
    ]


def _proposed(request: DeskRequest, form: ResidueForm) -> str:
    """Propose what the form says; what to say above it if it was refused, else ""."""
    if not form.is_valid():
        return ""
    (campaign, share), by = form.chosen(), request.account.pk
    paper = keep_field(form, "paper", by=by, charity=share.charity, kinds=PAPERS)
    if form.errors:
        return ""
    return _tried(form, campaign, share, paper, by)


def _tried(form: ResidueForm, campaign: str, share: Share, paper: Upload | None, by: UUID) -> str:
    try:
        propose_residue(
            campaign,
            share.charity,
            share.asset,
            form.said(),
            evidence=paper.sha256 if paper else "",
            by=by,
            today=localdate(),
        )
    except ResidueRefusedError as error:
        if error.code not in FIELDS:
            return str(REFUSALS[error.code])
        form.add_error(FIELDS[error.code], str(REFUSALS[error.code]))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _ended(request: DeskRequest, do: str) -> str:
    """Confirm, hand back or take back; what to say if it was refused, else ""."""
    by, text = request.account.pk, request.POST.get("decision", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0
    try:
        if do == "confirm":
            confirm_residue(number, by=by)
        elif do == "decline":
            decline(number, kind=KIND, by=by, words=request.POST.get("words", ""))
        elif do == "withdraw":
            withdraw(number, kind=KIND, by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(REFUSALS["stale"] if error.code == "stale" else refusal(error.code))
    return ""
