-- Seats are not kept by letting them go by turns: the time that was held without paying is counted, too.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'waiting_queue' AND column_name = 'unpaid_ms') = 0,
    'ALTER TABLE waiting_queue ADD COLUMN unpaid_ms BIGINT NOT NULL DEFAULT 0',  -- of the user in the concert, so far, less what has worn off
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Opened again after its announced closing, a sale keeps that as announced.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'reopened_at') = 0,
    'ALTER TABLE concert ADD COLUMN reopened_at BIGINT NULL',  -- opened by hand after end_at, which does not count then
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
