-- Who is drawn, and from what besides the seed, so that nobody who reads the seed knows the order. MySQL
-- cannot add a column only where it is not there yet.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'draw_joined_before') = 0,
    'ALTER TABLE queue_state ADD COLUMN draw_joined_before BIGINT NULL',  -- only who joined before is drawn, NULL: the opening
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'draw_joined') = 0,
    'ALTER TABLE queue_state ADD COLUMN draw_joined BIGINT NULL',  -- how many had joined by then, once somebody came after it
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'draw_beacon') = 0,
    'ALTER TABLE queue_state ADD COLUMN draw_beacon VARCHAR(200) NULL',  -- which public value is mixed in, in words, NULL: none
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'draw_value') = 0,
    'ALTER TABLE queue_state ADD COLUMN draw_value VARCHAR(200) NULL',  -- the value, once it is given
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
