-- Everything of a day that the two sides do not say alike, under names that stay the same.
-- `covered` are the charities whose bill of the day is here, `empty` those of which the rail has
-- none; `all_covered` and `all_empty` say it of everybody.
-- Most deeds stand on a bill of three days; one that came late is looked for on all of them.
-- Reads: giving_deed, giving_rail_line, giving_refund, jusha_sending, payments_order,
-- projects_fund, charities_payee. Writes: nothing.
CREATE TEMP TABLE rail_differing ON COMMIT DROP AS
WITH missing AS (
    SELECT d.number, d.amount, d.effective_at, d.order_no, d.project
    FROM giving_deed d
    LEFT JOIN rail_near n ON n.deed = d.number
    WHERE d.number >= %(first)s AND d.channel = %(channel)s
      AND d.effective_at >= %(begins)s AND d.effective_at < %(ends)s
      AND n.deed IS NULL
      AND NOT EXISTS (SELECT FROM giving_rail_line l WHERE l.deed = d.number AND l.far)
), unlisted AS (
    SELECT s.key, s.order_no, s.changed_at, r.deed, r.amount, d.project
    FROM jusha_sending s
    JOIN giving_refund r ON r.number = s.refund
    JOIN giving_deed d ON d.number = r.deed
    WHERE s.rail = %(rail)s AND s.state IN ('arrived', 'booked')
      AND s.changed_at >= %(begins)s AND s.changed_at < %(ends)s
      AND NOT EXISTS (SELECT FROM giving_rail_line l WHERE l.refund = s.key)
), ours AS (
    SELECT 'd:' || number AS name, 'only-here' AS kind, '' AS cause,
           order_no, number AS deed, '' AS refund, amount AS here, effective_at AS here_at, project
    FROM missing
    UNION ALL
    SELECT 's:' || key, 'state-differs', 'not-on-bill', order_no, deed, key, amount, changed_at,
           project
    FROM unlisted
), of_charity AS (
    SELECT o.*, coalesce(p.code, '') AS charity
    FROM ours o
    LEFT JOIN payments_order a ON a.no = o.order_no AND o.project = 0
    LEFT JOIN projects_fund f ON f.project = coalesce(nullif(o.project, 0), a.project)
    LEFT JOIN charities_payee p ON p.id = f.payee
)
SELECT 'p:' || key || CASE WHEN nth > 1 THEN ':' || nth ELSE '' END AS name,
       CASE WHEN verdict = 'amount-differs' THEN verdict ELSE 'only-there' END AS kind,
       CASE WHEN verdict = 'repeated' THEN verdict ELSE '' END AS cause,
       charity, order_no, deed, '' AS refund, line, there, here, at AS there_at, here_at
FROM rail_payment_laid
WHERE verdict NOT IN ('matched', 'day-differs')
UNION ALL
SELECT CASE WHEN state = 2 THEN 'f:' ELSE 'r:' END || coalesce(nullif(refund, ''), '/' || line)
       || CASE WHEN nth > 1 THEN ':' || nth ELSE '' END,
       CASE WHEN verdict = 'amount-differs' THEN verdict
            WHEN verdict = 'repeated' THEN 'only-there'
            ELSE 'state-differs' END,
       CASE WHEN verdict = 'amount-differs' THEN '' ELSE verdict END,
       charity, order_no, deed, refund, line, there, here, at, NULL
FROM rail_refund_laid
WHERE verdict <> 'matched'
UNION ALL
SELECT name, kind,
       CASE WHEN cause <> '' THEN cause
            WHEN %(all_empty)s OR charity = ANY (%(empty)s) THEN 'no-bill'
            WHEN here_at >= %(cut_off)s AND NOT %(next_is_here)s THEN 'cut-off'
            ELSE '' END,
       charity, order_no, deed, refund, 0, NULL, here, NULL, here_at
FROM of_charity
WHERE %(all_covered)s OR charity = ANY (%(covered)s)
