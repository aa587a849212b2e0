-- What settlement knows of orders that transfers name: amount, asset, whether paid, whose, and
-- whether the project is open. Reads: payments_order, payments_paid, projects_fund,
-- charities_payee. Writes: nothing.
SELECT o.no, o.amount, o.asset, p.order_no IS NOT NULL, c.code, f.state
FROM payments_order o
JOIN projects_fund f ON f.project = o.project
JOIN charities_payee c ON c.id = f.payee
LEFT JOIN payments_paid p ON p.order_no = o.no
WHERE o.no = ANY (%s::bigint[])
