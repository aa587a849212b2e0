"""A reviewer takes a team's page down at once; another lifts that."""

from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from jusha.teams.models import Team, TeamStep
from jusha.teams.rules import WORDS_MAX, TeamRefusedError

log = structlog.get_logger("teams")


def take_down(code: str, *, by: UUID, words: str) -> None:
    """Show nothing of a team any more, and take no members. `words` say why, on its page.

    Of a team that is closed already, title and story go for good.

    Raises TeamRefusedError: "unknown", "no-words", "not-yours".
    Writes: jusha_team, jusha_teamstep.
    """
    _review(code, "open", "down", by=by, words=words)


def lift(code: str, *, by: UUID, words: str) -> None:
    """Show a team again: another reviewer than who took it down.

    Refused without a captain and under a team that closed. Raises as above and "closed".
    Writes as above.
    """
    _review(code, "down", "open", by=by, words=words)


def _review(code: str, before: str, after: str, *, by: UUID, words: str) -> None:
    words = words.strip()[:WORDS_MAX]
    if not words:
        raise TeamRefusedError("no-words")
    try:
        with transaction.atomic():
            team = Team.objects.select_for_update().filter(code=code).first()
            over = team is not None and team.state == "closed" and after == "down"
            if team is None or not (team.state == before or over):
                raise TeamRefusedError("unknown")
            if after == "open" and not _may_open(team):
                raise TeamRefusedError("closed")
            did = "down" if after == "down" else "up"
            TeamStep.objects.create(team=code, did=did, by=by, words=words)
            if over:  # what is closed stays closed: its words go for good
                team.title = team.story = team.figure = ""
            else:
                team.state = after
            team.save(update_fields=["state", "title", "story", "figure"])
    except IntegrityError as error:
        raise TeamRefusedError("not-yours") from error
    log.info("team_reviewed", team=code, state=after)


def _may_open(team: Team) -> bool:
    """Whether somebody leads it still, and nothing above it closed meanwhile."""
    over = Team.objects.filter(code__in=team.above, state="closed")
    return team.captain is not None and not over.exists()
