"""Audit of running totals: each is the sum of its gifts, matches, claims and refunds."""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by
from jusha.matching.rules import BY_NUMBER

# A match stands at a place of its gift's entry, but for those of projects (quadratic rounds, a
# pool's rest), which stand in entries of their own: those are known by their account.
TOTALS_SQL: Final = """
WITH given AS (
    SELECT campaign, project, asset, count(*) AS gifts, sum(amount) AS donated
    FROM giving_deed WHERE NOT held GROUP BY campaign, project, asset
), on_gifts AS (
    SELECT d.campaign, d.project, d.asset, sum(m.amount) AS matched,
           coalesce(sum(m.amount) FILTER (WHERE m.bound <> share_), 0) AS counted
    FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4
    GROUP BY d.campaign, d.project, d.asset
), on_projects AS (
    SELECT p.campaign, f.project, 1::smallint AS asset, sum(m.amount) AS matched, 0 AS counted
    FROM matching_match m
    JOIN matching_pool p ON p.id = m.pool
    LEFT JOIN ledger_transfer t ON t.id = m.id
    LEFT JOIN ledger_account a ON a.id = t.credit AND a.kind = 'promised'
    LEFT JOIN projects_fund f ON f.code = a.owner
    WHERE m.bound = share_ AND NOT EXISTS (SELECT FROM giving_deed d WHERE d.number = m.id >> 4)
    GROUP BY p.campaign, f.project
), claimed AS (
    SELECT r.campaign, c.project, 1::smallint AS asset, 0 AS matched, sum(c.amount) AS counted
    FROM matching_claim c JOIN matching_rule r ON r.id = c.rule
    WHERE r.terms -> 'gives' ->> 'kind' <> 'quadratic' -- weights, which no cap counts
    GROUP BY r.campaign, c.project
), matched AS (
    SELECT campaign, project, asset, sum(matched) AS matched, sum(counted) AS counted
    FROM (TABLE on_gifts UNION ALL TABLE on_projects UNION ALL TABLE claimed) AS parts
    GROUP BY campaign, project, asset
), back AS (
    SELECT d.campaign, d.project, d.asset, sum(r.refunded) AS refunded, sum(r.returned) AS returned
    FROM (SELECT deed, amount AS refunded, matched AS returned FROM giving_refund
          UNION ALL SELECT deed, 0, amount FROM matching_clawback) AS r
    JOIN giving_deed d ON d.number = r.deed WHERE NOT d.held
    GROUP BY d.campaign, d.project, d.asset
), summed AS (
    SELECT campaign, project, asset, gifts, donated, coalesce(matched, 0) AS matched,
           coalesce(refunded, 0) AS refunded, coalesce(returned, 0) AS returned,
           coalesce(counted, 0) AS counted
    FROM given FULL JOIN matched USING (campaign, project, asset)
    FULL JOIN back USING (campaign, project, asset)
)
SELECT format('campaign %s project %s asset %s', campaign, project, asset),
       format('%s gifts, given %s, matched %s, refunded %s, returned %s, counted %s',
              s.gifts, s.donated, s.matched, s.refunded, s.returned, s.counted),
       format('%s gifts, given %s, matched %s, refunded %s, returned %s, counted %s',
              t.gifts, t.donated, t.matched, t.refunded, t.returned, t.counted)
FROM summed s FULL JOIN campaigns_total t USING (campaign, project, asset)
WHERE (s.gifts, s.donated, s.matched, s.refunded, s.returned, s.counted)
      IS DISTINCT FROM (t.gifts, t.donated, t.matched, t.refunded, t.returned, t.counted)
ORDER BY campaign, project, asset""".replace("share_", str(BY_NUMBER["share"]))


def check(connection: Connection[Any]) -> list[Finding]:
    """Check the totals.

    Reads: campaigns_total, giving_deed, giving_refund, the matching tables, ledger_transfer,
    ledger_account, projects_fund.
    """
    return found_by(connection, "campaigns", "total is not the sum of its parts", TOTALS_SQL)
