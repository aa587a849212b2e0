-- A row for every bill that should be here by now: one for all accounts where the rail writes it so
-- (`whole`), one an account elsewhere. Rails and charities without an account have none. An account
-- that was replaced is asked about for another month: refunds go on from it. A charity's first
-- account stands as '', as all did before there could be a second.
-- Reads: jusha_merchant. Writes: jusha_railbill.
WITH held AS (
    SELECT h.rail, h.charity, h.merchant, h.since,
           lead(h.since) OVER w AS replaced,
           h.merchant = first_value(h.merchant) OVER w AS is_first
    FROM jusha_merchantheld h
    WINDOW w AS (PARTITION BY h.rail, h.charity ORDER BY h.since, h.id)
)
INSERT INTO jusha_railbill (rail, day, payee, merchant, state, told, tries, next_at, file_hash, lines)
SELECT DISTINCT m.rail, d.day, CASE WHEN m.rail = %(whole)s THEN '' ELSE m.charity END,
       CASE WHEN m.rail = %(whole)s OR m.is_first THEN '' ELSE m.merchant END,
       'asked', '', 0, %(now)s::timestamptz, '', 0
FROM held m, unnest(%(days)s::date[]) AS d (day)
WHERE m.rail = ANY (%(rails)s) AND m.rail IN (%(whole)s, %(single)s)
  AND (m.is_first OR d.day >= (m.since AT TIME ZONE 'Asia/Shanghai')::date)
  AND coalesce(d.day <= (m.replaced AT TIME ZONE 'Asia/Shanghai')::date + 31, true)
ON CONFLICT (rail, day, payee, merchant) DO NOTHING
