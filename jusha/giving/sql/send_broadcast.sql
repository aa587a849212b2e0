-- One message to each consenting account that gave to a broadcast's project, gifts that were sent
-- back as a whole left out; one of the platform's own ('' for the charity) goes to all who gave.
-- Reads: jusha_broadcast, jusha_ownedorder, giving_deed, projects_fund,
-- giving_refund. Writes: jusha_message, jusha_broadcast.
WITH wanted AS (
    SELECT b.id, b.project, b.charity, b.text FROM jusha_broadcast b
    WHERE b.confirmed_at IS NOT NULL AND b.sent_at IS NULL
    ORDER BY b.id LIMIT 1
    FOR UPDATE
), sent AS (
    INSERT INTO jusha_message (account, kind, about, facts, created_at, mail_at, mail_tries)
    SELECT DISTINCT o.account_id,
           CASE w.charity WHEN '' THEN 'platform-notice' ELSE 'broadcast' END, w.id,
           jsonb_build_object('project', w.project, 'text', w.text), now(), now(), 0
    FROM wanted w
    JOIN projects_fund f ON f.code = w.project
    JOIN giving_deed d ON d.project = f.project
    JOIN jusha_ownedorder o ON o.order_no = d.order_no
    WHERE (w.charity = '' OR o.account_id = ANY (%(consenting)s))
      AND d.amount > coalesce((SELECT sum(r.amount) FROM giving_refund r WHERE r.deed = d.number), 0)
    ON CONFLICT (account, kind, about) DO NOTHING
    RETURNING 1
)
UPDATE jusha_broadcast b
SET sent_at = now(), count = (SELECT count(*) FROM sent)
FROM wanted w WHERE b.id = w.id
RETURNING b.count
