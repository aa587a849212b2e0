-- Steps of refund cases, and runs over whole campaigns, are never changed.
-- Reads: nothing. Writes: the schema.
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_refundstep', 'jusha_refundrun']) AS name;
