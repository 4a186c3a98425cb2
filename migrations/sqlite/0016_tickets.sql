-- Tickets have no table: each follows from a seat of a paid reservation. What is kept is by which keys they are
-- verified, and where void ones are found.

-- Public keys of tickets (Ed25519). Each server adds those of its keys before it signs with them; they stay when it
-- signs with others, since tickets that were printed stay.
CREATE TABLE ticket_key (
    public_key BLOB NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER                       -- from then on its tickets are refused
) STRICT, WITHOUT ROWID;

-- Void tickets of a date, by seat.
CREATE TABLE refund_seat_next (
    reservation_id  BLOB NOT NULL,           -- reservation_seat
    seat_number     INTEGER NOT NULL,        -- reservation_seat
    refund_number   INTEGER NOT NULL,        -- refund
    concert_date_id BLOB NOT NULL,           -- that of the reservation
    PRIMARY KEY (reservation_id, seat_number)
) STRICT, WITHOUT ROWID;
INSERT INTO refund_seat_next
    SELECT f.reservation_id, f.seat_number, f.refund_number, r.concert_date_id
    FROM refund_seat f JOIN reservation r USING (reservation_id) ORDER BY f.reservation_id, f.seat_number;
DROP TABLE refund_seat;
ALTER TABLE refund_seat_next RENAME TO refund_seat;
CREATE INDEX refund_seat_by_date ON refund_seat (concert_date_id, seat_number);
