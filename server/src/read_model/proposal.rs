//! Proposals of seats from the picture of a date: what a [`Search`] finds, of seats that nobody was proposed a moment ago.

use super::best::{Blocks, Claim, Search, Stand, Wish};
use super::compact::Grades;
use super::date::DateModel;
use crate::layout::{Flag, Hall, Seat};
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
#[derive(Clone)]
pub(super) struct Seats {
    /// In the order of their numbers.
    pub states: Vec<SeatStatus>,
    pub grades: Grades,
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

    /// The same, without some.
    fn without(mut self, taken: &BTreeSet<u32>) -> Self {
        for number in taken {
            let index = self.grades.numbers.binary_search(number);
            if let Some(state) = index.ok().and_then(|index| self.states.get_mut(index)) {
                *state = SeatStatus::Held;
            }
        }
        self
    }

    fn best(&self, hall: Option<&Hall>, wish: &Wish, most: usize) -> Blocks {
        match hall {
            Some(hall) => self.in_rows(hall, wish, most),
            None => self.in_order(wish, most),
        }
    }

    /// Rows are not known: seats whose numbers follow each other count as side by side, and low ones as near.
    fn in_order(&self, wish: &Wish, most: usize) -> Blocks {
        // Without a layout there are neither sections nor what is special about a seat.
        if wish.section.is_some() || wish.accessible {
            return Blocks::default();
        }
        let stand = |(number, free, fits)| {
            let distance = f64::from(number);
            Stand { number, free, fits, distance, ..Stand::default() }
        };
        let stands: Vec<Stand> = self.all(wish).map(stand).collect();
        let beside = |one: &Stand, next: &Stand| one.number.checked_add(1) == Some(next.number);
        let runs: Vec<&[Stand]> = stands.chunk_by(beside).collect();
        let mut search = Search::new(wish, most);
        for (index, run) in runs.iter().enumerate() {
            search.look(index, run);
        }
        search.blocks(|run, at| runs.get(run)?.get(at).map(|stand| stand.number))
    }

    /// Rows as the hall has them.
    fn in_rows(&self, hall: &Hall, wish: &Wish, most: usize) -> Blocks {
        let section = wish.section.as_ref().map(|name| hall.section(name));
        if section == Some(None) {
            return Blocks::default();
        }
        let section = section.flatten();
        // The date has the seats of the hall, in the same order; one that it lacks cannot be had.
        let mut mine = self.all(wish).peekable();
        let chance = |seat: &Seat| {
            while mine.next_if(|(number, ..)| *number < seat.number).is_some() {}
            let found = mine.next_if(|(number, ..)| *number == seat.number);
            found.map_or((false, false), |(_, free, fits)| (free, fits))
        };
        let chances: Vec<(bool, bool)> = hall.seats().iter().map(chance).collect();
        let stand = |index: &u32| {
            let index = *index as usize;
            let (seat, (free, fits)) = (hall.seats().get(index)?, *chances.get(index)?);
            let accessible = seat.has(Flag::Accessible);
            Some(Stand {
                number: seat.number,
                free,
                fits,
                accessible,
                kept: accessible || seat.has(Flag::Companion),
                restricted: seat.has(Flag::RestrictedView),
                distance: hall.distance(index, section),
            })
        };
        let mut search = Search::new(wish, most);
        let mut stands = Vec::new();
        for (index, run) in hall.runs().iter().enumerate() {
            if section.is_none() || section == hall.section_of_run(run) {
                stands.clear();
                stands.extend(run.iter().filter_map(stand));
                search.look(index, &stands);
            }
        }
        let seat =
            |run: usize, at: usize| hall.seats().get(*hall.runs().get(run)?.get(at)? as usize);
        search.blocks(|run, at| seat(run, at).map(|seat| seat.number))
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
        let seats = self.free(now).without(without);
        let unclaimed = seats.clone().without(&claimed).best(hall, wish, most);
        let found = if unclaimed.blocks.is_empty() && !claimed.is_empty() {
            seats.best(hall, wish, most)
        } else {
            unclaimed
        };
        let first = found.blocks.first().cloned().unwrap_or_default();
        Proposal { found, claim: Claim::of(&self.claims, first) }
    }
}
