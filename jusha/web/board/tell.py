"""One second of the board: every part that is not let go, in the order in which they go."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import psycopg
import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.teams.count_gifts import count_gifts
from jusha.web.board.names import Names
from jusha.web.board.rankings import EVERY_SECONDS, Rankings
from jusha.web.board.screen import Screen
from jusha.web.shed_rules import Level
from jusha.web.snapshots import Snapshots, paths_of

log = structlog.get_logger("board")

PASSES: Final = 5
"""Statements of 5,000 entries in which a second counts for teams, at most."""
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
        self._broken: set[str] = set()
        self._is_bare = False
        """Whether the screens that stand still under load were written without names."""

    def tell(self, now: datetime, level: Level) -> Done:
        """Do a second's work; what `level` lets go is not touched. Raises OSError."""
        every = timedelta(seconds=EVERY_SECONDS)
        due = self._ranked_at is None or now - self._ranked_at >= every
        work: list[tuple[str, bool, Callable[[], object]]] = [
            ("wall", level < Level.WALL, self._names.tell),
            ("teams", level < Level.RANKINGS, lambda: count_gifts(passes=PASSES)),
            ("rankings", level < Level.RANKINGS and due, lambda: self._rankings.tell(now)),
            (
                "screen",
                level < Level.CURVE or not self._is_bare,
                lambda: self._screen.tell(now, names=level < Level.WALL),
            ),
        ]
        parts = [name for name, is_on, do in work if is_on and self._does(name, do)]
        if "rankings" in parts:
            self._ranked_at = now
        self._is_bare = level >= Level.CURVE and (self._is_bare or "screen" in parts)
        return Done((*parts, "snapshots"), self._snapshots.tell(level))

    def _does(self, name: str, do: Callable[[], object]) -> bool:
        """Do one part; one that is broken is said once, and keeps no other from its work.

        A database that is away, or a disk that refuses, is everybody's. Raises OSError,
        OperationalError, InterfaceError.
        """
        try:
            do()
        except (OSError, OperationalError, InterfaceError):
            raise
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise OperationalError(str(error)) from error
        except Exception:
            if name not in self._broken:
                log.exception("board_part_broken", part=name)
            self._broken.add(name)
            return False
        self._broken.discard(name)
        return True


def worth_keeping() -> list[str]:
    """Pages that are asked for most on a giving day: home, campaigns, projects of the day."""
    now = timezone.now()
    running = [each.page.code for each in campaigns.all_campaigns() if now < each.closes]
    day = timezone.localdate().isoformat()
    codes = projects.in_fair_order(day).values_list("code", flat=True)[:PROJECTS_MAX]
    return paths_of(running, list(codes))
