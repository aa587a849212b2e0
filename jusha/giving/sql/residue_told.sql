-- What came of orders: decision, project, the gifts that settlement booked and their sum; and how
-- many it has not answered or refused. Of one campaign's, one project's or one order's alone.
-- Reads: jusha_residueorder, jusha_residuegift, giving_repaid. Writes: nothing.
SELECT o.decision, x.project, count(g.number), coalesce(sum(g.amount), 0)::bigint,
       count(*) - count(g.number)
FROM jusha_residueorder o
JOIN jusha_residuegift x ON x.order_id = o.decision
LEFT JOIN giving_repaid g ON g.deed = x.deed AND g.residue > 0
WHERE (%(project)s = 0 OR x.project = %(project)s) AND (%(order)s = 0 OR o.decision = %(order)s)
GROUP BY o.decision, x.project
ORDER BY o.decision, x.project
