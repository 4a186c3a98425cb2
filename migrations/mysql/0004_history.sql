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
