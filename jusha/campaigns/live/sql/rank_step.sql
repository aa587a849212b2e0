-- Adds the gifts and refunds of entries %(after)s <= n < %(upto)s to the rankings, once: the cursor
-- moves in the same statement, and only if it stands at %(after)s. A person counts once in each sum.
-- A team counts for the topmost one it is part of; a code that is no team of the project, or no
-- company, counts for nobody.
-- Returns one row if the cursor moved, with how many gifts were counted; else none.
-- Reads: giving_deed, giving_refund, jusha_attribution, projects_fund, charities_payee,
-- jusha_team, jusha_company.
-- Writes: jusha_rankcursor, jusha_rankseen, jusha_ranksum.
WITH moved AS (
    UPDATE jusha_rankcursor SET number = %(upto)s, at = now()
    WHERE id = 1 AND number = %(after)s RETURNING 1
), acts AS MATERIALIZED (
    SELECT campaign, project, order_no, person, 1 AS gifts, amount AS donated, 0::bigint AS refunded
    FROM giving_deed
    WHERE number >= %(after)s AND number < %(upto)s AND NOT held AND asset = 1 AND campaign > 0
      AND EXISTS (SELECT FROM moved)
    UNION ALL
    SELECT d.campaign, d.project, d.order_no, '00000000-0000-0000-0000-000000000000', 0, 0, r.amount
    FROM giving_refund r JOIN giving_deed d ON d.number = r.deed
    WHERE r.number >= %(after)s AND r.number < %(upto)s
      AND NOT d.held AND d.asset = 1 AND d.campaign > 0 AND EXISTS (SELECT FROM moved)
), parts AS MATERIALIZED (
    SELECT a.campaign, k.kind, k.code, a.person, a.gifts, a.donated, a.refunded
    FROM acts a
    JOIN projects_fund f ON f.project = a.project
    JOIN charities_payee c ON c.id = f.payee
    LEFT JOIN jusha_attribution t ON t.order_no = a.order_no AND a.order_no > 0
    LEFT JOIN jusha_team m ON m.code = t.team AND m.project = f.code AND m.at <= t.at
    LEFT JOIN jusha_company b ON b.code = coalesce(nullif(t.company, ''), m.company)
        AND b.at <= t.at
    CROSS JOIN LATERAL (VALUES
        (1::smallint, f.code), (2::smallint, c.code),
        (3::smallint, coalesce(m.above[1], m.code)::text), (4::smallint, b.code::text),
        (5::smallint, t.province::text)
    ) AS k (kind, code)
    WHERE k.code <> ''
), met AS MATERIALIZED (
    SELECT DISTINCT campaign, kind, code,
           ('x' || substr(md5(concat_ws(' ', campaign, kind, code, person)), 1, 16))::bit(64)::bigint
               AS key
    FROM parts
    WHERE gifts > 0 AND person <> '00000000-0000-0000-0000-000000000000'
), new AS (
    INSERT INTO jusha_rankseen (key) SELECT key FROM met ORDER BY key
    ON CONFLICT DO NOTHING RETURNING key
), people AS (
    SELECT campaign, kind, code, count(*) AS persons FROM met JOIN new USING (key)
    GROUP BY campaign, kind, code
), sums AS (
    SELECT campaign, kind, code, sum(gifts)::bigint AS gifts, sum(donated)::bigint AS donated,
           sum(refunded)::bigint AS refunded
    FROM parts GROUP BY campaign, kind, code
), told AS (
    INSERT INTO jusha_ranksum (campaign, kind, code, gifts, persons, donated, refunded)
    SELECT campaign, kind, code, n.gifts + coalesce(b.gifts, 0),
           coalesce(p.persons, 0) + coalesce(b.persons, 0),
           n.donated + coalesce(b.donated, 0), n.refunded + coalesce(b.refunded, 0)
    FROM sums n LEFT JOIN people p USING (campaign, kind, code)
    LEFT JOIN jusha_ranksum b USING (campaign, kind, code)
    ORDER BY campaign, kind, code
    ON CONFLICT (campaign, kind, code) DO UPDATE
    SET gifts = excluded.gifts, persons = excluded.persons,
        donated = excluded.donated, refunded = excluded.refunded
    RETURNING 1
)
SELECT (SELECT coalesce(sum(gifts), 0)::bigint FROM acts), (SELECT count(*) FROM told) FROM moved
