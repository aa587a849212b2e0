"""Audit of running totals: each is the sum of its gifts, matches and refunds."""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

TOTALS_SQL: Final = """
WITH given AS (
    SELECT campaign, project, asset, count(*) AS gifts, sum(amount) AS donated
    FROM giving_deed WHERE NOT held GROUP BY campaign, project, asset
), matched AS (
    SELECT d.campaign, d.project, d.asset, sum(m.amount) AS matched
    FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4
    GROUP BY d.campaign, d.project, d.asset
), back AS (
    SELECT d.campaign, d.project, d.asset, sum(r.amount) AS refunded, sum(r.matched) AS returned
    FROM giving_refund r JOIN giving_deed d ON d.number = r.deed WHERE NOT d.held
    GROUP BY d.campaign, d.project, d.asset
), summed AS (
    SELECT campaign, project, asset, gifts, donated, coalesce(matched, 0) AS matched,
           coalesce(refunded, 0) AS refunded, coalesce(returned, 0) AS returned
    FROM given FULL JOIN matched USING (campaign, project, asset)
    FULL JOIN back USING (campaign, project, asset)
)
SELECT format('campaign %s project %s asset %s', campaign, project, asset),
       format('%s gifts, given %s, matched %s, refunded %s, returned %s',
              s.gifts, s.donated, s.matched, s.refunded, s.returned),
       format('%s gifts, given %s, matched %s, refunded %s, returned %s',
              t.gifts, t.donated, t.matched, t.refunded, t.returned)
FROM summed s FULL JOIN campaigns_total t USING (campaign, project, asset)
WHERE (s.gifts, s.donated, s.matched, s.refunded, s.returned)
      IS DISTINCT FROM (t.gifts, t.donated, t.matched, t.refunded, t.returned)
ORDER BY campaign, project, asset"""


def check(connection: Connection[Any]) -> list[Finding]:
    """Check the totals. Reads: campaigns_total, giving_deed, giving_refund, matching_match."""
    return found_by(connection, "campaigns", "total is not the sum of its parts", TOTALS_SQL)
