-- Keep the other numbers by which a donor may know a gift, as keyed names of both.
-- Reads: giving_name. Writes: giving_name.
INSERT INTO giving_name (key, gift)
SELECT * FROM unnest(%(keys)s::uuid[], %(gifts)s::uuid[])
ON CONFLICT DO NOTHING
