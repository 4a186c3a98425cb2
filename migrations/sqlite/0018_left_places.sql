-- A place that its user left before the draw, for another queue: whoever comes back before the draw takes it up again,
-- so that changing queues adds nobody to a draw twice. Never changed.
CREATE TABLE left_place (
    user_id    BLOB NOT NULL,     -- user
    queue_id   BLOB NOT NULL,     -- queue_state
    concert_id BLOB NOT NULL,     -- concert
    sequence   INTEGER NOT NULL,  -- waiting_queue
    PRIMARY KEY (user_id, queue_id)
) STRICT, WITHOUT ROWID;
