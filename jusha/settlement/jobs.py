"""What the clock asks for: seals of running campaigns, and partitions for raw messages.

Jobs decide nothing themselves; they append instructions like any person does. They
remember in memory what they asked for: after a restart a seal too many is harmless.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from jusha.inbox.append import new_id
from jusha.inbox.envelopes import Instruction
from jusha.money.clock import day_text, local_day

RAW_DAYS: Final = 90
"""How long sealed raw messages are kept (blueprint decision 2)."""
RAW_DAYS_AHEAD: Final = 8
SALT_BYTES: Final = 32


class Sealer:
    """Asks for a seal of each campaign that changed, and of each day that is over."""

    def __init__(self) -> None:
        self._totals: dict[str, tuple[int, int]] = {}
        self._days: dict[tuple[str, int], tuple[int, int]] = {}

    def due(self, connection: Connection[Any], now: datetime) -> list[Instruction]:
        """Return the seals that are due.

        Reads: campaigns_terms, campaigns_total, matching_usage. Writes nothing.
        """
        due: list[dict[str, Any]] = []
        for code, gifts, refunded in connection.execute(
            "SELECT t.code, sum(s.gifts)::bigint, sum(s.refunded)::bigint"
            " FROM campaigns_terms t JOIN campaigns_total s ON s.campaign = t.id GROUP BY t.code"
        ).fetchall():
            if self._totals.get(code) != (gifts, refunded):
                self._totals[code] = (gifts, refunded)
                due.append({"campaign": code})
        for code, day, persons, matched in connection.execute(
            "SELECT t.code, u.day, count(*), sum(u.matched)::bigint"
            " FROM matching_usage u JOIN campaigns_terms t ON t.id = u.campaign"
            " WHERE u.day < %s AND u.day >= %s - 2 GROUP BY t.code, u.day",
            (local_day(int(now.timestamp())),) * 2,
        ).fetchall():
            if self._days.get((code, day)) != (persons, matched):
                self._days[code, day] = (persons, matched)
                salt = secrets.token_bytes(SALT_BYTES)
                due.append({"campaign": code, "day": day_text(day), "salt": salt})
        return [Instruction(new_id(), "seal", "jobs", body=body) for body in due]


def keep_raw_partitions(connection: Connection[Any], now: datetime) -> int:
    """Make the coming days' partitions of raw messages and drop those past their time.

    Returns how many were dropped. Writes: partitions of inbox_raw.
    """
    today = now.astimezone(UTC).date()
    connection.execute("SELECT jusha_make_raw_partitions(%s, %s)", (today, RAW_DAYS_AHEAD))
    row = connection.execute(
        "SELECT jusha_drop_raw_before(%s)", (today - timedelta(days=RAW_DAYS),)
    ).fetchone()
    return int(row[0]) if row else 0
