-- Keep when a day was laid; it is laid again by itself while something differs.
-- Reads: jusha_raildifference. Writes: jusha_railbill.
UPDATE jusha_railbill b
SET laid_at = %(now)s,
    lay_at = CASE WHEN EXISTS (
        SELECT FROM jusha_raildifference k
        WHERE k.rail = b.rail AND k.day = b.day AND k.state IN ('open', 'proposed')
    ) THEN %(again_at)s::timestamptz END
WHERE b.rail = %(rail)s AND b.day = %(day)s AND b.state IN ('read', 'empty')
