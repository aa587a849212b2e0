"""Charities that ask to be admitted: one reviewer examines and proposes, another confirms."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.charities import queries as charities
from jusha.charities.admit import (
    CHECKS,
    KIND,
    confirm_admission,
    decline_admission,
    propose_admission,
)
from jusha.charities.join import NotAppliedError, hand_back, is_uscc_taken
from jusha.charities.models import Application
from jusha.people.accounts import address_of
from jusha.people.decisions import DecisionRefusedError, decisions_about, open_decisions
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.uploads import queries as uploads
from jusha.uploads.rules import ENDINGS, PICTURES
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.tier_words import KINDS

SEE_OTHER: Final = 303
REFUSED: Final = 422
ENDED_LISTED: Final = 50
CHECK_WORDS: Final[dict[str, Promise]] = {
    "name": _("全称、类型和信用代码，和登记证书上的一样"),
    "registry": _("在慈善中国查到了这家机构，状态正常"),
    "certificate": _("公开募捐资格证书的编号、机关和有效期，和原件一样；没有证书的，选的是没有"),
    "contact": _("打过公开的电话，联系人确实是这家机构的人"),
    "other": _("没有看到冒用、借用证书的迹象"),
}
assert tuple(CHECK_WORDS) == CHECKS


class Shown(NamedTuple):
    """A file that was handed in, for the page."""

    title: str | Promise
    name: str
    address: str
    is_picture: bool


def waiting(staff: Staff) -> int:
    """How many applications this reviewer can take further: not those they proposed themselves."""
    if staff.office != Office.REVIEWER:
        return 0
    mine = open_decisions(KIND).filter(proposed_by=staff.account.pk).count()
    return charities.applications_open().count() - mine


@require_role(Office.REVIEWER, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List the applications that wait, and those that ended."""
    proposed = {each.subject: each for each in open_decisions(KIND)}
    context: dict[str, Any] = {
        "waiting": [(each, proposed.get(str(each.pk))) for each in charities.applications_open()],
        "ended": charities.applications_ended(ENDED_LISTED),
        "me": request.staff.account.pk,
    }
    return render(request, "web/desk_applications.html", context)


@require_role(Office.REVIEWER, Office.AUDITOR)
def application(request: DeskRequest, number: str) -> HttpResponse:
    """Show an application; propose, confirm, decline it or hand it back."""
    found = charities.application(int(number))
    if found is None:
        raise Http404(number)
    said = ""
    if request.method == "POST":
        if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
            return first
        said = _done(request, found)
        if not said:
            way = reverse("desk-application", args=(found.pk,))
            return HttpResponseRedirect(way, status=SEE_OTHER)
    return _show(request, found, said)


def _done(request: DeskRequest, found: Application) -> str:
    """Do what was pressed; what to say if it was refused, else ""."""
    by, do = request.staff.account.pk, request.POST.get("do", "")
    words, decision = request.POST.get("words", ""), _proposal(found)
    try:
        if do == "propose":
            checked = frozenset(request.POST.getlist("checked"))
            propose_admission(found.pk, by=by, checked=checked)
        elif do == "return" and decision is None:
            hand_back(found.pk, by=by, words=words)
        elif do == "confirm" and decision is not None:
            confirm_admission(decision.pk, by=by)
        elif do == "decline" and decision is not None:
            decline_admission(decision.pk, by=by, words=words)
        else:
            return str(refusal("ended"))
    except (DecisionRefusedError, NotAppliedError) as error:
        return str(refusal(error.code))
    return ""


def _proposal(found: Application) -> Decision | None:
    return open_decisions(KIND).filter(subject=str(found.pk)).first()


def _show(request: DeskRequest, found: Application, said: str) -> HttpResponse:
    me, decision = request.staff.account.pk, _proposal(found)
    is_open = charities.is_open(found)
    may = is_open and request.staff.office == Office.REVIEWER
    context: dict[str, Any] = {
        "it": found,
        "kind": KINDS[found.kind],
        "files": _files(found),
        "is_open": is_open,
        "returned": charities.return_of(found),
        "decision": decision,
        "may_examine": may and decision is None,
        "may_confirm": may and decision is not None and decision.proposed_by != me,
        "is_mine": may and decision is not None and decision.proposed_by == me,
        "checks": CHECK_WORDS.items(),
        "checked": request.POST.getlist("checked"),
        "typed": request.POST.get("words", "") if said else "",
        "is_taken": is_open and is_uscc_taken(found.uscc),
        "history": _history(found),
        "said": said,
    }
    return render(request, "web/desk_application.html", context, status=REFUSED if said else 200)


def _files(found: Application) -> list[Shown]:
    """The certificates that were handed in; those that are gone are left out."""
    asked = ((_("登记证书"), found.registration), (_("公开募捐资格证书"), found.evidence))
    own = uploads.named((each for _title, each in asked), by=found.account)
    return [
        Shown(
            title,
            own[sha256].name,
            reverse("upload", args=(sha256, ENDINGS[own[sha256].kind])),
            own[sha256].kind in PICTURES,
        )
        for title, sha256 in asked
        if sha256 in own
    ]


def _history(found: Application) -> list[tuple[Decision, str, str]]:
    """Who proposed and who ended it, by address, newest first."""
    decisions = list(decisions_about(KIND, str(found.pk)))
    ends = {each.pk: getattr(each, "end", None) for each in decisions}
    people = {each.proposed_by for each in decisions} | {e.ended_by for e in ends.values() if e}
    names = name_of(people)
    rows = []
    for each in decisions:
        end = ends[each.pk]
        rows.append(
            (each, names.get(each.proposed_by, ""), names.get(end.ended_by, "") if end else "")
        )
    return rows


def name_of(accounts: set[UUID]) -> dict[UUID, str]:
    """The addresses by which colleagues know each other."""
    found = UserAccount.objects.in_bulk(accounts)
    return {key: address_of(account) for key, account in found.items()}
