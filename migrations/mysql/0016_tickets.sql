-- Tickets have no table: each follows from a seat of a paid reservation. What is kept is by which keys they are
-- verified, and where void ones are found. MySQL cannot add a column only where it is not there yet.

-- Public keys of tickets (Ed25519). Each server adds those of its keys before it signs with them; they stay when it
-- signs with others, since tickets that were printed stay.
CREATE TABLE IF NOT EXISTS ticket_key (
    public_key BINARY(32) NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NULL,                  -- from then on its tickets are refused
    PRIMARY KEY (public_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Void tickets of a date, by seat.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'refund_seat' AND column_name = 'concert_date_id') = 0,
    'ALTER TABLE refund_seat ADD COLUMN concert_date_id BINARY(16) NULL',  -- that of the reservation
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE refund_seat f JOIN reservation r ON r.reservation_id = f.reservation_id
    SET f.concert_date_id = r.concert_date_id WHERE f.concert_date_id IS NULL;
ALTER TABLE refund_seat MODIFY concert_date_id BINARY(16) NOT NULL;
SET @add = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'refund_seat' AND index_name = 'refund_seat_by_date') = 0,
    'ALTER TABLE refund_seat ADD INDEX refund_seat_by_date (concert_date_id, seat_number)',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
