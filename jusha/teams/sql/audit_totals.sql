-- Totals of teams and companies that are not the sum of what settlement booked up to the cursor: whose,
-- what the sum is, what stands. Summed anew from all of it, without the totals' own history.
-- Reads: giving_deed, giving_refund, payments_paid, projects_fund, jusha_attribution, jusha_team,
-- jusha_company, jusha_teamcursor, jusha_teamtotal. Writes: nothing.
WITH upto AS (SELECT number FROM jusha_teamcursor WHERE id = 1
), gifts AS (
    SELECT d.number, d.person, d.project, d.amount, a.at, a.team, a.company,
           coalesce((SELECT sum(r.amount) FROM giving_refund r
                     WHERE r.deed = d.number AND r.number <= (SELECT number FROM upto)), 0) AS back
    FROM jusha_attribution a
    JOIN payments_paid p ON p.order_no = a.order_no
    JOIN giving_deed d ON d.number = p.number AND d.asset = 1 AND NOT d.held
    WHERE d.number <= (SELECT number FROM upto)
), placed AS (
    SELECT g.*, t.code AS of_team, t.above, coalesce(t.company, '') AS team_company
    FROM gifts g
    LEFT JOIN (jusha_team t JOIN projects_fund f ON f.code = t.project)
        ON t.code = g.team AND f.project = g.project
        AND g.at >= t.at AND g.at < coalesce(t.closed_at, 'infinity')
        AND (g.at AT TIME ZONE 'Asia/Shanghai')::date <= t.ends_on
), whose AS (
    SELECT 't' AS scope, unnest(above || of_team) AS code, person, amount, back FROM placed
    WHERE of_team IS NOT NULL
    UNION ALL
    SELECT 'c', c.code, person, amount, back FROM placed
    JOIN jusha_company c
        ON c.code = CASE WHEN company <> '' THEN company ELSE team_company END AND placed.at >= c.at
), persons AS (
    SELECT scope, code, person, count(*) AS gifts, sum(amount) AS given, sum(back) AS refunded
    FROM whose GROUP BY scope, code, person
), sums AS (
    SELECT scope, code, sum(gifts) AS gifts, sum(given) AS given, sum(refunded) AS refunded,
           count(*) FILTER (WHERE given > refunded
               AND person <> '00000000-0000-0000-0000-000000000000') AS persons
    FROM persons GROUP BY scope, code
)
SELECT format('%s %s', CASE scope WHEN 't' THEN 'team' ELSE 'company' END, code),
       format('%s gifts, given %s, refunded %s, persons %s',
              s.gifts, s.given, s.refunded, s.persons),
       format('%s gifts, given %s, refunded %s, persons %s',
              t.gifts, t.given, t.refunded, t.persons)
FROM sums s FULL JOIN jusha_teamtotal t USING (scope, code)
WHERE (s.gifts, s.given, s.refunded, s.persons)
      IS DISTINCT FROM (t.gifts, t.given, t.refunded, t.persons)
ORDER BY 1
