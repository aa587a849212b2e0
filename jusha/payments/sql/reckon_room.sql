-- Ends the reservations of a project that are over, and reckons its room anew.
-- One statement, so one moment: money is either held or given in it, never neither. The row is
-- locked before (target_rooms.py), so nobody takes room meanwhile.
-- An order's ends when it was paid, or at its time. A partner's gifts name no reservation: at its time
-- it is stamped with what the lanes have taken in, and ends when settlement has got as far.
-- Reads: jusha_project, campaigns_total, projects_fund, payments_paid, inbox_lane, settlement_batch.
-- Writes: jusha_reservation, jusha_targetroom. Gives: how many ended, whether the room changed, the room.
WITH settled AS (
    SELECT positions FROM settlement_batch ORDER BY id DESC LIMIT 1
), running AS (
    SELECT r.id, r.amount, r.lanes IS NULL AND r.until <= %(now)s AS stamp,
        p.order_no IS NOT NULL OR r.lanes IS NOT NULL AND NOT EXISTS (
            SELECT FROM jsonb_each_text(r.lanes) AS taken (lane, n)
            WHERE n::bigint > coalesce((SELECT (positions ->> lane)::bigint FROM settled), 0)
        ) AS is_over
    FROM jusha_reservation r LEFT JOIN payments_paid p ON p.order_no = r.order_no
    WHERE r.project = %(project)s AND r.ended_at IS NULL
), stamped AS (
    UPDATE jusha_reservation
    SET lanes = (SELECT coalesce(jsonb_object_agg(lane, last_n), '{}') FROM inbox_lane)
    WHERE id IN (SELECT id FROM running WHERE stamp)
), ended AS (
    UPDATE jusha_reservation SET ended_at = %(now)s
    WHERE id IN (SELECT id FROM running WHERE is_over)
    RETURNING id
), given AS (
    SELECT coalesce(sum(t.donated), 0)::bigint AS amount
    FROM campaigns_total t JOIN projects_fund f ON f.project = t.project
    WHERE f.code = %(project)s AND t.asset = %(asset)s
), reckoned AS (
    SELECT p.target_amount AS target,
           greatest(p.target_amount - g.amount
               - coalesce((SELECT sum(amount) FROM running WHERE NOT is_over), 0), 0)::bigint AS room
    FROM jusha_project p CROSS JOIN given g WHERE p.code = %(project)s
), kept AS (
    UPDATE jusha_targetroom t SET room = r.room, target = r.target, at = %(now)s
    FROM reckoned r
    WHERE t.project = %(project)s AND (t.room, t.target) IS DISTINCT FROM (r.room, r.target)
    RETURNING t.project
)
SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM kept), room FROM reckoned
