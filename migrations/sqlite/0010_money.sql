-- Money as transfers between accounts, each with its currency; and money and seats that go back.

-- What prices are in, and each wallet: what the data keeps, or XXX (no currency) until the first start keeps one.
ALTER TABLE concert ADD COLUMN currency TEXT NOT NULL DEFAULT 'XXX';  -- ISO 4217
UPDATE concert SET currency = coalesce(
    (SELECT setting_value FROM sale_setting WHERE setting_name = 'currency'), 'XXX');
ALTER TABLE balance ADD COLUMN currency TEXT NOT NULL DEFAULT 'XXX';  -- ISO 4217
UPDATE balance SET currency = coalesce(
    (SELECT setting_value FROM sale_setting WHERE setting_name = 'currency'), 'XXX');

-- Double entry: one row moves an amount between a user's wallet and another account, so that all accounts sum to
-- zero. Never changed. A wallet's transfers lie together, and its balance is a row; other accounts are sums.
CREATE TABLE transfer (
    user_id       BLOB NOT NULL,             -- user: whose wallet
    entry_number  INTEGER NOT NULL,          -- of the wallet, from 1, without gaps
    kind          TEXT NOT NULL,             -- charge, payment, refund, adjustment
    account       TEXT NOT NULL,             -- the other account: outside, sales
    account_id    BLOB,                      -- concert_date whose sales they are
    amount        INTEGER NOT NULL,          -- from the account to the wallet; negative: from the wallet to the account
    currency      TEXT NOT NULL,             -- ISO 4217
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),  -- of the wallet
    reference     BLOB NOT NULL,             -- the charge's, adjustment's or refund's id, or amount
    reason        TEXT,                      -- why an operator moved it; NULL: its user did
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, entry_number)
) STRICT, WITHOUT ROWID;
INSERT INTO transfer
    SELECT e.user_id, e.entry_number,
        CASE WHEN e.reason IS NULL THEN e.kind ELSE 'adjustment' END,
        CASE WHEN e.reason IS NULL AND e.kind = 'payment' THEN 'sales' ELSE 'outside' END,
        CASE WHEN e.reason IS NULL AND e.kind = 'payment' THEN r.concert_date_id END,
        e.amount, coalesce(b.currency, 'XXX'), e.balance_after, e.reference, e.reason, e.created_at
    FROM balance_entry e LEFT JOIN balance b USING (user_id)
    LEFT JOIN amount a ON a.amount_id = e.reference LEFT JOIN reservation r USING (reservation_id)
    ORDER BY e.user_id, e.entry_number;
DROP TABLE balance_entry;

-- Seats that an operator has taken off the sale, and reservations that have gone back. Words of a closed list are
-- checked by the audit from here on, so that a new one needs no copied table.
CREATE TABLE seat_next (
    seat_id           INTEGER PRIMARY KEY,
    concert_date_id   BLOB NOT NULL,         -- concert_date
    seat_number       INTEGER NOT NULL,      -- from 1
    concert_id        BLOB NOT NULL,         -- concert
    zone              TEXT NOT NULL,         -- price zone
    ticket_price      INTEGER NOT NULL CHECK (ticket_price >= 0),
    status            TEXT NOT NULL,         -- available, held, sold, blocked
    reservation_id    BLOB,                  -- whose claim, while held or sold
    held_until        INTEGER,               -- a hold counts until then, whatever status says
    reservated_date   INTEGER,               -- when it was sold
    last_holder       BLOB,                  -- user who held it last and has not paid
    last_holder_until INTEGER,               -- from then on that user may hold it again
    UNIQUE (concert_date_id, seat_number)
) STRICT;
INSERT INTO seat_next SELECT seat_id, concert_date_id, seat_number, concert_id, zone, ticket_price, status,
    reservation_id, held_until, reservated_date, last_holder, last_holder_until FROM seat ORDER BY seat_id;
DROP TABLE seat;
ALTER TABLE seat_next RENAME TO seat;

CREATE TABLE reservation_next (
    reservation_id   BLOB NOT NULL PRIMARY KEY,
    user_id          BLOB NOT NULL,          -- user
    concert_id       BLOB NOT NULL,          -- concert
    concert_date_id  BLOB NOT NULL,          -- concert_date
    sequence         INTEGER NOT NULL,       -- waiting_queue
    seat_count       INTEGER NOT NULL,
    total_price      INTEGER NOT NULL,
    reservation_date INTEGER NOT NULL,       -- made
    expires_at       INTEGER NOT NULL,       -- a hold counts until then, whatever status says
    status           TEXT NOT NULL,          -- held, confirmed, expired, cancelled, refunded
    ended_at         INTEGER,
    amount_id        BLOB,                   -- amount: the payment that confirmed it
    refunded_amount  INTEGER NOT NULL DEFAULT 0,  -- = sum of its refunds
    refunded_seats   INTEGER NOT NULL DEFAULT 0,  -- = count of refund_seat
    refund_count     INTEGER NOT NULL DEFAULT 0,  -- = count of refund
    CHECK (refunded_amount BETWEEN 0 AND total_price)
) STRICT, WITHOUT ROWID;
INSERT INTO reservation_next SELECT reservation_id, user_id, concert_id, concert_date_id, sequence, seat_count,
    total_price, reservation_date, expires_at, status, ended_at, amount_id, 0, 0, 0
    FROM reservation ORDER BY reservation_id;
DROP TABLE reservation;
ALTER TABLE reservation_next RENAME TO reservation;
CREATE INDEX reservation_by_buyer ON reservation (concert_date_id, user_id) WHERE amount_id IS NOT NULL;
CREATE INDEX reservation_by_user ON reservation (user_id, reservation_id) WHERE status <> 'held';

ALTER TABLE concert_date ADD COLUMN blocked_seats INTEGER NOT NULL DEFAULT 0;  -- = count of seats with status 'blocked'

-- What has gone back of a payment: money, seats, or both. Never changed.
CREATE TABLE refund (
    reservation_id BLOB NOT NULL,            -- reservation
    refund_number  INTEGER NOT NULL,         -- of the reservation, from 1, without gaps
    refund_id      BLOB NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount >= 0),  -- its transfer's; 0: none
    seat_count     INTEGER NOT NULL,         -- = count of refund_seat with its number
    released       INTEGER NOT NULL,         -- whether its seats are on sale again; else blocked
    reason         TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (reservation_id, refund_number)
) STRICT, WITHOUT ROWID;

-- Seats of reservations that are their users' no more. Never changed. The key is the second lock against giving
-- a seat back twice.
CREATE TABLE refund_seat (
    reservation_id BLOB NOT NULL,            -- reservation_seat
    seat_number    INTEGER NOT NULL,         -- reservation_seat
    refund_number  INTEGER NOT NULL,         -- refund
    PRIMARY KEY (reservation_id, seat_number)
) STRICT, WITHOUT ROWID;
