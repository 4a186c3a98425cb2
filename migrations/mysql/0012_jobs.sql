-- Work that outlives a request, and its first kind: the cancellation of a date. MySQL cannot add a column only where
-- it is not there yet.

-- A process takes a job that is due and has it for a lease; its steps are decided on this row, in the transaction of
-- what they do. Rows stay as a record.
CREATE TABLE IF NOT EXISTS job (
    job_id      BINARY(16) NOT NULL,
    created_at  BIGINT NOT NULL,
    kind        VARCHAR(64) NOT NULL,
    state       VARCHAR(16) NOT NULL,  -- waiting, running, done, failed
    due_at      BIGINT NULL,           -- its next try, or the end of the lease; NULL: it has ended
    holder_id   BINARY(16) NULL,       -- the process that is at it
    attempts    BIGINT NOT NULL,       -- times that it was taken since it last went on
    done_count  BIGINT NOT NULL,
    total_count BIGINT NOT NULL,
    report      MEDIUMTEXT NOT NULL,   -- JSON: what it is about, and what was done, by its kind
    last_error  VARCHAR(200) NULL,
    ended_at    BIGINT NULL,
    PRIMARY KEY (job_id),
    KEY job_due (due_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Cancelled by the organiser: nothing of the date is sold any more.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'cancelled_at') = 0,
    'ALTER TABLE concert_date ADD COLUMN cancelled_at BIGINT NULL',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'cancel_reason') = 0,
    'ALTER TABLE concert_date ADD COLUMN cancel_reason VARCHAR(200) NULL',  -- for everybody, in the operator words
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'cancel_job_id') = 0,
    'ALTER TABLE concert_date ADD COLUMN cancel_job_id BINARY(16) NULL',  -- the job that gives back what was taken of it
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
