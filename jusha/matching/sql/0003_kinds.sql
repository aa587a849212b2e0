-- Claims and their closing, coupons, invited friends, seeds, claw-backs and releases.
-- Reads: nothing. Writes: the schema.

ALTER TABLE matching_pool
    ADD COLUMN on_return text NOT NULL DEFAULT 'sponsor'
        CHECK (on_return IN ('sponsor', 'spread')),
    ADD COLUMN notice_days integer NOT NULL DEFAULT 10 CHECK (notice_days >= 0),
    ADD COLUMN notice_until bigint NOT NULL DEFAULT 0 CHECK (notice_until >= 0),
    ADD COLUMN closed boolean NOT NULL DEFAULT false;

ALTER TABLE matching_rule ADD COLUMN family integer NOT NULL DEFAULT 0;

CREATE TABLE matching_claim (
    rule integer NOT NULL,
    slice bigint NOT NULL,
    id bigint NOT NULL,
    project integer NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (rule, slice, id)
);

CREATE TABLE matching_closing (
    rule integer NOT NULL,
    slice bigint NOT NULL,
    total bigint NOT NULL CHECK (total >= 0),
    budget bigint NOT NULL CHECK (budget >= 0),
    count bigint NOT NULL CHECK (count >= 0),
    remainder bigint NOT NULL,
    cut bigint NOT NULL,
    cursor bigint NOT NULL,
    paid bigint NOT NULL CHECK (paid >= 0),
    done boolean NOT NULL,
    PRIMARY KEY (rule, slice),
    CONSTRAINT matching_closing_not_overdrawn CHECK (paid <= budget)
);

CREATE TABLE matching_coupon (
    rule integer NOT NULL,
    serial bigint NOT NULL CHECK (serial >= 0),
    number bigint NOT NULL,
    PRIMARY KEY (rule, serial)
);

CREATE TABLE matching_invite (
    gift bigint NOT NULL,
    person uuid NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (gift, person)
);

CREATE TABLE matching_seed (
    rule integer NOT NULL,
    day integer NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    number bigint NOT NULL,
    revealed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (rule, day)
);

CREATE TABLE matching_clawback (
    number bigint PRIMARY KEY,
    deed bigint NOT NULL UNIQUE,
    amount bigint NOT NULL CHECK (amount >= 0),
    reason text NOT NULL
);

CREATE TABLE matching_release (
    number bigint PRIMARY KEY,
    pool integer NOT NULL,
    project integer NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    programme_at bigint NOT NULL,
    running_at bigint NOT NULL,
    UNIQUE (pool, project)
);

SELECT jusha_append_only(name) FROM unnest(ARRAY[
    'matching_claim', 'matching_coupon', 'matching_invite', 'matching_clawback', 'matching_release'
]) AS name;
