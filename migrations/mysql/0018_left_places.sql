-- A place that its user left before the draw, for another queue: whoever comes back before the draw takes it up again,
-- so that changing queues adds nobody to a draw twice. Never changed.
CREATE TABLE IF NOT EXISTS left_place (
    user_id    BINARY(16) NOT NULL,  -- user
    queue_id   BINARY(16) NOT NULL,  -- queue_state
    concert_id BINARY(16) NOT NULL,  -- concert
    sequence   BIGINT NOT NULL,      -- waiting_queue
    PRIMARY KEY (user_id, queue_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
