-- What caps count of a project in a campaign. Reads: nothing. Writes: the schema.

ALTER TABLE campaigns_total ADD COLUMN counted bigint NOT NULL DEFAULT 0 CHECK (counted >= 0);
