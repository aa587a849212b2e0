-- A project that stops at its target always has a room: one that was lost is made anew, with nothing
-- in it until it is reckoned. Reads: jusha_project. Writes: jusha_targetroom.
INSERT INTO jusha_targetroom (project, room, target, at)
SELECT code, 0, target_amount, %s FROM jusha_project WHERE hard_target
ON CONFLICT DO NOTHING
