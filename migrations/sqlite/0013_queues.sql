-- A concert has one or more waiting queues, each with its opening, settings, draw and cursor. The one that was
-- made with it has the concert's id, so that tokens which were signed before there were others name it. Words
-- of closed lists are checked by the audit from now on: SQLite takes a CHECK away by copying the table only.

-- A waiting queue: its cursor and what the operator set.
CREATE TABLE queue_state_new (
    queue_id              BLOB NOT NULL PRIMARY KEY,  -- that of the general queue is its concert's
    concert_id            BLOB NOT NULL,     -- concert
    kind                  TEXT NOT NULL,     -- 'general': made with the concert; 'named': added
    queue_name            TEXT NOT NULL,     -- what operators call it
    opens_at              INTEGER,           -- its own opening; NULL: it opens with the sale
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
    max_active_at         INTEGER NOT NULL,  -- max_active was last set
    draw_joined_before    INTEGER,           -- only who joined before is drawn; NULL: the opening
    draw_joined           INTEGER,           -- how many had joined by then, once somebody came after it
    draw_beacon           TEXT,              -- which public value is mixed in, in words; NULL: none
    draw_value            TEXT,              -- the value, once it is given
    pause_en              TEXT,              -- why it is paused, in English
    pause_ko              TEXT,              -- and in Korean
    CHECK (queue_cursor <= queue_tail)
) STRICT, WITHOUT ROWID;
INSERT INTO queue_state_new SELECT
    q.concert_id, q.concert_id, 'general', 'General', NULL, seed, drawn, queue_cursor, queue_tail, waiting_count,
    active, returning_count, credit_milli, credit_at, max_active, admissions_per_second, max_waiting, paused,
    max_active_at, draw_joined_before, draw_joined, draw_beacon, draw_value, pause_en, pause_ko
    FROM queue_state q LEFT JOIN concert c ON c.concert_id = q.concert_id;
DROP TABLE queue_state;
ALTER TABLE queue_state_new RENAME TO queue_state;
CREATE INDEX queue_state_by_concert ON queue_state (concert_id);
ALTER TABLE concert DROP COLUMN pause_en;
ALTER TABLE concert DROP COLUMN pause_ko;

-- A place in line.
CREATE TABLE waiting_queue_new (
    queue_id   BLOB NOT NULL,                -- queue_state
    sequence   INTEGER NOT NULL,             -- order of joining, from 1
    concert_id BLOB NOT NULL,                -- concert
    user_id    BLOB NOT NULL,                -- user
    created_at INTEGER NOT NULL,
    visit      INTEGER NOT NULL,             -- orders the user's places in the concert, over its queues
    status     TEXT NOT NULL,
    deleted_at INTEGER,                      -- stopped waiting: served or left
    lapses     INTEGER NOT NULL,             -- of the user in the concert, so far
    unpaid_ms  INTEGER NOT NULL,             -- of the user in the concert, so far, less what has worn off
    PRIMARY KEY (queue_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO waiting_queue_new SELECT
    concert_id, sequence, concert_id, user_id, created_at, sequence, status, deleted_at, lapses, unpaid_ms
    FROM waiting_queue ORDER BY concert_id, sequence;
DROP TABLE waiting_queue;
ALTER TABLE waiting_queue_new RENAME TO waiting_queue;
-- Unique: the second lock against two live places of one user.
CREATE UNIQUE INDEX waiting_queue_by_user ON waiting_queue (user_id, concert_id, visit);
CREATE INDEX waiting_queue_returning ON waiting_queue (queue_id, sequence) WHERE status = 'returning';

-- An admission: the right to shop of a place that was served. The bearer token itself is not stored:
-- it is a signature over the key of this row.
CREATE TABLE user_token_new (
    queue_id       BLOB NOT NULL,            -- waiting_queue
    sequence       INTEGER NOT NULL,         -- waiting_queue
    concert_id     BLOB NOT NULL,            -- concert
    user_id        BLOB NOT NULL,            -- user
    is_active      INTEGER NOT NULL,         -- a token counts while 1 and before token_expiry
    token_expiry   INTEGER NOT NULL,
    admitted_at    INTEGER NOT NULL,
    arrived_at     INTEGER,                  -- first use
    shop_until     INTEGER NOT NULL,         -- end of the time to shop; a hold may outlast it
    reservation_id BLOB,                     -- what is held under it
    end_reason     TEXT,
    ended_at       INTEGER,
    return_count   INTEGER NOT NULL,         -- times come back after not showing up
    PRIMARY KEY (queue_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO user_token_new SELECT
    concert_id, sequence, concert_id, user_id, is_active, token_expiry, admitted_at, arrived_at, shop_until,
    reservation_id, end_reason, ended_at, return_count
    FROM user_token ORDER BY concert_id, sequence;
DROP TABLE user_token;
ALTER TABLE user_token_new RENAME TO user_token;

ALTER TABLE reservation ADD COLUMN queue_id BLOB;  -- of its place; NULL: the concert's general queue
