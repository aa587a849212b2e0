-- What is public of a project beyond its page: the plan that is in force on a day, its end, its
-- children with what each holds, refunds taken out, the filing that runs where the page was written
-- before it began, and the one that comes; one row. Parameters: code, day.
-- Reads: jusha_projectplan, jusha_projectend, jusha_project, jusha_filing, projects_fund,
-- projects_void. Writes: nothing.
WITH family AS (
    SELECT p.code, p.title_zh, p.title_en, p.target_amount, p.parent, p.starts_on,
           coalesce(f.programme_head + f.running_head, 0)
           - coalesce((SELECT sum(v.length) FROM projects_void v
                       WHERE v.project = f.project), 0)::bigint AS net
    FROM jusha_project p LEFT JOIN projects_fund f ON f.code = p.code
    WHERE p.code = %(code)s OR p.parent = %(code)s
), filed AS (
    SELECT f.number, f.starts_on, f.ends_on, f.starts_on <= %(day)s AS begun, f.id
    FROM jusha_filing f JOIN family o ON o.code = %(code)s
    WHERE f.project = coalesce(nullif(o.parent, ''), o.code)
), runs AS (
    SELECT * FROM filed ORDER BY begun DESC, starts_on DESC, id DESC LIMIT 1
), comes AS (
    SELECT * FROM filed WHERE NOT begun AND (SELECT begun FROM runs)
    ORDER BY starts_on, id DESC LIMIT 1
)
SELECT (SELECT jsonb_build_object('version', l.version, 'content', l.content)
        FROM jusha_projectplan l
        WHERE l.project = %(code)s AND l.version = jusha_plan_on(%(code)s, %(day)s)),
       (SELECT jsonb_build_object('leftover', e.leftover, 'words', e.words)
        FROM jusha_projectend e WHERE e.project = %(code)s),
       (SELECT jsonb_agg(jsonb_build_object('code', c.code, 'title_zh', c.title_zh,
                                            'title_en', c.title_en, 'target', c.target_amount,
                                            'net', c.net) ORDER BY c.code)
        FROM family c WHERE c.parent = %(code)s),
       (SELECT sum(c.net)::bigint FROM family c),
       (SELECT jsonb_build_object('code', a.code, 'title_zh', a.title_zh, 'title_en', a.title_en)
        FROM jusha_project a JOIN family o ON o.code = %(code)s AND a.code = o.parent),
       (SELECT jsonb_build_object('number', r.number, 'starts_on', r.starts_on,
                                  'ends_on', r.ends_on) FROM runs r JOIN family o ON o.code = %(code)s AND r.begun AND r.starts_on > o.starts_on),
       (SELECT jsonb_build_object('number', n.number, 'starts_on', n.starts_on,
                                  'ends_on', n.ends_on, 'version', l.version, 'plan', l.content)
        FROM comes n LEFT JOIN jusha_projectplan l
          ON l.project = %(code)s AND l.version = jusha_plan_on(%(code)s, n.starts_on)
             AND l.version <> jusha_plan_on(%(code)s, %(day)s))
