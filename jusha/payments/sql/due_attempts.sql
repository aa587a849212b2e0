-- Attempts to look at now, each with what settlement knows of its order: amount and payee come
-- from there, never from who asked. Reads: jusha_attempt, payments_order, projects_fund,
-- charities_payee, jusha_merchant, jusha_project, jusha_charity, payments_paid, giving_deed,
-- payments_channel, giving_case, settlement_outcome. Writes: nothing.
SELECT a.id, a.order_no, a.rail, a.way, a.payer, a.client_ip, a.back, a.ask, a.state, a.tries,
       extract(epoch FROM a.created_at)::bigint AS created_at,
       extract(epoch FROM a.open_until)::bigint AS open_until,
       extract(epoch FROM t.until)::bigint AS room_until,
       coalesce(o.amount, 0) AS amount,
       coalesce(p.code, '') AS charity,
       coalesce(m.merchant, '') AS merchant,
       coalesce(m.sealed_token, ''::bytea) AS sealed_token,
       coalesce(left(c.name_zh, 18) || ' ' || left(j.title_zh, 20), f.code, '') AS title,
       CASE WHEN EXISTS (
           SELECT FROM giving_case g JOIN payments_channel ch ON ch.id = g.channel
           WHERE g.detail ->> 'order' = a.order_no::text AND ch.code = a.rail
       ) THEN a.rail ELSE coalesce(h.code, '') END AS paid_by,
       coalesce(s.code, '') AS outcome
FROM jusha_attempt a
LEFT JOIN payments_order o ON o.no = a.order_no
LEFT JOIN jusha_reservation t ON t.order_no = a.order_no
LEFT JOIN projects_fund f ON f.project = o.project
LEFT JOIN charities_payee p ON p.id = f.payee
LEFT JOIN LATERAL jusha_merchant_for(a.rail, p.code, o.received_at, a.ask ->> 'merchant') m ON true
LEFT JOIN jusha_project j ON j.code = f.code
LEFT JOIN jusha_charity c ON c.code = p.code
LEFT JOIN payments_paid d ON d.order_no = a.order_no
LEFT JOIN giving_deed e ON e.number = d.number
LEFT JOIN payments_channel h ON h.id = e.channel
LEFT JOIN settlement_outcome s ON s.id = lpad(to_hex(a.order_no), 32, '0')::uuid
WHERE a.next_at <= now() AND a.id <> ALL (%(flying)s)
ORDER BY a.next_at
LIMIT %(most)s
