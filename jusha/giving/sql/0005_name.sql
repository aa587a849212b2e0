-- Other numbers by which a donor may know a gift (a merchant order number), as keyed names: one
-- number may stand for several gifts. Written by imports. Reads: nothing. Writes: the schema.
CREATE TABLE giving_name (
    key uuid NOT NULL,
    gift uuid NOT NULL,
    PRIMARY KEY (key, gift)
);
