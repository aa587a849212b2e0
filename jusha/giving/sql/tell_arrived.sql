-- One message to each consenting account whose gift's programme money is now spent to its last fen,
-- of all projects that were spent further since; and how far each was. A gift without what was sent
-- back of it is used up when the spent head of its project's programme line passes its end.
-- Reads: jusha_arrived, projects_fund, projects_expense, jusha_ownedorder, payments_paid,
-- giving_deed, giving_refund. Writes: jusha_message, jusha_arrived.
WITH due AS (
    SELECT f.project, f.code, f.running_permille AS permille, f.programme_spent AS spent,
           coalesce(a.spent, 0) AS before
    FROM projects_fund f LEFT JOIN jusha_arrived a ON a.project = f.project
    WHERE f.programme_spent > coalesce(a.spent, 0)
), moved AS (
    INSERT INTO jusha_arrived (project, spent) SELECT project, spent FROM due
    ON CONFLICT (project) DO UPDATE SET spent = excluded.spent
), gifts AS (
    SELECT due.*, o.account_id, o.order_no, d.number, d.amount, d.programme_at,
           d.amount * permille / 1000 AS running,
           coalesce((SELECT sum(r.amount) FROM giving_refund r WHERE r.deed = d.number), 0)::bigint
               AS back
    FROM jusha_ownedorder o
    JOIN payments_paid y ON y.order_no = o.order_no
    JOIN giving_deed d ON d.number = y.number AND NOT d.held
    JOIN due ON due.project = d.project
    WHERE o.account_id = ANY (%(consenting)s)
      AND d.programme_at < due.spent AND d.programme_at + d.amount > due.before
), live AS (
    SELECT *, programme_at + (amount - running) - (back - div(running::numeric * back, amount)::bigint) AS ends
    FROM gifts
)
INSERT INTO jusha_message (account, kind, about, facts, created_at, mail_at, mail_tries)
SELECT account_id, 'money-arrived', number,
       jsonb_build_object(
           'deed', number, 'amount', amount - back, 'order', order_no, 'project', code,
           'expense', (SELECT e.number FROM projects_expense e
                       WHERE e.project = l.project AND e.line = 1 AND e.start < l.ends
                       ORDER BY e.start DESC LIMIT 1)),
       now(), now(), 0
FROM live l
WHERE ends > programme_at AND ends <= spent
ON CONFLICT (account, kind, about) DO NOTHING
