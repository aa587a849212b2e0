-- Gifts of a campaign that went back whole and of which something is still owed: number, project,
-- payee's code, asset, what is owed, and whether it is final that no donor gets it: each of its
-- refunds was given up or done, and nobody says that one was paid by hand. A refund without a
-- sending is final where no rail and no file has one to come.
-- Reads: campaigns_terms, giving_deed, projects_fund, charities_payee, payments_channel,
-- giving_refund, giving_repaid, jusha_sending, jusha_handpaid, jusha_residuegift. Writes: nothing.
SELECT d.number, d.project, p.code, d.asset, (back.amount - gone.amount)::bigint, back.is_final
FROM campaigns_terms t
JOIN giving_deed d ON d.campaign = t.id AND NOT d.held
JOIN projects_fund f ON f.project = d.project
JOIN charities_payee p ON p.id = f.payee
JOIN payments_channel c ON c.id = d.channel
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount), 0) AS amount,
           coalesce(bool_and(
               CASE WHEN s.state IS NOT NULL THEN s.state IN ('failed', 'booked')
                    ELSE r.reason = 'chargeback'
                        OR (c.code <> ALL (%(rails)s) AND c.terms ->> 'clock' <> 'file') END
               AND NOT EXISTS (
                   SELECT FROM jusha_handpaid h
                   WHERE h.refund = r.number AND (h.confirmed_at IS NOT NULL OR h.confirmed_by = '')
                     AND NOT EXISTS (SELECT FROM giving_repaid g
                                     WHERE g.deed = r.deed AND g.reference = h.reference))
           ), false) AS is_final
    FROM giving_refund r
    LEFT JOIN jusha_sending s ON s.refund = r.number
    WHERE r.deed = d.number
) back
CROSS JOIN LATERAL (
    SELECT coalesce(sum(g.amount), 0) AS amount FROM giving_repaid g WHERE g.deed = d.number
) gone
WHERE t.code = %(campaign)s AND back.amount = d.amount AND back.amount > gone.amount
  AND NOT EXISTS (SELECT FROM jusha_residuegift x WHERE x.deed = d.number)
ORDER BY d.number
