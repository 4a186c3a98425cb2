-- A user's payments in the order of their reservations, as bookings are read. The name stays, since servers of the
-- version before name it.
SET @order = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'amount' AND index_name = 'amount_by_user' AND column_name = 'reservation_id') = 0,
    'ALTER TABLE amount DROP INDEX amount_by_user, ADD INDEX amount_by_user (user_id, reservation_id)',
    'DO 0');
PREPARE step FROM @order;
EXECUTE step;
DEALLOCATE PREPARE step;
