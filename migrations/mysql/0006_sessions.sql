-- Sessions, so that they can be listed and ended; and accounts that are deleted. MySQL cannot add a column
-- only where it is not there yet.

-- When the account was deleted: its name is "deleted#" with its id then, and its password NULL. What it
-- bought and its ledger stay.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'user' AND column_name = 'deleted_at') = 0,
    'ALTER TABLE user ADD COLUMN deleted_at BIGINT NULL',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- A sign-in. Tokens are not stored: they are signatures over the row's key and generation. A row whose id is
-- its user's own stands for tokens of the version before, which name no session; it is there once those
-- have been ended.
CREATE TABLE IF NOT EXISTS session (
    session_id    BINARY(16) NOT NULL,
    user_id       BINARY(16) NOT NULL,
    created_at    BIGINT NOT NULL,
    user_agent    VARCHAR(200) NULL,    -- what the client called itself, shortened
    generation    BIGINT NOT NULL,      -- number of the refresh token that is to be used next
    last_used_at  BIGINT NOT NULL,      -- when that one was given
    expires_at    BIGINT NOT NULL,      -- when it ends
    access_until  BIGINT NOT NULL,      -- no access token of the session counts for longer
    ended_at      BIGINT NULL,          -- when it was ended; NULL: not
    refused_until BIGINT NULL,          -- access_until of one that was ended: until then every server knows it by heart
    PRIMARY KEY (session_id),
    -- A user's sessions that were not ended.
    KEY session_by_user (user_id, ended_at),
    -- What a server that starts has to know by heart.
    KEY session_refused (refused_until),
    -- What is old enough to be removed.
    KEY session_by_end (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
