//! Rows of the version before: a sale in which one user charged, paid and was credited and debited, and
//! another charged and holds nothing. In words that both dialects read.

/// Statements that make them.
pub const OLD_ROWS: &str = "
    INSERT INTO user (user_id, username, password_hash, created_at, username_look) VALUES
        (x'00000000000000000000000000000011', 'mina', 'hash', 1, 'mina'),
        (x'00000000000000000000000000000012', 'noah', 'hash', 2, 'noah');
    INSERT INTO concert (concert_id, created_at, concert_name, theater, run_time, hold_ttl_ms, shop_ttl_ms,
        arrival_grace_ms, seats_per_user, total_seats, date_count, start_at, end_at) VALUES
        (x'00000000000000000000000000000021', 1, 'Night', 'Hall', 90, 300000, 600000, 60000, 4, 2, 1, 1, NULL);
    INSERT INTO concert_date (concert_date_id, concert_id, concert_date, total_seats, available_seats) VALUES
        (x'00000000000000000000000000000031', x'00000000000000000000000000000021', 900, 2, 1);
    INSERT INTO queue_state (concert_id, seed, drawn, queue_cursor, queue_tail, waiting_count, active,
        returning_count, credit_milli, credit_at, max_active, admissions_per_second, max_waiting, paused) VALUES
        (x'00000000000000000000000000000021', x'0000000000000000000000000000000000000000000000000000000000000007',
            0, 1, 1, 0, 0, 0, 0, 0, 10, 10, 10, 0);
    INSERT INTO waiting_queue (concert_id, sequence, user_id, created_at, status, deleted_at) VALUES
        (x'00000000000000000000000000000021', 1, x'00000000000000000000000000000011', 2, 'served', 2);
    INSERT INTO user_token (concert_id, sequence, user_id, is_active, token_expiry, admitted_at, arrived_at,
        shop_until, reservation_id, end_reason, ended_at, return_count) VALUES
        (x'00000000000000000000000000000021', 1, x'00000000000000000000000000000011', 0, 500, 2, 3, 500,
            NULL, 'paid', 6, 0);
    INSERT INTO seat (seat_id, concert_date_id, seat_number, concert_id, zone, ticket_price, status,
        reservation_id, held_until, reservated_date) VALUES
        (1, x'00000000000000000000000000000031', 1, x'00000000000000000000000000000021', 'R', 70, 'sold',
            x'00000000000000000000000000000041', NULL, 6),
        (2, x'00000000000000000000000000000031', 2, x'00000000000000000000000000000021', 'S', 50, 'available',
            NULL, NULL, NULL);
    INSERT INTO reservation (reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count,
        total_price, reservation_date, expires_at, status, ended_at, amount_id) VALUES
        (x'00000000000000000000000000000041', x'00000000000000000000000000000011',
            x'00000000000000000000000000000021', x'00000000000000000000000000000031', 1, 1, 70, 5, 400,
            'confirmed', 6, x'00000000000000000000000000000051');
    INSERT INTO reservation_seat (reservation_id, seat_number, seat_id, ticket_price) VALUES
        (x'00000000000000000000000000000041', 1, 1, 70);
    INSERT INTO amount (amount_id, reservation_id, user_id, concert_id, amount, payment_date) VALUES
        (x'00000000000000000000000000000051', x'00000000000000000000000000000041',
            x'00000000000000000000000000000011', x'00000000000000000000000000000021', 70, 6);
    INSERT INTO balance (user_id, amount, entry_count, updated_at) VALUES
        (x'00000000000000000000000000000011', 35, 4, 8),
        (x'00000000000000000000000000000012', 9, 1, 9);
    INSERT INTO balance_entry (user_id, entry_number, kind, amount, balance_after, reference, created_at, reason)
        VALUES
        (x'00000000000000000000000000000011', 1, 'charge', 100, 100, x'00000000000000000000000000000061', 4, NULL),
        (x'00000000000000000000000000000011', 2, 'payment', -70, 30, x'00000000000000000000000000000051', 6, NULL),
        (x'00000000000000000000000000000011', 3, 'charge', 20, 50, x'00000000000000000000000000000062', 7, 'a gift'),
        (x'00000000000000000000000000000011', 4, 'payment', -15, 35, x'00000000000000000000000000000063', 8, '환불'),
        (x'00000000000000000000000000000012', 1, 'charge', 9, 9, x'00000000000000000000000000000064', 9, NULL);
";

/// What is asked of the version after, a line a row.
pub const TRANSFERS: &str = "SELECT concat_ws(' ', substr(hex(user_id), 31), entry_number, kind, account, \
     CASE WHEN account_id IS NULL THEN '-' ELSE substr(hex(account_id), 31) END, amount, currency, balance_after, \
     substr(hex(reference), 31), coalesce(reason, '-'), created_at) \
     FROM transfer ORDER BY user_id, entry_number";

/// What it answers.
pub const NEW_ROWS: [&str; 5] = [
    "11 1 charge outside - 100 KRW 100 61 - 4",
    "11 2 payment sales 31 -70 KRW 30 51 - 6",
    "11 3 adjustment outside - 20 KRW 50 62 a gift 7",
    "11 4 adjustment outside - -15 KRW 35 63 환불 8",
    "12 1 charge outside - 9 KRW 9 64 - 9",
];
