-- Ends the reservations of a project that were paid or ran out, and reckons its room anew.
-- One statement, so one moment: an order is either held or given in it, never neither. The row is
-- locked before (lock_room.sql), so nobody takes room meanwhile.
-- Reads: jusha_project, campaigns_total, projects_fund, payments_paid.
-- Writes: jusha_reservation, jusha_targetroom. Gives: what changed, and the room.
WITH running AS (
    SELECT r.id, r.amount,
           r.until <= %(now)s OR p.order_no IS NOT NULL AS is_over
    FROM jusha_reservation r LEFT JOIN payments_paid p ON p.order_no = r.order_no
    WHERE r.project = %(project)s AND r.ended_at IS NULL
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
