-- Fetch bills once more that were read before their day was over and the rail had them ready.
-- Reads: nothing of the rooms. Writes: jusha_railbill.
UPDATE jusha_railbill
SET next_at = %(now)s
WHERE rail = ANY (%(rails)s) AND day = ANY (%(days)s::date[]) AND next_at IS NULL
  AND read_at < (day + 1 + make_interval(hours => %(ready_hour)s)) AT TIME ZONE 'Asia/Shanghai'
