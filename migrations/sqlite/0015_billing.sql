-- What is told of a show to everybody, before anyone is let in: its name in two languages, a text, a poster.

-- A poster is never changed: its id is the SHA-256 of its bytes, in hexadecimal digits.
CREATE TABLE poster (
    poster_id  TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,        -- image/png, image/jpeg, image/webp
    body       BLOB NOT NULL,
    created_at INTEGER NOT NULL      -- when it was added first
) STRICT;

ALTER TABLE concert ADD COLUMN name_en TEXT;      -- NULL: it is told by concert_name
ALTER TABLE concert ADD COLUMN name_ko TEXT;
ALTER TABLE concert ADD COLUMN about_en TEXT;
ALTER TABLE concert ADD COLUMN about_ko TEXT;
ALTER TABLE concert ADD COLUMN poster_id TEXT;    -- poster; NULL: none
ALTER TABLE concert ADD COLUMN poster_type TEXT;  -- what its bytes are
