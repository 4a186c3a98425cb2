//! What must hold of the rows of a sale.

use super::Check;

mod records;

pub(super) const fn check(name: &'static str, sentence: &'static str, sql: &'static str) -> Check {
    Check { name, sentence, sql }
}

/// Every check, by what it is about: seats, money, the queue, stored replies, accounts, jobs, events.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    SALE.iter().chain(records::RECORDS)
}

/// Of seats, money and the queue.
const SALE: &[Check] = &[
    check(
        "words_known",
        "every word of a closed list is one that there is",
        "SELECT 'seat ' || seat_id || ' is ' || status FROM seat
            WHERE status NOT IN ('available', 'held', 'sold', 'blocked')
         UNION ALL SELECT 'queue ' || lower(hex(queue_id)) || ' is ' || kind
            FROM queue_state WHERE kind NOT IN ('general', 'named')
         UNION ALL SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence || ' is ' || status
            FROM waiting_queue WHERE status NOT IN ('waiting', 'returning', 'served', 'left')
         UNION ALL SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence || ' ended by ' || end_reason
            FROM user_token WHERE end_reason NOT IN ('paid', 'hold_lapsed', 'timed_out', 'no_show', 'left')
         UNION ALL SELECT 'reservation ' || lower(hex(reservation_id)) || ' is ' || status
            FROM reservation WHERE status NOT IN ('held', 'confirmed', 'expired', 'cancelled', 'refunded')
         UNION ALL SELECT 'user ' || lower(hex(user_id)) || ' transfer ' || entry_number || ' is ' || kind
            FROM transfer WHERE kind NOT IN ('charge', 'payment', 'refund', 'adjustment')
         UNION ALL SELECT 'user ' || lower(hex(user_id)) || ' transfer ' || entry_number || ' is with ' || account
            FROM transfer WHERE account NOT IN ('outside', 'sales')
         UNION ALL SELECT 'poster ' || poster_id || ' is ' || media_type
            FROM poster WHERE media_type NOT IN ('image/png', 'image/jpeg', 'image/webp')
         UNION ALL SELECT 'concert ' || lower(hex(concert_id)) || ' has a poster that is ' || poster_type
            FROM concert WHERE poster_type NOT IN ('image/png', 'image/jpeg', 'image/webp')",
    ),
    check(
        "seat_one_claim",
        "a seat has one live claim at most",
        "SELECT 'seat_id ' || seat_id || ': reservations ' || group_concat(lower(hex(reservation_id)), ', ')
         FROM reservation_seat rs JOIN reservation r USING (reservation_id)
         LEFT JOIN refund_seat f USING (reservation_id, seat_number)
         WHERE (r.status IN ('confirmed', 'refunded') AND f.refund_number IS NULL)
            OR (r.status = 'held' AND r.expires_at > :now)
         GROUP BY seat_id HAVING count(*) > 1",
    ),
    check(
        "claim_named",
        "the seats of a live claim name it, for as long as it counts",
        "SELECT 'reservation ' || lower(hex(r.reservation_id)) || ' seat ' || rs.seat_number || ' is ' || coalesce(s.status, 'gone')
         FROM reservation r JOIN reservation_seat rs USING (reservation_id)
         LEFT JOIN seat s USING (seat_id)
         LEFT JOIN refund_seat f USING (reservation_id, seat_number)
         WHERE (r.status IN ('confirmed', 'refunded') AND f.refund_number IS NULL AND (s.status IS NOT 'sold' OR s.reservation_id IS NOT r.reservation_id))
            OR (r.status = 'held' AND r.expires_at > :now AND (s.status IS NOT 'held'
                OR s.reservation_id IS NOT r.reservation_id OR s.held_until IS NOT r.expires_at))",
    ),
    check(
        "seat_claimed",
        "a taken seat belongs to a reservation that lists it",
        "SELECT 'date ' || lower(hex(concert_date_id)) || ' seat ' || seat_number || ' is ' || status
         FROM seat s WHERE s.status IN ('held', 'sold') AND NOT EXISTS (
            SELECT 1 FROM reservation_seat rs JOIN reservation r USING (reservation_id)
            LEFT JOIN refund_seat f USING (reservation_id, seat_number)
            WHERE f.refund_number IS NULL AND rs.reservation_id = s.reservation_id AND rs.seat_number = s.seat_number
            AND rs.seat_id = s.seat_id AND r.concert_date_id = s.concert_date_id
            AND r.status = CASE s.status WHEN 'sold' THEN 'confirmed' ELSE 'held' END)",
    ),
    check(
        "available_seats",
        "available_seats is the number of available seats",
        "SELECT 'date ' || lower(hex(d.concert_date_id)) || ': ' || available_seats || ' and not ' || coalesce(free, 0)
         FROM concert_date d LEFT JOIN (
            SELECT concert_date_id, sum(status = 'available') free FROM seat GROUP BY 1) USING (concert_date_id)
         WHERE available_seats <> coalesce(free, 0)",
    ),
    check(
        "blocked_seats",
        "blocked_seats is the number of blocked seats, and these are nobody's",
        "SELECT 'date ' || lower(hex(d.concert_date_id)) || ': ' || blocked_seats || ' and not ' || coalesce(blocked, 0)
         FROM concert_date d LEFT JOIN (
            SELECT concert_date_id, sum(status = 'blocked') blocked FROM seat GROUP BY 1) USING (concert_date_id)
         WHERE blocked_seats <> coalesce(blocked, 0)
         UNION ALL SELECT 'date ' || lower(hex(concert_date_id)) || ' seat ' || seat_number FROM seat
         WHERE status = 'blocked' AND coalesce(reservation_id, held_until, reservated_date) IS NOT NULL",
    ),
    check(
        "layout_seats",
        "a date has as many seats as the layout that it names, which is there",
        "SELECT 'date ' || lower(hex(d.concert_date_id)) || ': ' || d.total_seats || ' and not '
            || coalesce(l.seat_count, 'known')
         FROM concert_date d LEFT JOIN layout l USING (layout_id)
         WHERE d.layout_id IS NOT NULL AND l.seat_count IS NOT d.total_seats",
    ),
    check(
        "total_seats",
        "total_seats of a date is the number of its seats",
        "SELECT 'date ' || lower(hex(d.concert_date_id)) || ': ' || total_seats || ' and not ' || coalesce(seats, 0)
         FROM concert_date d LEFT JOIN (
            SELECT concert_date_id, count(*) seats FROM seat GROUP BY 1) USING (concert_date_id)
         WHERE total_seats <> coalesce(seats, 0)",
    ),
    check(
        "concert_totals",
        "a concert's dates and seats are those that there are and were not deleted",
        "SELECT 'concert ' || lower(hex(concert_id)) FROM concert c
         WHERE (date_count, total_seats) IS NOT (
            SELECT count(*), coalesce(sum(total_seats), 0) FROM concert_date d WHERE d.concert_id = c.concert_id AND d.withdrawn_at IS NULL)",
    ),
    check(
        "reservation_sums",
        "a reservation's count and price are the sums of its seats",
        "SELECT 'reservation ' || lower(hex(reservation_id)) FROM reservation r
         WHERE (seat_count, total_price) IS NOT (
            SELECT count(*), sum(ticket_price) FROM reservation_seat rs
            WHERE rs.reservation_id = r.reservation_id)",
    ),
    check(
        "paid_once",
        "a confirmed or refunded reservation was paid once, at its price, by its owner",
        "SELECT 'reservation ' || lower(hex(reservation_id)) FROM reservation r
         WHERE status IN ('confirmed', 'refunded') AND 1 <> (
            SELECT count(*) FROM amount a WHERE a.reservation_id = r.reservation_id
            AND a.amount_id = r.amount_id AND a.amount = r.total_price AND a.user_id = r.user_id)",
    ),
    check(
        "payment_confirmed",
        "a payment has a confirmed or refunded reservation",
        "SELECT 'payment ' || lower(hex(a.amount_id)) FROM amount a
         LEFT JOIN reservation r USING (reservation_id)
         WHERE r.status IS NULL OR r.status NOT IN ('confirmed', 'refunded')",
    ),
    check(
        "payment_single",
        "a reservation has one payment at most",
        "SELECT 'reservation ' || lower(hex(reservation_id)) || ': ' || count(*) || ' payments'
         FROM amount GROUP BY reservation_id HAVING count(*) > 1",
    ),
    check(
        "refund_sums",
        "no more has gone back of a payment than was paid, and its reservation says how much and how many seats; with the last of them it is refunded",
        "SELECT 'reservation ' || lower(hex(reservation_id)) || ': ' || refunded_amount || ' of ' || total_price
         FROM reservation r
         LEFT JOIN (SELECT reservation_id, sum(amount) money, count(*) refunds, max(refund_number) last, sum(seat_count) named
            FROM refund GROUP BY 1) USING (reservation_id)
         LEFT JOIN (SELECT reservation_id, count(*) seats FROM refund_seat GROUP BY 1) USING (reservation_id)
         WHERE (refunded_amount, refund_count, refund_count, refunded_seats, refunded_seats)
            IS NOT (coalesce(money, 0), coalesce(refunds, 0), coalesce(last, 0), coalesce(seats, 0), coalesce(named, 0))
            OR refunded_amount > total_price OR (status = 'refunded') <> (refunded_seats = seat_count)
            OR (refund_count > 0 AND status NOT IN ('confirmed', 'refunded'))",
    ),
    check(
        "refund_seats",
        "seats that went back were the reservation's, and are as many as their refund says",
        "SELECT 'reservation ' || lower(hex(f.reservation_id)) || ' seat ' || f.seat_number
         FROM refund_seat f LEFT JOIN refund USING (reservation_id, refund_number)
         LEFT JOIN reservation_seat rs ON rs.reservation_id = f.reservation_id AND rs.seat_number = f.seat_number
         WHERE refund_id IS NULL OR rs.seat_id IS NULL
         UNION ALL SELECT 'refund ' || lower(hex(refund_id)) FROM refund f
         WHERE seat_count <> (SELECT count(*) FROM refund_seat s
            WHERE s.reservation_id = f.reservation_id AND s.refund_number = f.refund_number)",
    ),
    check(
        "ticket_valid",
        "every sold seat has one valid ticket, of the reservation that it names, and no other seat has one",
        "WITH ticket AS (
            SELECT r.concert_date_id, rs.seat_number, r.reservation_id FROM reservation r JOIN reservation_seat rs USING (reservation_id)
            WHERE r.amount_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM refund_seat f
                WHERE f.reservation_id = rs.reservation_id AND f.seat_number = rs.seat_number)),
         sold AS (SELECT concert_date_id, seat_number, reservation_id FROM seat WHERE status = 'sold')
         SELECT 'date ' || lower(hex(concert_date_id)) || ' seat ' || seat_number || ': ' || count(ticket.reservation_id)
            || ' tickets, ' || count(sold.reservation_id) || ' times sold'
         FROM ticket FULL JOIN sold USING (concert_date_id, seat_number)
         GROUP BY concert_date_id, seat_number
         HAVING (count(*), count(ticket.reservation_id), count(sold.reservation_id)) <> (1, 1, 1)
            OR min(ticket.reservation_id) <> min(sold.reservation_id)",
    ),
    check(
        "ticket_void",
        "a ticket is void under the date of its reservation",
        "SELECT 'reservation ' || lower(hex(f.reservation_id)) || ' seat ' || f.seat_number
         FROM refund_seat f LEFT JOIN reservation r USING (reservation_id)
         WHERE f.concert_date_id IS NOT r.concert_date_id",
    ),
    check(
        "refund_paid",
        "a refund went from the sales of its date to who had paid, once; and nothing else did",
        "SELECT 'refund ' || lower(hex(f.refund_id)) FROM refund f JOIN reservation r USING (reservation_id)
         LEFT JOIN transfer e ON e.user_id = r.user_id AND e.kind = 'refund' AND e.reference = f.refund_id
            AND e.amount = f.amount AND e.account_id = r.concert_date_id
         GROUP BY f.refund_id, f.amount HAVING count(e.user_id) <> (f.amount > 0)
         UNION ALL SELECT 'user ' || lower(hex(e.user_id)) || ' entry ' || entry_number FROM transfer e
         LEFT JOIN refund f ON f.refund_id = e.reference WHERE e.kind = 'refund' AND f.refund_id IS NULL",
    ),
    check(
        "money",
        "all accounts sum to zero: what wallets have and sales have earned has come from outside",
        "WITH account AS (
            SELECT currency, 'wallets' AS name, amount FROM balance
            UNION ALL SELECT coalesce(currency, 'none'), 'sales', a.amount FROM amount a LEFT JOIN concert USING (concert_id)
            UNION ALL SELECT coalesce(currency, 'none'), 'sales', -f.amount FROM refund f
                LEFT JOIN reservation USING (reservation_id) LEFT JOIN concert USING (concert_id)
            UNION ALL SELECT currency, 'outside', -amount FROM transfer WHERE account = 'outside')
         SELECT currency || ': wallets ' || sum(amount) FILTER (WHERE name = 'wallets')
            || ', sales ' || coalesce(sum(amount) FILTER (WHERE name = 'sales'), 0)
            || ', outside ' || coalesce(sum(amount) FILTER (WHERE name = 'outside'), 0)
         FROM account GROUP BY currency HAVING sum(amount) <> 0",
    ),
    check(
        "balance_sum",
        "a wallet's balance is the sum of its transfers, and in their currency",
        "SELECT 'user ' || lower(hex(user_id)) || ': ' || amount || ' and not ' || coalesce(total, 0)
         FROM balance b LEFT JOIN (
            SELECT user_id, sum(amount) total, count(*) entries, min(currency) least, max(currency) most
            FROM transfer GROUP BY 1) USING (user_id)
         WHERE (amount, entry_count) IS NOT (coalesce(total, 0), coalesce(entries, 0))
            OR least <> b.currency OR most <> b.currency",
    ),
    check(
        "sales_sum",
        "what a date's sales account has is what was paid for it and has not gone back",
        "SELECT 'date ' || coalesce(lower(hex(date)), 'none') || ': ' || coalesce(moved, 0) || ' and not ' || coalesce(paid, 0)
         FROM (SELECT account_id AS date, -sum(amount) AS moved FROM transfer WHERE account = 'sales' GROUP BY 1) m
         FULL JOIN (SELECT concert_date_id AS date, sum(money) AS paid
            FROM (SELECT reservation_id, amount AS money FROM amount
                UNION ALL SELECT reservation_id, -amount FROM refund)
            LEFT JOIN reservation USING (reservation_id) GROUP BY 1) p USING (date)
         WHERE coalesce(moved, 0) <> coalesce(paid, 0)",
    ),
    check(
        "ledger_owned",
        "a wallet's transfers belong to a balance",
        "SELECT 'user ' || lower(hex(e.user_id)) || ' entry ' || entry_number FROM transfer e
         LEFT JOIN balance b USING (user_id) WHERE b.user_id IS NULL",
    ),
    check(
        "ledger_running",
        "a wallet's transfers are numbered without gaps and carry their running sum",
        "SELECT 'user ' || lower(hex(user_id)) || ' entry ' || entry_number
         FROM (SELECT user_id, entry_number, balance_after,
            row_number() OVER ledger AS place, sum(amount) OVER ledger AS running
            FROM transfer WINDOW ledger AS (PARTITION BY user_id ORDER BY entry_number))
         WHERE entry_number <> place OR balance_after <> running OR balance_after < 0",
    ),
    check(
        "ledger_signs",
        "a charge adds money and a payment takes it, both without a reason; for a refund and what else an operator moves there is one",
        "SELECT 'user ' || lower(hex(user_id)) || ' entry ' || entry_number FROM transfer
         WHERE CASE kind
            WHEN 'charge' THEN amount > 0 AND reason IS NULL
            WHEN 'payment' THEN amount <= 0 AND reason IS NULL
            WHEN 'refund' THEN amount > 0 AND reason <> ''
            WHEN 'adjustment' THEN amount <> 0 AND reason <> ''
            ELSE 0 END IS NOT 1",
    ),
    check(
        "transfer_account",
        "a transfer's other account is the one that its kind has: the outside, or the sales of a date",
        "SELECT 'user ' || lower(hex(user_id)) || ' entry ' || entry_number FROM transfer
         LEFT JOIN concert_date ON concert_date_id = account_id
         LEFT JOIN concert c USING (concert_id)
         WHERE CASE account
            WHEN 'outside' THEN kind IN ('charge', 'adjustment') AND account_id IS NULL
            WHEN 'sales' THEN kind IN ('payment', 'refund') AND c.currency = transfer.currency
            ELSE 0 END IS NOT 1",
    ),
    check(
        "movement_once",
        "what moved money stands in one transfer",
        "SELECT 'reference ' || lower(hex(reference)) || ': ' || count(*) || ' transfers'
         FROM transfer GROUP BY reference HAVING count(*) > 1",
    ),
    check(
        "payment_debited",
        "a payment went to the sales of its date once",
        "SELECT 'payment ' || lower(hex(a.amount_id)) FROM amount a LEFT JOIN reservation r USING (reservation_id)
         LEFT JOIN transfer e ON e.user_id = a.user_id AND e.kind = 'payment' AND e.reference = a.amount_id
            AND e.amount = -a.amount AND e.account_id = r.concert_date_id
         GROUP BY a.amount_id HAVING count(e.user_id) <> 1",
    ),
    check(
        "debit_paid",
        "a transfer for seats has its payment",
        "SELECT 'user ' || lower(hex(e.user_id)) || ' entry ' || entry_number FROM transfer e
         LEFT JOIN amount a ON a.amount_id = e.reference
         WHERE e.kind = 'payment' AND a.amount_id IS NULL",
    ),
    check(
        "paid_out",
        "whoever has paid is not admitted any more",
        "SELECT 'reservation ' || lower(hex(r.reservation_id)) || ' place ' || r.sequence
         FROM reservation r JOIN user_token t
            ON t.queue_id = coalesce(r.queue_id, r.concert_id) AND t.sequence = r.sequence
         WHERE r.status IN ('confirmed', 'refunded') AND (t.is_active = 1 OR t.end_reason IS NOT 'paid')",
    ),
    check(
        "active_count",
        "the active counter is the number of active tokens",
        "SELECT 'queue ' || lower(hex(queue_id)) || ': ' || active FROM queue_state q
         WHERE active <> (SELECT count(*) FROM user_token t WHERE t.queue_id = q.queue_id AND t.is_active = 1)",
    ),
    check(
        "max_active",
        "since max_active was set, nobody was let in beyond it but for those who did not come in 15 s, for nine times \
         as many at most, as the clock of the time tells",
        // Who comes counts again 10 s later at the latest: by then every tick knew.
        "WITH token AS (
            SELECT *, coalesce(back_at > late_at, 1) AS is_late, coalesce(back_at < ended_at, ended_at IS NULL) AS is_back
            FROM (SELECT queue_id, admitted_at, ended_at, admitted_at + 15000 AS late_at,
                arrived_at + 10000 + :slack AS back_at FROM user_token)),
         step AS (
            SELECT queue_id, admitted_at AS at, 1 AS step, 1 AS here FROM token
            UNION ALL SELECT queue_id, min(late_at, coalesce(ended_at, late_at)) - :slack, 0, -1 FROM token WHERE is_late
            UNION ALL SELECT queue_id, back_at, 0, 1 FROM token WHERE is_late AND is_back AND back_at IS NOT NULL
            UNION ALL SELECT queue_id, ended_at - :slack, -1, -(is_back OR NOT is_late)
                FROM token WHERE ended_at IS NOT NULL)
         SELECT 'queue ' || lower(hex(queue_id)) || ': ' || max(running) || ', ' || max(present) || ' of them there, of ' || max_active
         FROM (SELECT queue_id, at, step, sum(step) OVER line AS running, sum(here) OVER line AS present
            FROM step WINDOW line AS (PARTITION BY queue_id ORDER BY at, step, here ROWS UNBOUNDED PRECEDING))
         JOIN queue_state USING (queue_id)
         WHERE step = 1 AND at > max_active_at + :slack AND (running > 10 * max_active OR present > max_active)
         GROUP BY queue_id",
    ),
    check(
        "admission_ended",
        "an admission is active until it has ended, and has a reason then unless its user comes back",
        "SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence
         FROM user_token LEFT JOIN waiting_queue w USING (queue_id, sequence)
         WHERE is_active <> (ended_at IS NULL)
            OR (end_reason IS NULL) <> (is_active = 1 OR w.status IS 'returning')",
    ),
    check(
        "admission_hold",
        "an admission and what is held under it name each other, and end together",
        "SELECT 'queue ' || lower(hex(t.queue_id)) || ' place ' || t.sequence
         FROM user_token t LEFT JOIN reservation r USING (reservation_id)
         WHERE t.reservation_id IS NOT NULL AND (r.status IS NOT 'held' OR r.user_id IS NOT t.user_id
            OR r.concert_id IS NOT t.concert_id OR coalesce(r.queue_id, r.concert_id) IS NOT t.queue_id
            OR r.sequence IS NOT t.sequence
            OR r.expires_at IS NOT t.token_expiry OR t.is_active <> 1)
         UNION ALL SELECT 'reservation ' || lower(hex(r.reservation_id)) FROM reservation r
         LEFT JOIN user_token t ON t.queue_id = coalesce(r.queue_id, r.concert_id) AND t.sequence = r.sequence
         WHERE r.status = 'held' AND t.reservation_id IS NOT r.reservation_id",
    ),
    check(
        "waiting_count",
        "the counts of who waits and who comes back are right",
        "SELECT 'queue ' || lower(hex(queue_id)) || ': ' || waiting_count || ' and ' || returning_count
         FROM queue_state q WHERE (waiting_count, returning_count) IS NOT (
            SELECT coalesce(sum(status = 'waiting'), 0), coalesce(sum(status = 'returning'), 0)
            FROM waiting_queue w WHERE w.queue_id = q.queue_id)",
    ),
    check(
        "cursor",
        "the cursor is not past the tail",
        "SELECT 'queue ' || lower(hex(queue_id)) || ': ' || queue_cursor || ' of ' || queue_tail
         FROM queue_state WHERE queue_cursor > queue_tail",
    ),
    check(
        "tail",
        "the tail is the newest place, and no number is missing",
        "SELECT 'queue ' || lower(hex(queue_id)) || ': ' || queue_tail FROM queue_state q
         WHERE (queue_tail, queue_tail) IS NOT (
            SELECT coalesce(max(sequence), 0), count(*) FROM waiting_queue w WHERE w.queue_id = q.queue_id)",
    ),
    check(
        "queue_served",
        "whoever is behind the cursor does not wait any more, whoever is before it was not served",
        "SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence || ' is ' || status
         FROM (SELECT queue_id, sequence, queue_cursor, w.status, queue_number(draw_seed(seed, draw_beacon, draw_value), drawn, sequence) AS number
            FROM queue_state q JOIN waiting_queue w USING (queue_id))
         WHERE (number <= queue_cursor AND status = 'waiting')
            OR (number > queue_cursor AND status IN ('served', 'returning'))",
    ),
    check(
        "queue_order",
        "places were served in the order of the line, as the clock of the time tells",
        "SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence || ' was let in before one ahead of it'
         FROM (SELECT t.queue_id, sequence, admitted_at, max(admitted_at) OVER (
                PARTITION BY t.queue_id ORDER BY queue_number(draw_seed(seed, draw_beacon, draw_value), drawn, sequence)
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest_ahead
            FROM user_token t JOIN queue_state USING (queue_id) WHERE return_count = 0)
         WHERE admitted_at + :slack < latest_ahead",
    ),
    check(
        "draw_joined",
        "whoever is drawn joined by the moment that was named, as the clock of the time tells",
        "SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence
         FROM queue_state q JOIN waiting_queue w USING (queue_id)
         WHERE draw_joined_before IS NOT NULL AND drawn IS NOT NULL AND (
            sequence <= drawn AND w.created_at >= draw_joined_before + :slack
            OR sequence > drawn AND w.created_at + :slack < draw_joined_before
                AND w.created_at + :slack < coalesce(q.opens_at, (
                    SELECT min(start_at, coalesce(opened_at, start_at)) FROM concert c
                    WHERE c.concert_id = q.concert_id)))",
    ),
    check(
        "unpaid_time",
        "no more time is counted against a user than seats were held and not paid",
        "SELECT 'queue ' || lower(hex(w.queue_id)) || ' place ' || sequence FROM waiting_queue w
         LEFT JOIN (SELECT user_id, concert_id, sum(CASE WHEN status = 'cancelled'
                AND ended_at < expires_at THEN max(ended_at - reservation_date, 0)
                ELSE expires_at - reservation_date END) AS held_ms
            FROM reservation WHERE status NOT IN ('confirmed', 'refunded') GROUP BY user_id, concert_id) r
            ON r.user_id = w.user_id AND r.concert_id = w.concert_id
         WHERE unpaid_ms < 0 OR unpaid_ms > coalesce(held_ms, 0)",
    ),
    check(
        "one_place",
        "a user has one live place in all queues of a concert at most, the newest",
        "SELECT 'concert ' || lower(hex(w.concert_id)) || ' user ' || lower(hex(w.user_id)) FROM waiting_queue w
         LEFT JOIN user_token t USING (queue_id, sequence)
         GROUP BY w.concert_id, w.user_id HAVING count(*) <> count(DISTINCT visit)
            OR sum(w.status IN ('waiting', 'returning') OR t.is_active IS 1) > 1
            OR max(visit) > max(CASE WHEN w.status IN ('waiting', 'returning') OR t.is_active = 1 THEN visit END)",
    ),
    check(
        "one_drawn",
        "a user has one place in a queue's draw at most",
        "SELECT 'queue ' || lower(hex(w.queue_id)) || ' user ' || lower(hex(w.user_id)) FROM waiting_queue w
         JOIN queue_state q USING (queue_id) WHERE w.sequence <= coalesce(q.drawn, q.draw_joined, q.queue_tail)
         GROUP BY w.queue_id, w.user_id HAVING count(*) > 1",
    ),
    check(
        "left_place",
        "a place that was left for another queue is one of its user",
        "SELECT 'queue ' || lower(hex(l.queue_id)) || ' place ' || l.sequence FROM left_place l
         LEFT JOIN waiting_queue w USING (queue_id, sequence)
         WHERE w.user_id IS NOT l.user_id OR w.concert_id IS NOT l.concert_id",
    ),
    check(
        "served_admitted",
        "a served place has its admission, of the same user",
        "SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence FROM waiting_queue w
         LEFT JOIN user_token t USING (queue_id, sequence)
         WHERE w.status = 'served' AND t.user_id IS NOT w.user_id",
    ),
    check(
        "admission_place",
        "an admission has its place",
        "SELECT 'queue ' || lower(hex(queue_id)) || ' place ' || sequence FROM user_token t
         LEFT JOIN waiting_queue w USING (queue_id, sequence)
         WHERE w.user_id IS NOT t.user_id OR w.concert_id IS NOT t.concert_id",
    ),
    check(
        "queue_concert",
        "each concert has its general queue, a queue opens with the sale or by itself, and its places are of its concert",
        "SELECT 'concert ' || lower(hex(c.concert_id)) FROM concert c
         LEFT JOIN queue_state q ON q.queue_id = c.concert_id
         WHERE q.concert_id IS NOT c.concert_id OR q.kind IS NOT 'general'
         UNION ALL SELECT 'queue ' || lower(hex(queue_id)) FROM queue_state q
         LEFT JOIN concert c USING (concert_id)
         WHERE c.concert_id IS NULL OR kind NOT IN ('general', 'named')
            OR (kind = 'general') <> (queue_id = concert_id) OR (kind = 'general') <> (q.opens_at IS NULL)
         UNION ALL SELECT 'queue ' || lower(hex(w.queue_id)) || ' place ' || sequence FROM waiting_queue w
         LEFT JOIN queue_state q USING (queue_id) WHERE q.concert_id IS NOT w.concert_id",
    ),
];
