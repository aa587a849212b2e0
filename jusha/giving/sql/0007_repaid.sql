-- Refunded money that a rail delivered to its donor. Reads: nothing. Writes: the schema.
CREATE TABLE giving_repaid (
    number bigint PRIMARY KEY,
    deed bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    reference text NOT NULL
);
CREATE INDEX giving_repaid_deed ON giving_repaid (deed);
SELECT jusha_append_only('giving_repaid');
