//! Proposals of seats from the picture of a date: what [`best`] finds, of seats that nobody was proposed a moment ago.

use super::best::{Blocks, Claim, Stand, Wish, best};
use super::compact::Grades;
use super::date::DateModel;
use crate::layout::{Flag, Hall};
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::limits::BLOCKS_PER_RESERVATION_MAX;
use boxoffice_core::time::Time;
use std::collections::BTreeSet;

/// Seats that all blocks of a proposal have together, at most: the rows that deciding on it loads and locks.
const SEATS_MAX: usize = 200;
/// Blocks of a proposal at least, however many seats each has.
const BLOCKS_MIN: usize = 4;

/// Blocks, and the claim on the first of them.
#[derive(Debug)]
pub struct Proposal {
    /// What is proposed.
    pub found: Blocks,
    /// To be held until the proposal is decided.
    pub claim: Claim,
}

/// The seats of a date as of one moment.
pub(super) struct Seats {
    /// In the order of their numbers.
    pub states: Vec<SeatStatus>,
    pub grades: Grades,
}

/// Seats side by side: all their stands, and where each run ends.
#[derive(Default)]
struct Runs {
    stands: Vec<Stand>,
    ends: Vec<usize>,
}

impl Runs {
    fn slices(&self) -> Vec<&[Stand]> {
        let mut from = 0;
        let slice = |end: &usize| {
            let slice = self.stands.get(from..*end).unwrap_or_default();
            from = *end;
            slice
        };
        self.ends.iter().map(slice).collect()
    }
}

impl Seats {
    /// Each seat in their order: its number, whether it can be had, and whether it is of the zone that is asked for.
    fn all(&self, wish: &Wish) -> impl Iterator<Item = (u32, bool, bool)> {
        let Grades { numbers, zone_of, zones } = &self.grades;
        let asked = |name: &String| wish.grade.as_ref().is_none_or(|grade| grade == name);
        let fits: Vec<bool> = zones.iter().map(|zone| asked(&zone.name)).collect();
        let fit =
            move |zone: u32| usize::try_from(zone).is_ok_and(|at| fits.get(at) == Some(&true));
        numbers.iter().zip(zone_of.iter()).zip(&self.states).map(move |((number, zone), state)| {
            (*number, *state == SeatStatus::Available, fit(*zone))
        })
    }

    /// Rows are not known: seats whose numbers follow each other count as side by side, and low ones as near.
    fn in_order(&self, wish: &Wish) -> Runs {
        // Without a layout there are neither sections nor what is special about a seat.
        let nothing = wish.section.is_some() || wish.accessible;
        let mut runs = Runs::default();
        let mut before = None;
        for (number, free, fits) in self.all(wish) {
            if before.is_some_and(|before: u32| before.checked_add(1) != Some(number)) {
                runs.ends.push(runs.stands.len());
            }
            before = Some(number);
            let distance = f64::from(number);
            let fits = fits && !nothing;
            runs.stands.push(Stand { number, free, fits, distance, ..Stand::default() });
        }
        runs.ends.push(runs.stands.len());
        runs
    }

    /// Rows as the hall has them.
    fn in_rows(&self, hall: &Hall, wish: &Wish) -> Runs {
        let section = wish.section.as_ref().map(|name| hall.section(name));
        let focus = hall.focus(section.flatten());
        // The date has the seats of the hall, in the same order; one that it lacks cannot be had.
        let mut mine = self.all(wish).peekable();
        let mut stands: Vec<Stand> = Vec::with_capacity(hall.seats().len());
        for seat in hall.seats() {
            while mine.next_if(|(number, ..)| *number < seat.number).is_some() {}
            let found = mine.next_if(|(number, ..)| *number == seat.number);
            let (free, fits) = found.map_or((false, false), |(_, free, fits)| (free, fits));
            let there = section.is_none_or(|section| section == hall.section_of(seat));
            let accessible = seat.has(Flag::Accessible);
            stands.push(Stand {
                number: seat.number,
                free,
                fits: fits && there && section != Some(None),
                accessible,
                kept: accessible || seat.has(Flag::Companion),
                restricted: seat.has(Flag::RestrictedView),
                distance: (seat.x - focus.0).hypot(seat.y - focus.1),
            });
        }
        let mut runs = Runs::default();
        for run in hall.runs() {
            runs.stands.extend(run.iter().filter_map(|index| stands.get(*index as usize)));
            runs.ends.push(runs.stands.len());
        }
        runs
    }
}

impl DateModel {
    /// Blocks of seats for who asks for the best at `now`; none where none fits. Left out are `without`, and what
    /// others were proposed first and is not decided yet, unless nothing else fits.
    #[must_use]
    pub fn propose(
        &self,
        hall: Option<&Hall>,
        wish: &Wish,
        without: &BTreeSet<u32>,
        now: Time,
    ) -> Proposal {
        let most = SEATS_MAX / wish.count.max(1);
        let most = most.clamp(BLOCKS_MIN, BLOCKS_PER_RESERVATION_MAX);
        let _turn = self.claims.turn();
        let claimed = self.claims.seats();
        let seats = self.free(now);
        let mut runs = match hall {
            Some(hall) => seats.in_rows(hall, wish),
            None => seats.in_order(wish),
        };
        for stand in &mut runs.stands {
            stand.free &= !without.contains(&stand.number);
        }
        let found = unclaimed(&runs, &claimed, wish, most);
        let found = found.unwrap_or_else(|| best(&runs.slices(), wish, most));
        let first = found.blocks.first().cloned().unwrap_or_default();
        Proposal { found, claim: Claim::of(&self.claims, first) }
    }
}

/// What is found without the seats that are claimed, if anything is.
fn unclaimed(runs: &Runs, claimed: &BTreeSet<u32>, wish: &Wish, most: usize) -> Option<Blocks> {
    if claimed.is_empty() {
        return None;
    }
    let mut stands = runs.stands.clone();
    for stand in &mut stands {
        stand.free &= !claimed.contains(&stand.number);
    }
    let rest = Runs { stands, ends: runs.ends.clone() };
    let found = best(&rest.slices(), wish, most);
    (!found.blocks.is_empty()).then_some(found)
}
