-- Hold the refunds of a campaign's gifts that a rail gave up, so that nobody tries one again or says
-- that it was paid while they are counted.
-- Reads: campaigns_terms, giving_deed, giving_refund, jusha_sending. Writes: nothing.
SELECT s.refund
FROM campaigns_terms t
JOIN giving_deed d ON d.campaign = t.id AND NOT d.held
JOIN giving_refund r ON r.deed = d.number
JOIN jusha_sending s ON s.refund = r.number AND s.state = 'failed'
WHERE t.code = %(campaign)s
ORDER BY s.refund
FOR UPDATE OF s
