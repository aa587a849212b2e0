-- What else a campaign's report has to say: its terms, what its channels hold in suspense, cases,
-- stuck envelopes, gifts in other money, and how far the log had come.
-- Reads: campaigns_terms, payments_channel, giving_deed, giving_case, settlement_stuck,
-- tlog_entries. Writes: nothing.
WITH c AS (
    SELECT id, terms FROM campaigns_terms WHERE code = %(code)s
), ch AS (
    SELECT p.id FROM payments_channel p, c
    WHERE c.terms -> 'channels' = '[]' OR c.terms -> 'channels' ? p.code
)
SELECT c.id, c.terms ->> 'opens', c.terms ->> 'closes',
       (SELECT count(*) FROM giving_deed d WHERE d.held AND d.channel IN (SELECT id FROM ch)),
       (SELECT coalesce(sum(d.amount), 0)::bigint FROM giving_deed d
        WHERE d.held AND d.asset = 1 AND d.channel IN (SELECT id FROM ch)),
       (SELECT count(*) FROM giving_case k WHERE k.channel IN (SELECT id FROM ch)),
       (SELECT count(*) FROM settlement_stuck),
       (SELECT count(*) FROM giving_deed d WHERE d.campaign = c.id AND d.asset <> 1),
       (SELECT coalesce(max(e.first + e.count), 0) FROM tlog_entries e),
       (SELECT encode(e.chain, 'hex') FROM tlog_entries e ORDER BY e.first DESC LIMIT 1)
FROM c
