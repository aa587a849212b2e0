-- The writer's fence, batches with their positions, outcomes and stuck envelopes.
-- Reads: nothing. Writes: the schema.

CREATE TABLE settlement_writer (
    shard smallint PRIMARY KEY,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    since timestamptz NOT NULL
);
INSERT INTO settlement_writer VALUES (0, 0, 'nobody', now());

CREATE TABLE settlement_batch (
    id bigint PRIMARY KEY,
    epoch bigint NOT NULL,
    positions jsonb NOT NULL,
    first bigint NOT NULL,
    next bigint NOT NULL CHECK (next >= first),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    settled_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE settlement_outcome (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    code text NOT NULL,
    detail jsonb NOT NULL
);

CREATE TABLE settlement_stuck (
    lane smallint NOT NULL,
    n bigint NOT NULL,
    place integer NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (lane, n, place)
);
