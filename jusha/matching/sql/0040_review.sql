-- Matches of single gifts that are held while a person looks into them. The newest row of a gift
-- tells how it stands; a claw-back ends a hold by a row with its own number.
-- Reads: nothing. Writes: the schema.
CREATE TABLE matching_review (
    number bigint PRIMARY KEY,
    deed bigint NOT NULL,
    project integer NOT NULL,
    held boolean NOT NULL,
    reason text NOT NULL
);

CREATE INDEX matching_review_deed ON matching_review (deed, number);

SELECT jusha_append_only(name) FROM unnest(ARRAY['matching_review']) AS name;
