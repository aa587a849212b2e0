-- Differences of which the rail is asked now, with the account that the money was for.
-- Reads: jusha_raildifference, jusha_merchant, jusha_attempt, payments_order, projects_fund, charities_payee.
-- Writes: nothing.
SELECT k.id, k.rail, k.day, k.kind, k.order_no, k.refund, k.deed, k.tries,
       coalesce(m.charity, '') AS charity, coalesce(m.merchant, '') AS merchant,
       coalesce(m.sealed_token, ''::bytea) AS sealed_token,
       a.no IS NOT NULL AS is_ours
FROM jusha_raildifference k
LEFT JOIN payments_order a ON a.no = k.order_no AND k.order_no > 0
LEFT JOIN projects_fund f ON f.project = a.project
LEFT JOIN charities_payee p ON p.id = f.payee
LEFT JOIN jusha_attempt t ON t.order_no = a.no AND t.rail = k.rail
LEFT JOIN LATERAL jusha_merchant_for(
    k.rail, coalesce(nullif(k.charity, ''), p.code), a.received_at, t.ask ->> 'merchant') m ON true
WHERE k.next_at <= %(now)s AND k.state IN ('open', 'proposed')
ORDER BY k.next_at, k.id
LIMIT %(most)s
