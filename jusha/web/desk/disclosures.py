"""What a charity has to publish: written by programme, confirmed by finance."""

import re
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import localdate

from jusha.charities.rules import Role
from jusha.people.decisions import (
    DecisionRefusedError,
    decline,
    open_decisions,
    withdraw,
)
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects import disclosure_queries as disclosures
from jusha.projects import queries as projects
from jusha.projects.disclosure_models import Disclosure, DisclosureDraft
from jusha.projects.models import Project
from jusha.projects.publish_paper import (
    CORRECTION_MAX,
    FILES_MAX,
    KIND,
    TITLE_MAX,
    WORDS_MAX,
    PaperRefusedError,
    Written,
    confirm_paper,
    correct_post,
    keep_draft,
    propose_paper,
    publish_post,
)
from jusha.projects.statement_rules import StatementError
from jusha.uploads.keep import keep
from jusha.uploads.queries import named as uploads
from jusha.uploads.rules import ENDINGS, PAPERS, PICTURES, UploadRefusedError
from jusha.web import upload_words
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.disclosure_words import KINDS, Chip, address, chip, refusal
from jusha.web.report_drafts import figures, first_draft
from jusha.web.statement_words import rows

SEE_OTHER: Final = 303
REFUSED: Final = 422
AHEAD_DAYS: Final = 120
DUE_SHOWN: Final = 3
"""So many of them stand on the desk's first page."""
HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
LOOKERS: Final = (Role.VIEWER, Office.REVIEWER, Office.AUDITOR)


class File(NamedTuple):
    """A kept file as a page links or shows it."""

    sha256: str
    address: str
    name: str
    is_picture: bool


def seen_by(staff: Staff) -> tuple[str, ...] | None:
    """Codes of the charities whose papers a person sees; None for all of them."""
    return None if staff.office else staff.charities(Role.VIEWER)


def waiting(staff: Staff) -> int:
    """How many things this person can do now: reports to confirm, and to write when late or soon.

    Reads: jusha_decision, jusha_disclosure, jusha_disclosurepaper.
    """
    mine, money = staff.charities(Role.PROGRAMME), staff.charities(Role.FINANCE)
    count = 0
    if money:
        found = open_decisions(KIND, charities=money).exclude(proposed_by=staff.account.pk)
        count += found.count()
    if mine:
        today = localdate()
        until = today + timedelta(days=AHEAD_DAYS)
        due = disclosures.soon(today, until=until, charities=mine)
        count += sum(each.state in {"overdue", "due", "soon"} for each in due)
    return count


def due_next(staff: Staff) -> list[tuple[Disclosure, Chip, Project | None]]:
    """The next papers that this person's charities have to publish, the oldest first.

    Nothing for offices: theirs is the whole list. Reads: as `soon`, and jusha_project.
    """
    codes = staff.charities(Role.VIEWER)
    if not codes:
        return []
    today = localdate()
    until = today + timedelta(days=AHEAD_DAYS)
    found = disclosures.soon(today, until=until, charities=codes, most=DUE_SHOWN)
    titles = projects.named({each.row.project for each in found})
    return [(each.row, chip(each), titles.get(each.row.project)) for each in found]


@require_role(*LOOKERS)
def listed(request: DeskRequest) -> HttpResponse:
    """List what is due, what waits for a second person, and the projects one may post about."""
    codes, today = seen_by(request.staff), localdate()
    until = today + timedelta(days=AHEAD_DAYS)
    found = disclosures.soon(today, until=until, charities=codes)
    asked = list(open_decisions(KIND, charities=codes))
    mine = request.staff.charities(Role.PROGRAMME)
    titles = projects.named({each.row.project for each in found})
    context = {
        "rows": [
            (each.row, chip(each), titles.get(each.row.project), each.row.charity in mine)
            for each in found
        ],
        "asked": [(each, KINDS.get(str(each.body["kind"]), "")) for each in asked],
        "projects": [each for code in mine for each in projects.of_charity(code)],
        "may_write": bool(mine),
    }
    return render(request, "web/desk_disclosures.html", context)


@require_role(Role.PROGRAMME)
def write(request: DeskRequest) -> HttpResponse:
    """Write what is due under `key`, a correction of it, or a post about `project`."""
    key, project = request.GET.get("key", ""), request.GET.get("project", "")
    row, charity = _subject(request.staff, key, project)
    written, error = _begun(key, row), ""
    if request.method == "POST":
        try:
            written = _typed(request, charity, row)
            return _done(request, key or project, row, written)
        except UploadRefusedError as told:
            written, error = _words(request.POST, ()), str(upload_words.refusal(told.code))
        except (PaperRefusedError, DecisionRefusedError) as told:
            error = refusal(told.code)
        except StatementError:
            error = refusal("no-figures")
    versions = disclosures.papers(key) if key else []
    context: dict[str, Any] = {
        "row": row,
        "key": key,
        "project": projects.find(row.project if row else project) if row or project else None,
        "kind": KINDS["post" if row is None else row.kind],
        "due": _chip_of(key) if row else None,
        "written": written,
        "files": shown_files(written.files, charity),
        "statement": rows(written.figures),
        "from_ledger": row is not None and _is_drafted(key),
        "version": versions[0].version + 1 if versions else 1,
        "before": versions[0] if versions else None,
        "error": error,
        "most": {"title": TITLE_MAX, "words": WORDS_MAX, "files": FILES_MAX,
                 "correction": CORRECTION_MAX},
    }  # fmt: skip
    return render(
        request, "web/desk_disclosure_write.html", context, status=REFUSED if error else 200
    )


@require_role(*LOOKERS)
def decide(request: DeskRequest, number: str) -> HttpResponse:
    """Show what was proposed; finance publishes it or hands it back, its writer takes it back."""
    found = Decision.objects.select_related("end").filter(pk=int(number), kind=KIND).first()
    codes = seen_by(request.staff)
    if found is None or (codes is not None and found.charity not in codes):
        raise Http404(number)
    error = ""
    if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
        return first
    if request.method == "POST":
        try:
            _end(request, found)
            return HttpResponseRedirect(reverse("desk-disclosures"), status=SEE_OTHER)
        except DecisionRefusedError as told:
            error = refusal("no-words-back" if told.code == "no-words" else told.code)
            found = Decision.objects.select_related("end").get(pk=found.pk)
    body = found.body
    is_own = found.proposed_by == request.account.pk
    is_open = not hasattr(found, "end")
    context = {
        "each": found,
        "body": body,
        "kind": KINDS[body["kind"]],
        "project": projects.find(body["project"]) if body["project"] else None,
        "files": shown_files(body["files"], found.charity),
        "statement": rows(body["figures"]),
        "before": next(iter(disclosures.papers(body["key"])), None),
        "is_open": is_open,
        "is_own": is_own,
        "may_confirm": is_open
        and not is_own
        and found.charity in request.staff.charities(Role.FINANCE),
        "error": error,
    }
    return render(request, "web/desk_disclosure.html", context, status=REFUSED if error else 200)


def shown_files(hashes: list[str] | tuple[str, ...], charity: str) -> list[File]:
    """A charity's files in the order of their hashes, those that are gone left out."""
    found = uploads(hashes, charity=charity)
    return [
        File(
            each,
            reverse("upload", args=(each, ENDINGS[found[each].kind])),
            found[each].name,
            found[each].kind in PICTURES,
        )
        for each in hashes
        if each in found
    ]


def _end(request: DeskRequest, found: Decision) -> None:
    do, by = request.POST.get("do", ""), request.account.pk
    if do == "confirm":
        confirm_paper(found.pk, by=by)
    elif do == "withdraw":
        withdraw(found.pk, kind=KIND, by=by)
    else:
        decline(found.pk, kind=KIND, by=by, words=request.POST.get("words", ""))


def _subject(staff: Staff, key: str, project: str) -> tuple[Disclosure | None, str]:
    """What is written about, and the charity whose it is; 404 for what is not this person's."""
    mine = staff.charities(Role.PROGRAMME)
    if key and not project:
        row = Disclosure.objects.filter(key=key).order_by("-id").first()
        posts = disclosures.papers(key) if row is None else []
        charity = row.charity if row else posts[0].charity if posts else ""
        if charity in mine and charity:
            return row, charity
    elif project and not key:  # with both, what is shown and what is checked would be two things
        found = projects.find(project)
        if found is not None and found.charity.code in mine:
            return None, found.charity.code
    raise Http404(key or project)


def _begun(key: str, row: Disclosure | None) -> Written:
    """What the form begins with: what was published, else a draft, else the ledger's figures."""
    draft, versions = disclosures.draft(key) if key else None, disclosures.papers(key)
    before: Any = draft or (versions[0] if versions else None)
    if before is not None:
        told = _figures(row) if row is not None else None
        return Written(
            before.title, before.words, before.words_en, tuple(before.files), figures=told
        )
    if row is None:
        return Written("", "")
    try:
        return first_draft(row, today=localdate())
    except StatementError:
        return Written("", "")


def _figures(row: Disclosure) -> dict[str, Any] | None:
    try:
        return figures(row)
    except StatementError:
        return None


def _typed(request: DeskRequest, charity: str, row: Disclosure | None) -> Written:
    """What was sent, its new files kept. Raises UploadRefusedError, StatementError."""
    old = [each for each in request.POST.getlist("kept") if HASH.fullmatch(each)]
    own = uploads(old, charity=charity)
    kept = [each for each in old if each in own]
    for file in request.FILES.getlist("files")[:FILES_MAX]:
        made = keep(file, by=request.account.pk, charity=charity, kinds=PAPERS)
        kept.append(made.sha256)
    return _words(request.POST, tuple(dict.fromkeys(kept)), row)


def _words(post: QueryDict, files: tuple[str, ...], row: Disclosure | None = None) -> Written:
    told = {
        name: post.get(name, "").replace("\r\n", "\n")
        for name in ("title", "words", "words_en", "correction")
    }
    return Written(**told, files=files, figures=figures(row) if row else None)


def _done(
    request: DeskRequest, subject: str, row: Disclosure | None, written: Written
) -> HttpResponse:
    by = request.account.pk
    if row is None:
        is_old = "/post/" in subject
        post = correct_post if is_old else publish_post
        made = post(subject, written, by=by)
        return HttpResponseRedirect(address(made), status=SEE_OTHER)
    if request.POST.get("do") == "keep":
        keep_draft(row.key, written, by=by)
        way = f"{reverse('desk-disclosure-write')}?{urlencode({'key': row.key})}"
        return HttpResponseRedirect(way, status=SEE_OTHER)
    made_decision = propose_paper(row.key, written, by=by)
    where = reverse("desk-disclosure", args=(made_decision.pk,))
    return HttpResponseRedirect(where, status=SEE_OTHER)


def _chip_of(key: str) -> Chip | None:
    found = disclosures.find(key, localdate())
    return chip(found) if found else None


def _is_drafted(key: str) -> bool:
    """Whether a job wrote the draft and nobody has touched it."""
    return DisclosureDraft.objects.filter(key=key, by__isnull=True).exists()
