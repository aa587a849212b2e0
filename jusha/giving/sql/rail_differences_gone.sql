-- Close what is no longer found: the two sides agree by now. Causes that changed are kept.
-- Reads: nothing of the rooms. Writes: jusha_raildifference, jusha_raildifferencestep.
WITH caused AS (
    UPDATE jusha_raildifference k
    SET cause = f.cause
    FROM rail_differing f
    WHERE k.rail = %(rail)s AND k.day = %(day)s AND k.name = f.name AND k.cause <> f.cause
), gone AS (
    UPDATE jusha_raildifference k
    SET state = 'gone', closed_at = %(now)s, next_at = NULL
    WHERE k.rail = %(rail)s AND k.day = %(day)s AND k.state IN ('open', 'proposed')
      AND NOT EXISTS (SELECT FROM rail_differing f WHERE f.name = k.name)
    RETURNING k.id
)
INSERT INTO jusha_raildifferencestep (difference, did, "by", reason, note, at)
SELECT id, 'gone', '', '', '', %(now)s FROM gone
ORDER BY id
