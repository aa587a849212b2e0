"""For who is in a team: their own link, what came by it; and what a captain can do."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from jusha.people.models import UserAccount
from jusha.teams import queries as teams
from jusha.teams.company_queries import companies_of
from jusha.teams.join_team import leave_team
from jusha.teams.lead_team import (
    agree_duel,
    close_team,
    end_duel,
    offer_handover,
    propose_duel,
    take_over,
)
from jusha.teams.models import TeamMember
from jusha.teams.open_team import NewTeam, open_team
from jusha.teams.rules import DEPTH_MAX, TeamRefusedError, is_running
from jusha.web import reference
from jusha.web.qr import qr_data_uri
from jusha.web.team_form import TeamForm
from jusha.web.team_words import FIELDS, REFUSALS
from jusha.web.views.team import BESIDE

SEE_OTHER: Final = 303
REFUSED: Final = 422


@never_cache
@login_required
def room(request: HttpRequest, code: str) -> HttpResponse:
    """Show a member's own link; leave; lead the team, as its captain. 404 for who is not in it."""
    account = request.user
    assert isinstance(account, UserAccount)
    team, mine = teams.find(code), teams.member(code, account.pk)
    if team is None or mine is None:
        raise Http404(code)
    refusal = ""
    if request.method == "POST":
        try:
            return HttpResponseRedirect(_done(request, mine, account), status=SEE_OTHER)
        except TeamRefusedError as error:
            refusal = str(REFUSALS[error.code])
            team = teams.find(code) or team
    link = request.build_absolute_uri(f"{reverse('team', args=(code,))}?by={mine.token}")
    duels = [(each, each.other if each.one == code else each.one) for each in teams.duels(code)]
    named = teams.named(other for _, other in duels)
    context: dict[str, Any] = {
        "team": team,
        "mine": mine,
        "link": link,
        "qr": qr_data_uri(link),
        "brought": teams.brought(mine),
        "is_captain": team.captain == account.pk,
        "is_open": team.state == "open",
        "may_part": len(team.above) < DEPTH_MAX
        and is_running(team.state, team.ends_on, timezone.localdate()),
        "duels": [
            (each, named[other], each.one == code) for each, other in duels if other in named
        ],
        "refusal": refusal,
    }
    return render(request, "web/team_room.html", context, status=REFUSED if refusal else 200)


def _done(request: HttpRequest, mine: TeamMember, account: UserAccount) -> str:
    """Do what was pressed; where that leads. Raises TeamRefusedError."""
    said, code, by = request.POST, mine.team, account.pk
    other = said.get("other", "").strip().rpartition("/")[2]
    now = timezone.now()
    match said.get("do", ""):
        case "leave":
            leave_team(code, account=by)
            return reverse("team", args=(code,))
        case "offer":
            offer_handover(code, by=by)
        case "take":
            take_over(code, by=by, token=said.get("token", "").strip())
        case "close":
            close_team(code, by=by, now=now)
        case "propose":
            propose_duel(code, other, by=by, today=timezone.localdate(now))
        case "agree":
            agree_duel(code, other, by=by, now=now)
        case "end":
            end_duel(code, other, by=by)
        case _:
            raise TeamRefusedError("unknown")
    return reverse("team-room", args=(code,))


@never_cache
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Open a team: for a project, or under a team that one is in."""
    account = request.user
    assert isinstance(account, UserAccount)
    if settings.JUSHA_MODE == BESIDE:
        raise Http404
    told = request.POST or request.GET
    over = teams.find(told.get("under", "")) if told.get("under") else None
    project = reference.project(over.project if over else told.get("project", ""))
    if project is None:
        raise Http404
    form = TeamForm(request.POST or None, today=timezone.localdate())
    refusal = ""
    if request.method == "POST" and form.is_valid():
        said = NewTeam(project=project.code, parent=over.code if over else "", **form.said())
        try:
            made = open_team(said, by=account.pk, today=timezone.localdate())
            where = reverse("team-room", args=(made.code,))
            return HttpResponseRedirect(where, status=SEE_OTHER)
        except TeamRefusedError as error:
            if error.code in FIELDS:
                form.add_error(error.code, str(REFUSALS[error.code]))
            else:
                refusal = str(REFUSALS[error.code])
    context = {
        "form": form,
        "project": project,
        "over": over,
        "companies": [] if over else companies_of(account.pk),
        "refusal": refusal,
    }
    status = REFUSED if refusal or form.errors else 200
    return render(request, "web/team_new.html", context, status=status)
