-- What a request costs does not grow with what its account did before. There is no ADD INDEX IF NOT EXISTS
-- in MySQL.

-- A user's payments, newest first.
SET @add = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'amount' AND index_name = 'amount_by_user') = 0,
    'ALTER TABLE amount ADD INDEX amount_by_user (user_id, amount_id)',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
-- A hold counts what its user has bought of the date: holds that were released or lapsed have no payment and
-- are passed over. The name stays, since servers of the version before name it.
SET @add = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND index_name = 'reservation_by_holder'
        AND column_name = 'amount_id') = 0,
    'ALTER TABLE reservation DROP INDEX reservation_by_holder,
        ADD INDEX reservation_by_holder (concert_date_id, user_id, amount_id)',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- A seat that was held and not paid stays closed for a while to who held it, and lapses are counted.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'seat' AND column_name = 'last_holder') = 0,
    'ALTER TABLE seat ADD COLUMN last_holder BINARY(16) NULL',  -- user who held it last and has not paid
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'seat' AND column_name = 'last_holder_until') = 0,
    'ALTER TABLE seat ADD COLUMN last_holder_until BIGINT NULL',  -- from then on that user may hold it again
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'waiting_queue' AND column_name = 'lapses') = 0,
    'ALTER TABLE waiting_queue ADD COLUMN lapses BIGINT NOT NULL DEFAULT 0',  -- of the user in the concert, so far
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'rehold_after_ms') = 0,
    'ALTER TABLE concert ADD COLUMN rehold_after_ms BIGINT NOT NULL DEFAULT 0',  -- how long after a lapse; 0: not at all
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE concert SET rehold_after_ms = LEAST(2 * hold_ttl_ms, 86400000) WHERE rehold_after_ms = 0;
