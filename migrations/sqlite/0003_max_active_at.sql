-- Since when max_active counts, so that whoever looks at the rows can tell whether it was kept: those
-- who were let in before may have been more.
ALTER TABLE queue_state ADD COLUMN max_active_at INTEGER NOT NULL DEFAULT 0;  -- max_active was last set
UPDATE queue_state SET max_active_at = coalesce(
    (SELECT max(admitted_at) FROM user_token t WHERE t.concert_id = queue_state.concert_id), 0);
-- When an admission has ended is kept from now on where somebody comes back to the front.
UPDATE user_token SET ended_at = token_expiry WHERE is_active = 0 AND ended_at IS NULL;
