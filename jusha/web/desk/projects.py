"""Projects at the desk: begun from a template, handed in, examined, published, ended."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import pgettext

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.people.accounts import address_of
from jusha.people.decisions import DecisionRefusedError, decline, withdraw
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.projects import life, queries
from jusha.projects import plan_rules as rules
from jusha.projects.draft import PUBLISH, DraftRefusedError, begin, begin_change
from jusha.projects.end import END, EndRefusedError, confirm_end, propose_end
from jusha.projects.file_later import FILING, confirm_filing, propose_filing
from jusha.projects.models import Project
from jusha.projects.plan_models import ProjectDraft, ProjectEnd
from jusha.projects.plan_templates import templates
from jusha.projects.publish import publish
from jusha.projects.raising import filing
from jusha.projects.record_filing import FilingRefusedError
from jusha.uploads.keep import keep
from jusha.uploads.queries import find as find_upload
from jusha.uploads.rules import ENDINGS, PAPERS, UploadRefusedError
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.plan_words import (
    BASES,
    FAULTS,
    LEFTOVERS,
    REFUSALS,
    STATES,
    STEPS,
    word,
)
from jusha.web.titles import told
from jusha.web.upload_words import REFUSALS as UPLOAD_REFUSALS

SEE_OTHER: Final = 303
REFUSED: Final = 422
EXAMINED: Final = (PUBLISH, FILING)
NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)


class Row(NamedTuple):
    """A project in the list."""

    code: str
    title: str
    charity: str
    state: str
    is_draft: bool


class Paper(NamedTuple):
    """A file that was seen: its address and name."""

    url: str
    name: str


class _RefusedError(Exception):
    """What was asked for was not done; the text says why."""


def waiting(staff: Staff) -> int:
    """How many projects wait for this person. Reads: jusha_decision."""
    if staff.office == Office.REVIEWER:
        return len(life.waiting(None, EXAMINED))
    found = life.waiting(staff.charities(Role.FINANCE), (END,))
    return sum(each.proposed_by != staff.account.pk for each in found)


@require_role(Role.VIEWER, Office.REVIEWER, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List the projects that this person sees; begin one from a template."""
    staff = request.staff
    mine = staff.charities(Role.PROGRAMME)
    if request.method == "POST":
        charity = request.POST.get("charity", "")
        if charity not in mine:
            raise Http404(charity)
        made = begin(charity, request.POST.get("template", ""), by=request.account.pk)
        return _to("desk-project-edit", made.project)
    if staff.office is None:
        found = life.lives(staff.charities(Role.VIEWER))
        rows = [_row(each) for each in found]
    else:
        rows = [_waiting_row(each) for each in life.waiting(None, life.KINDS)]
    context = {
        "rows": rows,
        "is_examiner": staff.office is not None,
        "mine": [(code, charities.named(mine).get(code)) for code in mine],
        "templates": [(code, each) for code, each in templates().items()],
    }
    return render(request, "web/desk_projects.html", context)


@require_role(Role.VIEWER, Office.REVIEWER, Office.AUDITOR)
def one(request: DeskRequest, code: str) -> HttpResponse:
    """Show a project with its history; decide, end, file or change it."""
    draft, page, charity = _found(request.staff, code)
    refusal = ""
    if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
        return first
    if request.method == "POST":
        try:
            return _DO.get(request.POST.get("do", ""), _nothing)(request, code, charity)
        except (DecisionRefusedError, DraftRefusedError, EndRefusedError) as error:
            refusal = word(REFUSALS, error.code)
        except FilingRefusedError as error:
            refusal = word(FAULTS, error.codes[0])
        except _RefusedError as error:
            refusal = str(error)
        draft, page, charity = _found(request.staff, code)
    context = _context(request, draft, page, code, charity) | {"refusal": refusal}
    status = REFUSED if refusal else 200
    return render(request, "web/desk_project.html", context, status=status)


def kept_file(request: DeskRequest, charity: str) -> str:
    """The hash of the file that came with a form; "" without one. Raises UploadRefusedError."""
    file = request.FILES.get("evidence")
    if file is None:
        return ""
    made = keep(file, by=request.account.pk, charity=charity, kinds=PAPERS)
    return str(made.sha256)


def paper(sha256: str, charity: str) -> Paper | None:
    """A charity's kept file as a link for who may see it; None for none."""
    found = find_upload(sha256, charity=charity) if sha256 else None
    if found is None:
        return None
    ending = ENDINGS[found.kind]
    return Paper(reverse("upload", args=(sha256, ending)), found.name)


def _found(staff: Staff, code: str) -> tuple[ProjectDraft | None, Project | None, str]:
    draft = ProjectDraft.objects.filter(project=code).first()
    page = queries.find(code)
    charity = page.charity.code if page else (draft.charity if draft else "")
    seen = staff.office is not None or staff.holds(Role.VIEWER, charity=charity)
    if not charity or not seen:
        raise Http404(code)
    return draft, page, charity


def _context(
    request: DeskRequest,
    draft: ProjectDraft | None,
    page: Project | None,
    code: str,
    charity: str,
) -> dict[str, Any]:
    staff, today = request.staff, localdate()
    open_ones = [x for x in life.waiting([charity], life.KINDS) if x.subject == code]
    state = life.state_of(code, charity)
    is_programme = staff.holds(Role.PROGRAMME, charity=charity)
    return {
        "code": code,
        "title": (draft.fields.get("title") if draft else "") or (page.title_zh if page else ""),
        "charity": charities.find(charity),
        "project": page,
        "state": word(STATES, state),
        "may_edit": is_programme and draft is not None and state in {"draft", "handed-back"},
        "may_change": is_programme and page is not None and state == "published",
        "decisions": [_decision(each, staff) for each in open_ones],
        "filing": filing((page.parent or code) if page else code, today),
        "ended": ProjectEnd.objects.filter(project=code).first(),
        "leftovers": LEFTOVERS.items(),
        "steps": _steps(code),
    }


def _decision(found: Decision, staff: Staff) -> dict[str, Any]:
    is_own = found.proposed_by == staff.account.pk
    may = {
        PUBLISH: staff.office == Office.REVIEWER,
        FILING: staff.office == Office.REVIEWER,
        END: staff.holds(Role.FINANCE, charity=found.charity),
    }[found.kind]
    body = found.body
    return {
        "it": found,
        "what": word(STEPS, found.kind),
        "is_own": is_own,
        "may": may and not is_own,
        "content": body["plan"]["content"] if found.kind == PUBLISH else None,
        "version": body["plan"]["version"] if found.kind == PUBLISH else None,
        "filing": body.get("filing") if found.kind == PUBLISH else body,
        "leftover": word(LEFTOVERS, body["leftover"]) if found.kind == END else "",
        "basis": _basis(body) if found.kind == PUBLISH else "",
        "papers": [each for sha256 in found.evidence if (each := paper(sha256, found.charity))],
    }


def _basis(body: dict[str, Any]) -> str:
    change = body["plan"]["content"].get("change")
    mark = pgettext("mark", "：")
    return f"{word(BASES, change['basis'])}{mark}{change['words']}" if change else ""


def _steps(code: str) -> list[dict[str, Any]]:
    """The history with the persons' addresses; who has no account any more has no name."""
    past = life.history(code)
    accounts = UserAccount.objects.in_bulk({each.by for each in past})
    return [
        {
            "what": word(STEPS, each.what),
            "by": _name(accounts.get(each.by)),
            "at": each.at,
            "words": each.words,
        }
        for each in past
    ]


def _name(account: UserAccount | None) -> str:
    return address_of(account) if account is not None else "—"


def _row(found: life.Life) -> Row:
    is_draft = found.state in {"draft", "handed-back"}
    state = word(STATES, found.state)
    return Row(found.code, told(found, "title") or found.code, found.charity, state, is_draft)


def _waiting_row(found: Decision) -> Row:
    page = queries.find(found.subject)
    title = told(page, "title") if page else found.body["plan"]["content"]["texts"]["title"]
    return Row(found.subject, title, found.charity, word(STEPS, found.kind), is_draft=False)


def _to(name: str, code: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(name, args=(code,)), status=SEE_OTHER)


def _nothing(_request: DeskRequest, code: str, _charity: str) -> HttpResponse:
    return _to("desk-project", code)


def _number(request: DeskRequest) -> tuple[int, str]:
    number, kind = request.POST.get("number", ""), request.POST.get("kind", "")
    if not NUMBER.fullmatch(number) or kind not in life.KINDS:
        raise DecisionRefusedError("unknown")
    return int(number), kind


def _of_this(request: DeskRequest, code: str) -> tuple[int, str]:
    """The decision that a form is about. Raises DecisionRefusedError for one of another page."""
    number, kind = _number(request)
    if not Decision.objects.filter(pk=number, kind=kind, subject=code).exists():
        raise DecisionRefusedError("unknown")
    return number, kind


def _confirm(request: DeskRequest, code: str, _charity: str) -> HttpResponse:
    number, kind = _of_this(request, code)
    by: UUID = request.account.pk
    if kind == PUBLISH:
        publish(number, by=by, today=localdate())
    elif kind == FILING:
        confirm_filing(number, by=by, today=localdate())
    else:
        confirm_end(number, by=by)
    return _to("desk-project", code)


def _decline(request: DeskRequest, code: str, _charity: str) -> HttpResponse:
    number, kind = _of_this(request, code)
    decline(number, kind=kind, by=request.account.pk, words=request.POST.get("words", ""))
    return _to("desk-project", code)


def _withdraw(request: DeskRequest, code: str, _charity: str) -> HttpResponse:
    number, kind = _of_this(request, code)
    withdraw(number, kind=kind, by=request.account.pk)
    return _to("desk-project", code)


def _page_of(request: DeskRequest, code: str, charity: str) -> Project:
    """The published project, for a programme person. Raises _RefusedError."""
    page = queries.find(code)
    if page is None:
        raise _RefusedError(word(REFUSALS, "not-open"))
    if not request.staff.holds(Role.PROGRAMME, charity=charity):
        raise _RefusedError(word(REFUSALS, "not-yours"))
    return page


def _change(request: DeskRequest, code: str, charity: str) -> HttpResponse:
    begin_change(_page_of(request, code, charity), by=request.account.pk)
    return _to("desk-project-edit", code)


def _end(request: DeskRequest, code: str, charity: str) -> HttpResponse:
    page = _page_of(request, code, charity)
    leftover, words = request.POST.get("leftover", ""), request.POST.get("words", "")
    propose_end(page, leftover=leftover, words=words, by=request.account.pk)
    return _to("desk-project", code)


def _file(request: DeskRequest, code: str, charity: str) -> HttpResponse:
    page = _page_of(request, code, charity)
    now_held = filing(code, localdate())
    if now_held is None:
        raise _RefusedError(word(REFUSALS, "not-open"))
    days = {"starts_on": f"{now_held.starts_on}", "ends_on": f"{now_held.ends_on}"}
    fields = days | {name: request.POST.get(name, "") for name in ("number", "filed_on")}
    fields["emergency"] = "yes" if now_held.emergency else ""
    faults = rules.Faults()
    asked = rules.asked_of(fields, faults)
    if asked is None or not asked.number:
        raise _RefusedError(word(REFUSALS, "no-filing"))
    try:
        evidence = kept_file(request, charity)
    except UploadRefusedError as error:
        raise _RefusedError(word(UPLOAD_REFUSALS, error.code)) from error
    if not evidence:
        raise _RefusedError(word(REFUSALS, "no-filing"))
    by: UUID = request.account.pk
    propose_filing(page, asked, evidence=evidence, by=by, today=localdate())
    return _to("desk-project", code)


_DO: Final[dict[str, Callable[[DeskRequest, str, str], HttpResponse]]] = {
    "confirm": _confirm,
    "decline": _decline,
    "withdraw": _withdraw,
    "change": _change,
    "end": _end,
    "file": _file,
}
