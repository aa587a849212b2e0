"""Companies at the desk: reviewers admit them and see promises, finance funds their pools."""

from typing import Any, Final, NamedTuple

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from jusha.people.decisions import DecisionRefusedError, decline, withdraw
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.teams.apply_company import (
    confirm_company,
    contact_of,
    decline_company,
    hand_back,
    propose_company,
)
from jusha.teams.company_money import NewPool, confirm_pledge, confirm_pool, propose_pool
from jusha.teams.company_queries import proposals, waiting_applications
from jusha.teams.company_rules import APPLY_KIND, PLEDGE_KIND, POOL_KIND, CompanyRefusedError
from jusha.uploads import queries as uploads
from jusha.uploads.rules import ENDINGS
from jusha.web.company_form import PoolForm
from jusha.web.company_words import CAPABILITIES, PURPOSES, REFUSALS
from jusha.web.day_words import HOW_WORDS
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.words import money

SEE_OTHER: Final = 303
REFUSED: Final = 422
CONFIRMS: Final = {
    APPLY_KIND: (Office.REVIEWER, confirm_company),
    PLEDGE_KIND: (Office.REVIEWER, confirm_pledge),
    POOL_KIND: (Office.FINANCE, confirm_pool),
}
"""Who confirms a kind, and by which verb."""


class Row(NamedTuple):
    """A proposal as the page shows it."""

    found: Decision
    title: str
    lines: list[tuple[str, str | Promise]]
    papers: list[tuple[str, str]]
    is_mine: bool
    may: bool


def waiting(staff: Staff) -> int:
    """How many things this very person can decide. Reads: jusha_decision, applications."""
    if staff.office not in {Office.REVIEWER, Office.FINANCE}:
        return 0
    kinds = [kind for kind, (office, _verb) in CONFIRMS.items() if office == staff.office]
    found = [each for kind in kinds for each in proposals(kind)]
    new = len(waiting_applications()) if staff.office == Office.REVIEWER else 0
    return new + sum(each.proposed_by != staff.account.pk for each in found)


@require_role(Office.REVIEWER, Office.FINANCE, Office.AUDITOR)
def companies(request: DeskRequest) -> HttpResponse:
    """Show applications and what waits for a second person; decide; fund a pool."""
    do, said, form = request.POST.get("do", ""), "", PoolForm()
    if request.method == "POST":
        if do == "confirm" and (first := prove_first(request)) is not None:
            return first
        if do == "fund":
            form = PoolForm(request.POST)
        said = _funded(request, form) if do == "fund" else _decided(request, do)
        if not said and not form.errors:
            return HttpResponseRedirect(reverse("desk-companies"), status=SEE_OTHER)
    office = request.staff.office
    context: dict[str, Any] = {
        "applications": [
            (each, contact_of(each.pk), _papers([each.registration]))
            for each in (waiting_applications() if office == Office.REVIEWER else [])
        ],
        "rows": [_row(request, each) for kind in CONFIRMS for each in proposals(kind)],
        "is_reviewer": office == Office.REVIEWER,
        "is_finance": office == Office.FINANCE,
        "form": form,
        "said": said,
    }
    status = REFUSED if said or form.errors else 200
    return render(request, "web/desk_companies.html", context, status=status)


def _row(request: DeskRequest, found: Decision) -> Row:
    body, kind = found.body, found.kind
    if kind == APPLY_KIND:
        told = body["company"]
        title = _("接纳 %(name)s") % {"name": told["name_zh"]}
        lines = [
            (_("统一社会信用代码"), told["uscc"]), (_("网址简称"), told["code"]),
            (_("英文名"), told["name_en"]), (_("员工邮箱的域名"), told["domain"] or "–"),
            (_("介绍"), told["intro"]),
            (_("能做什么"), "、".join(str(CAPABILITIES[each]) for each in told["capabilities"])),
        ]  # fmt: skip
    elif kind == PLEDGE_KIND:
        title = _("%(code)s 的承诺") % {"code": body["company"]}
        lines = [
            (_("金额"), money(body["amount"])), (_("内容"), body["text"]),
            (_("签署"), body["signed_on"]), (_("到期"), body["due_on"]),
        ]  # fmt: skip
    else:
        title = _("%(code)s 的配捐池 %(pool)s") % {"code": body["company"], "pool": body["pool"]}
        lines = [
            (_("金额"), money(body["amount"])), (_("资金"), str(HOW_WORDS[body["how"]])),
            (_("活动"), body["campaign"]),
            (str(PURPOSES[body["purpose"]]), body["about"]),
            (_("公开的说明"), body["declared"] or "–"),
        ]  # fmt: skip
    is_mine = found.proposed_by == request.account.pk
    may = request.staff.office == CONFIRMS[kind][0]
    return Row(found, title, lines, _papers(found.evidence), is_mine, may)


def _papers(hashes: list[str]) -> list[tuple[str, str]]:
    """Names and addresses of files, as reviewers open them."""
    found = [next(iter(uploads.copies(each)), None) for each in hashes]
    return [
        (each.name, reverse("upload", args=(each.sha256, ENDINGS[each.kind])))
        for each in found
        if each is not None
    ]


def _funded(request: DeskRequest, form: PoolForm) -> str:
    """Propose what the form says; what to say above it if it was refused."""
    if request.staff.office != Office.FINANCE:
        return str(refusal("not-yours"))
    if not form.is_valid():
        return ""
    said = NewPool(**form.cleaned_data)
    try:
        propose_pool(said, by=request.account.pk, today=localdate())
    except CompanyRefusedError as error:
        return str(REFUSALS[error.code])
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _decided(request: DeskRequest, do: str) -> str:
    """Do what was pressed; what to say if it was refused."""
    post, by = request.POST, request.account.pk
    number, words = post.get("number", ""), post.get("words", "")
    open_ones = {str(each.pk): each.kind for kind in CONFIRMS for each in proposals(kind)}
    try:
        if do in {"propose", "return"}:
            _examined(request, do)
        elif number not in open_ones:
            return str(refusal("unknown"))
        elif do == "confirm":
            CONFIRMS[open_ones[number]][1](int(number), by=by)
        elif do == "decline" and open_ones[number] == APPLY_KIND:
            decline_company(int(number), by=by, words=words)
        elif do == "decline":
            decline(int(number), kind=open_ones[number], by=by, words=words)
        elif do == "withdraw":
            withdraw(int(number), kind=open_ones[number], by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _examined(request: DeskRequest, do: str) -> None:
    """Propose an application or hand it back, as a reviewer. Raises DecisionRefusedError."""
    post, by = request.POST, request.account.pk
    number = post.get("number", "")
    if request.staff.office != Office.REVIEWER:
        raise DecisionRefusedError("not-yours")
    if number not in {str(each.pk) for each in waiting_applications()}:
        raise DecisionRefusedError("unknown")
    if do == "propose":
        propose_company(int(number), by=by)
    else:
        hand_back(int(number), by=by, words=post.get("words", ""))
