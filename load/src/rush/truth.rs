//! Whether every answer that fans got is true in the database, and whether the database has nothing of theirs
//! that no answer said. Reads raw rows; shares no code with the rules.

use super::hall::{Claim, Hall};
use super::record::{Fact, Record, Told};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What an account must hold at the end.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    charges: i64,
    charged: i64,
    payments: i64,
    paid: i64,
}

/// See the module.
pub struct Truth<'a> {
    rows: &'a Connection,
    concert: Uuid,
}

type Found = rusqlite::Result<Option<String>>;

impl<'a> Truth<'a> {
    /// Over a snapshot of the database's rows.
    pub const fn new(rows: &'a Connection, concert: Uuid) -> Self {
        Self { rows, concert }
    }

    /// A sentence for everything that is not as an answer said.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn broken(&self, record: &Record) -> rusqlite::Result<Vec<String>> {
        let mut broken = Vec::new();
        for told in &record.told {
            broken.extend(self.fact(told)?);
        }
        broken.extend(self.accounts(record)?);
        Ok(broken)
    }

    /// When places of the concert were let in since then (UTC milliseconds), each the last time, in order,
    /// milliseconds after it.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn admissions_ms(&self, since: i64) -> rusqlite::Result<Vec<u64>> {
        let text = "SELECT admitted_at - ?2 FROM user_token \
                    WHERE concert_id = ?1 AND admitted_at >= ?2 ORDER BY 1";
        let mut statement = self.rows.prepare(text)?;
        let found =
            statement.query_map(params![self.concert.as_bytes(), since], |row| row.get(0))?;
        found.map(|ms| ms.map(|ms: i64| u64::try_from(ms).unwrap_or(0))).collect()
    }

    /// What became of the concert's seats, as of `now` (UTC milliseconds), the last sale having been at
    /// `last_sale`.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn hall(&self, now: i64, last_sale: i64) -> rusqlite::Result<Hall> {
        let text = "WITH taken AS (
                -- SQLite takes back from the row that has the most.
                SELECT rs.seat_id, max(coalesce(f.created_at, r.ended_at, r.expires_at)) AS ended,
                    f.created_at IS NOT NULL AS back
                FROM reservation_seat rs JOIN reservation r USING (reservation_id)
                LEFT JOIN refund_seat g USING (reservation_id, seat_number)
                LEFT JOIN refund f USING (reservation_id, refund_number) WHERE r.concert_id = ?1 GROUP BY 1),
            state AS (
                SELECT s.status = 'sold' AS sold, s.status = 'held' AND s.held_until > ?2 AS held,
                    taken.ended, coalesce(taken.back, 0) AS back
                FROM seat s LEFT JOIN taken USING (seat_id) WHERE s.concert_id = ?1)
            SELECT count(*), sum(sold), sum(held), sum(NOT sold AND NOT held AND NOT back AND ended > ?3),
                sum(NOT sold AND NOT held AND NOT back AND ended <= ?3),
                sum(NOT sold AND NOT held AND ended IS NULL), sum(NOT sold AND NOT held AND back)
            FROM state";
        self.rows.query_row(text, params![self.concert.as_bytes(), now, last_sale], |row| {
            let count = |column| {
                let count: Option<i64> = row.get(column)?;
                Ok::<_, rusqlite::Error>(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
            };
            Ok(Hall {
                seats: count(0)?,
                sold: count(1)?,
                held: count(2)?,
                back_after: count(3)?,
                back_before: count(4)?,
                untouched: count(5)?,
                given_back: count(6)?,
            })
        })
    }

    /// Who had seats of the concert, and when, counted from `since` (UTC milliseconds).
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn claims(&self, since: i64) -> rusqlite::Result<Vec<Claim>> {
        // What was given back is a claim of its own.
        let text = "SELECT seat_count - refunded_seats, reservation_date - ?2, amount_id IS NOT NULL,
                CASE WHEN amount_id IS NOT NULL OR status = 'cancelled' THEN coalesce(ended_at, expires_at)
                    ELSE expires_at END - ?2, NULL
            FROM reservation WHERE concert_id = ?1
            UNION ALL SELECT f.seat_count, r.reservation_date - ?2, 1, r.ended_at - ?2,
                CASE WHEN f.released THEN f.created_at - ?2 END
            FROM refund f JOIN reservation r USING (reservation_id) WHERE r.concert_id = ?1";
        let mut statement = self.rows.prepare(text)?;
        let found = statement.query_map(params![self.concert.as_bytes(), since], |row| {
            let number = |column| row.get(column).map(|n: i64| u64::try_from(n).unwrap_or(0));
            let (seats, from, until) = (number(0)?, number(1)?, number(3)?);
            let back: Option<i64> = row.get(4)?;
            let back = back.map(|ms| u64::try_from(ms).unwrap_or(0));
            Ok(Claim { seats, from, until, bought: row.get(2)?, back })
        })?;
        found.collect()
    }

    fn fact(&self, Told { user, fact }: &Told) -> Found {
        let found = match fact {
            Fact::Place { sequence } => self.place(*user, *sequence)?,
            Fact::Held { reservation, date, seats, price, until } => {
                self.held(*user, *reservation, *date, (seats, *price, *until))?
            }
            Fact::Released { reservation } => self.released(*reservation)?,
            Fact::Charged { charge, amount } => self.charged(*user, *charge, *amount)?,
            Fact::Paid { payment, reservation, amount } => {
                self.paid(*user, *payment, *reservation, *amount)?
            }
            Fact::Refunded { refund, reservation, seats, amount } => {
                self.refunded(*user, (*refund, *reservation), (seats, *amount))?
            }
        };
        Ok(found.map(|why| format!("user {user} was told {fact:?}: {why}")))
    }

    fn place(&self, user: Uuid, sequence: u64) -> Found {
        let text = "SELECT user_id FROM waiting_queue WHERE queue_id = ? AND sequence = ?";
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let mut statement = self.rows.prepare_cached(text)?;
        let key = params![self.concert.as_bytes(), sequence];
        let whose: Option<Vec<u8>> = statement.query_row(key, |row| row.get(0)).optional()?;
        Ok(match whose {
            None => Some("there is no such place".into()),
            Some(id) if id != user.as_bytes() => Some("the place is somebody else's".into()),
            Some(_) => None,
        })
    }

    fn held(
        &self,
        user: Uuid,
        id: Uuid,
        date: Uuid,
        (seats, price, until): (&[u32], i64, i64),
    ) -> Found {
        let text = "SELECT user_id, concert_date_id, total_price, expires_at FROM reservation \
                    WHERE reservation_id = ?";
        let mut statement = self.rows.prepare_cached(text)?;
        let row: Option<(Vec<u8>, Vec<u8>, i64, i64)> = statement
            .query_row([id.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((owner, of, total, expires)) = row else {
            return Ok(Some("there is no such reservation".into()));
        };
        if owner != user.as_bytes() || of != date.as_bytes() || (total, expires) != (price, until) {
            return Ok(Some("its user, date, price or end is another".into()));
        }
        let text = "SELECT seat_number FROM reservation_seat WHERE reservation_id = ? ORDER BY 1";
        let mut statement = self.rows.prepare_cached(text)?;
        let numbers = statement.query_map([id.as_bytes()], |row| row.get(0))?;
        let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
        let mut wanted = seats.to_vec();
        wanted.sort_unstable();
        Ok((numbers != wanted).then(|| format!("its seats are {numbers:?}")))
    }

    fn released(&self, id: Uuid) -> Found {
        let text = "SELECT status FROM reservation WHERE reservation_id = ?";
        let mut statement = self.rows.prepare_cached(text)?;
        let status: Option<String> =
            statement.query_row([id.as_bytes()], |row| row.get(0)).optional()?;
        let status = status.unwrap_or_else(|| "not there".into());
        Ok((status != "cancelled").then(|| format!("the reservation is {status}")))
    }

    fn charged(&self, user: Uuid, charge: Uuid, amount: i64) -> Found {
        let text = "SELECT count(*) FROM transfer \
                    WHERE user_id = ? AND reference = ? AND kind = 'charge' AND amount = ?";
        let mut statement = self.rows.prepare_cached(text)?;
        let key = params![user.as_bytes(), charge.as_bytes(), amount];
        let count: i64 = statement.query_row(key, |row| row.get(0))?;
        Ok((count != 1).then(|| format!("the ledger has it {count} times")))
    }

    fn paid(&self, user: Uuid, payment: Uuid, reservation: Uuid, amount: i64) -> Found {
        let text = "SELECT count(*) FROM amount JOIN reservation r USING (reservation_id) \
                    WHERE amount.amount_id = ? AND reservation_id = ? AND amount.user_id = ? \
                    AND amount.amount = ? AND r.status IN ('confirmed', 'refunded') \
                    AND r.amount_id = amount.amount_id";
        let mut statement = self.rows.prepare_cached(text)?;
        let key = params![payment.as_bytes(), reservation.as_bytes(), user.as_bytes(), amount];
        let count: i64 = statement.query_row(key, |row| row.get(0))?;
        if count != 1 {
            return Ok(Some("there is no such payment of a confirmed reservation".into()));
        }
        // What an operator has given back since is not theirs any more.
        let text = "SELECT count(*) FROM reservation_seat rs LEFT JOIN seat s USING (seat_id) \
                    LEFT JOIN refund_seat f USING (reservation_id, seat_number) \
                    WHERE rs.reservation_id = ? AND f.refund_number IS NULL \
                    AND (s.status IS NOT 'sold' OR s.reservation_id IS NOT rs.reservation_id)";
        let mut statement = self.rows.prepare_cached(text)?;
        let lost: i64 = statement.query_row([reservation.as_bytes()], |row| row.get(0))?;
        Ok((lost != 0).then(|| format!("{lost} of its seats are not theirs")))
    }

    /// The refund is there with its seats, and its money is in the ledger.
    fn refunded(
        &self,
        user: Uuid,
        (refund, reservation): (Uuid, Uuid),
        (seats, amount): (&[u32], i64),
    ) -> Found {
        let text = "SELECT (SELECT count(*) FROM refund f JOIN reservation r USING (reservation_id) \
                        WHERE f.refund_id = ?1 AND f.reservation_id = ?2 AND r.user_id = ?3 AND f.amount = ?4), \
                    (SELECT count(*) FROM transfer WHERE user_id = ?3 AND reference = ?1 \
                        AND kind = 'refund' AND amount = ?4)";
        let mut statement = self.rows.prepare_cached(text)?;
        let key = params![refund.as_bytes(), reservation.as_bytes(), user.as_bytes(), amount];
        let counts: (i64, i64) = statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
        if counts != (1, i64::from(amount > 0)) {
            return Ok(Some("there is no such refund, or its money did not move".into()));
        }
        let text = "SELECT g.seat_number FROM refund_seat g JOIN refund f \
                    USING (reservation_id, refund_number) WHERE f.refund_id = ? ORDER BY 1";
        let mut statement = self.rows.prepare_cached(text)?;
        let numbers = statement.query_map([refund.as_bytes()], |row| row.get(0))?;
        let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
        let mut wanted = seats.to_vec();
        wanted.sort_unstable();
        Ok((numbers != wanted).then(|| format!("its seats are {numbers:?}")))
    }

    /// Each fan's money is what the fan was told, and no more was bought; where a change was asked
    /// that nobody answered, it may be more.
    fn accounts(&self, record: &Record) -> rusqlite::Result<Vec<String>> {
        let mut accounts: BTreeMap<Uuid, Account> = BTreeMap::new();
        for Told { user, fact } in &record.told {
            let account = accounts.entry(*user).or_default();
            match fact {
                Fact::Charged { amount, .. } => {
                    account.charges += 1;
                    account.charged += amount;
                }
                Fact::Paid { amount, .. } => {
                    account.payments += 1;
                    account.paid += amount;
                }
                // What comes back is counted from the ledger: any operator may give something back.
                Fact::Place { .. }
                | Fact::Held { .. }
                | Fact::Released { .. }
                | Fact::Refunded { .. } => {}
            }
        }
        let mut broken = Vec::new();
        let purchases = self.purchases()?;
        for (user, account) in accounts {
            if !record.in_doubt.contains(&user) {
                let bought = purchases.get(&user).copied().unwrap_or(0);
                broken.extend(self.account(user, account, bought)?);
            }
        }
        Ok(broken)
    }

    /// How often each user has bought at the concert.
    fn purchases(&self) -> rusqlite::Result<HashMap<Uuid, i64>> {
        let text = "SELECT user_id, count(*) FROM reservation WHERE concert_id = ?1 \
                    AND concert_date_id IN (SELECT concert_date_id FROM concert_date \
                        WHERE concert_id = ?1) AND status IN ('confirmed', 'refunded') \
                    GROUP BY user_id";
        let mut statement = self.rows.prepare(text)?;
        let mut rows = statement.query([self.concert.as_bytes()])?;
        let mut purchases = HashMap::new();
        while let Some(row) = rows.next()? {
            purchases.insert(Uuid::from_bytes(row.get(0)?), row.get(1)?);
        }
        Ok(purchases)
    }

    fn account(&self, user: Uuid, account: Account, purchases: i64) -> Found {
        let text = "SELECT count(*) FILTER (WHERE kind = 'charge'), coalesce(sum(amount), 0), \
                    coalesce((SELECT amount FROM balance WHERE user_id = ?1), 0), \
                    coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) \
                    FROM transfer WHERE user_id = ?1";
        let mut statement = self.rows.prepare_cached(text)?;
        type Row = (i64, i64, i64, i64);
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Row> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let (charges, sum, balance, given_back) = statement.query_row([user.as_bytes()], read)?;
        let found = (charges, sum, purchases, balance);
        let left = account.charged - account.paid + given_back;
        let told = (account.charges, left, account.payments, left);
        Ok((found != told).then(|| {
            format!(
                "user {user}: (charges, sum of the ledger, purchases, balance) are {found:?}, \
                 and {told:?} as told"
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = concat!(
        include_str!("../../../migrations/sqlite/0001_first_sale.sql"),
        include_str!("../../../migrations/sqlite/0003_max_active_at.sql"),
        include_str!("../../../migrations/sqlite/0004_history.sql"),
        include_str!("../../../migrations/sqlite/0005_draw_terms.sql"),
        include_str!("../../../migrations/sqlite/0006_sessions.sql"),
        include_str!("../../../migrations/sqlite/0007_username_look.sql"),
        include_str!("../../../migrations/sqlite/0008_states.sql"),
        include_str!("../../../migrations/sqlite/0009_cool_off.sql"),
        include_str!("../../../migrations/sqlite/0010_money.sql"),
        include_str!("../../../migrations/sqlite/0013_queues.sql"),
    );

    const CONCERT: Uuid = Uuid::from_u128(1);
    const DATE: Uuid = Uuid::from_u128(2);
    const USER: Uuid = Uuid::from_u128(3);
    const BOUGHT: Uuid = Uuid::from_u128(4);
    const GIVEN_BACK: Uuid = Uuid::from_u128(5);
    const CHARGE: Uuid = Uuid::from_u128(6);
    const PAYMENT: Uuid = Uuid::from_u128(7);
    const REFUND: Uuid = Uuid::from_u128(8);

    /// What one fan learned: a place, seats given back, seats bought.
    fn record() -> Record {
        let mut record = Record::default();
        let held =
            |reservation, seats| Fact::Held { reservation, date: DATE, seats, price: 20, until: 9 };
        for fact in [
            Fact::Place { sequence: 1 },
            held(GIVEN_BACK, vec![3, 4]),
            Fact::Released { reservation: GIVEN_BACK },
            held(BOUGHT, vec![2, 1]),
            Fact::Charged { charge: CHARGE, amount: 50 },
            Fact::Paid { payment: PAYMENT, reservation: BOUGHT, amount: 20 },
            Fact::Refunded { refund: REFUND, reservation: BOUGHT, seats: vec![2], amount: 10 },
        ] {
            record.tell(USER, fact);
        }
        record
    }

    fn hex(id: Uuid) -> String {
        format!("x'{}'", id.simple())
    }

    /// The rows that make it all true.
    fn rows() -> Connection {
        let rows = Connection::open_in_memory().unwrap();
        rows.execute_batch(SCHEMA).unwrap();
        let (c, d, u) = (hex(CONCERT), hex(DATE), hex(USER));
        let (b, g, h, p) = (hex(BOUGHT), hex(GIVEN_BACK), hex(CHARGE), hex(PAYMENT));
        let f = hex(REFUND);
        rows.execute_batch(&format!(
            "INSERT INTO waiting_queue (queue_id, concert_id, sequence, user_id, created_at, visit, status, deleted_at, lapses, unpaid_ms) VALUES ({c}, {c}, 1, {u}, 0, 1, 'served', 0, 0, 0);
             INSERT INTO concert_date (concert_date_id, concert_id, concert_date, total_seats, available_seats) VALUES ({d}, {c}, 0, 4, 2);
             INSERT INTO seat (seat_id, concert_date_id, seat_number, concert_id, zone, ticket_price, status, reservation_id, held_until, reservated_date) VALUES
                (1, {d}, 1, {c}, 'R', 10, 'sold', {b}, NULL, 0), (2, {d}, 2, {c}, 'R', 10, 'available', NULL, NULL, NULL),
                (3, {d}, 3, {c}, 'R', 10, 'available', NULL, NULL, NULL), (4, {d}, 4, {c}, 'R', 10, 'available', NULL, NULL, NULL);
             INSERT INTO reservation (reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count, total_price,
                reservation_date, expires_at, status, ended_at, amount_id) VALUES
                ({b}, {u}, {c}, {d}, 1, 2, 20, 0, 9, 'confirmed', 1, {p}),
                ({g}, {u}, {c}, {d}, 1, 2, 20, 0, 9, 'cancelled', 1, NULL);
             INSERT INTO reservation_seat VALUES ({b}, 1, 1, 10), ({b}, 2, 2, 10), ({g}, 3, 3, 10), ({g}, 4, 4, 10);
             INSERT INTO amount VALUES ({p}, {b}, {u}, {c}, 20, 1);
             INSERT INTO balance (user_id, amount, entry_count, updated_at) VALUES ({u}, 40, 3, 1);
             INSERT INTO refund VALUES ({b}, 1, {f}, 10, 1, 1, 'ill', 2);
             INSERT INTO refund_seat VALUES ({b}, 2, 1);
             UPDATE reservation SET refunded_amount = 10, refunded_seats = 1, refund_count = 1 WHERE reservation_id = {b};
             INSERT INTO transfer VALUES ({u}, 1, 'charge', 'outside', NULL, 50, 'KRW', 50, {h}, NULL, 0),
                ({u}, 2, 'payment', 'sales', {d}, -20, 'KRW', 30, {p}, NULL, 1),
                ({u}, 3, 'refund', 'sales', {d}, 10, 'KRW', 40, {f}, 'ill', 2);"
        ))
        .unwrap();
        rows
    }

    fn broken(rows: &Connection, record: &Record) -> Vec<String> {
        Truth::new(rows, CONCERT).broken(record).unwrap()
    }

    /// Each kind of fact, and more than was told, is found in rows that were tampered with.
    #[test]
    fn what_is_not_as_it_was_told_is_found() {
        assert_eq!(broken(&rows(), &record()), [""; 0]);
        let tampered = [
            ("DELETE FROM waiting_queue", "Place"),
            ("UPDATE waiting_queue SET user_id = zeroblob(16)", "Place"),
            ("UPDATE reservation SET user_id = zeroblob(16) WHERE status = 'cancelled'", "Held"),
            ("UPDATE reservation SET total_price = 21", "Held"),
            ("UPDATE reservation SET expires_at = 10", "Held"),
            ("DELETE FROM reservation_seat WHERE seat_number = 4", "Held"),
            ("UPDATE reservation SET status = 'held' WHERE status = 'cancelled'", "Released"),
            ("UPDATE transfer SET amount = 51 WHERE kind = 'charge'", "Charged"),
            ("UPDATE reservation SET status = 'expired' WHERE status = 'confirmed'", "Paid"),
            ("UPDATE amount SET amount = 19", "Paid"),
            ("UPDATE seat SET reservation_id = zeroblob(16) WHERE seat_number = 1", "Paid"),
            ("UPDATE seat SET status = 'available' WHERE seat_number = 1", "Paid"),
            ("UPDATE balance SET amount = 31", "(charges"),
            ("DELETE FROM refund", "Refunded"),
            ("UPDATE refund SET amount = 9", "Refunded"),
            ("UPDATE refund SET reservation_id = zeroblob(16)", "Refunded"),
            ("UPDATE refund_seat SET seat_number = 1", "Refunded"),
            ("DELETE FROM transfer WHERE kind = 'refund'", "Refunded"),
            (
                "INSERT INTO transfer SELECT user_id, 4, 'charge', 'outside', NULL, 0, 'KRW', 30, zeroblob(16), NULL, 2
                 FROM transfer WHERE entry_number = 1",
                "(charges",
            ),
            ("UPDATE reservation SET status = 'confirmed'", "(charges"),
        ];
        for (sql, expected) in tampered {
            let rows = rows();
            assert!(rows.execute(sql, []).unwrap() > 0, "nothing to tamper with: {sql}");
            let found = broken(&rows, &record());
            assert!(found.iter().any(|text| text.contains(expected)), "{sql}: {found:?}");
        }
    }

    /// Each seat has its end, also one that was sold and came back; by the second, too.
    #[test]
    fn what_was_given_back_is_free_again() {
        let rows = rows();
        let truth = Truth::new(&rows, CONCERT);
        let hall = truth.hall(9, 5).unwrap();
        let seats = (hall.seats, hall.sold, hall.back_before, hall.given_back);
        assert_eq!(seats, (4, 1, 2, 1), "{hall:?}");
        let mut claims = truth.claims(0).unwrap();
        claims.sort_by_key(|claim| (claim.bought, claim.back));
        let told: Vec<_> = claims.iter().map(|c| (c.seats, c.until, c.bought, c.back)).collect();
        assert_eq!(told, [(2, 1, false, None), (1, 1, true, None), (1, 1, true, Some(2))]);
    }

    /// A fan who never got the answer to a change may own more than the answers say.
    #[test]
    fn what_is_in_doubt_is_not_held_against_the_server() {
        let rows = rows();
        rows.execute("UPDATE balance SET amount = 31", []).unwrap();
        let mut record = record();
        record.in_doubt.insert(USER);
        assert_eq!(broken(&rows, &record), [""; 0]);
    }
}
