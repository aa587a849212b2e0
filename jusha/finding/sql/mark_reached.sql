-- Say of each project whether gifts and promised matches, less what went back, reach its target.
-- Reads: jusha_project, projects_fund, campaigns_total. Writes: jusha_findable.
WITH sums AS (
    SELECT t.project, sum(t.donated - t.refunded + t.matched - t.returned) AS fen
    FROM campaigns_total t WHERE t.asset = 1 GROUP BY t.project
), now AS (
    SELECT p.code, p.target_amount > 0 AND coalesce(s.fen, 0) >= p.target_amount AS reached
    FROM jusha_project p
    LEFT JOIN projects_fund d ON d.code = p.code
    LEFT JOIN sums s ON s.project = d.project
)
UPDATE jusha_findable AS f SET reached = now.reached
FROM now WHERE f.kind = 1 AND f.code = now.code AND f.reached <> now.reached
