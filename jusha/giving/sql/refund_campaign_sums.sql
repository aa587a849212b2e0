-- How far a campaign's money went back, by channel and asset: gifts, what was given, what was
-- booked back, what arrived, what went to another charity, and what a rail could not deliver.
-- Reads: giving_deed, giving_refund, giving_repaid, payments_channel. Writes: nothing.
SELECT c.code, d.asset, count(*), sum(d.amount)::bigint,
       coalesce(sum(back.amount), 0)::bigint, coalesce(sum(gone.amount), 0)::bigint,
       coalesce(sum(gone.residue), 0)::bigint,
       coalesce(sum(back.failed), 0)::bigint
FROM giving_deed d
JOIN payments_channel c ON c.id = d.channel
CROSS JOIN LATERAL (
    SELECT sum(r.amount) AS amount, sum(r.amount) FILTER (WHERE s.state = 'failed') AS failed
    FROM giving_refund r
    LEFT JOIN jusha_sending s ON s.refund = r.number
    WHERE r.deed = d.number
) back
CROSS JOIN LATERAL (
    SELECT sum(p.amount) FILTER (WHERE p.residue = 0) AS amount,
           sum(p.amount) FILTER (WHERE p.residue > 0) AS residue
    FROM giving_repaid p WHERE p.deed = d.number
) gone
WHERE d.campaign = %(campaign)s AND NOT d.held
GROUP BY c.code, d.asset
ORDER BY c.code, d.asset
