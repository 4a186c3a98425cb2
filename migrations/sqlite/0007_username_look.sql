-- What a username looks like: names of the same look are one name. The first start fills it in for the
-- accounts that are there; of those that look alike the oldest has the look, and all keep their names.
ALTER TABLE user ADD COLUMN username_look TEXT;  -- skeleton by UTS #39, of external identities the name; NULL where an older account has it
CREATE UNIQUE INDEX user_by_look ON user (username_look);
