"""Join a team by a member's link, and leave it again without a trace."""

from datetime import date
from uuid import UUID

from django.db import transaction

from jusha.teams.codes import new_token
from jusha.teams.models import Team, TeamMember
from jusha.teams.rules import INVITE_DEPTH_MAX, TeamRefusedError, is_running


def join_team(code: str, *, account: UUID, token: str = "", today: date) -> TeamMember:
    """Be in a team, by the link of the member whose `token` it is. Safe to repeat.

    A token that is nobody's in this team counts as the team's own link.
    Raises TeamRefusedError: "unknown", "closed". Writes: jusha_teammember.
    """
    with transaction.atomic():
        team = Team.objects.select_for_update(no_key=True).filter(code=code).first()
        if team is None:
            raise TeamRefusedError("unknown")
        if not is_running(team.state, team.ends_on, today):
            raise TeamRefusedError("closed")
        by = TeamMember.objects.filter(team=code, token=token).first() if token else None
        made, _ = TeamMember.objects.get_or_create(
            team=code,
            account=account,
            defaults={
                "token": new_token(),
                "came_by": by.pk if by else 0,
                "depth": min(by.depth + 1, INVITE_DEPTH_MAX) if by else 1,
            },
        )
    return made


def leave_team(code: str, *, account: UUID) -> None:
    """Be in a team no longer; gifts stay given. Safe to repeat.

    Raises TeamRefusedError("captain-stays"): a captain hands over or closes first.
    Writes: jusha_teammember.
    """
    with transaction.atomic():
        team = Team.objects.select_for_update().filter(code=code).first()
        if team is not None and team.captain == account and team.state != "closed":
            raise TeamRefusedError("captain-stays")
        TeamMember.objects.filter(team=code, account=account).delete()
