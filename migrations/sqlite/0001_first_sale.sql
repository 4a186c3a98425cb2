-- The first sale. Names follow the original data model; ids that leave the system are UUIDs
-- (16 bytes, version 7: they sort by time, so that inserts append). Times are UTC milliseconds since
-- 1970, money is in integer minor units. Foreign keys are described, not declared: every row is
-- written by the rules in one transaction, an audit recounts them, and on MySQL a declared one takes
-- a shared lock on its parent, which deadlocks with an update of that parent.
-- Words of a closed list are checked by OR: for IN with more than two, SQLite opens a temporary table
-- each time that a row is written.
-- WITHOUT ROWID keeps a table in the order of its key, as InnoDB does: one B-tree instead of two.

-- People who buy.
CREATE TABLE user (
    user_id       BLOB NOT NULL PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,      -- trimmed, lower case; "issuer#subject" for external identities
    password_hash TEXT,                      -- Argon2id, PHC string; NULL for external identities
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Shows.
CREATE TABLE concert (
    concert_id       BLOB NOT NULL PRIMARY KEY,
    created_at       INTEGER NOT NULL,
    concert_name     TEXT NOT NULL,
    theater          TEXT NOT NULL,
    run_time         INTEGER NOT NULL,       -- minutes
    hold_ttl_ms      INTEGER NOT NULL,       -- how long seats are held for payment
    shop_ttl_ms      INTEGER NOT NULL,       -- how long an admitted user may shop
    arrival_grace_ms INTEGER NOT NULL,       -- how long an admitted user may take to arrive
    seats_per_user   INTEGER NOT NULL,       -- held and confirmed seats of one date
    total_seats      INTEGER NOT NULL,       -- over all dates
    date_count       INTEGER NOT NULL,
    start_at         INTEGER NOT NULL,       -- the sale opens
    end_at           INTEGER                 -- the sale closes; NULL: not set
) STRICT, WITHOUT ROWID;

-- Dated performances.
CREATE TABLE concert_date (
    concert_date_id BLOB NOT NULL PRIMARY KEY,
    concert_id      BLOB NOT NULL,           -- concert
    concert_date    INTEGER NOT NULL,        -- the performance starts
    total_seats     INTEGER NOT NULL,
    available_seats INTEGER NOT NULL CHECK (available_seats >= 0)  -- = count of seats with status 'available'
) STRICT, WITHOUT ROWID;
CREATE INDEX concert_date_by_concert ON concert_date (concert_id, concert_date);

-- One numbered place on one date.
CREATE TABLE seat (
    seat_id         INTEGER PRIMARY KEY,
    concert_date_id BLOB NOT NULL,           -- concert_date
    seat_number     INTEGER NOT NULL,        -- from 1
    concert_id      BLOB NOT NULL,           -- concert
    zone            TEXT NOT NULL,           -- price zone
    ticket_price    INTEGER NOT NULL CHECK (ticket_price >= 0),
    status          TEXT NOT NULL
                    CHECK (status = 'available' OR status = 'held' OR status = 'sold'),
    reservation_id  BLOB,                    -- whose claim, while held or sold
    held_until      INTEGER,                 -- a hold counts until then, whatever status says
    reservated_date INTEGER,                 -- when it was sold
    UNIQUE (concert_date_id, seat_number)
) STRICT;

-- The waiting queue of a concert: its cursor and what the operator set.
CREATE TABLE queue_state (
    concert_id            BLOB NOT NULL PRIMARY KEY,  -- concert
    seed                  BLOB NOT NULL,     -- of the draw; secret until the opening
    drawn                 INTEGER,           -- how many joined before the opening; NULL until then
    queue_cursor          INTEGER NOT NULL,  -- queue numbers up to this one have been served
    queue_tail            INTEGER NOT NULL,  -- newest sequence
    waiting_count         INTEGER NOT NULL,  -- = count of waiting_queue with status 'waiting'
    active                INTEGER NOT NULL,  -- = count of user_token with is_active = 1
    returning_count       INTEGER NOT NULL,  -- = count of waiting_queue with status 'returning'
    credit_milli          INTEGER NOT NULL,  -- admissions that the rate allows, in thousandths
    credit_at             INTEGER NOT NULL,  -- when the credit was last filled
    max_active            INTEGER NOT NULL,
    admissions_per_second INTEGER NOT NULL,
    max_waiting           INTEGER NOT NULL,
    paused                INTEGER NOT NULL,
    CHECK (queue_cursor <= queue_tail)
) STRICT, WITHOUT ROWID;

-- A place in line.
CREATE TABLE waiting_queue (
    concert_id BLOB NOT NULL,                -- concert
    sequence   INTEGER NOT NULL,             -- order of joining, from 1
    user_id    BLOB NOT NULL,                -- user
    created_at INTEGER NOT NULL,
    status     TEXT NOT NULL
                    CHECK (status = 'waiting' OR status = 'returning' OR status = 'served' OR
                        status = 'left'),
    deleted_at INTEGER,                      -- stopped waiting: served or left
    PRIMARY KEY (concert_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_queue_by_user ON waiting_queue (user_id, concert_id, sequence);
CREATE INDEX waiting_queue_returning ON waiting_queue (concert_id, sequence) WHERE status = 'returning';

-- An admission: the right to shop of a place that was served. The bearer token itself is not stored:
-- it is a signature over the key of this row.
CREATE TABLE user_token (
    concert_id     BLOB NOT NULL,            -- waiting_queue
    sequence       INTEGER NOT NULL,         -- waiting_queue
    user_id        BLOB NOT NULL,            -- user
    is_active      INTEGER NOT NULL,         -- a token counts while 1 and before token_expiry
    token_expiry   INTEGER NOT NULL,
    admitted_at    INTEGER NOT NULL,
    arrived_at     INTEGER,                  -- first use
    shop_until     INTEGER NOT NULL,         -- end of the time to shop; a hold may outlast it
    reservation_id BLOB,                     -- what is held under it
    end_reason     TEXT
                    CHECK (end_reason = 'paid' OR end_reason = 'hold_lapsed' OR
                        end_reason = 'timed_out' OR end_reason = 'no_show' OR
                        end_reason = 'left'),
    ended_at       INTEGER,
    return_count   INTEGER NOT NULL,         -- times come back after not showing up
    PRIMARY KEY (concert_id, sequence)
) STRICT, WITHOUT ROWID;

-- A user's claim on seats of one date.
CREATE TABLE reservation (
    reservation_id   BLOB NOT NULL PRIMARY KEY,
    user_id          BLOB NOT NULL,          -- user
    concert_id       BLOB NOT NULL,          -- concert
    concert_date_id  BLOB NOT NULL,          -- concert_date
    sequence         INTEGER NOT NULL,       -- waiting_queue
    seat_count       INTEGER NOT NULL,
    total_price      INTEGER NOT NULL,
    reservation_date INTEGER NOT NULL,       -- made
    expires_at       INTEGER NOT NULL,       -- a hold counts until then, whatever status says
    status           TEXT NOT NULL
                    CHECK (status = 'held' OR status = 'confirmed' OR status = 'expired' OR
                        status = 'cancelled'),
    ended_at         INTEGER,
    amount_id        BLOB                    -- amount: the payment that confirmed it
) STRICT, WITHOUT ROWID;
-- By date first: holds of one date come together, and so do the pages that they touch.
CREATE INDEX reservation_by_holder ON reservation (concert_date_id, user_id);

-- The seats of a reservation. Never changed.
CREATE TABLE reservation_seat (
    reservation_id   BLOB NOT NULL,          -- reservation
    seat_number      INTEGER NOT NULL,
    seat_id          INTEGER NOT NULL,       -- seat
    ticket_price     INTEGER NOT NULL,       -- at the time of the hold
    PRIMARY KEY (reservation_id, seat_number)
) STRICT, WITHOUT ROWID;

-- Payments. Never changed. The unique reservation is the second lock against paying twice. A user's are
-- found by the ledger, which names each: an index by user would be one more page to write for each.
CREATE TABLE amount (
    amount_id      BLOB NOT NULL PRIMARY KEY,
    reservation_id BLOB NOT NULL UNIQUE,     -- reservation
    user_id        BLOB NOT NULL,            -- user
    concert_id     BLOB NOT NULL,            -- concert
    amount         INTEGER NOT NULL CHECK (amount >= 0),
    payment_date   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A user's money: always the sum of the user's entries.
CREATE TABLE balance (
    user_id     BLOB NOT NULL PRIMARY KEY,   -- user
    amount      INTEGER NOT NULL CHECK (amount >= 0),
    entry_count INTEGER NOT NULL,            -- = count of balance_entry
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ledger: one row a movement. Never changed.
CREATE TABLE balance_entry (
    user_id       BLOB NOT NULL,             -- user
    entry_number  INTEGER NOT NULL,          -- from 1, without gaps
    kind          TEXT NOT NULL CHECK (kind IN ('charge', 'payment')),
    amount        INTEGER NOT NULL,          -- negative where money left
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),
    reference     BLOB NOT NULL,             -- the charge's id, or amount
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, entry_number)
) STRICT, WITHOUT ROWID;

-- Replies of requests that changed something, for their repetition within 24 hours.
CREATE TABLE idempotency_key (
    scope_id        BLOB NOT NULL,           -- whose key space: user, api_key, or derived from the username
    idempotency_key TEXT NOT NULL,
    fingerprint     BLOB NOT NULL,           -- SHA-256 of method, path and body
    reply           TEXT NOT NULL,           -- JSON
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (scope_id, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);

-- Operators' keys; only their hash is kept.
CREATE TABLE api_key (
    api_key_id BLOB NOT NULL PRIMARY KEY,
    key_name   TEXT NOT NULL,
    key_hash   BLOB NOT NULL UNIQUE,         -- SHA-256 of the 256-bit key
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
