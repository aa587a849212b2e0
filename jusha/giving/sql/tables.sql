-- Deeds, the replay guard, cases and refunds. Reads: nothing. Writes: the schema.
-- Numbers and codes stand for "none" as 0, person keys as sixteen zero bytes, so that
-- every column has a fixed width and batches are packed without branches.

CREATE TABLE giving_deed (
    number bigint NOT NULL,
    channel smallint NOT NULL,
    campaign integer NOT NULL,
    project integer NOT NULL,
    asset smallint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    person uuid NOT NULL,
    order_no bigint NOT NULL,
    received_at timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    body bytea NOT NULL CHECK (octet_length(body) = 32),
    programme_at bigint NOT NULL,
    running_at bigint NOT NULL,
    held boolean NOT NULL,
    PRIMARY KEY (number)
) PARTITION BY RANGE (number);

CREATE TABLE giving_seen (
    key uuid PRIMARY KEY,
    body bigint NOT NULL,
    number bigint NOT NULL
);

CREATE TABLE giving_case (
    id bigint PRIMARY KEY,
    number bigint NOT NULL,
    channel smallint NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL,
    opened_at timestamptz NOT NULL
);
CREATE INDEX giving_case_order ON giving_case ((detail ->> 'order'));

CREATE TABLE giving_refund (
    number bigint PRIMARY KEY,
    deed bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    matched bigint NOT NULL CHECK (matched >= 0),
    reason text NOT NULL
);
CREATE INDEX giving_refund_deed ON giving_refund (deed);
