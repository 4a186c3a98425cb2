-- A concert has one or more waiting queues, each with its opening, settings, draw and cursor. The one that was
-- made with it has the concert's id, so that tokens which were signed before there were others name it. MySQL
-- cannot change a table only where it is not changed yet. Columns that are added are empty until they are
-- filled below.

-- A waiting queue: its cursor and what the operator set.
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'queue_id') = 0,
    'ALTER TABLE queue_state CHANGE COLUMN concert_id queue_id BINARY(16) NOT NULL',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'concert_id') = 0,
    'ALTER TABLE queue_state ADD COLUMN concert_id BINARY(16) NOT NULL',  -- concert
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'kind') = 0,
    'ALTER TABLE queue_state ADD COLUMN kind VARCHAR(16) NOT NULL',  -- general: made with the concert, named: added
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'queue_name') = 0,
    'ALTER TABLE queue_state ADD COLUMN queue_name VARCHAR(200) NOT NULL',  -- what operators call it
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'opens_at') = 0,
    'ALTER TABLE queue_state ADD COLUMN opens_at BIGINT NULL',  -- its own opening, NULL: it opens with the sale
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'pause_en') = 0,
    'ALTER TABLE queue_state ADD COLUMN pause_en VARCHAR(200) NULL',  -- why it is paused, in English
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND column_name = 'pause_ko') = 0,
    'ALTER TABLE queue_state ADD COLUMN pause_ko VARCHAR(200) NULL',  -- and in Korean
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE queue_state SET concert_id = queue_id, kind = 'general', queue_name = 'General' WHERE kind = '';
SET @change = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'queue_state' AND index_name = 'queue_state_by_concert') = 0,
    'ALTER TABLE queue_state ADD INDEX queue_state_by_concert (concert_id)',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'pause_ko') = 1,
    'UPDATE queue_state q JOIN concert c ON c.concert_id = q.queue_id
        SET q.pause_en = c.pause_en, q.pause_ko = c.pause_ko',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'pause_ko') = 1,
    'ALTER TABLE concert DROP COLUMN pause_en, DROP COLUMN pause_ko',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;

-- A place in line. The unique index is the second lock against two live places of one user.
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'waiting_queue' AND column_name = 'queue_id') = 0,
    'ALTER TABLE waiting_queue CHANGE COLUMN concert_id queue_id BINARY(16) NOT NULL',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'waiting_queue' AND column_name = 'concert_id') = 0,
    'ALTER TABLE waiting_queue ADD COLUMN concert_id BINARY(16) NOT NULL',  -- concert
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'waiting_queue' AND column_name = 'visit') = 0,
    'ALTER TABLE waiting_queue ADD COLUMN visit BIGINT NOT NULL',  -- orders the places of a user in the concert, over its queues
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE waiting_queue SET concert_id = queue_id, visit = sequence WHERE visit = 0;
SET @change = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'waiting_queue' AND index_name = 'waiting_queue_by_user' AND column_name = 'visit') = 0,
    'ALTER TABLE waiting_queue DROP INDEX waiting_queue_by_user,
        ADD UNIQUE INDEX waiting_queue_by_user (user_id, concert_id, visit)',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;

-- An admission.
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'user_token' AND column_name = 'queue_id') = 0,
    'ALTER TABLE user_token CHANGE COLUMN concert_id queue_id BINARY(16) NOT NULL',
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'user_token' AND column_name = 'concert_id') = 0,
    'ALTER TABLE user_token ADD COLUMN concert_id BINARY(16) NOT NULL',  -- concert
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE user_token SET concert_id = queue_id
    WHERE concert_id = x'00000000000000000000000000000000';

SET @change = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND column_name = 'queue_id') = 0,
    'ALTER TABLE reservation ADD COLUMN queue_id BINARY(16) NULL',  -- of its place, NULL: the general queue of the concert
    'DO 0');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Words of closed lists are checked by the audit from now on. The CHECK of a column has a name of its own in MySQL,
-- and is a part of the column in MariaDB.
SET @change = IF((SELECT COUNT(*) FROM information_schema.check_constraints
        WHERE constraint_schema = DATABASE() AND constraint_name = 'waiting_queue_chk_1') = 1,
    'ALTER TABLE waiting_queue DROP CHECK waiting_queue_chk_1',
    'ALTER TABLE waiting_queue MODIFY COLUMN status VARCHAR(16) NOT NULL');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @change = IF((SELECT COUNT(*) FROM information_schema.check_constraints
        WHERE constraint_schema = DATABASE() AND constraint_name = 'user_token_chk_1') = 1,
    'ALTER TABLE user_token DROP CHECK user_token_chk_1',
    'ALTER TABLE user_token MODIFY COLUMN end_reason VARCHAR(16) NULL');
PREPARE step FROM @change;
EXECUTE step;
DEALLOCATE PREPARE step;
