-- Money as transfers between accounts, each with its currency; and money and seats that go back. MySQL cannot add a column only where it is not
-- there yet.

-- What prices are in, and each wallet: what the data keeps, or XXX (no currency) until the first start keeps one.
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert' AND column_name = 'currency') = 0,
    'ALTER TABLE concert ADD COLUMN currency VARCHAR(3) NOT NULL DEFAULT ''XXX''',  -- ISO 4217
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE concert SET currency = COALESCE(
    (SELECT setting_value FROM sale_setting WHERE setting_name = 'currency'), 'XXX') WHERE currency = 'XXX';
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'balance' AND column_name = 'currency') = 0,
    'ALTER TABLE balance ADD COLUMN currency VARCHAR(3) NOT NULL DEFAULT ''XXX''',  -- ISO 4217
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
UPDATE balance SET currency = COALESCE(
    (SELECT setting_value FROM sale_setting WHERE setting_name = 'currency'), 'XXX') WHERE currency = 'XXX';

-- Double entry: one row moves an amount between a user's wallet and another account, so that all accounts sum to
-- zero. Never changed. A wallet's transfers lie together, and its balance is a row; other accounts are sums.
CREATE TABLE IF NOT EXISTS transfer (
    user_id       BINARY(16) NOT NULL,       -- user: whose wallet
    entry_number  BIGINT NOT NULL,           -- of the wallet, from 1, without gaps
    kind          VARCHAR(16) NOT NULL,      -- charge, payment, refund, adjustment
    account       VARCHAR(16) NOT NULL,      -- the other account: outside, sales
    account_id    BINARY(16) NULL,           -- concert_date whose sales they are
    amount        BIGINT NOT NULL,           -- from the account to the wallet; negative: from the wallet to the account
    currency      VARCHAR(3) NOT NULL,       -- ISO 4217
    balance_after BIGINT NOT NULL CHECK (balance_after >= 0),  -- of the wallet
    reference     BINARY(16) NOT NULL,       -- the charge's, adjustment's or refund's id, or amount
    reason        VARCHAR(200) NULL,         -- why an operator moved it; NULL: its user did
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (user_id, entry_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- One statement, so that all are there or none; those that are there are not copied again.
SET @move = IF((SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()
        AND table_name = 'balance_entry') = 1,
    'INSERT INTO transfer (user_id, entry_number, kind, account, account_id, amount, currency,
        balance_after, reference, reason, created_at)
    SELECT e.user_id, e.entry_number,
        IF(e.reason IS NULL, e.kind, ''adjustment''),
        IF(e.reason IS NULL AND e.kind = ''payment'', ''sales'', ''outside''),
        IF(e.reason IS NULL AND e.kind = ''payment'', r.concert_date_id, NULL),
        e.amount, COALESCE(b.currency, ''XXX''), e.balance_after, e.reference, e.reason, e.created_at
    FROM balance_entry e LEFT JOIN balance b ON b.user_id = e.user_id
    LEFT JOIN amount a ON a.amount_id = e.reference
    LEFT JOIN reservation r ON r.reservation_id = a.reservation_id
    WHERE NOT EXISTS (SELECT 1 FROM transfer t
        WHERE t.user_id = e.user_id AND t.entry_number = e.entry_number)
    ORDER BY e.user_id, e.entry_number',
    'DO 0');
PREPARE step FROM @move;
EXECUTE step;
DEALLOCATE PREPARE step;
DROP TABLE IF EXISTS balance_entry;

-- Seats that an operator has taken off the sale, and reservations that have gone back. Words of a closed list are
-- checked by the audit from here on, so that a new one needs no other table. MySQL has given the checks names of
-- its own, and MariaDB keeps them with the column.
SET @words = (SELECT constraint_name FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE() AND constraint_name LIKE 'seat\_chk\_%' AND check_clause LIKE '%available%');
SET @free = CONCAT('ALTER TABLE seat MODIFY COLUMN status VARCHAR(16) NOT NULL',  -- available, held, sold, blocked
    IF(@words IS NULL, '', CONCAT(', DROP CHECK ', @words)));
PREPARE step FROM @free;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @words = (SELECT constraint_name FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE() AND constraint_name LIKE 'reservation\_chk\_%' AND check_clause LIKE '%confirmed%');
SET @free = CONCAT('ALTER TABLE reservation MODIFY COLUMN status VARCHAR(16) NOT NULL',  -- held, confirmed, expired, cancelled, refunded
    IF(@words IS NULL, '', CONCAT(', DROP CHECK ', @words)));
PREPARE step FROM @free;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND column_name = 'refunded_amount') = 0,
    'ALTER TABLE reservation ADD COLUMN refunded_amount BIGINT NOT NULL DEFAULT 0',  -- = sum of its refunds
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND column_name = 'refunded_seats') = 0,
    'ALTER TABLE reservation ADD COLUMN refunded_seats BIGINT NOT NULL DEFAULT 0',  -- = count of refund_seat
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND column_name = 'refund_count') = 0,
    'ALTER TABLE reservation ADD COLUMN refund_count BIGINT NOT NULL DEFAULT 0',  -- = count of refund
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.table_constraints WHERE table_schema = DATABASE()
        AND table_name = 'reservation' AND constraint_name = 'reservation_refunded') = 0,
    'ALTER TABLE reservation ADD CONSTRAINT reservation_refunded
        CHECK (refunded_amount BETWEEN 0 AND total_price)',
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;
SET @add = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
        AND table_name = 'concert_date' AND column_name = 'blocked_seats') = 0,
    'ALTER TABLE concert_date ADD COLUMN blocked_seats BIGINT NOT NULL DEFAULT 0',  -- = count of seats with status 'blocked'
    'DO 0');
PREPARE step FROM @add;
EXECUTE step;
DEALLOCATE PREPARE step;

-- What has gone back of a payment: money, seats, or both. Never changed.
CREATE TABLE IF NOT EXISTS refund (
    reservation_id BINARY(16) NOT NULL,      -- reservation
    refund_number  BIGINT NOT NULL,          -- of the reservation, from 1, without gaps
    refund_id      BINARY(16) NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount >= 0),  -- its transfer's; 0: none
    seat_count     BIGINT NOT NULL,          -- = count of refund_seat with its number
    released       BIGINT NOT NULL,          -- whether its seats are on sale again; else blocked
    reason         VARCHAR(200) NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (reservation_id, refund_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Seats of reservations that are their users' no more. Never changed. The key is the second lock against giving
-- a seat back twice.
CREATE TABLE IF NOT EXISTS refund_seat (
    reservation_id BINARY(16) NOT NULL,      -- reservation_seat
    seat_number    BIGINT NOT NULL,          -- reservation_seat
    refund_number  BIGINT NOT NULL,          -- refund
    PRIMARY KEY (reservation_id, seat_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
