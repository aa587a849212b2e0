-- An order's attribution is said once, with the order: totals that were told from it stay true.
-- Reads: nothing. Writes: the schema.
SELECT jusha_append_only('jusha_attribution');
