-- What happened, for whoever is told of it later.

-- Each node numbers its own in the order of their commits, without gaps, so that a reader who names a number of
-- each node misses none. They are kept for 30 days, and the newest of a node for good: it says where its numbers
-- go on. An embedded database has one node, 1.
CREATE TABLE event (
    node_number     INTEGER NOT NULL,
    event_number    INTEGER NOT NULL,  -- from 1
    created_at      INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    concert_id      BLOB,              -- what it is about, where it is about one
    concert_date_id BLOB,
    user_id         BLOB,
    data            TEXT NOT NULL,     -- JSON
    PRIMARY KEY (node_number, event_number)
) STRICT, WITHOUT ROWID;

-- From when on what was paid has its event: from the start in a new database; in one with payments a day after
-- this, when no server of the version before runs any more.
INSERT INTO sale_setting
SELECT 'events_since', iif(EXISTS (SELECT 1 FROM amount), (unixepoch() + 86400) * 1000, 0);
