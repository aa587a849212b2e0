"""A company's page: what it promised and paid, what it matches, and how its people join in."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import UserAccount
from jusha.teams import company_queries as companies
from jusha.teams import queries as teams
from jusha.teams.apply_company import NewCompany, apply_company
from jusha.teams.company_models import Company, CompanyCode
from jusha.teams.company_money import NewPledge, propose_pledge
from jusha.teams.company_people import (
    answer_project,
    change_code,
    join_company,
    leave_company,
    suggest_project,
)
from jusha.teams.company_rules import PLEDGE_KIND, SHOWN_FROM, CompanyRefusedError, org
from jusha.teams.queries import COMPANY, Sums
from jusha.uploads.rules import PAPERS
from jusha.web import reference
from jusha.web.company_form import ApplyForm, PledgeForm
from jusha.web.company_words import CAPABILITIES, PLEDGES, PURPOSES, REFUSALS
from jusha.web.decision_words import refusal as decision_refusal
from jusha.web.held import held
from jusha.web.upload_words import keep_field

SEE_OTHER: Final = 303
REFUSED: Final = 422
BESIDE: Final = "beside"


@held
def company_now(code: str) -> dict[str, Any] | None:
    """A company as its page tells it, as of one moment; None without one."""
    company = companies.find(code)
    if company is None:
        return None
    today = timezone.localdate()
    sums = teams.sums_of(COMPANY, [code])[code]
    running = list(teams.running(today, company=code))
    team_sums = teams.public_sums(running)
    approved = companies.projects_of(code, "approved")
    return {
        "company": company,
        "capabilities": [CAPABILITIES[each] for each in company.capabilities],
        "promises": [(each, PLEDGES[each.state]) for each in companies.promises_of(code, today)],
        "pools": [
            (each, PURPOSES[each.purpose], reference.project(each.about))
            for each in companies.pools_of(code)
        ],
        "series": companies.series_of(code),
        "projects": [(each, reference.project(each.project)) for each in approved],
        "teams": [(each, team_sums[each.code]) for each in running],
        "sums": sums if sums.persons >= SHOWN_FROM else Sums(),
        "shown_from": SHOWN_FROM,
        "years": companies.years_of(code, today),
        "people": companies.people(code),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def company(request: HttpRequest, code: str) -> HttpResponse:
    """Show a company; come in as one of its people, or leave."""
    found = company_now(code)
    if found is None:
        raise Http404(code)
    refusal = ""
    account = request.user if isinstance(request.user, UserAccount) else None
    if request.method == "POST":
        if account is None:
            return redirect_to_login(request.path)
        try:
            _people(request, code, account)
            return HttpResponseRedirect(request.path, status=SEE_OTHER)
        except CompanyRefusedError as error:
            refusal = str(REFUSALS[error.code])
    is_in = account is not None and companies.is_employee(code, account.pk)
    context = found | {
        "is_in": is_in,
        "speaks": account is not None and companies.speaks_for(code, account.pk),
        "gives_to": [
            (project, f"{reverse('donate', args=(project.code,))}?company={code}")
            for _, project in found["projects"]
            if project is not None
        ],
        "refusal": refusal,
    }
    response = render(request, "web/company.html", context, status=REFUSED if refusal else 200)
    response["Cache-Control"] = "private, no-store"
    return response


def _people(request: HttpRequest, code: str, account: UserAccount) -> None:
    """Do what one of its people pressed. Raises CompanyRefusedError."""
    said = request.POST
    match said.get("do", ""):
        case "mail":
            join_company(code, account=account)
        case "code":
            join_company(code, account=account, typed=said.get("typed", "") or "-")
        case "leave":
            leave_company(code, account=account.pk)
        case "suggest":
            project = said.get("project", "").strip().rpartition("/")[2]
            suggest_project(code, project, by=account.pk)
        case _:
            raise CompanyRefusedError("unknown")


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """List the companies, the newest first: none can be placed before another."""
    return render(request, "web/companies.html", {"companies": companies.listed()})


@never_cache
@login_required
def room(request: HttpRequest, code: str) -> HttpResponse:
    """For its representative: the budget, what waits for an answer, and promises."""
    account, found = request.user, companies.find(code)
    assert isinstance(account, UserAccount)
    if found is None or not companies.speaks_for(code, account.pk):
        raise Http404(code)
    form, refusal = PledgeForm(), ""
    if request.method == "POST":
        is_pledge = request.POST.get("do") == "pledge"
        form = PledgeForm(request.POST, request.FILES) if is_pledge else form
        refusal = _pledged(form, code, account) if is_pledge else _answered(request, code, account)
        if not refusal and not form.errors:
            return HttpResponseRedirect(request.path, status=SEE_OTHER)
    status = REFUSED if refusal or form.errors else 200
    context = _room(found) | {"form": form, "refusal": refusal}
    return render(request, "web/company_room.html", context, status=status)


def _room(found: Company) -> dict[str, Any]:
    """What a representative sees: totals of five people or more, and no list of anybody."""
    today, code = timezone.localdate(), found.code
    sums = teams.sums_of(COMPANY, [code])[code]
    asked = [
        (each, reference.project(each.project)) for each in companies.projects_of(code, "waiting")
    ]
    return {
        "company": found,
        "code": CompanyCode.objects.filter(company=code).values_list("code", flat=True).first(),
        "forecast": companies.forecast_of(code, today),
        "asked": [
            (each, project, companies.is_own(found, each.project, today=today))
            for each, project in asked
        ],
        "promises": [(each, PLEDGES[each.state]) for each in companies.promises_of(code, today)],
        "waiting": [each for each in companies.proposals(PLEDGE_KIND) if each.charity == org(code)],
        "sums": sums if sums.persons >= SHOWN_FROM else None,
        "people": companies.people(code),
        "shown_from": SHOWN_FROM,
        "series": companies.series_of(code),
        "years": companies.years_of(code, today),
    }


def _answered(request: HttpRequest, code: str, account: UserAccount) -> str:
    """Answer a suggestion, or make a new code; what to say if it was refused."""
    said = request.POST
    try:
        if said.get("do") == "new-code":
            change_code(code, by=account.pk)
        elif said.get("do") in {"approve", "decline"}:
            answer_project(
                code, said.get("project", ""), approve=said["do"] == "approve",
                declared=said.get("declared", ""), by=account.pk, now=timezone.now(),
            )  # fmt: skip
        else:
            return str(REFUSALS["unknown"])
    except CompanyRefusedError as error:
        return str(REFUSALS[error.code])
    return ""


def _pledged(form: PledgeForm, code: str, account: UserAccount) -> str:
    """Hand a promise in; what to say above the form if it was refused."""
    if not form.is_valid():
        return ""
    file = keep_field(form, "file", by=account.pk, charity="", kinds=PAPERS)
    if file is None:
        return ""
    told = form.cleaned_data
    said = NewPledge(told["text"], told["amount"], told["signed_on"], told["due_on"], file.sha256)
    try:
        propose_pledge(code, said, by=account.pk, today=timezone.localdate())
    except CompanyRefusedError as error:
        return str(REFUSALS[error.code])
    except DecisionRefusedError as error:
        return str(decision_refusal(error.code))
    return ""


@never_cache
def apply(request: HttpRequest) -> HttpResponse:
    """Tell what is needed; take an application; show how it stands."""
    if settings.JUSHA_MODE == BESIDE:
        raise Http404
    account = request.user
    if not isinstance(account, UserAccount):
        return render(request, "web/company_apply.html", {"stage": "stranger"})
    last = companies.application_of(account.pk)
    if last is not None and companies.is_open(last):
        return render(request, "web/company_apply.html", {"stage": "waits", "last": last})
    form, refusal = ApplyForm(), ""
    if request.method == "POST":
        form = ApplyForm(request.POST, request.FILES)
        refusal = _applied(form, account)
        if not refusal and not form.errors:
            return HttpResponseRedirect(reverse("company-apply"), status=SEE_OTHER)
    context = {
        "stage": "form", "form": form, "refusal": refusal,
        "returned": companies.return_of(last.pk) if last else None,
        "admitted": companies.find(last.code) if last else None,
    }  # fmt: skip
    status = REFUSED if refusal or form.errors else 200
    return render(request, "web/company_apply.html", context, status=status)


def _applied(form: ApplyForm, account: UserAccount) -> str:
    """Hand an application in; what to say above the form if it was refused."""
    if not form.is_valid():
        return ""
    file = keep_field(form, "registration", by=account.pk, charity="", kinds=PAPERS)
    if file is None:
        return ""
    told = dict(form.cleaned_data)
    contact = told.pop("contact")
    try:
        said = NewCompany(**(told | {"registration": file.sha256}))
        apply_company(said, contact=contact, by=account.pk)
    except CompanyRefusedError as error:
        if error.code in form.fields:
            form.add_error(error.code, str(REFUSALS[error.code]))
            return ""
        return str(REFUSALS[error.code])
    return ""
