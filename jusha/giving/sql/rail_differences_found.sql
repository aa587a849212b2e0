-- Keep what differs: new ones open, known ones as they are, changed ones open again.
-- Reads: nothing of the rooms. Writes: jusha_raildifference, jusha_raildifferencestep.
WITH kept AS (
    INSERT INTO jusha_raildifference AS k (
        rail, day, name, kind, cause, charity, order_no, deed, refund, line, there, here, there_at,
        here_at, state, found_at, closed_at, reason, note, proposed_by, confirmed_by, asked_at,
        answer, answer_amount, tries, next_at)
    SELECT %(rail)s, %(day)s, name, kind, cause, charity, order_no, deed, refund, line, there,
           here, there_at, here_at, 'open', %(now)s, NULL, '', '', '', '', NULL, '', NULL, 0,
           %(now)s
    FROM rail_differing
    ON CONFLICT (rail, day, name) DO UPDATE
    SET kind = excluded.kind, cause = excluded.cause, charity = excluded.charity,
        deed = excluded.deed, line = excluded.line, there = excluded.there, here = excluded.here,
        there_at = excluded.there_at, here_at = excluded.here_at, state = 'open',
        closed_at = NULL, reason = '', note = '', proposed_by = '', confirmed_by = '',
        tries = 0, next_at = excluded.next_at
    WHERE k.state = 'gone'
       OR (k.kind, k.charity, k.deed, k.there, k.here)
          IS DISTINCT FROM (excluded.kind, excluded.charity, excluded.deed, excluded.there,
                            excluded.here)
    RETURNING k.id, k.xmax = 0 AS is_new
)
INSERT INTO jusha_raildifferencestep (difference, did, "by", reason, note, at)
SELECT id, CASE WHEN is_new THEN 'found' ELSE 'again' END, '', '', '', %(now)s FROM kept
ORDER BY id
