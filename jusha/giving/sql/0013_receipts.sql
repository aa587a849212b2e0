-- Papers of receipts, issued or reversing, are never changed.
-- Reads: nothing. Writes: the schema.
SELECT jusha_append_only('jusha_receiptpaper');
