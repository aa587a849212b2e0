-- What the pools gave, or promised as claims, for a day's gifts that its bills confirm, in fen. What
-- a friend's gift earned an earlier one counts on the friend's channel and is left out; so are
-- quadratic claims, which weigh and draw nothing. Reads: matching_match, matching_claim, matching_rule. Writes: nothing.
SELECT coalesce(sum(found.amount), 0)::bigint
FROM rail_payment_laid p
CROSS JOIN LATERAL (
    SELECT m.amount FROM matching_match m
    WHERE m.id >= p.deed * 16 AND m.id < p.deed * 16 + 15 AND m.bound <> %(share)s
    UNION ALL
    SELECT c.amount FROM matching_claim c JOIN matching_rule r ON r.id = c.rule
    WHERE c.id >= p.deed * 16 AND c.id < p.deed * 16 + 16
      AND r.terms -> 'gives' ->> 'kind' <> 'quadratic'
) found
WHERE p.verdict IN ('matched', 'day-differs')
