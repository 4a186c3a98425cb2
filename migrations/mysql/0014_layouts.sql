-- How the seats of a hall stand and what they are called. MySQL cannot add a column only where it is not there yet.

-- A layout is never changed: its id is the SHA-256 of its text, in hexadecimal digits.
CREATE TABLE IF NOT EXISTS layout (
    layout_id  CHAR(64) NOT NULL,
    body       MEDIUMTEXT NOT NULL,  -- JSON in its one form
    seat_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,      -- when it was added first
    PRIMARY KEY (layout_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'layout_id') = 0,
    'ALTER TABLE concert_date ADD COLUMN layout_id CHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL',  -- how its seats stand; NULL: only their numbers are known
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
