-- What operators set, change and take back; money in a currency that the data keeps.

-- Beside the announced opening and closing, what was done by hand: neither loses the other.
ALTER TABLE concert ADD COLUMN opened_at INTEGER;    -- first opened by hand ahead of start_at
ALTER TABLE concert ADD COLUMN recalled_at INTEGER;  -- that was taken back; NULL: it counts
ALTER TABLE concert ADD COLUMN closed_at INTEGER;    -- closed by hand, until it is opened again
ALTER TABLE concert ADD COLUMN deleted_at INTEGER;   -- deleted, with nothing held or sold
ALTER TABLE concert ADD COLUMN time_zone TEXT;       -- IANA name of the zone where it is; NULL: not told
ALTER TABLE concert ADD COLUMN pause_en TEXT;        -- why the queue is paused, in English
ALTER TABLE concert ADD COLUMN pause_ko TEXT;        -- and in Korean
ALTER TABLE concert_date ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;  -- times an operator has changed it
ALTER TABLE concert_date ADD COLUMN withdrawn_at INTEGER;                 -- deleted, with nothing held or sold
-- A date can be moved. SQLite writes an index anew for each update that names one of its columns, also where
-- they stay the same; this one has none that an update names.
DROP INDEX concert_date_by_concert;
CREATE INDEX concert_date_of_concert ON concert_date (concert_id);

-- A user's reservations that have ended, newest first. Entries are written when a hold ends, and not when it
-- is made: what is held is found by its admission.
CREATE INDEX reservation_by_user ON reservation (user_id, reservation_id) WHERE status <> 'held';

-- Who moved the money: with a reason it was an operator, and kind says only which way it went.
ALTER TABLE balance_entry ADD COLUMN reason TEXT;    -- why an operator moved it; NULL: its user did

-- What the data is in, so that no start can take it for something else.
CREATE TABLE sale_setting (
    setting_name  TEXT NOT NULL PRIMARY KEY,
    setting_value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
