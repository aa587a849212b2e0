-- Funds, their two money lines and the voids in them. Reads: nothing. Writes: the schema.
-- A line's head is the length of all that ever entered it: the next gift starts there.

CREATE TABLE projects_fund (
    project integer PRIMARY KEY,
    code text NOT NULL UNIQUE,
    payee integer NOT NULL,
    running_permille smallint NOT NULL CHECK (running_permille BETWEEN 0 AND 1000),
    state text NOT NULL CHECK (state IN ('open', 'gone')),
    number bigint NOT NULL,
    programme_head bigint NOT NULL DEFAULT 0 CHECK (programme_head >= 0),
    running_head bigint NOT NULL DEFAULT 0 CHECK (running_head >= 0)
) WITH (fillfactor = 50);

CREATE TABLE projects_void (
    project integer NOT NULL,
    line smallint NOT NULL CHECK (line IN (1, 2)),
    start bigint NOT NULL CHECK (start >= 0),
    length bigint NOT NULL CHECK (length > 0),
    number bigint NOT NULL,
    PRIMARY KEY (project, line, start)
);
