"""Teams at the desk: one reviewer takes a page down at once, another lifts that."""

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from jusha.people.rules import Office
from jusha.teams import queries
from jusha.teams.rules import TeamRefusedError
from jusha.teams.take_down import lift, take_down
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.team_words import REFUSALS

SEE_OTHER: Final = 303
REFUSED: Final = 422
NEWEST: Final = 20


def waiting(_staff: Staff) -> int:
    """Nothing waits here: complaints do, on their own page."""
    return 0


@require_role(Office.REVIEWER, Office.AUDITOR)
def teams(request: DeskRequest) -> HttpResponse:
    """List what was taken down and what was opened last; take down, lift."""
    said = ""
    if request.method == "POST":
        try:
            _done(request)
            return HttpResponseRedirect(reverse("desk-teams"), status=SEE_OTHER)
        except TeamRefusedError as error:
            said = str(REFUSALS[error.code])
    down = queries.taken_down()
    context: dict[str, Any] = {
        "rows": [(team, step, step.by == request.account.pk) for team, step in down],
        "newest": queries.newest(NEWEST),
        "may": request.staff.office == Office.REVIEWER,
        "said": said,
        "typed": request.POST if said else {},
    }
    return render(request, "web/desk_teams.html", context, status=REFUSED if said else 200)


def _done(request: DeskRequest) -> None:
    """Do what was pressed. Raises TeamRefusedError."""
    said, by = request.POST, request.account.pk
    code = said.get("team", "").strip().rpartition("/")[2]
    if said.get("do") == "down":
        take_down(code, by=by, words=said.get("words", ""))
    elif said.get("do") == "lift":
        lift(code, by=by, words=said.get("words", ""))
    else:
        raise TeamRefusedError("unknown")
