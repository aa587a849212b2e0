"""A team's page: how far it is, who wants to be named, and how to give or join."""

from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from jusha.campaigns.live.queries import wall_words
from jusha.campaigns.live.wall_rules import State, judged
from jusha.people.models import UserAccount
from jusha.projects.models import Project
from jusha.teams import queries as teams
from jusha.teams.company_queries import shown_name
from jusha.teams.join_team import join_team
from jusha.teams.models import Team
from jusha.teams.queries import RANKED, TEAM, Ranked, Sums, Tree
from jusha.teams.rules import TeamRefusedError, is_running
from jusha.web import reference
from jusha.web.held import held
from jusha.web.outcome import Progress, progress
from jusha.web.qr import qr_data_uri
from jusha.web.team_words import KINDS, REFUSALS

SEE_OTHER: Final = 303
REFUSED: Final = 422
LISTED: Final = 60
BESIDE: Final = "beside"
"""Such an installation takes no gifts, so nobody gives together on it."""


class Side(NamedTuple):
    """One of two teams that run against each other."""

    team: Team
    sums: Sums
    width: int
    """Of the larger sum, in percent."""


class TeamNow(NamedTuple):
    """A team with all that its page tells, as of one moment."""

    team: Team
    project: Project
    far: Progress
    missing: int
    sums: Sums
    names: tuple[str, ...]
    ranked: tuple[Ranked, ...]
    place: int
    among: int
    tree: Tree
    duels: tuple[tuple[Side, Side], ...]
    over: Team | None
    company: str
    takes_gifts: bool


@held
def team_now(code: str) -> TeamNow | None:
    """A team as its page tells it; None without one. At most fifteen questions."""
    team = teams.find(code)
    found = reference.project_now(team.project) if team else None
    if team is None or found is None:
        return None
    sums = teams.public_sums([team])[code]
    over = teams.find(team.parent) if team.parent else None
    siblings = [e for e in teams.below(team.parent) if e.sums.net > 0] if over else []
    own = next((n for n, each in enumerate(siblings, 1) if each.team.code == code), 0)
    below = [each for each in teams.below(code) if each.sums.net > 0]
    return TeamNow(
        team,
        found.project,
        progress(given=sums.net, matched=0, target=team.target, unit=found.project.unit_amount),
        max(team.target - sums.net, 0),
        sums,
        _names(code) if not team.company and team.kind != "company" else (),
        tuple(below[:RANKED]),
        own,
        len(siblings),
        teams.tree(code),
        tuple(_duels(team)),
        over,
        shown_name(team.company) if team.company else "",
        is_running(team.state, team.ends_on, localdate()) and not found.hindrances,
    )


def _names(code: str) -> tuple[str, ...]:
    """Names that their givers chose to show, unless the name wall would hold them back."""
    words = wall_words()
    names = teams.names_of(TEAM, code)
    return tuple(name for name in names if judged(name, words) == State.SHOWN)


def _duels(team: Team) -> list[tuple[Side, Side]]:
    """The agreed matches of a team in which both still run, this team first."""
    agreed = [each for each in teams.duels(team.code) if each.agreed_at is not None]
    others = [each.other if each.one == team.code else each.one for each in agreed]
    named, today = teams.named(others), localdate()
    sums = teams.public_sums([team, *named.values()]) if others else {}
    found = []
    for code in others:
        other = named.get(code)
        if other and all(is_running(e.state, e.ends_on, today) for e in (team, other)):
            most = max(sums[team.code].net, sums[code].net, 1)
            mine, theirs = (
                Side(each, sums[each.code], sums[each.code].net * 100 // most)
                for each in (team, other)
            )
            found.append((mine, theirs))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, code: str) -> HttpResponse:
    """Show a team; join it, signed in, by the link that led here."""
    found = team_now(code)
    if found is None:
        raise Http404(code)
    refusal = ""
    if request.method == "POST":
        if not isinstance(request.user, UserAccount):
            return redirect_to_login(request.get_full_path())
        try:
            join_team(
                code, account=request.user.pk, token=request.GET.get("by", ""), today=localdate()
            )
            return HttpResponseRedirect(reverse("team-room", args=(code,)), status=SEE_OTHER)
        except TeamRefusedError as error:
            refusal = str(REFUSALS[error.code])
    if found.team.state == "down":
        return render(request, "web/team_down.html", {"found": found, "why": teams.last_down(code)})
    address = request.build_absolute_uri(reverse("team", args=(code,)))
    context: dict[str, Any] = {
        "found": found,
        "team": found.team,
        "project": found.project,
        "kind": KINDS[found.team.kind],
        "address": address,
        "qr": qr_data_uri(address),
        "gives_to": give_address(found.team),
        "refusal": refusal,
        "is_over": localdate() > found.team.ends_on,
    }
    return render(request, "web/team.html", context, status=REFUSED if refusal else 200)


def give_address(found: Team) -> str:
    """The donate page of a team's project, told by whom the gift came."""
    told = {"team": found.code} | ({"company": found.company} if found.company else {})
    return f"{reverse('donate', args=(found.project,))}?{urlencode(told)}"


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """List the teams that run, the newest first; of one project, if it is named."""
    if settings.JUSHA_MODE == BESIDE:
        raise Http404
    code = request.GET.get("project", "")
    project = reference.project(code) if code else None
    found = list(teams.running(localdate(), project=project.code if project else "")[:LISTED])
    sums = teams.public_sums(found)
    projects = {each.project: reference.project(each.project) for each in found}
    account = request.user
    context = {
        "project": project,
        "mine": teams.teams_of(account.pk) if isinstance(account, UserAccount) else [],
        "rows": [
            (each, KINDS[each.kind], projects[each.project], sums[each.code]) for each in found
        ],
    }
    return render(request, "web/teams.html", context)
