"""Writing a plan at the desk: saved at any time, checked at the field, handed in whole."""

from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.payments.bank_account import account_of
from jusha.people.decisions import DecisionRefusedError
from jusha.projects import plan_rules as rules
from jusha.projects.draft import DraftRefusedError, EditedMeanwhileError, check, is_open, save
from jusha.projects.models import Project
from jusha.projects.plan_models import ProjectDraft
from jusha.projects.publish import hand_in
from jusha.uploads.rules import UploadRefusedError
from jusha.web import plan_form
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.projects import kept_file, paper
from jusha.web.plan_words import BASES, FAULTS, KINDS, REFUSALS, word
from jusha.web.theme_words import theme_name
from jusha.web.upload_words import REFUSALS as UPLOAD_REFUSALS

SEE_OTHER: Final = 303
REFUSED: Final = 422
EDITION_DIGITS: Final = 9


@require_role(Role.PROGRAMME)
def edit(request: DeskRequest, code: str) -> HttpResponse:
    """Write in a draft. `do` is save, more (rows), check or hand-in; each of them saves first."""
    draft = ProjectDraft.objects.filter(project=code).first()
    if draft is None or not request.staff.holds(Role.PROGRAMME, charity=draft.charity):
        raise Http404(code)
    if not is_open(draft):
        return HttpResponseRedirect(reverse("desk-project", args=(code,)), status=SEE_OTHER)
    if request.method != "POST":
        _begin_with(draft)
        return _show(request, draft, draft.fields, is_checked="check" in request.GET)
    fields = plan_form.typed(request.POST)
    file_error = ""
    try:
        evidence = kept_file(request, draft.charity)
    except UploadRefusedError as error:
        evidence, file_error = "", word(UPLOAD_REFUSALS, error.code)
    edition = request.POST.get("edition", "")[:EDITION_DIGITS]
    known = int(edition) if edition.isascii() and edition.isdigit() else 0
    try:
        draft = save(
            draft.pk, edition=known, fields=fields, evidence=evidence, by=request.account.pk
        )
        return _go_on(request, draft, file_error)
    except EditedMeanwhileError as error:
        return _show(request, error.theirs, fields, theirs=error.theirs.fields)
    except (DraftRefusedError, DecisionRefusedError) as error:
        draft.refresh_from_db()
        refusal = word(REFUSALS, error.code)
        return _show(request, draft, draft.fields, is_checked=True, refusal=refusal)


def _go_on(request: DeskRequest, draft: ProjectDraft, file_error: str) -> HttpResponse:
    """What follows the saving. Raises DraftRefusedError, DecisionRefusedError."""
    do = request.POST.get("do", "")
    if file_error:
        is_checked = do == "hand-in"
        return _show(request, draft, draft.fields, is_checked=is_checked, file_error=file_error)
    if do == "hand-in":
        hand_in(draft, by=request.account.pk, today=localdate())
        return HttpResponseRedirect(
            reverse("desk-project", args=(draft.project,)), status=SEE_OTHER
        )
    way = {"check": "?check=1#wrong", "more": "?more=1#budget"}.get(do, "?saved=1")
    return HttpResponseRedirect(
        reverse("desk-project-edit", args=(draft.project,)) + way, status=SEE_OTHER
    )


def _begin_with(draft: ProjectDraft) -> None:
    """What the platform knows already needs not be typed; shown, and kept by the first save."""
    if draft.edition != 1:
        return
    charity, account = charities.find(draft.charity), account_of(draft.charity)
    known = {"office_address": charity.address_zh if charity else ""}
    if account is not None:
        known["bank_account"] = f"{account.holder} {account.bank} {account.number}"
    for name, text in known.items():
        draft.fields.setdefault(name, text)


def _show(
    request: DeskRequest,
    draft: ProjectDraft,
    fields: dict[str, str],
    *,
    is_checked: bool = False,
    theirs: dict[str, str] | None = None,
    refusal: str = "",
    file_error: str = "",
) -> HttpResponse:
    found = check(draft, today=localdate()).faults
    faults = found if is_checked else {}
    context: dict[str, Any] = {
        "draft": draft,
        "charity": charities.find(draft.charity),
        "sections": plan_form.sections(fields, faults, theirs),
        "lines": plan_form.lines(fields, faults, theirs),
        "kinds": KINDS.items(),
        "lines_error": word_of(faults, "lines"),
        "file_error": file_error or word_of(faults, "evidence"),
        "parent_error": word_of(faults, "parent"),
        "theme_error": word_of(faults, "theme"),
        "themes": [(code, theme_name(code)) for code in rules.THEMES],
        "basis_error": word_of(faults, "basis"),
        "missing": plan_form.missing(faults),
        "count": len(found),
        "sum": rules.sum_of(fields),
        "fields": fields,
        "parents": _parents(draft),
        "bases": BASES.items(),
        "version": plan_form.version_words(draft),
        "paper": paper(draft.evidence, draft.charity),
        "is_stale": theirs is not None,
        "refusal": refusal,
        "saved": "saved" in request.GET or "more" in request.GET,
    }
    wrong = is_checked and bool(found)
    status = (
        REFUSED if refusal or theirs is not None or (wrong and request.method == "POST") else 200
    )
    return render(request, "web/desk_project_edit.html", context, status=status)


def word_of(faults: dict[str, str], name: str) -> str:
    """The words of a field's fault; "" without one."""
    return word(FAULTS, faults[name]) if name in faults else ""


def _parents(draft: ProjectDraft) -> list[Project]:
    found = Project.objects.filter(charity__code=draft.charity, parent="").order_by("code")
    return list(found.exclude(code=draft.project))
