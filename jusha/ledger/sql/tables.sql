-- Tables of the ledger. Reads: nothing. Writes: the schema.

CREATE TABLE ledger_account (
    id integer PRIMARY KEY,
    book text NOT NULL,
    asset smallint NOT NULL,
    kind text NOT NULL,
    owner text NOT NULL,
    normal smallint NOT NULL CHECK (normal IN (1, -1)),
    debits bigint NOT NULL DEFAULT 0 CHECK (debits >= 0),
    credits bigint NOT NULL DEFAULT 0 CHECK (credits >= 0),
    UNIQUE (book, asset, kind, owner),
    CONSTRAINT ledger_balance_not_negative CHECK (normal * (debits - credits) >= 0)
) WITH (fillfactor = 50);

CREATE TABLE ledger_transfer (
    id bigint NOT NULL,
    debit integer NOT NULL,
    credit integer NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (id),
    CHECK (debit <> credit)
) PARTITION BY RANGE (id);
