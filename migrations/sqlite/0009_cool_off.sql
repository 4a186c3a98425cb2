-- Seats are not kept by letting them go by turns: the time that was held without paying is counted, too.
ALTER TABLE waiting_queue ADD COLUMN unpaid_ms INTEGER NOT NULL DEFAULT 0;  -- of the user in the concert, so far, less what has worn off

-- Opened again after its announced closing, a sale keeps that as announced.
ALTER TABLE concert ADD COLUMN reopened_at INTEGER;  -- opened by hand after end_at, which does not count then
