-- A campaign's settled figures, one row: totals, donors, what went back. Named: campaign.
-- Donors are persons that a rail told apart; gifts without a person are counted beside them.
-- Reads: campaigns_total, giving_deed, giving_refund, matching_clawback. Writes: nothing.
WITH totals AS (
    SELECT coalesce(sum(t.gifts), 0)::bigint AS gifts,
           coalesce(sum(t.donated), 0)::bigint AS donated,
           coalesce(sum(t.matched), 0)::bigint AS matched,
           coalesce(sum(t.refunded), 0)::bigint AS refunded,
           coalesce(sum(t.returned), 0)::bigint AS returned,
           count(*) FILTER (WHERE t.gifts > 0) AS projects
    FROM campaigns_total t WHERE t.campaign = %(campaign)s AND t.asset = 1
), people AS (
    SELECT count(DISTINCT d.person) FILTER (WHERE d.person <> %(nobody)s::uuid) AS donors,
           count(*) FILTER (WHERE d.person = %(nobody)s::uuid) AS unnamed
    FROM giving_deed d
    WHERE d.campaign = %(campaign)s AND d.asset = 1 AND NOT d.held
), refunds AS (
    SELECT count(*) AS refunds
    FROM giving_refund r JOIN giving_deed d ON d.number = r.deed
    WHERE d.campaign = %(campaign)s AND d.asset = 1 AND NOT d.held
), clawed AS (
    SELECT count(*) AS clawbacks, coalesce(sum(c.amount), 0)::bigint AS clawed
    FROM matching_clawback c JOIN giving_deed d ON d.number = c.deed
    WHERE d.campaign = %(campaign)s AND d.asset = 1 AND NOT d.held
)
SELECT * FROM totals, people, refunds, clawed
