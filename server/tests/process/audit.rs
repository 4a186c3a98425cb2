//! An audit that shares no code with the server: it recounts the sale from raw rows. Each line says
//! what must hold, and counts the rows for which it does not.

use crate::facts::look;
use std::path::Path;

/// Sentence, and a query for the number of rows that break it. `:now` is UTC milliseconds.
pub const CHECKS: &[(&str, &str)] = &[
    (
        "a seat has one live claim at most",
        "SELECT count(*) FROM (SELECT 1 FROM reservation_seat JOIN reservation r USING (reservation_id)
         WHERE r.status = 'confirmed' OR (r.status = 'held' AND r.expires_at > :now)
         GROUP BY seat_id HAVING count(*) > 1)",
    ),
    (
        "the seats of a live claim name it",
        "SELECT count(*) FROM reservation_seat rs JOIN reservation r USING (reservation_id)
         JOIN seat s USING (seat_id)
         WHERE (r.status = 'confirmed' AND (s.status <> 'sold' OR s.reservation_id IS NOT r.reservation_id))
            OR (r.status = 'held' AND r.expires_at > :now
                AND (s.status <> 'held' OR s.reservation_id IS NOT r.reservation_id))",
    ),
    (
        "a taken seat belongs to a reservation that lists it",
        "SELECT count(*) FROM seat s WHERE s.status <> 'available' AND NOT EXISTS (
            SELECT 1 FROM reservation_seat rs JOIN reservation r USING (reservation_id)
            WHERE rs.seat_id = s.seat_id AND rs.reservation_id = s.reservation_id
            AND r.status = CASE s.status WHEN 'sold' THEN 'confirmed' ELSE 'held' END)",
    ),
    (
        "available_seats is the number of available seats",
        "SELECT count(*) FROM concert_date d WHERE available_seats <> (SELECT count(*) FROM seat s
         WHERE s.concert_date_id = d.concert_date_id AND s.status = 'available')",
    ),
    (
        "a reservation's count and price are the sums of its seats",
        "SELECT count(*) FROM reservation r WHERE (seat_count, total_price) IS NOT (
            SELECT count(*), sum(ticket_price) FROM reservation_seat rs
            WHERE rs.reservation_id = r.reservation_id)",
    ),
    (
        "a balance is the sum of its ledger",
        "SELECT count(*) FROM balance b WHERE (amount, entry_count) IS NOT (
            SELECT coalesce(sum(e.amount), 0), count(*) FROM balance_entry e
            WHERE e.user_id = b.user_id)",
    ),
    (
        "a ledger belongs to a balance",
        "SELECT count(*) FROM balance_entry WHERE user_id NOT IN (SELECT user_id FROM balance)",
    ),
    (
        "ledger entries are numbered without gaps and carry their running sum",
        "SELECT count(*) FROM (SELECT entry_number, balance_after,
            row_number() OVER ledger AS place, sum(amount) OVER ledger AS running
            FROM balance_entry WINDOW ledger AS (PARTITION BY user_id ORDER BY entry_number))
         WHERE entry_number <> place OR balance_after <> running",
    ),
    (
        "a charge stands once",
        "SELECT count(*) FROM (SELECT 1 FROM balance_entry GROUP BY reference HAVING count(*) > 1)",
    ),
    (
        "a confirmed reservation is paid once, at its price, by its owner",
        "SELECT count(*) FROM reservation r WHERE status = 'confirmed' AND 1 <> (
            SELECT count(*) FROM amount a WHERE a.reservation_id = r.reservation_id
            AND a.amount_id = r.amount_id AND a.amount = r.total_price AND a.user_id = r.user_id)",
    ),
    (
        "a payment has a confirmed reservation",
        "SELECT count(*) FROM amount a WHERE NOT EXISTS (SELECT 1 FROM reservation r
         WHERE r.reservation_id = a.reservation_id AND r.status = 'confirmed')",
    ),
    (
        "a payment was debited once",
        "SELECT count(*) FROM amount a WHERE 1 <> (SELECT count(*) FROM balance_entry e
         WHERE e.user_id = a.user_id AND e.kind = 'payment' AND e.reference = a.amount_id
         AND e.amount = -a.amount)",
    ),
    (
        "a debit has its payment",
        "SELECT count(*) FROM balance_entry WHERE kind = 'payment'
         AND reference NOT IN (SELECT amount_id FROM amount)",
    ),
    (
        "whoever has paid is not admitted any more",
        "SELECT count(*) FROM reservation r JOIN user_token t USING (concert_id, sequence)
         WHERE r.status = 'confirmed' AND (t.is_active = 1 OR t.end_reason IS NOT 'paid')",
    ),
    (
        "the active counter is the number of active tokens",
        "SELECT count(*) FROM queue_state q WHERE active <> (SELECT count(*) FROM user_token t
         WHERE t.concert_id = q.concert_id AND t.is_active = 1)",
    ),
    (
        "no more are admitted than max_active",
        "SELECT count(*) FROM queue_state q WHERE max_active < (SELECT count(*) FROM user_token t
         WHERE t.concert_id = q.concert_id AND t.is_active = 1)",
    ),
    (
        "the cursor is not past the tail",
        "SELECT count(*) FROM queue_state WHERE queue_cursor > queue_tail",
    ),
    (
        "the tail is the newest place, and no number is missing",
        "SELECT count(*) FROM queue_state q WHERE (queue_tail, queue_tail) IS NOT (
            SELECT coalesce(max(sequence), 0), count(*) FROM waiting_queue w
            WHERE w.concert_id = q.concert_id)",
    ),
    (
        "nobody behind the cursor still waits, nobody before it was served",
        "SELECT count(*) FROM queue_state q JOIN waiting_queue w USING (concert_id)
         WHERE q.drawn = 0 AND ((sequence <= queue_cursor AND w.status = 'waiting')
            OR (sequence > queue_cursor AND w.status = 'served'))",
    ),
    (
        "a user has one live place in a queue at most",
        "SELECT count(*) FROM (SELECT 1 FROM waiting_queue w
         LEFT JOIN user_token t USING (concert_id, sequence)
         WHERE w.status IN ('waiting', 'returning') OR t.is_active = 1
         GROUP BY w.concert_id, w.user_id HAVING count(*) > 1)",
    ),
    (
        "a served place has its admission, of the same user",
        "SELECT count(*) FROM waiting_queue w LEFT JOIN user_token t USING (concert_id, sequence)
         WHERE w.status = 'served' AND t.user_id IS NOT w.user_id",
    ),
];

/// What does not hold in a database at `now_ms`, all in one snapshot.
pub fn audit(database: &Path, now_ms: i64) -> Vec<&'static str> {
    let mut rows = look(database);
    let snapshot = rows.transaction().unwrap();
    let breaks = |sql: &str| {
        let mut statement = snapshot.prepare(sql).unwrap();
        let named = [(":now", &now_ms)];
        let bound: &[(&str, &i64)] = if sql.contains(":now") { &named } else { &[] };
        statement.query_row(bound, |row| row.get::<_, i64>(0)).unwrap() > 0
    };
    let sound: String = snapshot.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    CHECKS.iter().filter(|(_, sql)| breaks(sql)).map(|(sentence, _)| *sentence).collect()
}
