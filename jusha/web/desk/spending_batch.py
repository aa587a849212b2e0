"""Many expenses from one table: tried first, then asked for all together or not at all."""

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from jusha.charities.rules import Role
from jusha.people.decisions import DecisionRefusedError
from jusha.projects.expense_rules import COLUMNS, KIND_WORDS, LINE_WORDS, Asked, read_sheet
from jusha.projects.expenses import check_rows, propose_expenses
from jusha.uploads import queries as uploads
from jusha.uploads.keep import keep
from jusha.uploads.models import Upload
from jusha.uploads.rules import PAPERS, UploadRefusedError
from jusha.web import upload_words
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.spending import HASH, REFUSED, SEE_OTHER
from jusha.web.spending_words import FAULTS, LINE_NAMES, SHEET_FAULTS, what_kind

TEXT_MAX: Final = 200_000


@require_role(Role.PROGRAMME)
def batch(request: DeskRequest) -> HttpResponse:
    """Read a table, show what it would ask for, and ask for all of it."""
    charity = request.staff.charities(Role.PROGRAMME)[0]
    text = request.POST.get("rows", "").replace("\0", "")[:TEXT_MAX]
    asked, faults, said = list[Asked](), list[tuple[int, str]](), ""
    paper = None
    if request.method == "POST":
        paper, said = _paper(request, charity)
        try:
            asked = read_sheet(text)
            faults = check_rows(asked, charity=charity)
        except ValueError as error:
            said = said or str(SHEET_FAULTS.get(str(error), SHEET_FAULTS["columns"]))
        if "ask" in request.POST and not (said or faults):
            said = _asked(request, charity, asked, paper)
            if not said:
                return HttpResponseRedirect(reverse("desk-spending"), status=SEE_OTHER)
    wrong = {place: [str(FAULTS[c]) for at, c in faults if at == place] for place, _ in faults}
    context: dict[str, Any] = {
        "text": text,
        "paper": paper,
        "said": said,
        "is_good": bool(asked) and not faults and not said,
        "total": sum(each.amount for each in asked),
        "rows": [
            (place, each, LINE_NAMES.get(each.line, each.line), what_kind(each.what),
             wrong.get(place - 1, []))
            for place, each in enumerate(asked, 1)
        ],
        "columns": len(COLUMNS),
        "line_words": list(LINE_WORDS),
        "kind_words": list(KIND_WORDS),
    }  # fmt: skip
    status = REFUSED if said or faults else 200
    return render(request, "web/desk_spending_batch.html", context, status=status)


def _paper(request: DeskRequest, charity: str) -> tuple[Upload | None, str]:
    """The paper that proves the table: kept now, or kept at the trial before."""
    given, before = request.FILES.get("evidence"), request.POST.get("evidence_kept", "")
    if given is None:
        found = uploads.find(before, charity=charity) if HASH.fullmatch(before) else None
        return found, ""
    try:
        return keep(given, by=request.account.pk, charity=charity, kinds=PAPERS), ""
    except UploadRefusedError as error:
        return None, str(upload_words.refusal(error.code))


def _asked(request: DeskRequest, charity: str, asked: list[Asked], paper: Upload | None) -> str:
    """Ask for all of it; what to say if that was refused, else ""."""
    files = [paper.sha256] if paper else []
    try:
        propose_expenses(asked, charity=charity, by=request.account.pk, evidence=files)
    except DecisionRefusedError as error:
        return str(FAULTS.get(error.code) or refusal(error.code))
    return ""
