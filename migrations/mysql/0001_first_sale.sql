-- The first sale, for databases of the MySQL protocol. Tables and columns are those of the embedded
-- database. Ids that leave the system are UUIDs (16 bytes, version 7: they sort by time, so that
-- inserts append). Times are UTC milliseconds since 1970: no DATETIME, which loses the zone. Money is
-- in integer minor units. Words compare byte by byte (utf8mb4_bin).
--
-- Foreign keys are described, not declared: a declared one takes a shared lock on its parent, which
-- deadlocks with an update of that parent (a hold inserts a child of the date that it also updates).
-- Every row is written by the rules in one transaction, and an audit recounts the relations.
--
-- Every table has a primary key, since Group Replication and Galera need one. Each statement can be
-- run again: a migration that was cut off is repeated from its start.

-- People who buy.
CREATE TABLE IF NOT EXISTS user (
    user_id       BINARY(16) NOT NULL,
    username      VARCHAR(760) NOT NULL,     -- trimmed, lower case; "issuer#subject" for external identities
    password_hash VARCHAR(255) NULL,         -- Argon2id, PHC string; NULL for external identities
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (user_id),
    UNIQUE KEY user_by_name (username)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Shows.
CREATE TABLE IF NOT EXISTS concert (
    concert_id       BINARY(16) NOT NULL,
    created_at       BIGINT NOT NULL,
    concert_name     VARCHAR(200) NOT NULL,
    theater          VARCHAR(200) NOT NULL,
    run_time         BIGINT NOT NULL,        -- minutes
    hold_ttl_ms      BIGINT NOT NULL,        -- how long seats are held for payment
    shop_ttl_ms      BIGINT NOT NULL,        -- how long an admitted user may shop
    arrival_grace_ms BIGINT NOT NULL,        -- how long an admitted user may take to arrive
    seats_per_user   BIGINT NOT NULL,        -- held and confirmed seats of one date
    total_seats      BIGINT NOT NULL,        -- over all dates
    date_count       BIGINT NOT NULL,
    start_at         BIGINT NOT NULL,        -- the sale opens
    end_at           BIGINT NULL,            -- the sale closes; NULL: not set
    PRIMARY KEY (concert_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Dated performances.
CREATE TABLE IF NOT EXISTS concert_date (
    concert_date_id BINARY(16) NOT NULL,
    concert_id      BINARY(16) NOT NULL,     -- concert
    concert_date    BIGINT NOT NULL,         -- the performance starts
    total_seats     BIGINT NOT NULL,
    available_seats BIGINT NOT NULL CHECK (available_seats >= 0),  -- = count of seats with status 'available'
    PRIMARY KEY (concert_date_id),
    KEY concert_date_by_concert (concert_id, concert_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One numbered place on one date. Kept in the order of date and number, so that the seats that a
-- batch locks lie together; the numbers of seat_id may have gaps.
CREATE TABLE IF NOT EXISTS seat (
    seat_id         BIGINT NOT NULL AUTO_INCREMENT,
    concert_date_id BINARY(16) NOT NULL,     -- concert_date
    seat_number     BIGINT NOT NULL,         -- from 1
    concert_id      BINARY(16) NOT NULL,     -- concert
    zone            VARCHAR(200) NOT NULL,   -- price zone
    ticket_price    BIGINT NOT NULL CHECK (ticket_price >= 0),
    status          VARCHAR(16) NOT NULL CHECK (status IN ('available', 'held', 'sold')),
    reservation_id  BINARY(16) NULL,         -- whose claim, while held or sold
    held_until      BIGINT NULL,             -- a hold counts until then, whatever status says
    reservated_date BIGINT NULL,             -- when it was sold
    PRIMARY KEY (concert_date_id, seat_number),
    UNIQUE KEY seat_by_id (seat_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The waiting queue of a concert: its cursor and what the operator set.
CREATE TABLE IF NOT EXISTS queue_state (
    concert_id            BINARY(16) NOT NULL,  -- concert
    seed                  BINARY(32) NOT NULL,  -- of the draw; secret until the opening
    drawn                 BIGINT NULL,       -- how many joined before the opening; NULL until then
    queue_cursor          BIGINT NOT NULL,   -- queue numbers up to this one have been served
    queue_tail            BIGINT NOT NULL,   -- newest sequence
    waiting_count         BIGINT NOT NULL,   -- = count of waiting_queue with status 'waiting'
    active                BIGINT NOT NULL,   -- = count of user_token with is_active = 1
    returning_count       BIGINT NOT NULL,   -- = count of waiting_queue with status 'returning'
    credit_milli          BIGINT NOT NULL,   -- admissions that the rate allows, in thousandths
    credit_at             BIGINT NOT NULL,   -- when the credit was last filled
    max_active            BIGINT NOT NULL,
    admissions_per_second BIGINT NOT NULL,
    max_waiting           BIGINT NOT NULL,
    paused                BIGINT NOT NULL,
    PRIMARY KEY (concert_id),
    CHECK (queue_cursor <= queue_tail)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A place in line. There are no partial indexes here: who comes back is found by status.
CREATE TABLE IF NOT EXISTS waiting_queue (
    concert_id BINARY(16) NOT NULL,          -- concert
    sequence   BIGINT NOT NULL,              -- order of joining, from 1
    user_id    BINARY(16) NOT NULL,          -- user
    created_at BIGINT NOT NULL,
    status     VARCHAR(16) NOT NULL CHECK (status IN ('waiting', 'returning', 'served', 'left')),
    deleted_at BIGINT NULL,                  -- stopped waiting: served or left
    PRIMARY KEY (concert_id, sequence),
    KEY waiting_queue_by_user (user_id, concert_id, sequence),
    KEY waiting_queue_by_status (concert_id, status, sequence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- An admission: the right to shop of a place that was served. The bearer token itself is not stored:
-- it is a signature over the key of this row.
CREATE TABLE IF NOT EXISTS user_token (
    concert_id     BINARY(16) NOT NULL,      -- waiting_queue
    sequence       BIGINT NOT NULL,          -- waiting_queue
    user_id        BINARY(16) NOT NULL,      -- user
    is_active      BIGINT NOT NULL,          -- a token counts while 1 and before token_expiry
    token_expiry   BIGINT NOT NULL,
    admitted_at    BIGINT NOT NULL,
    arrived_at     BIGINT NULL,              -- first use
    shop_until     BIGINT NOT NULL,          -- end of the time to shop; a hold may outlast it
    reservation_id BINARY(16) NULL,          -- what is held under it
    end_reason     VARCHAR(16) NULL CHECK (end_reason IN ('paid', 'hold_lapsed', 'timed_out', 'no_show', 'left')),
    ended_at       BIGINT NULL,
    return_count   BIGINT NOT NULL,          -- times come back after not showing up
    PRIMARY KEY (concert_id, sequence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A user's claim on seats of one date.
CREATE TABLE IF NOT EXISTS reservation (
    reservation_id   BINARY(16) NOT NULL,
    user_id          BINARY(16) NOT NULL,    -- user
    concert_id       BINARY(16) NOT NULL,    -- concert
    concert_date_id  BINARY(16) NOT NULL,    -- concert_date
    sequence         BIGINT NOT NULL,        -- waiting_queue
    seat_count       BIGINT NOT NULL,
    total_price      BIGINT NOT NULL,
    reservation_date BIGINT NOT NULL,        -- made
    expires_at       BIGINT NOT NULL,        -- a hold counts until then, whatever status says
    status           VARCHAR(16) NOT NULL CHECK (status IN ('held', 'confirmed', 'expired', 'cancelled')),
    ended_at         BIGINT NULL,
    amount_id        BINARY(16) NULL,        -- amount: the payment that confirmed it
    PRIMARY KEY (reservation_id),
    KEY reservation_by_holder (concert_date_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The seats of a reservation. Never changed.
CREATE TABLE IF NOT EXISTS reservation_seat (
    reservation_id   BINARY(16) NOT NULL,    -- reservation
    seat_number      BIGINT NOT NULL,
    seat_id          BIGINT NOT NULL,        -- seat
    ticket_price     BIGINT NOT NULL,        -- at the time of the hold
    PRIMARY KEY (reservation_id, seat_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Payments. Never changed. The unique reservation is the second lock against paying twice. A user's are
-- found by the ledger, which names each.
CREATE TABLE IF NOT EXISTS amount (
    amount_id      BINARY(16) NOT NULL,
    reservation_id BINARY(16) NOT NULL,      -- reservation
    user_id        BINARY(16) NOT NULL,      -- user
    concert_id     BINARY(16) NOT NULL,      -- concert
    amount         BIGINT NOT NULL CHECK (amount >= 0),
    payment_date   BIGINT NOT NULL,
    PRIMARY KEY (amount_id),
    UNIQUE KEY amount_by_reservation (reservation_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A user's money: always the sum of the user's entries.
CREATE TABLE IF NOT EXISTS balance (
    user_id     BINARY(16) NOT NULL,         -- user
    amount      BIGINT NOT NULL CHECK (amount >= 0),
    entry_count BIGINT NOT NULL,             -- = count of balance_entry
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The ledger: one row a movement. Never changed.
CREATE TABLE IF NOT EXISTS balance_entry (
    user_id       BINARY(16) NOT NULL,       -- user
    entry_number  BIGINT NOT NULL,           -- from 1, without gaps
    kind          VARCHAR(16) NOT NULL CHECK (kind IN ('charge', 'payment')),
    amount        BIGINT NOT NULL,           -- negative where money left
    balance_after BIGINT NOT NULL CHECK (balance_after >= 0),
    reference     BINARY(16) NOT NULL,       -- the charge's id, or amount
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (user_id, entry_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Replies of requests that changed something, for their repetition within 24 hours.
CREATE TABLE IF NOT EXISTS idempotency_key (
    scope_id        BINARY(16) NOT NULL,     -- whose key space: user, api_key, or derived from the username
    idempotency_key VARCHAR(128) NOT NULL,
    fingerprint     BINARY(32) NOT NULL,     -- SHA-256 of method, path and body
    reply           MEDIUMTEXT NOT NULL,     -- JSON
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (scope_id, idempotency_key),
    KEY idempotency_key_by_age (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Operators' keys; only their hash is kept.
CREATE TABLE IF NOT EXISTS api_key (
    api_key_id BINARY(16) NOT NULL,
    key_name   VARCHAR(200) NOT NULL,
    key_hash   BINARY(32) NOT NULL,          -- SHA-256 of the 256-bit key
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NULL,
    PRIMARY KEY (api_key_id),
    UNIQUE KEY api_key_by_hash (key_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
