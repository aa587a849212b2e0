"""Audit of matches against the deeds they belong to: caps, windows, rules in force, draws.

A day is the Shanghai day, numbered as money.clock.local_day does.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

DEEDS_SQL: Final = """
SELECT format('match %s', m.id), 'a gift in a campaign', d.number
FROM matching_match m LEFT JOIN giving_deed d ON d.number = m.id >> 4
WHERE d.number IS NULL OR d.held OR d.campaign = 0
ORDER BY m.id"""

USAGE_SQL: Final = """
WITH spent AS (
    SELECT d.campaign, d.person,
           ((d.effective_at AT TIME ZONE 'UTC' + interval '8 hours')::date
            - date '1970-01-01') AS day,
           sum(m.amount) AS matched
    FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4
    WHERE d.person <> '00000000-0000-0000-0000-000000000000'::uuid
    GROUP BY d.campaign, d.person, day
)
SELECT format('campaign %s day %s', campaign, day), coalesce(s.matched, 0), coalesce(u.matched, 0)
FROM spent s FULL JOIN matching_usage u USING (campaign, day, person)
WHERE s.matched IS DISTINCT FROM u.matched
ORDER BY campaign, day"""

CAPS_SQL: Final = """
SELECT format('match %s', m.id), format('up to %s', r.terms ->> 'person_day_max'), m.used
FROM (SELECT m.id, m.rule, sum(m.amount) OVER (
          PARTITION BY d.campaign, d.person,
              ((d.effective_at AT TIME ZONE 'UTC' + interval '8 hours')::date)
          ORDER BY m.id) AS used
      FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4
      WHERE d.person <> '00000000-0000-0000-0000-000000000000'::uuid) m
JOIN matching_rule r ON r.id = m.rule
WHERE (r.terms ->> 'person_day_max')::bigint BETWEEN 1 AND m.used - 1
ORDER BY m.id"""

WINDOWS_SQL: Final = """
WITH used AS (
    SELECT m.pool,
           ((d.effective_at AT TIME ZONE 'UTC' + interval '8 hours')::date
            - date '1970-01-01') AS day,
           sum(m.amount) AS used
    FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4
    GROUP BY m.pool, day
)
SELECT format('pool %s day %s', pool, day), coalesce(u.used, 0), coalesce(w.used, 0)
FROM used u FULL JOIN matching_window w USING (pool, day)
WHERE u.used IS DISTINCT FROM w.used
ORDER BY pool, day"""

BUDGETS_SQL: Final = """
SELECT format('match %s', m.id), format('up to %s', r.terms -> 'window' ->> 'budget'), m.used
FROM (SELECT m.id, m.rule, sum(m.amount) OVER (
          PARTITION BY m.pool,
              ((d.effective_at AT TIME ZONE 'UTC' + interval '8 hours')::date)
          ORDER BY m.id) AS used
      FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4) m
JOIN matching_rule r ON r.id = m.rule
WHERE m.used > (r.terms -> 'window' ->> 'budget')::bigint
ORDER BY m.id"""

IN_FORCE_SQL: Final = """
WITH versions AS (
    SELECT *, lead(from_at) OVER (PARTITION BY campaign, code ORDER BY from_at, number) AS until
    FROM matching_rule
)
SELECT format('rule %s.%s of campaign %s', v.code, v.version, v.campaign),
       format('campaign %s, from %s to %s', v.campaign, v.from_at, v.until),
       format('campaign %s to %s, gifts from %s to %s', used.low, used.high, used.first, used.last)
FROM versions v JOIN (
    SELECT m.rule, min(d.effective_at) AS first, max(d.effective_at) AS last,
           min(d.campaign) AS low, max(d.campaign) AS high
    FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4 GROUP BY m.rule
) used ON used.rule = v.id
WHERE used.first < v.from_at OR used.last >= v.until
   OR used.low <> v.campaign OR used.high <> v.campaign
ORDER BY v.id"""

DRAWN_SQL: Final = """
SELECT format('channel %s', c.code), coalesce(s.drawn, 0), coalesce(u.drawn, 0)
FROM payments_channel c
LEFT JOIN payments_channel_use u ON u.channel = c.id
LEFT JOIN (SELECT d.channel, sum(m.amount) AS drawn
           FROM matching_match m JOIN giving_deed d ON d.number = m.id >> 4
           GROUP BY d.channel) s ON s.channel = c.id
WHERE coalesce(u.drawn, 0) <> coalesce(s.drawn, 0)
ORDER BY c.id"""

CHECKS: Final = (
    ("match of no gift in a campaign", DEEDS_SQL),
    ("usage of a person's day is not the sum of matches", USAGE_SQL),
    ("person's day above the cap", CAPS_SQL),
    ("window is not the sum of its matches", WINDOWS_SQL),
    ("window above its budget", BUDGETS_SQL),
    ("rule version was not in force", IN_FORCE_SQL),
    ("channel's draw is not the sum of its matches", DRAWN_SQL),
)


def check_matches(connection: Connection[Any]) -> list[Finding]:
    """Check caps, windows, rules and draws. Reads: giving_deed, the matching tables, channels."""
    return [
        finding for what, sql in CHECKS for finding in found_by(connection, "giving", what, sql)
    ]
