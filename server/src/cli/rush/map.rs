//! The seat map as a fan's client reads it.

use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
struct Map<'a> {
    #[serde(borrow)]
    seats: Vec<Seat<'a>>,
}

#[derive(Deserialize)]
struct Seat<'a> {
    seat_number: u32,
    #[serde(borrow)]
    status: &'a str,
}

/// Where the map of a date is.
pub fn path(date: Uuid) -> String {
    format!("/api/v1/concert-dates/{date}/seats")
}

/// The numbers that can be taken; `None` where the answer is no map.
pub fn available(body: &[u8]) -> Option<Vec<u32>> {
    let map: Map<'_> = serde_json::from_slice(body).ok()?;
    let free = map.seats.iter().filter(|seat| seat.status == "available");
    Some(free.map(|seat| seat.seat_number).collect())
}
