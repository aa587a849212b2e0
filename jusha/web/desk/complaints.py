"""Complaints at the desk: reviewers answer, ask, hold, tell and close; the charity replies."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate, now

from jusha.charities.rules import Role
from jusha.notices.broadcast import NotBroadcastError
from jusha.oversight import queries as oversight
from jusha.oversight.answer import answer
from jusha.oversight.ask import ask
from jusha.oversight.close import close
from jusha.oversight.hold_project import hold_project
from jusha.oversight.models import Complaint
from jusha.oversight.queries import Case
from jusha.oversight.reply import reply
from jusha.oversight.rules import FINDINGS, WORDS_MAX, ComplaintRefusedError, check_judge
from jusha.oversight.tell_donors import confirm_telling, propose_telling, told, withdraw_telling
from jusha.oversight.words import is_mail, read_contact
from jusha.people.accounts import address_of
from jusha.people.mailbox import masked
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.projects import hold_queries
from jusha.projects.hold_rules import CAUSES, REASONS, HoldRefusedError
from jusha.web import complaint_words
from jusha.web.complaint_form import Subject, subject_of
from jusha.web.complaint_words import REFUSALS, TO_CHARITY, history, said_of, word
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15

Side = Literal["reviewer", "auditor", "charity"]
Do = Callable[[DeskRequest, int], object]


class Row(NamedTuple):
    """A complaint in the list."""

    case: Case
    about: Subject
    kind: str
    state: str


def side_of(staff: Staff, found: Complaint) -> Side | None:
    """As whom a person sees a complaint; None if not at all.

    Who works for the charity sees it as the charity does, whatever their office: a reporter must
    not be read by the people reported. The charity sees it once it was asked.
    """
    if found.charity and found.charity in staff.roles:
        return "charity"
    if staff.office == Office.REVIEWER:
        return "reviewer"
    return "auditor" if staff.office == Office.AUDITOR else None


def waiting(staff: Staff) -> int:
    """How many complaints wait for this person: an answer of theirs, or a reply."""
    if staff.office == Office.REVIEWER:
        return oversight.count_unanswered(besides=[*staff.roles])
    mine = {*staff.charities(Role.PROGRAMME), *staff.charities(Role.FINANCE)}
    if not mine:
        return 0
    return sum(case.is_asked for case in oversight.open_cases(today=localdate(), charities=mine))


@require_role(Role.VIEWER, Office.REVIEWER, Office.AUDITOR)
def complaints(request: DeskRequest) -> HttpResponse:
    """List complaints: what is overdue first; with `show=closed` those that ended."""
    is_closed = request.GET.get("show") == "closed"
    below = request.GET.get("below", "")
    number = int(below) if below.isdecimal() and len(below) <= DIGITS_MAX else 0
    charities = (
        None
        if request.staff.office in (Office.REVIEWER, Office.AUDITOR)
        else [*request.staff.roles]
    )
    if is_closed:
        found = oversight.closed_cases(today=localdate(), charities=charities, below=number)
    else:
        found = oversight.open_cases(today=localdate(), charities=charities)
    shown = [case for case in found if may_see(request.staff, case)]
    context = {
        "rows": [_row(case) for case in shown],
        "is_closed": is_closed,
        "more": found[-1].complaint.pk if is_closed and len(found) == oversight.PAGE else None,
    }
    return render(request, "web/desk_complaints.html", context)


def may_see(staff: Staff, case: Case) -> bool:
    """Whether a person sees a complaint at all."""
    side = side_of(staff, case.complaint)
    return side is not None and (side != "charity" or "asked" in case.did)


@require_role(Role.VIEWER, Office.REVIEWER, Office.AUDITOR)
def complaint(request: DeskRequest, number: str) -> HttpResponse:
    """Show one complaint; do what was pressed."""
    case = oversight.find(int(number), today=localdate())
    if case is None or not may_see(request.staff, case):
        raise Http404(number)
    side = side_of(request.staff, case.complaint)
    refusal = ""
    if request.POST.get("do") == "send" and (first := prove_first(request)) is not None:
        return first
    if request.method == "POST":
        refusal = _done(request, case.complaint.pk, side)
        if not refusal:
            way = reverse("desk-complaint", args=(case.complaint.pk,))
            return HttpResponseRedirect(way, status=SEE_OTHER)
        case = oversight.find(int(number), today=localdate()) or case
    context = _shared(case, side) | {
        "refusal": word(REFUSALS, refusal) if refusal else "",
        "typed": request.POST.get("words", "") if refusal else "",
        "tried": request.POST.get("do", "") if refusal else "",
    }
    if side == "reviewer":
        context |= _for_reviewer(request, case)
    status = REFUSED if refusal else 200
    return render(request, "web/desk_complaint.html", context, status=status)


def _shared(case: Case, side: Side | None) -> dict[str, Any]:
    """What every side sees, each with the words that are for it."""
    words = said_of(case)
    is_charity = side == "charity"  # which reviewer works on it is the platform's own
    names = {} if is_charity else _names(step.by for step in case.steps if step.by)
    shown = [step for step in case.steps if not is_charity or step.did in {*TO_CHARITY, "closed"}]
    return {
        "case": case,
        "side": side,
        "row": _row(case),
        "most": WORDS_MAX,
        "steps": history(
            Case(case.complaint, tuple(shown), case.today),
            words,
            shown=TO_CHARITY if is_charity else None,
            names=names,
        ),
        "is_asked": case.is_asked,
    }


def _for_reviewer(request: DeskRequest, case: Case) -> dict[str, Any]:
    """What a reviewer can do, and how the reporter is reached."""
    found = case.complaint
    try:
        check_judge(oversight.judge(found, request.account.pk), charity=found.charity)
        conflict = ""
    except ComplaintRefusedError as error:
        conflict = word(REFUSALS, error.code)
    contact = read_contact(found.pk)
    hold = hold_queries.current(found.project) if found.project else None
    sent = told([step.hold for step in case.steps if step.did == "told"])
    return {
        "conflict": conflict,
        "contact": masked(contact) if is_mail(contact) else contact,
        "by_mail": is_mail(contact),
        "hold": hold,
        "hold_cause": word(complaint_words.CAUSES, hold.cause) if hold else "",
        "causes": [
            (each, word(complaint_words.CAUSES, each))
            for each in CAUSES
            if hold is None or CAUSES.index(each) > CAUSES.index(hold.cause)
        ],
        "reasons": [(each, word(complaint_words.HOLD_REASONS, each)) for each in REASONS],
        "findings": [(each, word(complaint_words.FINDINGS, each)) for each in FINDINGS],
        "tellings": [(each, each.by != request.staff.signs_as) for each in sent.values()],
    }


def _done(request: DeskRequest, number: int, side: Side | None) -> str:
    """Do what was pressed; the code of the refusal, or ""."""
    do = (REVIEWER_DOES if side == "reviewer" else CHARITY_DOES).get(request.POST.get("do", ""))
    if do is None or side == "auditor":
        return "unknown"
    try:
        do(request, number)
    except (ComplaintRefusedError, HoldRefusedError) as error:
        return error.code
    except NotBroadcastError as error:
        return str(error)
    return ""


def _answer(request: DeskRequest, number: int) -> object:
    return answer(number, by=request.account.pk, words=request.POST.get("words", ""))


def _ask(request: DeskRequest, number: int) -> object:
    return ask(number, by=request.account.pk, words=request.POST.get("words", ""))


def _reply(request: DeskRequest, number: int) -> object:
    return reply(number, by=request.account.pk, words=request.POST.get("words", ""))


def _tell(request: DeskRequest, number: int) -> object:
    return propose_telling(number, by=request.account.pk, words=request.POST.get("words", ""))


def _send(request: DeskRequest, number: int) -> None:
    confirm_telling(number, _telling(request), by=request.account.pk, now=now())


def _take_back(request: DeskRequest, number: int) -> None:
    withdraw_telling(number, _telling(request), by=request.account.pk)


def _telling(request: DeskRequest) -> int:
    """The number of the message that was pressed; 0 for what is none."""
    pressed = request.POST.get("telling", "")
    return int(pressed) if pressed.isdecimal() and len(pressed) <= DIGITS_MAX else 0


def _hold(request: DeskRequest, number: int) -> object:
    said = {each: request.POST.get(each, "") for each in ("cause", "reason", "words")}
    return hold_project(number, by=request.account.pk, **said)


def _close(request: DeskRequest, number: int) -> object:
    finding, words = request.POST.get("finding", ""), request.POST.get("words", "")
    return close(number, by=request.account.pk, finding=finding, words=words)


REVIEWER_DOES: Final[dict[str, Do]] = {
    "answer": _answer,
    "ask": _ask,
    "hold": _hold,
    "tell": _tell,
    "send": _send,
    "take-back": _take_back,
    "close": _close,
}
CHARITY_DOES: Final[dict[str, Do]] = {"reply": _reply}


def _row(case: Case) -> Row:
    return Row(
        case,
        subject_of(case.complaint.about),
        word(complaint_words.KINDS, case.complaint.kind),
        word(complaint_words.STATES, case.state),
    )


def _names(accounts: Iterable[UUID]) -> dict[UUID, str]:
    """The mail addresses of colleagues, by account."""
    found = UserAccount.objects.in_bulk(list(set(accounts)))
    return {key: address_of(account) for key, account in found.items()}
