-- Lines of the rails' bills, without whoever paid: kind 0 is a payment, 1 a refund; the state of a
-- refund is 0 arrived, 1 under way, 2 failed. `key` is the transaction as deeds are named, `deed`
-- the entry of this name, once there is one.
-- Reads: nothing. Writes: the schema.
CREATE TABLE giving_rail_line (
    bill bigint NOT NULL,
    line integer NOT NULL,
    kind smallint NOT NULL,
    state smallint NOT NULL,
    key uuid NOT NULL,
    deed bigint,
    order_no bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    fee_micro bigint NOT NULL,
    at timestamptz NOT NULL,
    charity text NOT NULL,
    refund text NOT NULL,
    far boolean NOT NULL DEFAULT false,
    PRIMARY KEY (bill, line)
);
CREATE INDEX giving_rail_line_refund ON giving_rail_line (refund) WHERE refund <> '';
CREATE INDEX giving_rail_line_far ON giving_rail_line (deed) WHERE far;
SELECT jusha_append_only('jusha_raildifferencestep');
