-- Pools, rule versions, windows, caps' use and matches. Reads: nothing. Writes: the schema.

CREATE TABLE matching_pool (
    id integer PRIMARY KEY,
    code text NOT NULL UNIQUE,
    campaign integer NOT NULL,
    sponsor text NOT NULL,
    number bigint NOT NULL
);

CREATE TABLE matching_rule (
    id integer PRIMARY KEY,
    code text NOT NULL,
    version integer NOT NULL,
    pool integer NOT NULL,
    campaign integer NOT NULL,
    from_at timestamptz NOT NULL,
    number bigint NOT NULL,
    terms jsonb NOT NULL,
    UNIQUE (code, version)
);

CREATE TABLE matching_window (
    pool integer NOT NULL,
    day integer NOT NULL,
    used bigint NOT NULL CHECK (used >= 0),
    budget bigint NOT NULL,
    PRIMARY KEY (pool, day),
    CONSTRAINT matching_window_not_overdrawn CHECK (used <= budget)
) WITH (fillfactor = 50);

CREATE TABLE matching_usage (
    campaign integer NOT NULL,
    day integer NOT NULL,
    person uuid NOT NULL,
    matched bigint NOT NULL CHECK (matched > 0),
    PRIMARY KEY (campaign, day, person)
) WITH (fillfactor = 80);

CREATE TABLE matching_match (
    id bigint NOT NULL,
    pool integer NOT NULL,
    rule integer NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    bound smallint NOT NULL,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
