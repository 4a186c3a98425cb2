-- Who is drawn, and from what besides the seed, so that nobody who reads the seed knows the order.
ALTER TABLE queue_state ADD COLUMN draw_joined_before INTEGER;  -- only who joined before is drawn; NULL: the opening
ALTER TABLE queue_state ADD COLUMN draw_joined INTEGER;         -- how many had joined by then, once somebody came after it
ALTER TABLE queue_state ADD COLUMN draw_beacon TEXT;            -- which public value is mixed in, in words; NULL: none
ALTER TABLE queue_state ADD COLUMN draw_value TEXT;             -- the value, once it is given
