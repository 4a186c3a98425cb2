-- What a request costs does not grow with what its account did before.

-- A user's payments, newest first.
CREATE INDEX amount_by_user ON amount (user_id, amount_id);
-- A hold counts what its user has bought of the date. Entries are written at a payment only: a hold is found
-- by its admission, and holds that were released or lapsed are not looked at again.
CREATE INDEX reservation_by_buyer ON reservation (concert_date_id, user_id) WHERE amount_id IS NOT NULL;
DROP INDEX reservation_by_holder;
