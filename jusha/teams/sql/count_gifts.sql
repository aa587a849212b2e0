-- Count the next entries of the log for teams and companies: one statement, so one view of the
-- database, and the cursor moves with what was counted; the caller holds the cursor's row. Gifts
-- that paid an order count, and what goes back of them. An order counts for a team of its project
-- that ran when it was made, and for every team above that; for a company where its link or the
-- team's page named it.
-- Reads: giving_deed, giving_refund, payments_paid, projects_fund, jusha_attribution, jusha_team,
-- jusha_company. Writes: jusha_teamcursor, jusha_teamtotal, jusha_teamgiver.
WITH far AS (
    SELECT c.number AS since,
           least(c.number + %(most)s, greatest(
               (SELECT max(d.number) FROM giving_deed d),
               (SELECT max(r.number) FROM giving_refund r), c.number)) AS upto
    FROM jusha_teamcursor c WHERE c.id = 1
), moved AS (
    SELECT d.number, d.number AS deed, 1 AS gifts, d.amount AS given, 0::bigint AS refunded
    FROM giving_deed d
    WHERE d.number > (SELECT since FROM far) AND d.number <= (SELECT upto FROM far)
    UNION ALL
    SELECT r.number, r.deed, 0, 0, r.amount
    FROM giving_refund r
    WHERE r.number > (SELECT since FROM far) AND r.number <= (SELECT upto FROM far)
), known AS (
    SELECT m.number, m.gifts, m.given, m.refunded, d.person, d.order_no, a.company, a.at,
           t.code AS team, t.above, coalesce(t.company, '') AS of_team
    FROM moved m
    JOIN giving_deed d ON d.number = m.deed AND d.asset = 1 AND NOT d.held
    JOIN payments_paid p ON p.order_no = d.order_no AND p.number = d.number
    JOIN jusha_attribution a ON a.order_no = d.order_no
    LEFT JOIN (jusha_team t JOIN projects_fund f ON f.code = t.project)
        ON t.code = a.team AND f.project = d.project
        AND a.at >= t.at AND a.at < coalesce(t.closed_at, 'infinity')
        AND (a.at AT TIME ZONE 'Asia/Shanghai')::date <= t.ends_on
), scoped AS (
    SELECT 't' AS scope, unnest(k.above || k.team) AS code, k.* FROM known k
    WHERE k.team IS NOT NULL
    UNION ALL
    SELECT 'c', c.code, k.* FROM known k
    JOIN jusha_company c
        ON c.code = CASE WHEN k.company <> '' THEN k.company ELSE k.of_team END AND k.at >= c.at
), givers AS (
    SELECT s.scope, s.code, s.person, coalesce(b.given, 0) AS given_before,
           coalesce(b.refunded, 0) AS refunded_before,
           coalesce(b.given, 0) + sum(s.given) AS given,
           coalesce(b.refunded, 0) + sum(s.refunded) AS refunded
    FROM scoped s
    LEFT JOIN jusha_teamgiver b
        ON b.scope = s.scope AND b.code = s.code AND b.person = s.person
    WHERE s.person <> '00000000-0000-0000-0000-000000000000'
    GROUP BY s.scope, s.code, s.person, b.given, b.refunded
), kept AS (
    INSERT INTO jusha_teamgiver (scope, code, person, given, refunded)
    SELECT g.scope, g.code, g.person, g.given, g.refunded FROM givers g
    ORDER BY g.scope, g.code, g.person
    ON CONFLICT (scope, code, person) DO UPDATE
        SET given = excluded.given, refunded = excluded.refunded
), more AS (
    SELECT g.scope, g.code, sum((g.given > g.refunded)::int
                                - (g.given_before > g.refunded_before)::int) AS persons
    FROM givers g GROUP BY g.scope, g.code
), sums AS (
    SELECT s.scope, s.code, sum(s.gifts) AS gifts, sum(s.given) AS given,
           sum(s.refunded) AS refunded,
           coalesce(array_agg(s.order_no ORDER BY s.number DESC) FILTER (WHERE s.gifts = 1),
                    '{}') AS recent
    FROM scoped s GROUP BY s.scope, s.code
), told AS (
    INSERT INTO jusha_teamtotal (scope, code, gifts, given, refunded, persons, recent)
    SELECT s.scope, s.code, s.gifts + coalesce(b.gifts, 0), s.given + coalesce(b.given, 0),
           s.refunded + coalesce(b.refunded, 0),
           coalesce(m.persons, 0) + coalesce(b.persons, 0),
           (s.recent || coalesce(b.recent, '{}'))[1:%(recent)s]
    FROM sums s
    LEFT JOIN more m ON m.scope = s.scope AND m.code = s.code
    LEFT JOIN jusha_teamtotal b ON b.scope = s.scope AND b.code = s.code
    ORDER BY s.scope, s.code
    ON CONFLICT (scope, code) DO UPDATE
        SET gifts = excluded.gifts, given = excluded.given, refunded = excluded.refunded,
            persons = excluded.persons, recent = excluded.recent
)
UPDATE jusha_teamcursor c SET number = f.upto FROM far f
WHERE c.id = 1 AND f.upto > f.since
RETURNING f.upto - f.since
