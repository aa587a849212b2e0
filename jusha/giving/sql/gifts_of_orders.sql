-- What became of orders, newest first: what was ordered, which entry paid it, when and with how much,
-- what went back since, and the match that stands. An order that nobody paid has nulls.
-- Reads: payments_order, payments_paid, giving_deed, giving_refund, matching_match,
-- matching_clawback, projects_fund, charities_payee. Writes: nothing.
SELECT o.no, o.asset, o.amount, f.code, p.code, o.received_at,
       d.number, d.amount, d.effective_at,
       (SELECT coalesce(sum(r.amount), 0)::bigint FROM giving_refund r WHERE r.deed = d.number),
       (SELECT coalesce(sum(m.amount), 0)::bigint FROM matching_match m
        WHERE m.id >= d.number * 16 AND m.id < d.number * 16 + 16)
       - (SELECT coalesce(sum(r.matched), 0)::bigint FROM giving_refund r WHERE r.deed = d.number)
       - (SELECT coalesce(sum(c.amount), 0)::bigint FROM matching_clawback c WHERE c.deed = d.number)
FROM payments_order o
JOIN projects_fund f ON f.project = o.project
JOIN charities_payee p ON p.id = f.payee
LEFT JOIN payments_paid y ON y.order_no = o.no
LEFT JOIN giving_deed d ON d.number = y.number AND NOT d.held
WHERE o.no = ANY(%(orders)s) AND o.no >= %(from)s AND o.no < %(to)s
ORDER BY coalesce(d.effective_at, o.received_at) DESC, o.no DESC
