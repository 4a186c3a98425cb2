-- What a request costs does not grow with what its account did before.

-- A user's payments, newest first.
CREATE INDEX amount_by_user ON amount (user_id, amount_id);
-- A hold counts what its user has bought of the date. Entries are written at a payment only: a hold is found
-- by its admission, and holds that were released or lapsed are not looked at again.
CREATE INDEX reservation_by_buyer ON reservation (concert_date_id, user_id) WHERE amount_id IS NOT NULL;
DROP INDEX reservation_by_holder;

-- A seat that was held and not paid stays closed for a while to who held it, and lapses are counted.
ALTER TABLE seat ADD COLUMN last_holder BLOB;           -- user who held it last and has not paid
ALTER TABLE seat ADD COLUMN last_holder_until INTEGER;  -- from then on that user may hold it again
ALTER TABLE waiting_queue ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;   -- of the user in the concert, so far
ALTER TABLE concert ADD COLUMN rehold_after_ms INTEGER NOT NULL DEFAULT 0;  -- how long after a lapse; 0: not at all
UPDATE concert SET rehold_after_ms = min(2 * hold_ttl_ms, 86400000);
