"""Tiers of charities and networks of hubs, at the desk: a reviewer proposes, another confirms."""

from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.charities.models import Charity
from jusha.charities.network import KIND, confirm_standing, propose_standing, standings
from jusha.charities.network_rules import HUB, WORDS_MAX, Standing
from jusha.people.decisions import DecisionRefusedError, decline, open_decisions, withdraw
from jusha.people.rules import Office
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff
from jusha.web.tier_words import TIERS

SEE_OTHER: Final = 303
REFUSED: Final = 422


def waiting(staff: Staff) -> int:
    """How many proposals this very person can confirm."""
    if staff.office != Office.REVIEWER:
        return 0
    return open_decisions(KIND).exclude(proposed_by=staff.account.pk).count()


@require_role(Office.REVIEWER, Office.OPERATOR, Office.AUDITOR)
def network(request: DeskRequest) -> HttpResponse:
    """Show where charities stand, what waits for a second reviewer, and the form for one more."""
    said, today = "", localdate()
    if request.method == "POST":
        if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
            return first
        try:
            _do(request, today)
            return HttpResponseRedirect(reverse("desk-network"), status=SEE_OTHER)
        except DecisionRefusedError as error:
            said = str(refusal(error.code))
    found = standings(today)
    names = {each.code: each for each in Charity.objects.filter(code__in=_codes(found))}
    context: dict[str, Any] = {
        "rows": [
            (each, TIERS[each.body["tier"]], each.proposed_by == request.account.pk)
            for each in open_decisions(KIND)
        ],
        "standing": [
            (names.get(each.charity), TIERS[each.tier], names.get(each.hub), each)
            for each in sorted(found.values(), key=lambda row: (row.hub or row.charity, row.hub))
        ],
        "charities": Charity.objects.order_by("code"),
        "hubs": [names[each.charity] for each in found.values() if _is_hub(each, names)],
        "tiers": TIERS.items(),
        "is_reviewer": request.staff.office == Office.REVIEWER,
        "typed": request.POST if said else {"tier": "project", "begins": f"{today:%Y-%m-%d}"},
        "most": WORDS_MAX,
        "said": said,
    }
    return render(request, "web/desk_network.html", context, status=REFUSED if said else 200)


def _codes(found: dict[str, Standing]) -> set[str]:
    return set(found) | {each.hub for each in found.values() if each.hub}


def _is_hub(standing: Standing, names: dict[str, Charity]) -> bool:
    return standing.tier == HUB and standing.charity in names


def _do(request: DeskRequest, today: date) -> None:
    """Do what was pressed. Raises DecisionRefusedError."""
    post, by = request.POST, request.account.pk
    if request.staff.office != Office.REVIEWER:
        raise DecisionRefusedError("not-yours")
    do, number = post.get("do", ""), post.get("number", "")
    if do == "propose":
        try:
            begins = date.fromisoformat(post.get("begins", "").strip())
        except ValueError as error:
            raise DecisionRefusedError("begins") from error
        told = Standing(
            post.get("charity", ""), post.get("tier", ""), post.get("hub", ""),
            post.get("words", ""), begins,
        )  # fmt: skip
        propose_standing(told, by=by, today=today)
        return
    if number not in {str(each.pk) for each in open_decisions(KIND)}:
        raise DecisionRefusedError("unknown")
    if do == "confirm":
        confirm_standing(int(number), by=by)
    elif do == "withdraw":
        withdraw(int(number), kind=KIND, by=by)
    elif do == "decline":
        decline(int(number), kind=KIND, by=by, words=post.get("words", ""))
    else:
        raise DecisionRefusedError("unknown")
