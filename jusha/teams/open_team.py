"""Anyone signed in opens a team for a project that takes gifts."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import structlog
from django.db import transaction

from jusha.projects.raising import hindrances
from jusha.teams.codes import new_code, new_token
from jusha.teams.company_queries import is_employee, matches
from jusha.teams.models import Team, TeamMember, TeamStep
from jusha.teams.rules import DEPTH_MAX, OPEN_MAX, TeamRefusedError, is_running, judge, plain

log = structlog.get_logger("teams")


@dataclass(frozen=True, slots=True)
class NewTeam:
    """What a captain says. `target` in fen; a sub-team's project and company are its parent's."""

    kind: str
    title: str
    story: str
    project: str
    target: int
    ends_on: date
    figure: str = ""
    parent: str = ""
    company: str = ""


def open_team(said: NewTeam, *, by: UUID, today: date) -> Team:
    """Open a team with its captain as the first member.

    A sub-team is opened by a member of the team above; a company's by one of its people.
    Raises TeamRefusedError. Writes: jusha_team, jusha_teammember, jusha_teamstep.
    """
    said = replace(
        said, title=plain(said.title), story=plain(said.story), figure=plain(said.figure)
    )
    with transaction.atomic():
        said, above = _placed(said, by=by, today=today)
        judge(
            kind=said.kind, title=said.title, story=said.story, figure=said.figure,
            target=said.target, ends_on=said.ends_on, today=today,
        )  # fmt: skip
        if hindrances(said.project, today):
            raise TeamRefusedError("project")
        if said.company and not is_employee(said.company, by):
            raise TeamRefusedError("not-member")
        if said.company and not matches(said.company, said.project):
            raise TeamRefusedError("not-approved")
        mine = Team.objects.select_for_update().filter(captain=by, ends_on__gte=today)
        if len(mine.exclude(state="closed")[:OPEN_MAX]) == OPEN_MAX:
            raise TeamRefusedError("too-many")
        made = Team.objects.create(
            code=new_code(), kind=said.kind, title=said.title, story=said.story,
            figure=said.figure, project=said.project, company=said.company, target=said.target,
            above=above, captain=by, opened_on=today, ends_on=said.ends_on,
        )  # fmt: skip
        TeamMember.objects.create(team=made.code, account=by, token=new_token())
        TeamStep.objects.create(team=made.code, did="opened", by=by)
    log.info("team_opened", team=made.code, kind=made.kind, project=made.project)
    return made


def _placed(said: NewTeam, *, by: UUID, today: date) -> tuple[NewTeam, list[str]]:
    """What was said with what the team above gives, and the codes above. Raises."""
    if not said.parent:
        return said, []
    over = Team.objects.select_for_update().filter(code=said.parent).first()
    if over is None or len(over.above) >= DEPTH_MAX:
        raise TeamRefusedError("parent")
    if not is_running(over.state, over.ends_on, today):
        raise TeamRefusedError("closed")
    if not TeamMember.objects.filter(team=over.code, account=by).exists():
        raise TeamRefusedError("not-member")
    if said.ends_on > over.ends_on:
        raise TeamRefusedError("ends")
    return replace(said, project=over.project, company=over.company), [*over.above, over.code]
