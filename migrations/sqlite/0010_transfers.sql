-- Money as transfers between accounts, each with its currency.

-- What prices are in, and each wallet: what the data keeps, or XXX (no currency) until the first start keeps one.
ALTER TABLE concert ADD COLUMN currency TEXT NOT NULL DEFAULT 'XXX';  -- ISO 4217
UPDATE concert SET currency = coalesce(
    (SELECT setting_value FROM sale_setting WHERE setting_name = 'currency'), 'XXX');
ALTER TABLE balance ADD COLUMN currency TEXT NOT NULL DEFAULT 'XXX';  -- ISO 4217
UPDATE balance SET currency = coalesce(
    (SELECT setting_value FROM sale_setting WHERE setting_name = 'currency'), 'XXX');

-- Double entry: one row moves an amount between a user's wallet and another account, so that all accounts sum to
-- zero. Never changed. A wallet's transfers lie together, and its balance is a row; other accounts are sums.
CREATE TABLE transfer (
    user_id       BLOB NOT NULL,             -- user: whose wallet
    entry_number  INTEGER NOT NULL,          -- of the wallet, from 1, without gaps
    kind          TEXT NOT NULL,             -- charge, payment, refund, adjustment
    account       TEXT NOT NULL,             -- the other account: outside, sales
    account_id    BLOB,                      -- concert_date whose sales they are
    amount        INTEGER NOT NULL,          -- from the account to the wallet; negative: from the wallet to the account
    currency      TEXT NOT NULL,             -- ISO 4217
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),  -- of the wallet
    reference     BLOB NOT NULL,             -- the charge's, adjustment's or refund's id, or amount
    reason        TEXT,                      -- why an operator moved it; NULL: its user did
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, entry_number)
) STRICT, WITHOUT ROWID;
INSERT INTO transfer
    SELECT e.user_id, e.entry_number,
        CASE WHEN e.reason IS NULL THEN e.kind ELSE 'adjustment' END,
        CASE WHEN e.reason IS NULL AND e.kind = 'payment' THEN 'sales' ELSE 'outside' END,
        CASE WHEN e.reason IS NULL AND e.kind = 'payment' THEN r.concert_date_id END,
        e.amount, coalesce(b.currency, 'XXX'), e.balance_after, e.reference, e.reason, e.created_at
    FROM balance_entry e LEFT JOIN balance b USING (user_id)
    LEFT JOIN amount a ON a.amount_id = e.reference LEFT JOIN reservation r USING (reservation_id)
    ORDER BY e.user_id, e.entry_number;
DROP TABLE balance_entry;
