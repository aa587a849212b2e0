-- How many lines of files from this time on settlement holds and have not gone back, at most so
-- many: what file_lines_held.sql lists, without the cases, for the desk's first page.
-- Reads: jusha_fileline, giving_seen, giving_deed, giving_refund, payments_order, projects_fund,
-- charities_payee. Writes: nothing.
SELECT count(*) FROM (
    SELECT FROM jusha_fileline l
    JOIN giving_seen s ON s.key = l.key
    JOIN giving_deed d ON d.number = s.number AND d.held
    LEFT JOIN LATERAL (SELECT sum(amount)::bigint AS back FROM giving_refund g
                       WHERE g.deed = d.number) r ON true
    LEFT JOIN payments_order o ON o.no = d.order_no AND d.order_no > 0
    LEFT JOIN projects_fund f ON f.project = coalesce(nullif(d.project, 0), o.project)
    LEFT JOIN charities_payee p ON p.id = f.payee
    WHERE l.at >= %(since)s
      AND d.amount > coalesce(r.back, 0)
      AND (%(codes)s::text[] IS NULL
           OR coalesce(nullif(l.charity, ''), p.code, '') = ANY (%(codes)s::text[]))
    LIMIT %(limit)s
) held
