"""Count for teams and companies what settlement booked since the last time."""

from pathlib import Path
from typing import Final

from django.db import transaction

from jusha.inbox.connect import django_connection
from jusha.teams.rules import RECENT

MOST: Final = 5_000
"""Entries of the log that one statement counts."""
PASSES: Final = 20
"""Statements in one call: who lags behind goes on in the next second."""
COUNT_SQL: Final = (Path(__file__).parent / "sql" / "count_gifts.sql").read_text()
LOCK_SQL: Final = "SELECT number FROM jusha_teamcursor WHERE id = 1 FOR UPDATE"


def count_gifts(*, most: int = MOST, passes: int = PASSES) -> int:
    """Bring totals up to the log; how many of its entries were gone through.

    What was counted is never counted again: the cursor moves in the same transaction, so a crash
    leaves all of a pass or nothing, and two at once count one after the other.
    Reads, writes: as sql/count_gifts.sql says.
    """
    done = 0
    for _ in range(passes):
        with transaction.atomic():
            connection = django_connection()
            connection.execute(LOCK_SQL)
            row = connection.execute(COUNT_SQL, {"most": most, "recent": RECENT}).fetchone()
        if row is None:
            break
        done += int(row[0])
    return done
