//! Concerts, dates and seats as columns and back.

use super::{Cell, Columns, Record, Source, maybe_text, maybe_uuid, maybe_when, number, text};
use super::{uuid, when, word_of};
use crate::store::fault::Fault;
use crate::store::table::{self, Table};
use boxoffice_core::concert::{
    ByHand, Concert, ConcertDate, PauseReason, Policy, Seat, SeatStatus,
};
use boxoffice_core::id::{ConcertId, DateId, ReservationId, SeatKey, UserId};

const SEAT_STATUS: &[(&str, SeatStatus)] =
    &[("available", SeatStatus::Available), ("held", SeatStatus::Held), ("sold", SeatStatus::Sold)];

impl Record for Concert {
    type Key = ConcertId;
    const TABLE: &'static Table = &table::CONCERT;
    fn cells<'a>(key: &'a ConcertId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0),
            when(row.created_at),
            Cell::Int(row.policy.hold_ttl_ms),
            Cell::Int(row.policy.shop_ttl_ms),
            Cell::Int(row.policy.arrival_grace_ms),
            number(row.policy.seats_per_user.into()),
            Cell::Int(row.policy.rehold_after_ms),
            text(&row.concert_name),
            text(&row.theater),
            number(row.run_time.into()),
            number(row.total_seats),
            number(row.date_count),
            when(row.start_at),
            maybe_when(row.end_at),
            maybe_when(row.by_hand.opened_at),
            maybe_when(row.by_hand.recalled_at),
            maybe_when(row.by_hand.closed_at),
            maybe_when(row.by_hand.deleted_at),
            maybe_text(row.time_zone.as_deref()),
            maybe_text(row.pause_reason.en.as_deref()),
            maybe_text(row.pause_reason.ko.as_deref()),
            maybe_when(row.by_hand.reopened_at),
        ]
    }
    fn read(source: &dyn Source) -> Result<(ConcertId, Self), Fault> {
        let c = Columns(source);
        let policy = Policy {
            hold_ttl_ms: c.int(2)?,
            shop_ttl_ms: c.int(3)?,
            arrival_grace_ms: c.int(4)?,
            seats_per_user: c.number(5)?,
            rehold_after_ms: c.int(6)?,
        };
        let by_hand = ByHand {
            opened_at: c.maybe_time(14)?,
            recalled_at: c.maybe_time(15)?,
            closed_at: c.maybe_time(16)?,
            deleted_at: c.maybe_time(17)?,
            reopened_at: c.maybe_time(21)?,
        };
        let row = Self {
            created_at: c.time(1)?,
            concert_name: c.text(7)?,
            theater: c.text(8)?,
            run_time: c.number(9)?,
            policy,
            total_seats: c.number(10)?,
            date_count: c.number(11)?,
            start_at: c.time(12)?,
            end_at: c.maybe_time(13)?,
            by_hand,
            time_zone: source.text(18)?,
            pause_reason: PauseReason { en: source.text(19)?, ko: source.text(20)? },
        };
        Ok((ConcertId(c.uuid(0)?), row))
    }
}

impl Record for ConcertDate {
    type Key = DateId;
    const TABLE: &'static Table = &table::CONCERT_DATE;
    fn cells<'a>(key: &'a DateId, row: &'a Self) -> Vec<Cell<'a>> {
        vec![
            uuid(&key.0),
            uuid(&row.concert.0),
            when(row.concert_date),
            number(row.total_seats),
            number(row.available_seats),
            number(row.revision),
            maybe_when(row.withdrawn_at),
        ]
    }
    fn read(source: &dyn Source) -> Result<(DateId, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            concert: ConcertId(c.uuid(1)?),
            concert_date: c.time(2)?,
            total_seats: c.number(3)?,
            available_seats: c.number(4)?,
            revision: c.number(5)?,
            withdrawn_at: c.maybe_time(6)?,
        };
        Ok((DateId(c.uuid(0)?), row))
    }
}

impl Record for Seat {
    type Key = SeatKey;
    const TABLE: &'static Table = &table::SEAT;
    fn cells<'a>(key: &'a SeatKey, row: &'a Self) -> Vec<Cell<'a>> {
        let id = if row.seat_id == 0 { Cell::Null } else { Cell::Int(row.seat_id) };
        vec![
            uuid(&key.date.0),
            number(key.number.into()),
            id,
            uuid(&row.concert.0),
            text(&row.zone),
            Cell::Int(row.ticket_price.0),
            word_of(row.status, SEAT_STATUS),
            maybe_uuid(row.reservation.as_ref().map(|id| &id.0)),
            maybe_when(row.held_until),
            maybe_when(row.reservated_date),
            maybe_uuid(row.last_holder.as_ref().map(|id| &id.0)),
            maybe_when(row.last_holder_until),
        ]
    }
    fn read(source: &dyn Source) -> Result<(SeatKey, Self), Fault> {
        let c = Columns(source);
        let row = Self {
            seat_id: c.int(2)?,
            concert: ConcertId(c.uuid(3)?),
            zone: c.text(4)?,
            ticket_price: c.money(5)?,
            status: c.word(6, SEAT_STATUS)?,
            reservation: source.uuid(7)?.map(ReservationId),
            held_until: c.maybe_time(8)?,
            reservated_date: c.maybe_time(9)?,
            last_holder: source.uuid(10)?.map(UserId),
            last_holder_until: c.maybe_time(11)?,
        };
        Ok((SeatKey { date: DateId(c.uuid(0)?), number: c.number(1)? }, row))
    }
}
