-- Whose account the money of held deeds came to, where a statement's line says it.
-- Reads: giving_deed, jusha_fileline, giving_seen. Writes: nothing.
SELECT d.number, l.charity
FROM giving_deed d
JOIN jusha_fileline l ON l.at = d.effective_at AND l.amount = d.amount AND l.charity <> ''
JOIN giving_seen s ON s.key = l.key AND s.number = d.number
WHERE d.number = ANY (%(numbers)s) AND d.held
