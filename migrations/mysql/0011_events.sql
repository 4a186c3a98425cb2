-- What happened, for whoever is told of it later.

-- Each node numbers its own in the order of their commits, without gaps, so that a reader who names a number of
-- each node misses none. They are kept for 30 days, and the newest of a node for good: it says where its numbers
-- go on. A node's number is taken over from one that has written nothing for a while.
CREATE TABLE IF NOT EXISTS event (
    node_number     BIGINT NOT NULL,
    event_number    BIGINT NOT NULL,  -- from 1
    created_at      BIGINT NOT NULL,
    kind            VARCHAR(64) NOT NULL,
    concert_id      BINARY(16) NULL,  -- what it is about, where it is about one
    concert_date_id BINARY(16) NULL,
    user_id         BINARY(16) NULL,
    data            MEDIUMTEXT NOT NULL,  -- JSON
    PRIMARY KEY (node_number, event_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- From when on what was paid has its event: from the start in a new database; in one with payments a day after
-- this, when no server of the version before runs any more.
INSERT IGNORE INTO sale_setting
SELECT 'events_since', IF(EXISTS (SELECT 1 FROM amount), (UNIX_TIMESTAMP() + 86400) * 1000, 0);
