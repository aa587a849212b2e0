-- What happened in a period, in the order of platform_rules.FIGURES: entries that settlement wrote in
-- it, from `first` and below `upto`, so that anybody adds the money up again from the log; complaints
-- by the day on which they came; projects held by the day on which they were. Yuan alone.
-- Reads: settlement_batch, giving_deed, payments_channel, projects_fund, matching_release,
-- giving_refund, giving_repaid, projects_expense, jusha_complaint, jusha_complaintstep,
-- jusha_projecthold. Writes: nothing.
WITH span AS (
    SELECT coalesce(max(next) FILTER (WHERE settled_at < %(begins)s), 0) AS first,
           coalesce(max(next) FILTER (WHERE settled_at < %(ends)s), 0) AS upto
    FROM settlement_batch
), given AS (
    SELECT count(DISTINCT f.payee) AS charities, count(DISTINCT d.project) AS projects,
           count(DISTINCT d.campaign) FILTER (WHERE d.campaign > 0) AS campaigns,
           count(*) AS gifts, coalesce(sum(d.amount), 0) AS donated,
           coalesce(sum(d.amount) FILTER (WHERE c.terms ->> 'clock' <> 'file'), 0) AS online
    FROM span s
    JOIN giving_deed d ON d.number >= s.first AND d.number < s.upto AND NOT d.held AND d.asset = 1
    JOIN projects_fund f ON f.project = d.project
    JOIN payments_channel c ON c.id = d.channel
), released AS (
    SELECT coalesce(sum(m.amount), 0) AS amount
    FROM span s JOIN matching_release m ON m.number >= s.first AND m.number < s.upto
), refunded AS (
    SELECT coalesce(sum(r.amount), 0) AS amount
    FROM span s JOIN giving_refund r ON r.number >= s.first AND r.number < s.upto
    JOIN giving_deed d ON d.number = r.deed AND NOT d.held AND d.asset = 1
), back AS (
    SELECT coalesce(sum(r.amount) FILTER (WHERE r.residue = 0), 0) AS arrived,
           coalesce(sum(r.amount) FILTER (WHERE r.residue > 0), 0) AS residue
    FROM span s JOIN giving_repaid r ON r.number >= s.first AND r.number < s.upto
    JOIN giving_deed d ON d.number = r.deed AND NOT d.held AND d.asset = 1
), spent AS (
    SELECT coalesce(sum(e.amount) FILTER (WHERE e.line = 1), 0) AS programme,
           coalesce(sum(e.amount) FILTER (WHERE e.line = 2), 0) AS running
    FROM span s JOIN projects_expense e ON e.number >= s.first AND e.number < s.upto
), clocks AS (
    SELECT c.due_on, (SELECT min((x.at AT TIME ZONE 'Asia/Shanghai')::date)
                      FROM jusha_complaintstep x
                      WHERE x.complaint = c.id AND x.did IN ('answered', 'closed')) AS answered_on
    FROM jusha_complaint c
    WHERE c.received_on >= %(from_on)s AND c.received_on < %(upto_on)s
), complaints AS (
    SELECT count(*) AS came, count(*) FILTER (WHERE answered_on <= due_on) AS in_time,
           count(*) FILTER (WHERE coalesce(answered_on, %(today)s) > due_on) AS late
    FROM clocks
), holds AS (
    SELECT count(*) FILTER (WHERE cause = 'suspended') AS suspended,
           count(*) FILTER (WHERE cause = 'taken-down') AS down
    FROM jusha_projecthold WHERE what = 'place' AND at >= %(begins)s AND at < %(ends)s
)
SELECT s.first, s.upto, g.charities, g.projects, g.campaigns, g.gifts, g.donated::bigint,
       g.online::bigint, released.amount::bigint, refunded.amount::bigint, back.arrived::bigint,
       back.residue::bigint, spent.programme::bigint, spent.running::bigint, complaints.came,
       complaints.in_time, complaints.late, holds.suspended, holds.down
FROM span s, given g, released, refunded, back, spent, complaints, holds
