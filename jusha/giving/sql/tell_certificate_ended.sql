-- One message to each account that gave to a project of a charity whose certificate has ended, gifts
-- that were sent back as a whole left out; each certificate once, and only while no newer one has
-- begun. Parameters: today, since, by_mail.
-- Reads: jusha_certificate, charities_payee, projects_fund, giving_deed, giving_refund,
-- jusha_ownedorder. Writes: jusha_message, jusha_told.
WITH ended AS (
    SELECT c.id, c.charity, c.valid_until FROM jusha_certificate c
    WHERE c.valid_until < %(today)s AND c.valid_until >= %(since)s
      AND c.id = (SELECT max(n.id) FROM jusha_certificate n
                  WHERE n.charity = c.charity AND n.valid_from <= %(today)s)
), told AS (
    INSERT INTO jusha_told (teller, number) SELECT 'ended ' || e.id, e.id FROM ended e
    ON CONFLICT (teller) DO NOTHING
    RETURNING number
)
INSERT INTO jusha_message (account, kind, about, facts, created_at, mail_at, mail_tries)
SELECT DISTINCT o.account_id, 'certificate-ended', e.id,
       jsonb_build_object('charity', e.charity, 'until', e.valid_until),
       now(), CASE WHEN 'certificate-ended' = ANY (%(by_mail)s) THEN now() END, 0
FROM told t
JOIN ended e ON e.id = t.number
JOIN charities_payee y ON y.code = e.charity
JOIN projects_fund f ON f.payee = y.id AND f.state = 'open'
JOIN giving_deed d ON d.project = f.project
JOIN jusha_ownedorder o ON o.order_no = d.order_no
WHERE d.amount > coalesce((SELECT sum(r.amount) FROM giving_refund r WHERE r.deed = d.number), 0)
ON CONFLICT (account, kind, about) DO NOTHING
