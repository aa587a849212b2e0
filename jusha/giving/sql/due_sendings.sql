-- Refunds on their way to look at now, with what was decided, the charity's account at the rail,
-- and what settlement made of the rail's word.
-- Reads: jusha_sending, giving_refund, giving_deed, payments_order, projects_fund,
-- charities_payee, jusha_attempt, jusha_merchant, settlement_outcome. Writes: nothing.
SELECT s.refund, s.order_no, s.rail, s.key, s.state, s.tries,
       r.deed, r.amount, r.reason,
       coalesce(p.code, '') AS charity,
       coalesce(m.merchant, '') AS merchant,
       coalesce(m.sealed_token, ''::bytea) AS sealed_token,
       coalesce(x.code, '') AS outcome
FROM jusha_sending s
JOIN giving_refund r ON r.number = s.refund
JOIN giving_deed d ON d.number = r.deed
LEFT JOIN payments_order o ON o.no = s.order_no
LEFT JOIN projects_fund f ON f.project = coalesce(nullif(d.project, 0), o.project)
LEFT JOIN charities_payee p ON p.id = f.payee
LEFT JOIN jusha_attempt a ON a.order_no = s.order_no AND a.rail = s.rail
LEFT JOIN LATERAL jusha_merchant_for(s.rail, p.code, o.received_at, a.ask ->> 'merchant') m ON true
LEFT JOIN settlement_outcome x
       ON x.id = encode(substr(sha256(('refund-sent' || chr(10) || s.key)::bytea), 1, 16), 'hex')::uuid
WHERE s.next_at <= now() AND s.refund <> ALL (%(flying)s)
ORDER BY s.next_at
LIMIT %(most)s
