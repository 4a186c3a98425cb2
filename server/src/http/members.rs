//! What the rules call a field, and what the API calls it.

use boxoffice_core::refusal::Field;

/// The members of the API that a refused setting may stand in; the first where it is not known which.
pub const fn members_of(field: Field) -> &'static [&'static str] {
    match field {
        Field::ConcertName => &["name"],
        Field::Theater => &["theater"],
        Field::RunTime => &["run_time_minutes"],
        Field::SaleWindow => &["closes_at", "opens_at"],
        Field::OpensAt => &["opens_at"],
        Field::ClosesAt => &["closes_at"],
        Field::Policy => &[
            "hold_seconds",
            "shop_seconds",
            "arrival_grace_seconds",
            "seats_per_user",
            "rehold_after_seconds",
        ],
        Field::MaxActive => &["max_active"],
        Field::MaxWaiting => &["max_waiting"],
        Field::AdmissionsPerSecond => &["admissions_per_second"],
        Field::Draw => &["draw_joined_before", "draw_beacon"],
        Field::Dates => &["dates"],
        Field::Seats => &["seats", "seat_numbers"],
        Field::TimeZone => &["time_zone"],
        Field::PauseReason => &["pause_reason"],
        Field::Reason => &["reason"],
        Field::QueueName => &["name"],
        Field::Queues => &["queues"],
        Field::Names => &["names"],
        Field::About => &["about"],
        Field::Poster => &["poster"],
        Field::Layout => &["layout"],
    }
}
