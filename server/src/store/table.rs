//! The tables: their names and columns, once for every store. A test compares them with the
//! migrations.

/// A table's columns, in the order in which records bind and read them.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Columns that name a row.
    pub key: &'static [&'static str],
    /// Columns that never change after the insert.
    pub fixed: &'static [&'static str],
    /// Columns that an update writes.
    pub mutable: &'static [&'static str],
    /// Columns that an update finds the row by: the shortest way to it.
    pub row: &'static [&'static str],
}

impl Table {
    /// Where the columns that an update finds the row by stand among all columns.
    pub fn row_positions(&self) -> impl Iterator<Item = usize> {
        self.row.iter().filter_map(|wanted| self.columns().position(|column| column == *wanted))
    }

    /// Key, fixed and mutable columns, in this order.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.key.iter().chain(self.fixed).chain(self.mutable).copied()
    }
}

/// See migrations for what each column means.
pub const USER: Table = Table {
    name: "user",
    key: &["user_id"],
    fixed: &["created_at"],
    mutable: &["username", "password_hash", "deleted_at", "username_look"],
    row: &["user_id"],
};
/// Sign-ins.
pub const SESSION: Table = Table {
    name: "session",
    key: &["session_id"],
    fixed: &["user_id", "created_at", "user_agent"],
    mutable: &[
        "generation",
        "last_used_at",
        "expires_at",
        "access_until",
        "ended_at",
        "refused_until",
    ],
    row: &["session_id"],
};
/// Shows.
pub const CONCERT: Table = Table {
    name: "concert",
    key: &["concert_id"],
    fixed: &["created_at"],
    mutable: &[
        "hold_ttl_ms",
        "shop_ttl_ms",
        "arrival_grace_ms",
        "seats_per_user",
        "rehold_after_ms",
        "concert_name",
        "theater",
        "run_time",
        "total_seats",
        "date_count",
        "start_at",
        "end_at",
        "opened_at",
        "recalled_at",
        "closed_at",
        "deleted_at",
        "time_zone",
        "pause_en",
        "pause_ko",
        "reopened_at",
    ],
    row: &["concert_id"],
};
/// Dated performances.
pub const CONCERT_DATE: Table = Table {
    name: "concert_date",
    key: &["concert_date_id"],
    fixed: &["concert_id"],
    mutable: &["concert_date", "total_seats", "available_seats", "revision", "withdrawn_at"],
    row: &["concert_date_id"],
};
/// Numbered places on a date.
pub const SEAT: Table = Table {
    name: "seat",
    key: &["concert_date_id", "seat_number"],
    fixed: &["seat_id", "concert_id"],
    mutable: &[
        "zone",
        "ticket_price",
        "status",
        "reservation_id",
        "held_until",
        "reservated_date",
        "last_holder",
        "last_holder_until",
    ],
    row: &["seat_id"],
};
/// Queue cursors.
pub const QUEUE_STATE: Table = Table {
    name: "queue_state",
    key: &["concert_id"],
    fixed: &["seed"],
    mutable: &[
        "drawn",
        "queue_cursor",
        "queue_tail",
        "waiting_count",
        "active",
        "returning_count",
        "credit_milli",
        "credit_at",
        "max_active",
        "admissions_per_second",
        "max_waiting",
        "paused",
        "max_active_at",
        "draw_joined_before",
        "draw_joined",
        "draw_beacon",
        "draw_value",
    ],
    row: &["concert_id"],
};
/// Places in line.
pub const WAITING_QUEUE: Table = Table {
    name: "waiting_queue",
    key: &["concert_id", "sequence"],
    fixed: &["user_id", "created_at"],
    mutable: &["status", "deleted_at", "lapses", "unpaid_ms"],
    row: &["concert_id", "sequence"],
};
/// Admissions.
pub const USER_TOKEN: Table = Table {
    name: "user_token",
    key: &["concert_id", "sequence"],
    fixed: &["user_id"],
    mutable: &[
        "is_active",
        "token_expiry",
        "admitted_at",
        "arrived_at",
        "shop_until",
        "reservation_id",
        "end_reason",
        "ended_at",
        "return_count",
    ],
    row: &["concert_id", "sequence"],
};
/// Claims.
pub const RESERVATION: Table = Table {
    name: "reservation",
    key: &["reservation_id"],
    fixed: &[
        "user_id",
        "concert_id",
        "concert_date_id",
        "sequence",
        "seat_count",
        "total_price",
        "reservation_date",
        "expires_at",
    ],
    mutable: &["status", "ended_at", "amount_id"],
    row: &["reservation_id"],
};
/// Seats of claims.
pub const RESERVATION_SEAT: Table = Table {
    name: "reservation_seat",
    key: &["reservation_id", "seat_number"],
    fixed: &["seat_id", "ticket_price"],
    mutable: &[],
    row: &["reservation_id", "seat_number"],
};
/// Payments.
pub const AMOUNT: Table = Table {
    name: "amount",
    key: &["amount_id"],
    fixed: &["reservation_id", "user_id", "concert_id", "amount", "payment_date"],
    mutable: &[],
    row: &["amount_id"],
};
/// Balances.
pub const BALANCE: Table = Table {
    name: "balance",
    key: &["user_id"],
    fixed: &[],
    mutable: &["amount", "entry_count", "updated_at"],
    row: &["user_id"],
};
/// The ledger.
pub const BALANCE_ENTRY: Table = Table {
    name: "balance_entry",
    key: &["user_id", "entry_number"],
    fixed: &["kind", "amount", "balance_after", "reference", "created_at", "reason"],
    mutable: &[],
    row: &["user_id", "entry_number"],
};
/// Stored replies.
pub const IDEMPOTENCY_KEY: Table = Table {
    name: "idempotency_key",
    key: &["scope_id", "idempotency_key"],
    fixed: &[],
    mutable: &["fingerprint", "reply", "created_at"],
    row: &["scope_id", "idempotency_key"],
};
/// Operators' keys.
pub const API_KEY: Table = Table {
    name: "api_key",
    key: &["api_key_id"],
    fixed: &["key_name", "key_hash", "created_at"],
    mutable: &["revoked_at"],
    row: &["api_key_id"],
};

/// What the data is in.
pub const SALE_SETTING: Table = Table {
    name: "sale_setting",
    key: &["setting_name"],
    fixed: &["setting_value"],
    mutable: &[],
    row: &["setting_name"],
};

/// Every table but the schema's own version.
pub const TABLES: [&Table; 16] = [
    &USER,
    &SESSION,
    &CONCERT,
    &CONCERT_DATE,
    &SEAT,
    &QUEUE_STATE,
    &WAITING_QUEUE,
    &USER_TOKEN,
    &RESERVATION,
    &RESERVATION_SEAT,
    &AMOUNT,
    &BALANCE,
    &BALANCE_ENTRY,
    &IDEMPOTENCY_KEY,
    &API_KEY,
    &SALE_SETTING,
];
