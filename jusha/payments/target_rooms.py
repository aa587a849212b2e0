"""Keep the rooms under hard targets true: what was paid, what ran out, what was planned anew.

Runs in rounds. Between two rounds a gift that was just settled still holds its reservation too, so
a room is too small for a moment and never too large.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from jusha.money.assets import ASSETS

RECKON_SQL: Final = (Path(__file__).parent / "sql" / "reckon_room.sql").read_text("utf-8")
LOCK_SQL: Final = "SELECT FROM jusha_targetroom WHERE project = %s FOR UPDATE"
MISSING_SQL: Final = (Path(__file__).parent / "sql" / "missing_rooms.sql").read_text("utf-8")
CNY: Final = ASSETS["CNY"].number


def follow_rooms(connection: Connection[Any], now: datetime) -> int:
    """Reckon every room anew; how many changed.

    Two statements for each project with a hard target, in a transaction of its own.
    Reads: jusha_project, campaigns_total, projects_fund, payments_paid.
    Writes: jusha_targetroom, jusha_reservation.
    """
    connection.execute(MISSING_SQL, (now,))
    changed = 0
    codes = connection.execute("SELECT project FROM jusha_targetroom ORDER BY 1").fetchall()
    for (code,) in codes:
        with connection.transaction():
            connection.execute(LOCK_SQL, (code,))
            told = {"project": code, "now": now, "asset": CNY}
            _ended, kept, _room = connection.execute(RECKON_SQL, told).fetchone() or (0, 0, 0)
        changed += kept
    return changed
