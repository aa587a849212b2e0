-- Forget what a day came to when it was laid last. Reads: nothing. Writes: jusha_railtally.
DELETE FROM jusha_railtally WHERE rail = %(rail)s AND day = %(day)s
