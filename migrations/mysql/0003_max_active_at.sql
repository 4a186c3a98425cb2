-- Since when max_active counts, so that whoever looks at the rows can tell whether it was kept: those
-- who were let in before may have been more. MySQL cannot add a column only where it is not there yet.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'max_active_at') = 0,
    'ALTER TABLE queue_state ADD COLUMN max_active_at BIGINT NOT NULL DEFAULT 0',  -- max_active was last set
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE queue_state q SET max_active_at = COALESCE(
    (SELECT MAX(admitted_at) FROM user_token t WHERE t.concert_id = q.concert_id), 0)
    WHERE max_active_at = 0;
-- When an admission has ended is kept from now on where somebody comes back to the front.
UPDATE user_token SET ended_at = token_expiry WHERE is_active = 0 AND ended_at IS NULL;
