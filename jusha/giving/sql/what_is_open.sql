-- Whether a file's gifts have somewhere to go: the channel's clock, the campaign's channels, and
-- which of the named projects are open (all of them where none is named).
-- Reads: payments_channel, campaigns_terms, projects_fund. Writes: nothing.
SELECT
    (SELECT terms ->> 'clock' FROM payments_channel WHERE code = %(channel)s),
    (SELECT terms -> 'channels' FROM campaigns_terms WHERE code = %(campaign)s),
    coalesce((SELECT array_agg(code ORDER BY code) FROM projects_fund
              WHERE state = 'open'
                AND (code = ANY (%(projects)s::text[]) OR %(projects)s::text[] = '{}')), '{}')
