-- Whether settlement has taken all that imports have appended.
-- Reads: inbox_lane, settlement_batch. Writes: nothing.
SELECT coalesce((b.positions ->> l.lane::text)::bigint, 0) >= l.last_n
FROM inbox_lane l
LEFT JOIN (SELECT positions FROM settlement_batch ORDER BY id DESC LIMIT 1) b ON true
WHERE l.name = %(lane)s
