-- Opened again after its announced closing, a sale keeps that as announced.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'reopened_at') = 0,
    'ALTER TABLE concert ADD COLUMN reopened_at BIGINT NULL',  -- opened by hand after end_at, which does not count then
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
