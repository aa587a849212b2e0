-- Takes room under hard targets for what is asked: all of a project's part, or nothing of it.
-- The rows are locked in the order of their projects, so that two askers never wait crosswise.
-- Reads: jusha_targetroom. Writes: jusha_targetroom, jusha_reservation.
-- Gives: each project that lacks room with what it has left, and each reservation that was made.
WITH asked AS (
    SELECT * FROM unnest(%(projects)s::text[], %(amounts)s::bigint[], %(orders)s::bigint[])
        AS asked (project, amount, order_no)
), wants AS (
    SELECT project, sum(amount)::bigint AS amount FROM asked GROUP BY project
), rooms AS MATERIALIZED (
    SELECT r.project, r.room FROM jusha_targetroom r
    WHERE r.project IN (SELECT project FROM wants) ORDER BY r.project FOR UPDATE
), taken AS (
    UPDATE jusha_targetroom t SET room = t.room - w.amount
    FROM rooms r JOIN wants w USING (project)
    WHERE t.project = r.project AND r.room >= w.amount
    RETURNING t.project
), kept AS (
    INSERT INTO jusha_reservation (project, amount, order_no, key, until, made_at)
    SELECT a.project, a.amount, a.order_no, %(key)s, %(until)s, now()
    FROM asked a JOIN taken USING (project)
    RETURNING id
)
SELECT r.project, r.room, NULL::bigint FROM rooms r
WHERE r.project NOT IN (SELECT project FROM taken)
UNION ALL
SELECT NULL, NULL, id FROM kept
