-- All that ever moved in a project's fund, of one moment: what totals and releases say, and what
-- the books say. Named: code. Reads: projects_fund, charities_payee, ledger_account, campaigns_total,
-- matching_release, tlog_entries. Writes: nothing.
WITH fund AS (
    SELECT f.project, f.code, 'charity:' || p.code AS book
    FROM projects_fund f JOIN charities_payee p ON p.id = f.payee WHERE f.code = %(code)s
), books AS (
    SELECT a.kind, a.debits, a.credits
    FROM fund f JOIN ledger_account a ON a.book = f.book AND a.asset = 1 AND a.owner = f.code
), totals AS (
    SELECT coalesce(sum(t.donated), 0)::bigint AS gifts,
           coalesce(sum(t.refunded), 0)::bigint AS refunds
    FROM fund f JOIN campaigns_total t ON t.project = f.project AND t.asset = 1
)
SELECT (SELECT coalesce(max(e.first + e.count), 1) - 1 FROM tlog_entries e)::bigint,
       coalesce((SELECT b.credits FROM books b WHERE b.kind = 'fund'), 0),
       coalesce((SELECT b.debits FROM books b WHERE b.kind = 'fund'), 0),
       t.gifts,
       (SELECT coalesce(sum(r.amount), 0) FROM fund f
        JOIN matching_release r ON r.project = f.project)::bigint,
       coalesce((SELECT b.debits FROM books b WHERE b.kind = 'covered'), 0),
       t.refunds,
       coalesce((SELECT b.credits FROM books b WHERE b.kind = 'due-to-sponsor'), 0),
       coalesce((SELECT b.credits FROM books b WHERE b.kind = 'programme-spent'), 0),
       coalesce((SELECT b.credits FROM books b WHERE b.kind = 'running-spent'), 0)
FROM totals t
