-- Keep what was read anew, with its places in the orders of the days that are made.
-- Pairs of Chinese characters come ready; English words are stemmed here.
-- Reads: found_now. Writes: jusha_findable, jusha_findplace.
WITH kept AS (
    INSERT INTO jusha_findable AS f
        (kind, code, charity, theme, region, ends_on, takes, reached, head, words)
    SELECT kind, code, charity, theme, region, ends_on, false, false,
           head_pairs::tsvector || strip(to_tsvector('english', head_words)),
           pairs::tsvector || strip(to_tsvector('english', words))
    FROM found_now
    ON CONFLICT (kind, code) DO UPDATE SET
        charity = EXCLUDED.charity, theme = EXCLUDED.theme, region = EXCLUDED.region,
        ends_on = EXCLUDED.ends_on, head = EXCLUDED.head, words = EXCLUDED.words
    RETURNING id, kind, code
)
INSERT INTO jusha_findplace (day, kind, place, found)
SELECT d.day, k.kind, jusha_fair_place(d.day, k.code), k.id
FROM kept k CROSS JOIN unnest(%(days)s::date[]) AS d (day)
ON CONFLICT DO NOTHING
