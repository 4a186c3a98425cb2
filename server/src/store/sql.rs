//! The texts of the statements, made once at start by sea-query, so that one description serves both
//! dialects and the hot path only binds values to prepared statements.

use super::table::Table;
use sea_query::{
    Alias, Expr, ExprTrait, InsertStatement, Order, Query, QueryBuilder, SelectStatement,
    UpdateStatement,
};

fn name(name: &'static str) -> Alias {
    Alias::new(name)
}

/// `column = ?` for each column. The value is a stand-in: only the text is used.
fn equals(columns: &[&'static str]) -> Vec<Expr> {
    columns.iter().map(|column| Expr::col(name(column)).eq(0)).collect()
}

/// All columns of the rows where the given columns equal the bound values.
pub fn select(
    table: &Table,
    by: &[&'static str],
    order: &[&'static str],
    dialect: impl QueryBuilder,
) -> String {
    let mut query: SelectStatement = Query::select();
    query.columns(table.columns().map(name)).from(name(table.name));
    for condition in equals(by) {
        query.and_where(condition);
    }
    for column in order {
        query.order_by(name(column), Order::Asc);
    }
    query.build(dialect).0
}

/// A new row, all columns bound in the table's order.
pub fn insert(table: &Table, dialect: impl QueryBuilder) -> String {
    let mut query: InsertStatement = Query::insert();
    query.into_table(name(table.name)).columns(table.columns().map(name));
    query.values_panic(table.columns().map(|_| Expr::val(0)));
    query.build(dialect).0
}

/// These columns of one row, then those that it is found by.
pub fn update(table: &Table, set: &[&'static str], dialect: impl QueryBuilder) -> String {
    let mut query: UpdateStatement = Query::update();
    query.table(name(table.name));
    query.values(set.iter().map(|column| (name(column), Expr::val(0))));
    for condition in equals(table.row) {
        query.and_where(condition);
    }
    query.build(dialect).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::records::Record;
    use boxoffice_core::concert::Seat;
    use sea_query::SqliteQueryBuilder;

    #[test]
    fn texts_bind_in_the_tables_order() {
        assert_eq!(
            update(Seat::TABLE, Seat::TABLE.mutable, SqliteQueryBuilder),
            r#"UPDATE "seat" SET "zone" = ?, "ticket_price" = ?, "status" = ?, "reservation_id" = ?, "held_until" = ?, "reservated_date" = ?, "last_holder" = ?, "last_holder_until" = ? WHERE "seat_id" = ?"#
        );
        assert_eq!(
            insert(Seat::TABLE, SqliteQueryBuilder),
            r#"INSERT INTO "seat" ("concert_date_id", "seat_number", "seat_id", "concert_id", "zone", "ticket_price", "status", "reservation_id", "held_until", "reservated_date", "last_holder", "last_holder_until") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"#
        );
    }
}
