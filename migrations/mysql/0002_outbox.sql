-- What each node has committed, for two readers. The node itself: a row exists exactly if its batch
-- is committed, so that a lost answer to COMMIT can be decided later. Other nodes: which rows of
-- their boards have changed. An embedded database has one node, which needs neither.
CREATE TABLE IF NOT EXISTS outbox (
    node_id      BINARY(16) NOT NULL,        -- a process, from its start to its end
    batch_number BIGINT NOT NULL,            -- from 1, in the order of commits
    created_at   BIGINT NOT NULL,            -- by the clock of the database
    changed      MEDIUMTEXT NOT NULL,        -- JSON: keys of the rows that boards show; empty: a fenced batch
    PRIMARY KEY (node_id, batch_number),
    KEY outbox_by_age (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
