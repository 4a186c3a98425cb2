//! How sessions become columns and back.

use super::super::fault::Fault;
use super::super::table::{self, Table};
use super::{Cell, Columns, Record, Source, maybe_when, number, text, uuid, when};
use boxoffice_core::id::{SessionId, UserId};
use boxoffice_core::session::Session;

impl Record for Session {
    type Key = SessionId;
    const TABLE: &'static Table = &table::SESSION;
    fn cells<'a>(key: &'a SessionId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0),
            uuid(&row.user.0),
            when(row.created_at),
            row.user_agent.as_deref().map_or(Cell::Null, text),
            number(row.generation),
            when(row.last_used_at),
            when(row.expires_at),
            when(row.access_until),
            maybe_when(row.ended_at),
            maybe_when(row.refused_until),
        ]
    }
    fn read(source: &dyn Source) -> Result<(SessionId, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            user: UserId(c.uuid(1)?),
            created_at: c.time(2)?,
            user_agent: source.text(3)?,
            generation: c.number(4)?,
            last_used_at: c.time(5)?,
            expires_at: c.time(6)?,
            access_until: c.time(7)?,
            ended_at: c.maybe_time(8)?,
            refused_until: c.maybe_time(9)?,
        };
        Ok((SessionId(c.uuid(0)?), row))
    }
}
