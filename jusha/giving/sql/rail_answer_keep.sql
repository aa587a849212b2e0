-- Keep what the rail answered about a difference, as a step where it says something new.
-- Reads: nothing of the rooms. Writes: jusha_raildifference, jusha_raildifferencestep.
WITH kept AS (
    UPDATE jusha_raildifference k
    SET answer = CASE WHEN %(answer)s = '' THEN k.answer ELSE %(answer)s END,
        answer_amount = CASE WHEN %(answer)s = '' THEN k.answer_amount
                             ELSE %(amount)s::bigint END,
        asked_at = CASE WHEN %(answer)s = '' THEN k.asked_at ELSE %(now)s END,
        tries = k.tries + 1, next_at = %(next_at)s
    FROM jusha_raildifference was
    WHERE k.id = %(id)s AND was.id = k.id
    RETURNING k.id, k.answer, k.answer <> was.answer AS is_new
)
INSERT INTO jusha_raildifferencestep (difference, did, "by", reason, note, at)
SELECT id, %(did)s, '', answer, '', %(now)s FROM kept WHERE is_new
