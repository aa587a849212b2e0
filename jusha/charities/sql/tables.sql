-- Payees that settlement knows. Reads: nothing. Writes: the schema.

CREATE TABLE charities_payee (
    id integer PRIMARY KEY,
    code text NOT NULL UNIQUE,
    number bigint NOT NULL
);
