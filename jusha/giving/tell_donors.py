"""Tell donors with an account what happened to their gifts: by set, behind the log, at leisure."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from jusha.notices.rules import BY_MAIL

SQL: Final = Path(__file__).parent / "sql"
TELL_SQL: Final = (SQL / "tell_donors.sql").read_text()
ARRIVED_SQL: Final = (SQL / "tell_arrived.sql").read_text()
ENDED_SQL: Final = (SQL / "tell_certificate_ended.sql").read_text()
LATE_DAYS: Final = 7
"""How long after its last day a certificate's end is still told, if nothing ran meanwhile."""
BROADCAST_SQL: Final = (SQL / "send_broadcast.sql").read_text()


def tell_donors(connection: psycopg.Connection[Any]) -> int:
    """Write the messages about all that was settled since the last time; how many.

    One statement, so its cursor and its messages stand or fall together; a repeat tells nothing
    twice. Reads: what the log's entries are about. Writes: jusha_message, jusha_told.
    """
    return connection.execute(TELL_SQL, {"by_mail": sorted(BY_MAIL)}).rowcount


def tell_arrived(connection: psycopg.Connection[Any], consenting: Iterable[UUID]) -> int:
    """Tell each consenting donor once that the programme money of a gift is used up; how many.

    One statement for all projects that were spent further, so marks and messages stand or fall
    together. `consenting`: accounts that want to hear of progress now; who agrees later is not
    told of the past. Writes: jusha_message, jusha_arrived.
    """
    return connection.execute(ARRIVED_SQL, {"consenting": list(consenting)}).rowcount


def tell_certificate_ended(connection: psycopg.Connection[Any], today: date) -> int:
    """Tell who gave to a charity's open projects that its certificate has ended; how many.

    Once a donor and certificate: it is a matter of their gift, so it asks for no consent
    (notices/rules.py). Donors whose projects are over are not troubled.
    Reads: jusha_certificate, giving_deed. Writes: jusha_message, jusha_told.
    """
    given = {"today": today, "since": today - timedelta(days=LATE_DAYS)}
    return connection.execute(ENDED_SQL, given | {"by_mail": sorted(BY_MAIL)}).rowcount


def send_broadcasts(connection: psycopg.Connection[Any], consenting: Iterable[UUID]) -> int:
    """Write the messages of the oldest confirmed broadcast; how many, 0 if none waits.

    `consenting`: accounts that want to hear of progress. Writes: jusha_message, jusha_broadcast.
    """
    row = connection.execute(BROADCAST_SQL, {"consenting": list(consenting)}).fetchone()
    return int(row[0]) if row else 0
