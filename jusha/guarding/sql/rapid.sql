-- Gifts of payers who have more gifts than a minute's most in this slice of entries and what was
-- received shortly before it; whether they fall in one span is for the rule to say. Channels that
-- report by file tell no seconds, so their gifts say nothing. What a person has judged under this
-- rule is left out. Reads: giving_deed, payments_channel, jusha_guardslice, jusha_abusegift,
-- jusha_abusecase, jusha_abuseend. Writes: nothing.
WITH begins AS (
    SELECT received_at FROM giving_deed WHERE number > %(first)s ORDER BY number LIMIT 1
), back AS (
    SELECT coalesce(max(s.upto), -1) AS number FROM jusha_guardslice s
    WHERE s.until < (SELECT received_at FROM begins) - %(reach)s
), near AS MATERIALIZED (
    SELECT d.number, d.person, d.campaign, d.project, d.amount, d.effective_at
    FROM giving_deed d
    WHERE d.number > (SELECT number FROM back) AND d.number <= %(upto)s AND d.campaign <> 0
      AND NOT d.held AND d.person <> %(nobody)s
      AND d.channel IN (SELECT id FROM payments_channel WHERE terms ->> 'clock' <> 'file')
), busy AS (
    SELECT campaign, person FROM near
    GROUP BY campaign, person HAVING count(*) > %(gifts)s AND max(number) > %(first)s
)
SELECT n.campaign, 0, n.person, n.number, n.person, n.project, n.amount,
       (extract(epoch FROM n.effective_at) * 1000000)::bigint
FROM near n JOIN busy b ON b.campaign = n.campaign AND b.person = n.person
WHERE NOT EXISTS (
    SELECT FROM jusha_abusegift g
    JOIN jusha_abuseend e ON e.case_id = g.case_id
    JOIN jusha_abusecase c ON c.id = g.case_id AND c.rule = %(rule)s
    WHERE g.deed = n.number)
ORDER BY n.campaign, n.person, n.number
