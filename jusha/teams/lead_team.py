"""What a captain does: hand over, close, and run against another team."""

from datetime import date, datetime
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from jusha.teams.codes import new_token
from jusha.teams.models import Team, TeamDuel, TeamMember, TeamStep
from jusha.teams.rules import DUELS_MAX, TeamRefusedError, is_running

log = structlog.get_logger("teams")


def offer_handover(code: str, *, by: UUID) -> str:
    """Make the code with which a member takes over; one before it holds no longer.

    Raises TeamRefusedError. Writes: jusha_team.
    """
    with transaction.atomic():
        team = own_team(code, by=by)
        team.handover = new_token()
        team.save(update_fields=["handover"])
    return team.handover


def take_over(code: str, *, by: UUID, token: str) -> None:
    """Be the captain from now on: a member who was given the code.

    Raises TeamRefusedError: "handover", "not-member". Writes: jusha_team, jusha_teamstep.
    """
    with transaction.atomic():
        team = Team.objects.select_for_update().filter(code=code).first()
        if team is None or team.state != "open" or not token or team.handover != token:
            raise TeamRefusedError("handover")
        if not TeamMember.objects.filter(team=code, account=by).exists():
            raise TeamRefusedError("not-member")
        team.captain, team.handover = by, ""
        team.save(update_fields=["captain", "handover"])
        TeamStep.objects.create(team=code, did="handed", by=by)
    log.info("team_handed_over", team=code)


def close_team(code: str, *, by: UUID, now: datetime) -> None:
    """Close a team and all below it, for good. What was given stays with the project.

    Raises TeamRefusedError. Writes: jusha_team, jusha_teamstep.
    """
    with transaction.atomic():
        own_team(code, by=by)
        shut(code, by=by, now=now)


def shut(code: str, *, by: UUID | None, now: datetime) -> None:
    """Close a team and what is below it, whoever asks; what was taken down stays down.

    Writes: jusha_team, jusha_teamstep.
    """
    with transaction.atomic():
        below = Team.objects.select_for_update().filter(Q(code=code) | Q(above__contains=[code]))
        for each in below.exclude(state__in=("closed", "down")).order_by("id"):
            TeamStep.objects.create(team=each.code, did="closed", by=by)
            each.state, each.closed_at, each.handover = "closed", now, ""
            each.save(update_fields=["state", "closed_at", "handover"])
    log.info("team_closed", team=code)


def propose_duel(code: str, other: str, *, by: UUID, today: date) -> None:
    """Ask another team's captain to be shown side by side, as long as both run.

    Nothing happens where the other asked before: that waits for agreement. Safe to repeat.
    Raises TeamRefusedError: "unknown", "closed", "same-team", "duel-waits", "not-captain".
    Writes: jusha_teamduel.
    """
    if code == other:
        raise TeamRefusedError("same-team")
    with transaction.atomic():
        team = own_team(code, by=by)
        against = Team.objects.filter(code=other).first()
        if against is None or against.state == "down":
            raise TeamRefusedError("unknown")
        if not all(is_running(each.state, each.ends_on, today) for each in (team, against)):
            raise TeamRefusedError("closed")
        if TeamDuel.objects.filter(one=other, other=code).exists():
            return
        if TeamDuel.objects.filter(one=code).exclude(other=other).count() >= DUELS_MAX:
            raise TeamRefusedError("duel-waits")
        try:
            with transaction.atomic():
                TeamDuel.objects.get_or_create(one=code, other=other)
        except IntegrityError as error:  # the other captain asked in this very moment
            raise TeamRefusedError("duel-waits") from error


def agree_duel(code: str, other: str, *, by: UUID, now: datetime) -> None:
    """Agree to what the other team's captain proposed. Safe to repeat.

    Raises TeamRefusedError: "unknown", "not-captain". Writes: jusha_teamduel.
    """
    with transaction.atomic():
        own_team(code, by=by)
        found = TeamDuel.objects.select_for_update().filter(one=other, other=code).first()
        if found is None:
            raise TeamRefusedError("unknown")
        if found.agreed_at is None:
            found.agreed_at = now
            found.save(update_fields=["agreed_at"])


def end_duel(code: str, other: str, *, by: UUID) -> None:
    """Take a proposal back, decline one, or end what was agreed: each captain may. Safe to repeat.

    Raises TeamRefusedError("not-captain"). Writes: jusha_teamduel.
    """
    with transaction.atomic():
        own_team(code, by=by)
        pair = Q(one=code, other=other) | Q(one=other, other=code)
        TeamDuel.objects.filter(pair).delete()


def own_team(code: str, *, by: UUID) -> Team:
    """The captain's team, held. Raises TeamRefusedError: "unknown", "not-captain", "closed"."""
    team = Team.objects.select_for_update().filter(code=code).first()
    if team is None:
        raise TeamRefusedError("unknown")
    if team.captain != by:
        raise TeamRefusedError("not-captain")
    if team.state != "open":
        raise TeamRefusedError("closed")
    return team
