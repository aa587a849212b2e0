-- A campaign's id, whether its time is over, and how many of its projects still take gifts.
-- Reads: campaigns_terms, campaigns_total, jusha_campaign, projects_fund. Writes: nothing.
SELECT t.id, t.terms ->> 'closes',
       (SELECT count(*) FROM projects_fund f
        WHERE f.state = 'open' AND (
            f.project IN (SELECT s.project FROM campaigns_total s WHERE s.campaign = t.id)
            OR f.code IN (SELECT p.code FROM jusha_campaign k
                          JOIN jusha_campaign_projects kp ON kp.campaign_id = k.id
                          JOIN jusha_project p ON p.id = kp.project_id
                          WHERE k.code = t.code)))
FROM campaigns_terms t
WHERE t.code = %(code)s
