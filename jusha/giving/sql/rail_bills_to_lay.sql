-- Days to lay beside our deeds now. Reads: jusha_railbill. Writes: nothing.
SELECT DISTINCT rail, day FROM jusha_railbill
WHERE lay_at <= %(now)s AND state IN ('read', 'empty')
ORDER BY day DESC
LIMIT %(most)s
