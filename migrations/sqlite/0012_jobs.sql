-- Work that outlives a request, and its first kind: the cancellation of a date.

-- A process takes a job that is due and has it for a lease; its steps are decided on this row, in the transaction of
-- what they do. Rows stay as a record.
CREATE TABLE job (
    job_id      BLOB PRIMARY KEY,
    created_at  INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL,     -- waiting, running, done, failed
    due_at      INTEGER,           -- its next try, or the end of the lease; NULL: it has ended
    holder_id   BLOB,              -- the process that is at it
    attempts    INTEGER NOT NULL,  -- times that it was taken since it last went on
    done_count  INTEGER NOT NULL,
    total_count INTEGER NOT NULL,
    report      TEXT NOT NULL,     -- JSON: what it is about, and what was done, by its kind
    last_error  TEXT,
    ended_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX job_due ON job (due_at) WHERE due_at IS NOT NULL;

-- Cancelled by the organiser: nothing of the date is sold any more.
ALTER TABLE concert_date ADD COLUMN cancelled_at INTEGER;
ALTER TABLE concert_date ADD COLUMN cancel_reason TEXT;  -- for everybody, in the operator's words
ALTER TABLE concert_date ADD COLUMN cancel_job_id BLOB;  -- the job that gives back what was taken of it
