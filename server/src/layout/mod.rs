//! Layouts of halls: how the seats of a place stand, what they are called, and which of them are neighbours.
//! Nothing here asks a database or a clock, and nothing decides about a seat: see `docs/HALLS.md`.

mod check;
mod document;
mod fault;
pub mod generate;
pub mod grid;
mod hall;
pub mod halls;
mod label;
pub mod pretix;

pub use check::{Checked, check};
pub use document::{
    Arc, Area, AreaKind, Cm, Degrees, Flags, Gap, Layout, Numbers, Point, Range, Row, Section,
};
pub use fault::{Fault, Faults, Reason};
pub use hall::{Flag, Hall, Seat};
pub use label::{Label, cells};

/// Width and height of a hall, in cm: ten kilometres.
pub const SIDE_MAX: f64 = 1_000_000.0;
/// Sections of a layout.
pub const SECTIONS_MAX: usize = 1_000;
/// Rows of a layout, or pieces of rows.
pub const ROWS_MAX: usize = 20_000;
/// Areas of a layout.
pub const AREAS_MAX: usize = 200;
/// Corners of a section's outline.
pub const CORNERS_MAX: usize = 200;
/// Gaps, and ranges of each flag, of a row.
pub const RANGES_MAX: usize = 1_000;
/// Characters of a row's and of a seat's label.
pub const LABEL_CHARS_MAX: usize = 20;
/// Characters of a section's name.
pub const SECTION_CHARS_MAX: usize = 60;

/// Reads a layout's text as it is kept, which [`Checked`] wrote before.
///
/// # Errors
/// It is none.
pub fn read_kept(body: &str) -> Result<Checked, String> {
    let layout: Layout = serde_json::from_str(body).map_err(|why| why.to_string())?;
    check(layout).map_err(|faults| faults.to_string())
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "halls are no wider than ten kilometres")]
mod tests;
