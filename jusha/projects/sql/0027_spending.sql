-- How far each line is spent, and on what. An expense covers [start, upto) of its line: `amount` fen
-- and `skipped` ones that are void. Expenses of a line touch each other.
-- Reads: ledger_transfer, ledger_account, matching_release, matching_pool, projects_fund.
-- Writes: the schema, projects_void.
ALTER TABLE projects_fund
    ADD COLUMN programme_spent bigint NOT NULL DEFAULT 0 CHECK (programme_spent BETWEEN 0 AND programme_head),
    ADD COLUMN running_spent bigint NOT NULL DEFAULT 0 CHECK (running_spent BETWEEN 0 AND running_head);

CREATE TABLE projects_expense (
    number bigint PRIMARY KEY,
    project integer NOT NULL,
    line smallint NOT NULL CHECK (line IN (1, 2)),
    start bigint NOT NULL CHECK (start >= 0),
    upto bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    skipped bigint NOT NULL CHECK (skipped >= 0),
    ref text NOT NULL,
    what text NOT NULL,
    words bytea NOT NULL CHECK (octet_length(words) = 32),
    evidence bytea NOT NULL CHECK (octet_length(evidence) = 32),
    at timestamptz NOT NULL,
    CHECK (upto = start + amount + skipped)
);
CREATE UNIQUE INDEX projects_expense_place ON projects_expense (project, line, start);
CREATE INDEX projects_expense_newest ON projects_expense (project, number);
SELECT jusha_append_only('projects_expense');

-- Matches that were taken back after their release now take their fen of the lines back, from the
-- end of the release's interval; `done` is how much of it had come back when an entry was made.
INSERT INTO projects_void (project, line, start, length, number)
WITH back AS (
    SELECT t.id / 16 AS number, f.project, r.amount AS whole, r.programme_at, r.running_at,
           f.running_permille * r.amount / 1000 AS running_whole,
           (sum(t.amount) OVER (PARTITION BY a.id ORDER BY t.id))::bigint AS done, t.amount
    FROM ledger_account a
    JOIN ledger_transfer t ON t.debit = a.id
    JOIN matching_pool p ON a.book = 'pool:' || p.code
    JOIN projects_fund f ON f.code = a.owner
    JOIN matching_release r ON r.pool = p.id AND r.project = f.project
    WHERE a.kind = 'recoverable'
), cut AS (
    SELECT *, div(running_whole::numeric * done, whole)::bigint AS running_done,
           div(running_whole::numeric * (done - amount), whole)::bigint AS running_before
    FROM back
)
SELECT project, 1, programme_at + whole - running_whole - done + running_done,
       amount - running_done + running_before, number
FROM cut WHERE amount > running_done - running_before
UNION ALL
SELECT project, 2, running_at + running_whole - running_done, running_done - running_before, number
FROM cut WHERE running_done > running_before;
