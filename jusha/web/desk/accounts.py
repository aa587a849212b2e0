"""A charity's official account at the desk: proposed by programme, checked by a reviewer; posts."""

import re
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.people.accounts import address_of
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.stories import queries as stories
from jusha.stories.models import Post
from jusha.stories.open_account import confirm_account, propose_account
from jusha.stories.publish_post import publish_post
from jusha.stories.rules import (
    ACCOUNT_KIND,
    CORRECTION_MAX,
    FILES_MAX,
    INTRO_MAX,
    TITLE_MAX,
    WORDS_MAX,
    PostRefusedError,
)
from jusha.uploads.keep import keep
from jusha.uploads.queries import named
from jusha.uploads.rules import ENDINGS, PICTURES, UploadRefusedError
from jusha.web.decision_words import refusal
from jusha.web.desk.disclosures import shown_files
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.official_words import REFUSALS
from jusha.web.upload_words import refusal as upload_refusal

SEE_OTHER: Final = 303
REFUSED: Final = 422
HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
MOST: Final = {
    "title": TITLE_MAX, "words": WORDS_MAX, "correction": CORRECTION_MAX, "files": FILES_MAX,
    "intro": INTRO_MAX,
}  # fmt: skip


def waiting(staff: Staff) -> int:
    """How many accounts this very person can check. Reads: jusha_decision."""
    if staff.office != Office.REVIEWER:
        return 0
    return open_decisions(ACCOUNT_KIND).exclude(proposed_by=staff.account.pk).count()


def _open(staff: Staff) -> list[Decision]:
    whole = staff.office in {Office.REVIEWER, Office.AUDITOR}
    return list(
        open_decisions(ACCOUNT_KIND, charities=None if whole else staff.charities(Role.VIEWER))
    )


@require_role(Role.VIEWER, Office.REVIEWER, Office.AUDITOR)
def listed(request: DeskRequest) -> HttpResponse:
    """List accounts that wait for a reviewer, and those of the person's charities."""
    said = ""
    if request.method == "POST":
        if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
            return first
        said = _ended(request)
        if not said:
            return HttpResponseRedirect(reverse("desk-accounts"), status=SEE_OTHER)
    found, today = _open(request.staff), timezone.localdate()
    names = charities.named({*(each.charity for each in found), *request.staff.roles})
    context: dict[str, Any] = {
        "rows": [_row(request.staff, each, names) for each in found],
        "own": [
            (names[code], stories.verified(names[code], today))
            for code in request.staff.roles if code in names
        ],
        "said": said,
    }  # fmt: skip
    return render(request, "web/desk_accounts.html", context, status=REFUSED if said else 200)


def _row(staff: Staff, found: Decision, names: dict[str, Any]) -> dict[str, Any]:
    """A proposal with what has to be compared: both numbers, and the certificate's file."""
    files = named(found.evidence, charity=found.charity)
    proposer = UserAccount.objects.filter(pk=found.proposed_by).first()
    is_mine = found.proposed_by == staff.account.pk
    return {
        "it": found,
        "charity": names.get(found.charity),
        "by": address_of(proposer) if proposer else "",
        "files": [
            reverse("upload", args=(each, ENDINGS[files[each].kind]))
            for each in found.evidence if each in files
        ],
        "may_confirm": staff.office == Office.REVIEWER and not is_mine,
        "is_mine": is_mine,
    }  # fmt: skip


def _ended(request: DeskRequest) -> str:
    """Verify, hand back or take back; what to say if it was refused, else ""."""
    by, do = request.staff.account.pk, request.POST.get("do", "")
    number = request.POST.get("number", "")
    chosen = [each for each in _open(request.staff) if str(each.pk) == number]
    if not chosen:
        return str(refusal("unknown"))
    try:
        if do == "confirm":
            confirm_account(chosen[0].pk, by=by)
        elif do == "decline":
            words = request.POST.get("words", "")
            decline(chosen[0].pk, kind=ACCOUNT_KIND, by=by, words=words)
        elif do == "withdraw":
            withdraw(chosen[0].pk, kind=ACCOUNT_KIND, by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


@require_role(Role.VIEWER)
def account(request: DeskRequest, charity: str) -> HttpResponse:
    """One charity's account: propose it or its new text, and its posts."""
    found = charities.find(charity)
    if found is None:
        raise Http404(charity)
    today, said = timezone.localdate(), ""
    may_write = request.staff.holds(Role.PROGRAMME, charity=charity)
    if request.method == "POST":
        try:
            propose_account(
                charity, intro=request.POST.get("intro", ""), by=request.account.pk, today=today
            )
            return HttpResponseRedirect(reverse("desk-accounts"), status=SEE_OTHER)
        except DecisionRefusedError as error:
            said = str(refusal(error.code))
    now = stories.verified(found, today)
    context: dict[str, Any] = {
        "it": found,
        "now": now,
        "intro": request.POST.get("intro", now.account.intro if now else ""),
        "posts": [each.post for each in stories.news([charity], most=50) if each.post],
        "may_write": may_write,
        "most": MOST,
        "said": said,
    }
    return render(request, "web/desk_account.html", context, status=REFUSED if said else 200)


@require_role(Role.PROGRAMME)
def write(request: DeskRequest, charity: str, number: str = "0") -> HttpResponse:
    """Write a post, or with a number a further version of one."""
    found = charities.find(charity)
    before = stories.versions(charity, int(number)) if number != "0" else []
    if found is None or stories.account_of(charity) is None or (number != "0" and not before):
        raise Http404(charity)
    error, typed = "", _typed_before(before)
    if request.method == "POST":
        typed = {
            name: request.POST.get(name, "").replace("\r\n", "\n")
            for name in ("title", "words", "words_en", "correction")
        }
        try:
            files = _files(request, charity)
            made = publish_post(
                charity, **typed, files=files, number=int(number), by=request.account.pk
            )
            way = reverse("post", args=(charity, made.number))
            return HttpResponseRedirect(way, status=SEE_OTHER)
        except PostRefusedError as refused:
            error = str(REFUSALS.get(refused.code, REFUSALS["unknown"]))
        except UploadRefusedError as refused:
            error = str(upload_refusal(refused.code))
    kept = _own(request.POST.getlist("kept"), charity) if error else _hashes(before)
    context: dict[str, Any] = {
        "it": found,
        "before": before[0] if before else None,
        "typed": typed,
        "files": shown_files(kept, charity),
        "error": error,
        "most": MOST,
    }
    return render(request, "web/desk_post.html", context, status=REFUSED if error else 200)


def _typed_before(before: list[Post]) -> dict[str, str]:
    newest = before[0] if before else None
    return {
        "title": newest.title if newest else "",
        "words": newest.words if newest else "",
        "words_en": newest.words_en if newest else "",
        "correction": "",
    }


def _hashes(before: list[Post]) -> list[str]:
    return list(before[0].files) if before else []


def _own(hashes: list[str], charity: str) -> list[str]:
    """Those of the hashes that the charity itself handed in."""
    wanted = [each for each in hashes if HASH.fullmatch(each)]
    own = named(wanted, charity=charity)
    return [each for each in wanted if each in own]


def _files(request: DeskRequest, charity: str) -> tuple[str, ...]:
    """Pictures that stay, and new ones. Raises UploadRefusedError."""
    kept = _own(request.POST.getlist("kept"), charity)
    for file in request.FILES.getlist("files")[:FILES_MAX]:
        kept.append(keep(file, by=request.account.pk, charity=charity, kinds=PICTURES).sha256)
    return tuple(dict.fromkeys(kept))
