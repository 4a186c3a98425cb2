-- A show of the version before with a queue that is paused, somebody who left and came again, and somebody in
-- the shop with a hold.
INSERT INTO concert (concert_id, created_at, concert_name, theater, run_time, hold_ttl_ms, shop_ttl_ms,
    arrival_grace_ms, seats_per_user, total_seats, date_count, start_at, pause_en, pause_ko) VALUES
    (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 1, 'Show', 'Hall', 90, 1000, 1000, 1000, 4, 0, 0, 1, 'A break', '잠시 멈춤');
INSERT INTO queue_state (concert_id, seed, drawn, queue_cursor, queue_tail, waiting_count, active, returning_count,
    credit_milli, credit_at, max_active, admissions_per_second, max_waiting, paused) VALUES
    (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', zeroblob(32), 0, 2, 4, 1, 1, 0, 0, 0, 5, 6, 7, 1);
INSERT INTO waiting_queue (concert_id, sequence, user_id, created_at, status, deleted_at) VALUES
    (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 1, x'01010101010101010101010101010101', 10, 'left', 11),
    (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 2, x'02020202020202020202020202020202', 12, 'served', 13),
    (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 3, x'01010101010101010101010101010101', 14, 'left', 15),
    (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 4, x'01010101010101010101010101010101', 16, 'waiting', NULL);
INSERT INTO user_token VALUES (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 2, x'02020202020202020202020202020202', 1, 900, 13, 13, 900, x'0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', NULL, NULL, 0);
INSERT INTO reservation (reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count, total_price,
    reservation_date, expires_at, status) VALUES
    (x'0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', x'02020202020202020202020202020202', x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', x'0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 2, 1, 5, 13, 900, 'held');
INSERT INTO idempotency_key VALUES (x'01010101010101010101010101010101', 'tab', zeroblob(32),
    '{"Joined":{"place":{"concert":"0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c","sequence":4},"created":true,'
    || '"joined_at":16,"queue_number":4,"state":"Waiting"}}', 16);
