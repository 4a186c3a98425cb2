-- What operators set, change and take back; money in a currency that the data keeps. MySQL cannot add a column
-- or an index only where it is not there yet.

-- Beside the announced opening and closing, what was done by hand: neither loses the other.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'opened_at') = 0,
    'ALTER TABLE concert ADD COLUMN opened_at BIGINT NULL',  -- first opened by hand ahead of start_at
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'recalled_at') = 0,
    'ALTER TABLE concert ADD COLUMN recalled_at BIGINT NULL',  -- that was taken back, NULL: it counts
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'closed_at') = 0,
    'ALTER TABLE concert ADD COLUMN closed_at BIGINT NULL',  -- closed by hand, until it is opened again
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'deleted_at') = 0,
    'ALTER TABLE concert ADD COLUMN deleted_at BIGINT NULL',  -- deleted, with nothing held or sold
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'time_zone') = 0,
    'ALTER TABLE concert ADD COLUMN time_zone VARCHAR(200) NULL',  -- IANA name of the zone where it is, NULL: not told
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'pause_en') = 0,
    'ALTER TABLE concert ADD COLUMN pause_en VARCHAR(200) NULL',  -- why the queue is paused, in English
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'pause_ko') = 0,
    'ALTER TABLE concert ADD COLUMN pause_ko VARCHAR(200) NULL',  -- and in Korean
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'revision') = 0,
    'ALTER TABLE concert_date ADD COLUMN revision BIGINT NOT NULL DEFAULT 0',  -- times an operator has changed it
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'withdrawn_at') = 0,
    'ALTER TABLE concert_date ADD COLUMN withdrawn_at BIGINT NULL',  -- deleted, with nothing held or sold
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- A user's reservations, newest first.
SET @add = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND index_name = 'reservation_by_user') = 0,
    'ALTER TABLE reservation ADD INDEX reservation_by_user (user_id, reservation_id)',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Who moved the money: with a reason it was an operator, and kind says only which way it went.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'balance_entry' AND column_name = 'reason') = 0,
    'ALTER TABLE balance_entry ADD COLUMN reason VARCHAR(200) NULL',  -- why an operator moved it, NULL: its user did
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- What the data is in, so that no start can take it for something else.
CREATE TABLE IF NOT EXISTS sale_setting (
    setting_name  VARCHAR(64) NOT NULL,
    setting_value VARCHAR(200) NOT NULL,
    PRIMARY KEY (setting_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
