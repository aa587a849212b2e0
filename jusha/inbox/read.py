"""Read complete rows of all lanes from known positions, in the public order.

One statement reads one snapshot, so whatever was durable before another envelope was
sent is in it; rows sort by (received_at, lane, n). A lane's rows keep their order,
because received_at never runs backwards in a lane.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

READ_SQL: Final = """
SELECT lane, n, count, received_at, payload
FROM (
    SELECT r.*, sum(r.count) OVER (ORDER BY r.received_at, r.lane, r.n) AS upto
    FROM inbox_lane l
    JOIN LATERAL (
        SELECT lane, n, count, received_at, payload
        FROM inbox_row
        WHERE lane = l.lane AND n > coalesce((%(positions)s::jsonb ->> l.lane::text)::bigint, 0)
        ORDER BY n
        LIMIT %(rows)s
    ) r ON true
) counted
WHERE upto <= %(envelopes)s OR upto = count
ORDER BY received_at, lane, n
LIMIT %(rows)s
"""
"""Payloads lie apart from their rows (TOAST), so those of a long backlog that are not taken
are not read either: `upto` is their sum of counts, and `upto = count` the first row of all."""


class InboxRow(NamedTuple):
    """One row as settlement reads it."""

    lane: int
    n: int
    envelopes: int
    received_at: datetime
    payload: bytes


def read(
    connection: psycopg.Connection[Any],
    *,
    positions: dict[str, int],
    rows_max: int,
    envelopes_max: int,
) -> list[InboxRow]:
    """Return the next rows after `positions` {lane: n}, at most so many envelopes (at least a row).

    Reads: inbox_lane, inbox_row. Writes nothing.
    """
    given = {"positions": Jsonb(positions), "rows": rows_max, "envelopes": envelopes_max}
    return [InboxRow(*row) for row in connection.execute(READ_SQL, given, binary=True)]
