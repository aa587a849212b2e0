-- Messages about gifts, refunds and returned money that were settled since, to the accounts that
-- keep their orders; and how far that went. Entries without such an account are passed over.
-- Returned money says who said so: the rail, or two of the charity who paid it by bank; else nobody
-- (a dispute, an instruction at the console). What went to another charity instead is told as that.
-- Reads: jusha_told, tlog_entries, giving_deed, giving_refund, giving_repaid, jusha_sending,
-- jusha_handpaid, jusha_ownedorder, projects_fund. Writes: jusha_message, jusha_told.
WITH span AS (
    SELECT coalesce((SELECT number FROM jusha_told WHERE teller = 'donors'), 0) AS first,
           coalesce((SELECT max(first + count) FROM tlog_entries), 0) AS upto
), told AS (
    INSERT INTO jusha_told (teller, number) SELECT 'donors', upto FROM span
    ON CONFLICT (teller) DO UPDATE SET number = excluded.number
), news AS (
    SELECT d.number, d.number AS deed, d.amount,
           CASE WHEN d.held THEN 'gift-held' ELSE 'gift-received' END AS kind,
           '' AS back_by
    FROM giving_deed d, span WHERE d.number >= span.first AND d.number < span.upto
    UNION ALL
    SELECT r.number, r.deed, r.amount, 'refund-booked', ''
    FROM giving_refund r, span WHERE r.number >= span.first AND r.number < span.upto
    UNION ALL
    SELECT r.number, r.deed, r.amount,
           CASE WHEN r.residue > 0 THEN 'refund-passed-on' ELSE 'refund-arrived' END,
           CASE WHEN EXISTS (SELECT FROM giving_refund b
                             JOIN jusha_handpaid h ON h.refund = b.number
                             WHERE b.deed = r.deed AND h.reference = r.reference
                               AND h.confirmed_at IS NOT NULL) THEN 'bank'
                WHEN EXISTS (SELECT FROM giving_refund b
                             JOIN jusha_sending s ON s.refund = b.number
                             WHERE b.deed = r.deed AND s.key = r.reference) THEN 'rail'
                ELSE '' END
    FROM giving_repaid r, span
    WHERE r.number >= span.first AND r.number < span.upto
)
INSERT INTO jusha_message (account, kind, about, facts, created_at, mail_at, mail_tries)
SELECT o.account_id, n.kind, n.number,
       jsonb_build_object('deed', n.deed, 'amount', n.amount, 'order', o.order_no,
                          'project', coalesce(f.code, ''))
           || CASE WHEN n.back_by = '' THEN '{}' ELSE jsonb_build_object('by', n.back_by) END,
       now(), CASE WHEN n.kind = ANY (%(by_mail)s) THEN now() END, 0
FROM news n
JOIN giving_deed d ON d.number = n.deed
JOIN jusha_ownedorder o ON o.order_no = d.order_no
LEFT JOIN projects_fund f ON f.project = d.project
ON CONFLICT (account, kind, about) DO NOTHING
