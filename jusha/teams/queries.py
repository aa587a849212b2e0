"""Reading teams: their pages, who stands above and below, and what was given through them."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from jusha.payments.order import read_openings
from jusha.teams.company_rules import SHOWN_FROM
from jusha.teams.models import Team, TeamDuel, TeamMember, TeamStep, TeamTotal

TEAM: Final = "t"
COMPANY: Final = "c"
NAMES_SHOWN: Final = 12
RANKED: Final = 10
SUBS_MOST: Final = 500
"""Sub-teams that a ranking looks through: the newest."""


class Sums(NamedTuple):
    """What was given through a team or company; `net` is what stands. Amounts in fen."""

    gifts: int = 0
    given: int = 0
    refunded: int = 0
    persons: int = 0

    @property
    def net(self) -> int:
        """What was given and not sent back."""
        return self.given - self.refunded


class Ranked(NamedTuple):
    """A sub-team with what was given through it and its own sub-teams."""

    team: Team
    sums: Sums


class Tree(NamedTuple):
    """How far a team's invitations went: (links from the captain, members), and all members."""

    members: int
    levels: list[tuple[int, int]]


def find(code: str) -> Team | None:
    """The team of this code. Reads: jusha_team."""
    return Team.objects.filter(code=code).first()


def sums_of(scope: str, codes: Iterable[str]) -> dict[str, Sums]:
    """What was given through teams or companies, by code; every code asked for is named.

    Reads: jusha_teamtotal.
    """
    asked = set(codes)
    rows = TeamTotal.objects.filter(scope=scope, code__in=asked)
    fields = ("gifts", "given", "refunded", "persons")
    found = {row[0]: Sums(*row[1:]) for row in rows.values_list("code", *fields)}
    return {code: found.get(code, Sums()) for code in asked}


def public_sums(found: Iterable[Team]) -> dict[str, Sums]:
    """What may be told of teams, by code: of a company's nothing under five givers.

    Their colleagues could else tell who gave what (R-CL-32). Reads: jusha_teamtotal.
    """
    told = list(found)
    sums = sums_of(TEAM, [each.code for each in told])
    return {
        each.code: Sums()
        if (each.company or each.kind == "company") and sums[each.code].persons < SHOWN_FROM
        else sums[each.code]
        for each in told
    }


def names_of(scope: str, code: str) -> list[str]:
    """Names that the newest givers chose to show, newest first; erased ones are gone.

    Reads: jusha_teamtotal, jusha_opening, jusha_donorkey.
    """
    row = TeamTotal.objects.filter(scope=scope, code=code).values_list("recent", flat=True).first()
    opened = read_openings(row or [])
    shown = (str(opened[no][0].get("name", "")) for no in row or [] if no in opened)
    return [name for name in shown if name][:NAMES_SHOWN]


def below(code: str) -> list[Ranked]:
    """Direct sub-teams that were not taken down, by what stands; two questions.

    Reads: jusha_team, jusha_teamtotal.
    """
    found = Team.objects.filter(above__contains=[code]).exclude(state="down").order_by("-id")
    teams = [each for each in found[:SUBS_MOST] if each.parent == code]
    sums = public_sums(teams)
    ranked = [Ranked(each, sums[each.code]) for each in teams]
    return sorted(ranked, key=lambda each: (-each.sums.net, each.team.pk))


def tree(code: str) -> Tree:
    """How many members came over how many links. Reads: jusha_teammember."""
    rows = TeamMember.objects.filter(team=code).values("depth").annotate(n=Count("id"))
    levels = [(int(row["depth"]), int(row["n"])) for row in rows.order_by("depth")]
    return Tree(sum(n for _, n in levels), levels)


def member(code: str, account: UUID) -> TeamMember | None:
    """An account's place in a team; None where it is not in it. Reads: jusha_teammember."""
    return TeamMember.objects.filter(team=code, account=account).first()


def brought(found: TeamMember) -> int:
    """How many came by a member's own link and are there. Reads: jusha_teammember."""
    return TeamMember.objects.filter(team=found.team, came_by=found.pk).count()


def teams_of(account: UUID) -> list[Team]:
    """The teams that an account is in, newest first. Reads: jusha_teammember, jusha_team."""
    codes = TeamMember.objects.filter(account=account).values("team")
    return list(Team.objects.filter(code__in=codes).order_by("-id"))


def duels(code: str) -> list[TeamDuel]:
    """A team's matches with others, agreed ones first. Reads: jusha_teamduel."""
    found = TeamDuel.objects.filter(Q(one=code) | Q(other=code)).order_by("id")
    return sorted(found, key=lambda each: each.agreed_at is None)


def named(codes: Iterable[str]) -> dict[str, Team]:
    """Teams by code. Reads: jusha_team."""
    return {each.code: each for each in Team.objects.filter(code__in=set(codes))}


def running(today: date, *, project: str = "", company: str = "") -> QuerySet[Team]:
    """Teams on their own that take gifts, newest first. Reads: jusha_team."""
    found = Team.objects.filter(state="open", ends_on__gte=today, above__len=0)
    found = found.filter(project=project) if project else found
    return (found.filter(company=company) if company else found).order_by("-id")


def last_down(code: str) -> TeamStep | None:
    """Why a team was taken down last. Reads: jusha_teamstep."""
    return TeamStep.objects.filter(team=code, did="down").order_by("-id").first()


def taken_down() -> list[tuple[Team, TeamStep]]:
    """Teams that are down, with the step that says why; two questions.

    Reads: jusha_team, jusha_teamstep.
    """
    teams = Team.objects.filter(state="down").in_bulk(field_name="code")
    steps = TeamStep.objects.filter(team__in=teams, did="down").order_by("id")
    newest = {each.team: each for each in steps}
    return [(teams[code], step) for code, step in newest.items()]


def newest(count: int) -> list[Team]:
    """The teams that were opened last. Reads: jusha_team."""
    return list(Team.objects.order_by("-id")[:count])
