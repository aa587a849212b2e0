"""The list of sponsors that are not taken, at the desk: one reviewer proposes, another confirms."""

from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from jusha.matching.block_list import (
    KIND,
    blocks,
    confirm_block,
    pools_refused,
    propose_block,
)
from jusha.matching.block_rules import TEXT_MAX, WORDS_MAX, holding
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.rules import Office
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
REFUSED: Final = 422
CATEGORIES: Final[dict[str, Promise]] = {
    "tobacco": _("烟草"),
    "connected": _("和平台有利害关系"),
    "law": _("法律或主管部门禁止"),
    "trust": _("承诺捐赠没有兑现"),
}
HOWS: Final[dict[str, Promise]] = {
    "name": _("就是这个名称"),
    "word": _("名称里有这个词的都不接受"),
}


def waiting(staff: Staff) -> int:
    """How many proposals this very person can confirm, and pools that are to be ended."""
    if staff.office != Office.REVIEWER:
        return 0
    mine = open_decisions(KIND).exclude(proposed_by=staff.account.pk).count()
    return mine + len(pools_refused(on=localdate()))


@require_role(Office.REVIEWER, Office.OPERATOR, Office.AUDITOR)
def sponsors(request: DeskRequest) -> HttpResponse:
    """Show the list, what waits for a second reviewer, and open pools of refused sponsors."""
    said, today = "", localdate()
    is_reviewer = request.staff.office == Office.REVIEWER
    if request.method == "POST":
        if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
            return first
        try:
            _do(request, today)
            return HttpResponseRedirect(reverse("desk-sponsors"), status=SEE_OTHER)
        except DecisionRefusedError as error:
            said = str(refusal(error.code))
    mine = request.account.pk
    context: dict[str, Any] = {
        "rows": [
            (
                each,
                _category(each.body["category"]),
                _how(each.body["how"]),
                each.proposed_by == mine,
            )
            for each in open_decisions(KIND)
        ],
        "held": [
            (each, _category(each.category), _how(each.how)) for each in holding(blocks(), today)
        ],
        "pools": pools_refused(on=today),
        "categories": CATEGORIES.items(),
        "hows": HOWS.items(),
        "is_reviewer": is_reviewer,
        "typed": request.POST if said else {"how": "name", "begins": f"{today:%Y-%m-%d}"},
        "most": {"text": TEXT_MAX, "words": WORDS_MAX},
        "said": said,
    }  # fmt: skip
    return render(request, "web/desk_sponsors.html", context, status=REFUSED if said else 200)


def _category(code: str) -> Promise:
    return CATEGORIES[code]


def _how(code: str) -> Promise:
    return HOWS[code]


def _do(request: DeskRequest, today: date) -> None:
    """Do what was pressed. Raises DecisionRefusedError."""
    post, by = request.POST, request.account.pk
    if request.staff.office != Office.REVIEWER:
        raise DecisionRefusedError("not-yours")
    do, number = post.get("do", ""), post.get("number", "")
    if do == "propose":
        begins = _day(post.get("begins", ""))
        if begins is None:
            raise DecisionRefusedError("days")
        ends = _day(post.get("ends", ""))
        if ends is None and post.get("ends", "").strip():
            raise DecisionRefusedError("days")
        propose_block(
            text=post.get("text", ""), how=post.get("how", ""), category=post.get("category", ""),
            words=post.get("words", ""), begins=begins, ends=ends, by=by, today=today,
        )  # fmt: skip
        return
    if number not in {str(each.pk) for each in open_decisions(KIND)}:
        raise DecisionRefusedError("unknown")
    if do == "confirm":
        confirm_block(int(number), by=by)
    elif do == "withdraw":
        withdraw(int(number), kind=KIND, by=by)
    elif do == "decline":
        decline(int(number), kind=KIND, by=by, words=post.get("words", ""))
    else:
        raise DecisionRefusedError("unknown")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
