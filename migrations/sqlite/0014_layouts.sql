-- How the seats of a hall stand and what they are called.

-- A layout is never changed: its id is the SHA-256 of its text, in hexadecimal digits.
CREATE TABLE layout (
    layout_id  TEXT PRIMARY KEY,
    body       TEXT NOT NULL,     -- JSON in its one form
    seat_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL   -- when it was added first
) STRICT, WITHOUT ROWID;

ALTER TABLE concert_date ADD COLUMN layout_id TEXT;  -- how its seats stand; NULL: only their numbers are known
