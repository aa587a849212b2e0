-- Channels' rights and use, orders and their payment. Reads: nothing. Writes: the schema.

CREATE TABLE payments_channel (
    id smallint PRIMARY KEY,
    code text NOT NULL UNIQUE,
    number bigint NOT NULL,
    terms jsonb NOT NULL
);

CREATE TABLE payments_channel_use (
    channel smallint PRIMARY KEY,
    day integer NOT NULL,
    day_sum bigint NOT NULL,
    minute bigint NOT NULL,
    minute_sum bigint NOT NULL,
    drawn bigint NOT NULL CHECK (drawn >= 0)
) WITH (fillfactor = 50);

CREATE TABLE payments_order (
    no bigint PRIMARY KEY,
    project integer NOT NULL,
    campaign integer NOT NULL,
    asset smallint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    person uuid NOT NULL,
    commitment bytea NOT NULL,
    received_at timestamptz NOT NULL
);

CREATE TABLE payments_paid (
    order_no bigint PRIMARY KEY,
    number bigint NOT NULL
);
