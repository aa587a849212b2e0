-- Where the lines of a bill are copied in before they meet our deeds.
-- Reads: nothing. Writes: nothing.
CREATE TEMP TABLE rail_line_stage (
    line integer NOT NULL,
    kind smallint NOT NULL,
    state smallint NOT NULL,
    key uuid NOT NULL,
    order_no bigint NOT NULL,
    amount bigint NOT NULL,
    fee_micro bigint NOT NULL,
    at timestamptz NOT NULL,
    charity text NOT NULL,
    refund text NOT NULL
) ON COMMIT DROP
