-- What a username looks like: names of the same look are one name. The first start fills it in for the
-- accounts that are there; of those that look alike the oldest has the look, and all keep their names.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'user' AND column_name = 'username_look') = 0,
    'ALTER TABLE user ADD COLUMN username_look VARCHAR(760) NULL',  -- skeleton by UTS #39, of external identities the name, NULL where an older account has it
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'user' AND index_name = 'user_by_look') = 0,
    'CREATE UNIQUE INDEX user_by_look ON user (username_look)',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
