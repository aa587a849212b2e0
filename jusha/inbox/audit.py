"""Audit of the inbox: every lane is gapless from 1, and its time never runs backwards."""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

LANES_SQL: Final = """
SELECT format('lane %s', coalesce(l.lane, r.lane)),
       format('rows 1 to %s, last received %s', l.last_n,
              CASE WHEN l.last_n > 0 THEN l.last_received_at END),
       format('%s rows from %s to %s, last received %s', coalesce(r.count, 0),
              coalesce(r.low, 1), coalesce(r.high, 0), r.latest)
FROM inbox_lane l
FULL JOIN (SELECT lane, count(*) AS count, min(n) AS low, max(n) AS high,
                  max(received_at) AS latest FROM inbox_row GROUP BY lane) r ON r.lane = l.lane
WHERE l.lane IS NULL OR coalesce(r.count, 0) <> l.last_n OR coalesce(r.low, 1) <> 1
   OR coalesce(r.high, 0) <> l.last_n
   OR (l.last_n > 0 AND r.latest IS DISTINCT FROM l.last_received_at)
ORDER BY 1"""

TIME_SQL: Final = """
SELECT format('lane %s row %s', lane, n), format('not before %s', before), received_at
FROM (SELECT lane, n, received_at, lag(received_at) OVER (PARTITION BY lane ORDER BY n) AS before
      FROM inbox_row) AS rows
WHERE received_at < before
ORDER BY lane, n"""


def check(connection: Connection[Any]) -> list[Finding]:
    """Check lanes, numbers and times. Reads: inbox_lane, inbox_row.

    What the rows hold is checked against the settlement's digests in settlement.audit.
    """
    return [
        *found_by(connection, "inbox", "lane is not gapless", LANES_SQL),
        *found_by(connection, "inbox", "received_at runs backwards", TIME_SQL),
    ]
