//! What a table is to the stores: its name, its columns, how its rows are found. Those of the sale are
//! described with their rows, in `records/`. A test compares all of them with the migrations.

/// How a server locks rows that a batch decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Against all others.
    Exclusive,
    /// Against those who change them: for rows that every batch reads and only operators change.
    Shared,
    /// Not at all: they never change, or another row that is locked guards them.
    Guarded,
}

/// A table's columns, in the order in which records bind and read them.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Columns that name a row.
    pub key: &'static [&'static str],
    /// Columns that an update leaves as they are. They hardly ever change (see [`Change::Rewrite`]).
    ///
    /// [`Change::Rewrite`]: boxoffice_core::rows::Change::Rewrite
    pub fixed: &'static [&'static str],
    /// Columns that an update writes.
    pub mutable: &'static [&'static str],
    /// Columns that an update finds the row by: the shortest way to it.
    pub row: &'static [&'static str],
    /// How a server locks its rows.
    pub lock: Lock,
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

/// Operators' keys.
pub const API_KEY: Table = Table {
    name: "api_key",
    key: &["api_key_id"],
    fixed: &["key_name", "key_hash", "created_at"],
    mutable: &["revoked_at"],
    row: &["api_key_id"],
    lock: Lock::Exclusive,
};

/// Public keys that tickets are verified with.
pub const TICKET_KEY: Table = Table {
    name: "ticket_key",
    key: &["public_key"],
    fixed: &["created_at"],
    mutable: &["revoked_at"],
    row: &["public_key"],
    lock: Lock::Exclusive,
};

/// The setting that says what all amounts are in.
pub const CURRENCY: &str = "currency";

/// Tables whose rows tell what their amounts are in; rows of before that was told say XXX.
pub const IN_CURRENCY: [&str; 3] = ["concert", "balance", "transfer"];

/// What the data is in.
pub const SALE_SETTING: Table = Table {
    name: "sale_setting",
    key: &["setting_name"],
    fixed: &["setting_value"],
    mutable: &[],
    row: &["setting_name"],
    lock: Lock::Exclusive,
};
