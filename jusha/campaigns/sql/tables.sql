-- What settlement knows of campaigns, and their running totals. Reads: nothing. Writes: the schema.

CREATE TABLE campaigns_terms (
    id integer PRIMARY KEY,
    code text NOT NULL UNIQUE,
    number bigint NOT NULL,
    terms jsonb NOT NULL
);

CREATE TABLE campaigns_total (
    campaign integer NOT NULL,
    project integer NOT NULL,
    asset smallint NOT NULL,
    gifts bigint NOT NULL CHECK (gifts >= 0),
    donated bigint NOT NULL CHECK (donated >= 0),
    matched bigint NOT NULL CHECK (matched >= 0),
    refunded bigint NOT NULL CHECK (refunded BETWEEN 0 AND donated),
    returned bigint NOT NULL CHECK (returned BETWEEN 0 AND matched),
    PRIMARY KEY (campaign, project, asset)
) WITH (fillfactor = 50);
