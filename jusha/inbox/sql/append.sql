-- Append one row to a lane, and its sealed raw messages if there are any.
-- Reads: inbox_lane. Writes: inbox_lane, inbox_row, inbox_raw.
-- The lane's row stays locked until the commit, which makes commit order equal to n.
-- received_at is the database's clock, never less than the lane's last, and more than whatever
-- was durable in another lane before: if the clock was set back between an order and its payment
-- (a correction, a standby with another clock), the order is still read first.
WITH place AS (
    UPDATE inbox_lane
    SET last_n = last_n + 1,
        last_received_at = greatest(
            last_received_at,
            clock_timestamp(),
            (SELECT max(other.last_received_at) FROM inbox_lane other WHERE other.name <> %(lane)s)
                + interval '1 microsecond'
        )
    WHERE name = %(lane)s
    RETURNING lane, last_n AS n, last_received_at AS received_at
), kept AS (
    INSERT INTO inbox_raw (day, lane, n, sealed)
    SELECT (received_at AT TIME ZONE 'UTC')::date, lane, n, %(sealed)s::bytea
    FROM place
    WHERE %(sealed)s::bytea IS NOT NULL
)
INSERT INTO inbox_row (lane, n, count, received_at, payload)
SELECT lane, n, %(count)s, received_at, %(payload)s
FROM place
RETURNING lane, n
