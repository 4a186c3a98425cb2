//! Layouts of halls as columns and back.

use super::columns;
use boxoffice_core::id::LayoutId;
use boxoffice_core::layout::Layout;

columns! {
    Layout[LayoutId] in "layout", found by layout_id; locked Shared;
    |key, row|
    key { layout_id: key }
    fixed { body: row.body, seat_count: row.seat_count, created_at: row.created_at }
    mutable {}
    read layout_id => Layout { body, seat_count, created_at }
}
