-- What is told of a show to everybody, before anyone is let in: its name in two languages, a text, a poster. MySQL
-- cannot add a column only where it is not there yet.

-- A poster is never changed: its id is the SHA-256 of its bytes, in hexadecimal digits.
CREATE TABLE IF NOT EXISTS poster (
    poster_id  CHAR(64) NOT NULL,
    media_type VARCHAR(16) NOT NULL,  -- image/png, image/jpeg, image/webp
    body       MEDIUMBLOB NOT NULL,
    created_at BIGINT NOT NULL,       -- when it was added first
    PRIMARY KEY (poster_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'name_en') = 0,
    'ALTER TABLE concert ADD COLUMN name_en VARCHAR(200) NULL',  -- NULL: it is told by concert_name
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'name_ko') = 0,
    'ALTER TABLE concert ADD COLUMN name_ko VARCHAR(200) NULL',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'about_en') = 0,
    'ALTER TABLE concert ADD COLUMN about_en VARCHAR(1000) NULL',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'about_ko') = 0,
    'ALTER TABLE concert ADD COLUMN about_ko VARCHAR(1000) NULL',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'poster_id') = 0,
    'ALTER TABLE concert ADD COLUMN poster_id CHAR(64) NULL',  -- poster; NULL: none
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'poster_type') = 0,
    'ALTER TABLE concert ADD COLUMN poster_type VARCHAR(16) NULL',  -- what its bytes are
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
