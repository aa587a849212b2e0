"""A reviewer takes a team's page down at once; another lifts that."""

from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from jusha.teams.models import Team, TeamStep
from jusha.teams.rules import WORDS_MAX, TeamRefusedError

log = structlog.get_logger("teams")


def take_down(code: str, *, by: UUID, words: str) -> None:
    """Show nothing of a team any more, and take no members. `words` say why, on its page.

    Raises TeamRefusedError: "unknown", "no-words", "not-yours".
    Writes: jusha_team, jusha_teamstep.
    """
    _review(code, "open", "down", by=by, words=words)


def lift(code: str, *, by: UUID, words: str) -> None:
    """Show a team again: another reviewer than who took it down. Raises and writes as above."""
    _review(code, "down", "open", by=by, words=words)


def _review(code: str, before: str, after: str, *, by: UUID, words: str) -> None:
    words = words.strip()[:WORDS_MAX]
    if not words:
        raise TeamRefusedError("no-words")
    try:
        with transaction.atomic():
            team = Team.objects.select_for_update().filter(code=code, state=before).first()
            if team is None:
                raise TeamRefusedError("unknown")
            did = "down" if after == "down" else "up"
            TeamStep.objects.create(team=code, did=did, by=by, words=words)
            team.state = after
            team.save(update_fields=["state"])
    except IntegrityError as error:
        raise TeamRefusedError("not-yours") from error
    log.info("team_reviewed", team=code, state=after)
