-- Tables of the inbox. Reads: nothing. Writes: the schema.

CREATE TABLE inbox_lane (
    lane smallint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    last_n bigint NOT NULL DEFAULT 0,
    last_received_at timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE TABLE inbox_row (
    lane smallint NOT NULL,
    n bigint NOT NULL,
    count integer NOT NULL CHECK (count BETWEEN 1 AND 5000),
    received_at timestamptz NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (lane, n)
);
ALTER TABLE inbox_row ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE inbox_raw (
    day date NOT NULL,
    lane smallint NOT NULL,
    n bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (day, lane, n)
) PARTITION BY RANGE (day);

INSERT INTO inbox_lane (lane, name) VALUES (1, 'door'), (2, 'web'), (3, 'jobs'), (4, 'import'), (5, 'console');
