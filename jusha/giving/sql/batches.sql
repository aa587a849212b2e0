-- Batches with the sum of their results and of the money sent for them, the newest first: whole
-- batches, of which any line is from this time on. The
-- charities of a batch are those of its results' projects; money alone is nobody's yet.
-- Reads: jusha_fileline, jusha_remittance, giving_seen, giving_deed, projects_fund, charities_payee.
-- Writes: nothing.
WITH recent AS (
    SELECT channel, batch FROM jusha_fileline WHERE batch <> '' AND at >= %(since)s
    UNION
    SELECT channel, batch FROM jusha_remittance WHERE at >= %(since)s
), results AS (
    SELECT channel, batch, count(*) AS lines, sum(amount)::bigint AS fen, max(at) AS at
    FROM jusha_fileline JOIN recent USING (channel, batch) GROUP BY channel, batch
), money AS (
    SELECT channel, batch, count(*) AS lines, sum(amount)::bigint AS fen, max(at) AS at
    FROM jusha_remittance JOIN recent USING (channel, batch) GROUP BY channel, batch
), both_sides AS (
    SELECT channel, batch, coalesce(r.lines, 0) AS lines, coalesce(r.fen, 0) AS fen,
           coalesce(m.lines, 0) AS sent, coalesce(m.fen, 0) AS money, greatest(r.at, m.at) AS at
    FROM results r FULL JOIN money m USING (channel, batch)
)
SELECT b.channel, b.batch, b.lines, b.fen, b.sent, b.money, extract(epoch FROM b.at)::bigint
FROM both_sides b
WHERE (%(channel)s::text = '' OR b.channel = %(channel)s::text)
  AND (%(codes)s::text[] IS NULL OR EXISTS (
      SELECT FROM jusha_fileline l
      JOIN giving_seen s ON s.key = l.key
      JOIN giving_deed d ON d.number = s.number
      JOIN projects_fund f ON f.project = d.project
      JOIN charities_payee p ON p.id = f.payee
      WHERE l.channel = b.channel AND l.batch = b.batch AND p.code = ANY (%(codes)s::text[])
  ))
ORDER BY b.at DESC, b.channel, b.batch
