-- Opened again after its announced closing, a sale keeps that as announced.
ALTER TABLE concert ADD COLUMN reopened_at INTEGER;  -- opened by hand after end_at, which does not count then
