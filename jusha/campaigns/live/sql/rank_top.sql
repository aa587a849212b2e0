-- Every sum of a campaign that is among the first %(most)s of its kind by amount, gifts or persons.
-- The order among equals is rank_rules.py's. Reads: jusha_ranksum. Writes: nothing.
SELECT kind, code, gifts, persons, donated, refunded
FROM (
    SELECT kind, code, gifts, persons, donated, refunded,
           row_number() OVER (PARTITION BY kind ORDER BY donated - refunded DESC, gifts DESC,
                              persons DESC, code COLLATE "C") AS by_amount,
           row_number() OVER (PARTITION BY kind ORDER BY gifts DESC, donated - refunded DESC,
                              persons DESC, code COLLATE "C") AS by_gifts,
           row_number() OVER (PARTITION BY kind ORDER BY persons DESC, donated - refunded DESC,
                              gifts DESC, code COLLATE "C") AS by_persons
    FROM jusha_ranksum WHERE campaign = %(campaign)s AND gifts > 0
) AS places
WHERE least(by_amount, by_gifts, by_persons) <= %(most)s
