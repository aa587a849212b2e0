"""One second of the board: every part that is not let go, in the order in which they go."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.web.board.names import Names
from jusha.web.board.rankings import EVERY_SECONDS, Rankings
from jusha.web.board.screen import Screen
from jusha.web.shed_rules import Level
from jusha.web.snapshots import Snapshots, paths_of

PROJECTS_MAX: Final = 200
"""Projects that are kept as files, in the day's order."""


class Done(NamedTuple):
    """Which parts were worked on, and how many pages were rendered."""

    parts: tuple[str, ...]
    pages: int


class Board:
    """All parts; one process at a time."""

    def __init__(self) -> None:
        self._names, self._rankings, self._screen = Names(), Rankings(), Screen()
        self._snapshots = Snapshots(worth_keeping)
        self._ranked_at: datetime | None = None

    def tell(self, now: datetime, level: Level) -> Done:
        """Do a second's work; what `level` lets go is not touched. Raises OSError."""
        parts = []
        if level < Level.WALL:
            self._names.tell()
            parts.append("wall")
        every = timedelta(seconds=EVERY_SECONDS)
        due = self._ranked_at is None or now - self._ranked_at >= every
        if level < Level.RANKINGS and due:
            self._rankings.tell(now)
            self._ranked_at = now
            parts.append("rankings")
        if level < Level.CURVE:
            self._screen.tell(now)
            parts.append("screen")
        return Done((*parts, "snapshots"), self._snapshots.tell(level))


def worth_keeping() -> list[str]:
    """Pages that are asked for most on a giving day: home, campaigns, projects of the day."""
    now = timezone.now()
    running = [each.page.code for each in campaigns.all_campaigns() if now < each.closes]
    day = timezone.localdate().isoformat()
    codes = projects.in_fair_order(day).values_list("code", flat=True)[:PROJECTS_MAX]
    return paths_of(running, list(codes))
