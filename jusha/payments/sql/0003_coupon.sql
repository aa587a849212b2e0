-- An order's coupon and the gift that invited to it; 0 for none. Reads: nothing. Writes: the schema.

ALTER TABLE payments_order
    ADD COLUMN coupon_rule integer NOT NULL DEFAULT 0,
    ADD COLUMN coupon bigint NOT NULL DEFAULT 0,
    ADD COLUMN invite bigint NOT NULL DEFAULT 0;
