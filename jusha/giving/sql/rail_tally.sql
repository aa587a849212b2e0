-- What each charity's lines of a day come to. Reads: nothing of the rooms. Writes: jusha_railtally.
WITH lines AS (
    SELECT charity, verdict, there, 0::bigint AS back, fee_micro FROM rail_payment_laid
    UNION ALL
    SELECT charity, verdict, 0, there, fee_micro FROM rail_refund_laid
)
INSERT INTO jusha_railtally (rail, day, charity, paid_lines, paid, back_lines, back, fee_micro,
                             matched_lines, matched, crossed_lines)
SELECT %(rail)s, %(day)s, charity,
       count(*) FILTER (WHERE back = 0), sum(there),
       count(*) FILTER (WHERE back > 0), sum(back), sum(fee_micro),
       count(*) FILTER (WHERE verdict IN ('matched', 'day-differs')),
       coalesce(sum(there) FILTER (WHERE verdict IN ('matched', 'day-differs')), 0),
       count(*) FILTER (WHERE verdict = 'day-differs')
FROM lines
GROUP BY charity
