"""Spending at the desk: programme asks with papers, finance of the same charity confirms."""

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.charities.rules import Role
from jusha.people.accounts import address_of
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.projects import expense_queries as expenses
from jusha.projects import queries as projects
from jusha.projects.expenses import (
    KIND,
    confirm_expense,
    note_expense,
    outcome_id,
    propose_expenses,
)
from jusha.projects.models import Project
from jusha.settlement.models import Outcome
from jusha.uploads import queries as uploads
from jusha.uploads.models import Upload
from jusha.uploads.rules import ENDINGS, PAPERS, PICTURES
from jusha.web.decision_words import refusal
from jusha.web.desk import spending_papers
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.expense_form import ExpenseForm
from jusha.web.spending_words import FAULTS, LINE_NAMES, STATES, what_kind
from jusha.web.titles import told
from jusha.web.upload_words import keep_field

SEE_OTHER: Final = 303
REFUSED: Final = 422
LISTED_MAX: Final = 100
HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """A request as the desk shows it; `entry` is its expense's number, 0 before."""

    decision: Decision
    title: str
    line: str
    what: str
    state: str
    state_words: str
    entry: int
    why: str


def waiting(staff: Staff) -> int:
    """How many requests this person can confirm. Reads: jusha_decision."""
    mine = staff.charities(Role.FINANCE)
    return open_decisions(KIND, charities=mine).exclude(proposed_by=staff.account.pk).count()


def seen_by(staff: Staff) -> frozenset[str] | None:
    """Codes of the charities whose requests a person sees; None for all of them."""
    return None if staff.office == Office.AUDITOR else frozenset(staff.charities(Role.VIEWER))


@require_role(Role.VIEWER, Office.AUDITOR)
def requests(request: DeskRequest) -> HttpResponse:
    """List the newest requests of the person's charities, those that wait first."""
    codes = seen_by(request.staff)
    found = Decision.objects.filter(kind=KIND).select_related("end")
    if codes is not None:
        found = found.filter(charity__in=codes)
    newest = list(found.order_by("end__id", "-id")[:LISTED_MAX])
    newest.sort(key=lambda each: (hasattr(each, "end"), -each.pk))
    context = {"rows": rows(newest), "may_ask": bool(request.staff.charities(Role.PROGRAMME))}
    return render(request, "web/desk_spending.html", context)


def rows(decisions: list[Decision]) -> list[Row]:
    """Requests with what became of them; two questions."""
    pages = projects.named({each.subject for each in decisions})
    ids = {outcome_id(each.pk): each.pk for each in decisions}
    outcomes = {ids[each.pk]: each for each in Outcome.objects.filter(pk__in=ids)}
    return [_row(each, pages.get(each.subject), outcomes.get(each.pk)) for each in decisions]


def _row(decision: Decision, page: Project | None, outcome: Outcome | None) -> Row:
    state = decision.end.verdict if hasattr(decision, "end") else "asked"
    why = decision.end.words if state == "declined" else ""
    if state == "confirmed" and outcome is not None:
        state = "settled" if outcome.code == "done" else "refused"
        why = str(FAULTS.get(outcome.code, outcome.code)) if state == "refused" else ""
    return Row(
        decision,
        told(page, "title") if page else decision.subject,
        str(LINE_NAMES.get(decision.body["line"], "")),
        what_kind(decision.body["what"]),
        state,
        str(STATES[state]),
        outcome.number if outcome and outcome.code == "done" else 0,
        why,
    )


@require_role(Role.PROGRAMME)
def ask(request: DeskRequest) -> HttpResponse:
    """Ask for one expense, with its paper and perhaps a picture for everybody."""
    offers = offered(request.staff)
    form = ExpenseForm(
        request.POST or None,
        request.FILES or None,
        projects=[(page.code, told(page, "title")) for page in offers.values()],
        initial={"on": localdate().isoformat()},
    )
    kept: dict[str, Upload | None] = {}
    if request.method == "POST" and form.is_valid():
        page = offers[form.cleaned_data["project"]]
        kept = _kept(request, form, page.charity.code)
        if not form.errors and _proposed(request, form, page.charity.code, kept):
            return HttpResponseRedirect(reverse("desk-spending"), status=SEE_OTHER)
    context = {"form": form, "kept": kept, "lines": left_of(list(offers))}
    status = REFUSED if form.errors else 200
    return render(request, "web/desk_spending_new.html", context, status=status)


def offered(staff: Staff) -> dict[str, Project]:
    """The projects for which a person may ask, by code."""
    mine = [page for code in staff.charities(Role.PROGRAMME) for page in projects.of_charity(code)]
    return {page.code: page for page in mine}


def left_of(codes: list[str]) -> list[tuple[str, projects.MoneyLine]]:
    """What each project's lines have left: (title, both lines)."""
    pages, funds = projects.named(codes), projects.funds(codes)
    return [
        (told(pages[code], "title"), projects.money_line(funds[code]))
        for code in codes
        if code in funds and code in pages
    ]


def _kept(request: DeskRequest, form: ExpenseForm, charity: str) -> dict[str, Upload | None]:
    """Keep the files of the form, or find those that were kept before."""
    by, found = request.account.pk, dict[str, Upload | None]()
    for field, kinds in (("evidence", PAPERS), ("picture", PICTURES)):
        before = request.POST.get(f"{field}_kept", "")
        found[field] = keep_field(form, field, by=by, charity=charity, kinds=kinds)
        if found[field] is None and HASH.fullmatch(before):
            found[field] = uploads.find(before, charity=charity)
    return found


def _proposed(
    request: DeskRequest, form: ExpenseForm, charity: str, kept: dict[str, Upload | None]
) -> bool:
    """Propose what the form says; False, with an error at its field, if it was refused."""
    paper, picture = kept["evidence"], kept["picture"]
    asked = form.asked(pictures=(picture.sha256,) if picture else ())
    files = [each.sha256 for each in (paper,) if each]
    try:
        propose_expenses([asked], charity=charity, by=request.account.pk, evidence=files)
    except DecisionRefusedError as error:
        field = {"more-than-is-left": "own", "to-come": "on"}.get(error.code, error.code)
        words = FAULTS.get(error.code) or refusal(error.code)
        form.add_error(field if field in form.fields else None, str(words))
        return False
    return True


@require_role(Role.VIEWER, Office.AUDITOR)
def one(request: DeskRequest, number: str) -> HttpResponse:
    """Show a request with its papers; confirm it, hand it back, take it back, add a note."""
    found = _found(request.staff, number)
    said = ""
    if request.method == "POST":
        do = request.POST.get("do", "")
        if do == "confirm" and (first := prove_first(request)) is not None:
            return first
        said = _done(request, found, do)
        if not said:
            way = reverse("desk-spending-one", args=(found.pk,))
            return HttpResponseRedirect(way, status=SEE_OTHER)
    return _show(request, _found(request.staff, number), said)


def _found(staff: Staff, number: str) -> Decision:
    found = Decision.objects.filter(pk=int(number), kind=KIND).select_related("end").first()
    codes = seen_by(staff)
    if found is None or (codes is not None and found.charity not in codes):
        raise Http404(number)
    return found


def _done(request: DeskRequest, found: Decision, do: str) -> str:
    """Do what was pressed; what to say if it was refused, else ""."""
    by, words = request.account.pk, request.POST.get("words", "")
    if do in spending_papers.VERBS:
        return spending_papers.done(request, found, do)
    try:
        if do == "confirm":
            confirm_expense(found.pk, by=by)
        elif do == "decline":
            decline(found.pk, kind=KIND, by=by, words=words)
        elif do == "withdraw":
            withdraw(found.pk, kind=KIND, by=by)
        elif do == "note" and _may_note(request.staff, found):
            note_expense(rows([found])[0].entry, words=words, by=by)
        else:
            return str(refusal("stale"))
    except DecisionRefusedError as error:
        return str(FAULTS.get(error.code) or refusal(error.code))
    return ""


def _may_note(staff: Staff, found: Decision) -> bool:
    return any(staff.holds(each, charity=found.charity) for each in (Role.PROGRAMME, Role.FINANCE))


def _show(request: DeskRequest, found: Decision, said: str) -> HttpResponse:
    me, row = request.account.pk, rows([found])[0]
    is_open = row.state == "asked"
    finance = request.staff.holds(Role.FINANCE, charity=found.charity)
    offers = spending_papers.context(request.staff, found, row.entry)
    hashes = [*found.evidence, *found.body["pictures"], *offers["copies"]]
    papers = uploads.named(hashes, charity=found.charity)
    context: dict[str, Any] = {
        **offers,
        "copies": [_file(papers[each]) for each in offers["copies"] if each in papers],
        "row": row,
        "it": found,
        "said": said,
        "papers": [_file(papers[each]) for each in found.evidence if each in papers],
        "pictures": [_file(papers[each]) for each in found.body["pictures"] if each in papers],
        "may_confirm": is_open and finance and found.proposed_by != me,
        "is_mine": is_open and found.proposed_by == me,
        "may_note": bool(row.entry) and _may_note(request.staff, found),
        "notes": expenses.notes(row.entry) if row.entry else [],
        "first": _who(found.proposed_by),
        "second": _who(found.end.ended_by) if hasattr(found, "end") else "",
    }
    status = REFUSED if said else 200
    return render(request, "web/desk_spending_one.html", context, status=status)


def _file(found: Upload) -> tuple[Upload, str, bool]:
    way = reverse("upload", args=(found.sha256, ENDINGS[found.kind]))
    return found, way, found.kind in PICTURES


def _who(account: UUID) -> str:
    found = UserAccount.objects.filter(pk=account).first()
    return (address_of(found) if found else None) or str(account)
