"""A charity's whole year at the desk: one of its finance says the figures, another confirms."""

from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.oversight.year_figures import KIND, confirm_year, propose_year, ratios_of
from jusha.oversight.year_rules import Said, YearRefusedError
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.titles import told
from jusha.web.year_form import FIELDS, YearForm
from jusha.web.year_words import REFUSALS, shown

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15


def waiting(staff: Staff) -> int:
    """How many years this person can confirm. Reads: jusha_decision."""
    mine = staff.charities(Role.FINANCE)
    return open_decisions(KIND, charities=mine).exclude(proposed_by=staff.account.pk).count()


@require_role(Role.FINANCE)
def year_figures(request: DeskRequest) -> HttpResponse:
    """Show what waits; say a year's figures, confirm a colleague's."""
    mine = list(request.staff.charities(Role.FINANCE))
    pages = charities.named(mine)
    offers = [(code, told(pages[code], "name") if code in pages else code) for code in mine]
    today, said = localdate(), ""
    form = YearForm(None, charities=offers, initial={"year": today.year, "as_of": f"{today}"})
    if request.method == "POST" and request.POST.get("do") == "propose":
        form = YearForm(request.POST, charities=offers)
        said = _proposed(request, form, today) if form.is_valid() else ""
    elif request.method == "POST":
        said = _ended(request, mine)
    if request.method == "POST" and not said and not form.errors:
        return HttpResponseRedirect(reverse("desk-year-figures"), status=SEE_OTHER)
    context: dict[str, Any] = {
        "asked": [
            (each, each.proposed_by == request.account.pk, _ratios(each))
            for each in open_decisions(KIND, charities=mine)
        ],
        "mine": mine,
        "form": form,
        "said": said,
    }
    status = REFUSED if said or form.errors else 200
    return render(request, "web/desk_year.html", context, status=status)


def _ratios(asked: Decision) -> list[Any]:
    body = asked.body
    as_of = date.fromisoformat(body["as_of"])
    said = Said(**({name: body[name] for name in Said._fields} | {"as_of": as_of}))
    return [shown(each) for each in ratios_of(asked.charity, said)]


def _proposed(request: DeskRequest, form: YearForm, today: date) -> str:
    """Propose what the form says; what to say above it if it was refused, else ""."""
    try:
        propose_year(
            form.cleaned_data["charity"],
            form.said(),
            reason=form.cleaned_data["reason"].replace("\r\n", "\n"),
            by=request.account.pk,
            today=today,
        )
    except YearRefusedError as error:
        if error.code not in FIELDS:
            return str(REFUSALS[error.code])
        form.add_error(FIELDS[error.code], str(REFUSALS[error.code]))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _ended(request: DeskRequest, mine: list[str]) -> str:
    """Confirm, hand back or take back; what to say if it was refused, else ""."""
    by, post = request.account.pk, request.POST
    text, do = post.get("decision", ""), post.get("do", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0
    if not Decision.objects.filter(pk=number, kind=KIND, charity__in=mine).exists():
        return str(refusal("unknown"))
    try:
        if do == "confirm":
            confirm_year(number, by=by)
        elif do == "decline":
            decline(number, kind=KIND, by=by, words=post.get("back", ""))
        elif do == "withdraw":
            withdraw(number, kind=KIND, by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(REFUSALS["stale"] if error.code == "stale" else refusal(error.code))
    return ""
