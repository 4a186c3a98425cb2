-- Sessions, so that they can be listed and ended; and accounts that are deleted.

-- When the account was deleted: its name is "deleted#" with its id then, and its password NULL. What it
-- bought and its ledger stay.
ALTER TABLE user ADD COLUMN deleted_at INTEGER;

-- A sign-in. Tokens are not stored: they are signatures over the row's key and generation. A row whose id is
-- its user's own stands for tokens of the version before, which name no session; it is there once those
-- have been ended.
CREATE TABLE session (
    session_id    BLOB PRIMARY KEY,
    user_id       BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    user_agent    TEXT,                 -- what the client called itself, shortened
    generation    INTEGER NOT NULL,     -- number of the refresh token that is to be used next
    last_used_at  INTEGER NOT NULL,     -- when that one was given
    expires_at    INTEGER NOT NULL,     -- when it ends
    access_until  INTEGER NOT NULL,     -- no access token of the session counts for longer
    ended_at      INTEGER,              -- when it was ended; NULL: not
    refused_until INTEGER               -- access_until of one that was ended: until then every server knows it by heart
) STRICT, WITHOUT ROWID;
-- A user's sessions that were not ended.
CREATE INDEX session_by_user ON session (user_id) WHERE ended_at IS NULL;
-- What a server that starts has to know by heart.
CREATE INDEX session_refused ON session (refused_until) WHERE refused_until IS NOT NULL;
-- What is old enough to be removed.
CREATE INDEX session_by_end ON session (expires_at);
