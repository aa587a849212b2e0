-- Writes down what the gifts of a slice of entries hang on: the browser, the account, the invitation
-- and the charity's own people behind their orders, and payers whose matched gifts were refunded.
-- Links are hashes that are others the next day, but of invitations and refunds, which last longer.
-- One pass over the slice, whatever came before. Reads: giving_deed, giving_refund, payments_order,
-- jusha_orderdevice, jusha_ownedorder, jusha_member, projects_fund, charities_payee.
-- Writes: jusha_guardtrace.
WITH gift AS MATERIALIZED (
    SELECT d.number, d.person, d.campaign, d.project, d.amount, d.effective_at, d.order_no,
           ((d.effective_at AT TIME ZONE 'Asia/Shanghai')::date)::text AS day
    FROM giving_deed d
    WHERE d.number > %(first)s AND d.number <= %(upto)s AND d.campaign <> 0 AND NOT d.held
      AND d.order_no <> 0 AND d.person <> %(nobody)s
), owned AS MATERIALIZED (
    SELECT g.*, o.account_id, md5('account' || g.day || o.account_id)::uuid AS account
    FROM gift g JOIN jusha_ownedorder o ON o.order_no = g.order_no
), found (number, kind, link, deed, who, campaign, project, amount, at) AS (
    SELECT g.number, 1, md5('device' || g.day || v.device)::uuid, g.number, g.person, g.campaign,
           g.project, g.amount, g.effective_at
    FROM gift g JOIN jusha_orderdevice v ON v.order_no = g.order_no
    UNION ALL
    SELECT number, 2, account, number, person, campaign, project, amount, effective_at FROM owned
    UNION ALL
    SELECT g.number, 3, md5('invite' || p.invite)::uuid, g.number, g.person, g.campaign, g.project,
           g.amount, g.effective_at
    FROM gift g JOIN payments_order p ON p.no = g.order_no AND p.invite > 0
    UNION ALL
    SELECT r.number, 4, md5('refund' || d.campaign || d.person)::uuid, d.number, d.person,
           d.campaign, d.project, d.amount, d.effective_at
    FROM giving_refund r JOIN giving_deed d ON d.number = r.deed
    WHERE r.number > %(first)s AND r.number <= %(upto)s AND r.matched > 0 AND d.campaign <> 0
      AND d.person <> %(nobody)s
    UNION ALL
    SELECT number, 5, md5('payer' || day || person)::uuid, number, account, campaign, project,
           amount, effective_at
    FROM owned
    UNION ALL
    SELECT o.number, 6, md5('own' || o.day || c.code)::uuid, o.number, o.account, o.campaign,
           o.project, o.amount, o.effective_at
    FROM owned o
    JOIN projects_fund f ON f.project = o.project
    JOIN charities_payee c ON c.id = f.payee
    WHERE EXISTS (SELECT FROM jusha_member m
                  WHERE m.account_id = o.account_id AND m.charity = c.code)
)
INSERT INTO jusha_guardtrace (number, kind, link, deed, who, campaign, project, amount, at)
SELECT number, kind, link, deed, who, campaign, project, amount, at FROM found
