-- A frozen project gets no match and no release. Reads: nothing. Writes: the schema.

ALTER TABLE projects_fund ADD COLUMN frozen boolean NOT NULL DEFAULT false;
