-- A payment writes one index by user less. What a user has ended without paying and what was paid have an index each,
-- so that a payment is in one of them alone; bookings are read in the order of their reservations.
DROP INDEX amount_by_user;
DROP INDEX reservation_by_user;
-- Written when a hold ends unpaid.
CREATE INDEX reservation_unpaid ON reservation (user_id, reservation_id)
    WHERE status <> 'held' AND amount_id IS NULL;
-- Written at a payment.
CREATE INDEX reservation_paid ON reservation (user_id, reservation_id) WHERE amount_id IS NOT NULL;
