//! The audit is audited: each of its checks is shown finding what it is for. A row, or a reply, of a
//! small honest story is bent, and the check must say so.

use crate::audit::{Auditor, Check};
use crate::bench::{
    Bench, DATE, LINE, SHOW, admit, charge, charge_id, join, pay, place, plain, refund,
    reservation, reserve, show, user,
};
use crate::driver::touched;
use boxoffice_core::batch::{Envelope, Reply};
use boxoffice_core::command::Command;
use boxoffice_core::concert::{Seat, SeatStatus};
use boxoffice_core::id::{DateId, SeatKey, Uuid};
use boxoffice_core::idempotency::Key;
use boxoffice_core::money::Money;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::queue::{Expire, PlaceStatus, QueueSettings, QueueState, SetQueue};
use boxoffice_core::refusal::Refusal;
use boxoffice_core::reservation::ReservationStatus;
use boxoffice_core::time::Time;
use boxoffice_core::user::Register;
use boxoffice_server::store::memory::MemoryStore;
use std::collections::BTreeSet;

/// An honest story with its audit.
struct Case {
    bench: Bench,
    auditor: Auditor,
}

impl Case {
    /// User 1 has paid seats 1 and 2, user 2 holds seat 3, user 3 did not come and comes back to the
    /// front, user 4 shops, users 5 and 6 wait.
    fn new() -> Self {
        let mut case = Self { bench: Bench::default(), auditor: Auditor::default() };
        let queue = QueueSettings {
            max_active: 10,
            admissions_per_second: 10,
            max_waiting: 100,
            paused: false,
        };
        case.run(1_000, (1..=6).map(register).chain([show(queue)]));
        case.run(2_000, (1..=4).map(join));
        let holds = [reserve(1, &[1, 2]), reserve(2, &[3])];
        case.run(3_000, [charge(1), charge(2), charge(4)].into_iter().chain(holds));
        case.run(4_000, [pay(1)]);
        case.run(5_000, [set(3, 10, false), join(5), join(6)]);
        let place = place(3);
        case.run(63_000, [Command::Expire(Expire { place }), join(3)]);
        case
    }

    fn run(&mut self, now_ms: i64, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            self.bent(now_ms, plain(command), |_| {});
        }
    }

    /// Runs one command and tells the audit something else.
    fn bent(&mut self, now_ms: i64, envelope: Envelope, bend: impl FnOnce(&mut Reply)) {
        let envelopes = [envelope];
        let (rows, mut replies) = self.bench.run(now_ms, &envelopes);
        if let Some(reply) = replies.first_mut() {
            bend(reply);
        }
        let told = (&envelopes[..], &replies[..]);
        let touched = touched(&rows);
        let store = &self.bench.store;
        self.auditor.batch(store, Time(now_ms), told, &touched);
    }

    /// Bends rows, and has everything counted.
    fn rows(&mut self, bend: impl FnOnce(&mut MemoryStore) -> Option<()>) {
        assert!(bend(&mut self.bench.store).is_some(), "no such row");
        self.auditor.full(&self.bench.store);
    }

    fn queue(&mut self) -> &mut QueueState {
        self.bench.store.queues.get_mut(&LINE).expect("the queue")
    }

    fn found(&mut self) -> BTreeSet<Check> {
        let found = self.auditor.take();
        found.into_iter().map(|violation| violation.check).collect()
    }
}

fn register(number: u128) -> Command {
    Command::Register(Register {
        user: user(number),
        username: format!("user-{number}"),
        look: format!("user-{number}"),
        password_hash: String::new(),
    })
}

const fn set(max_active: u64, rate: u64, paused: bool) -> Command {
    Command::SetQueue(SetQueue {
        queue: LINE,
        max_active: Some(max_active),
        admissions_per_second: Some(rate),
        max_waiting: None,
        paused: Some(paused),
        pause_reason: None,
    })
}

fn seat(store: &mut MemoryStore, number: u32) -> Option<&mut Seat> {
    store.seats.get_mut(&SeatKey { date: DATE, number })
}

fn free(store: &mut MemoryStore, number: u32) -> Option<()> {
    let seat = seat(store, number)?;
    seat.status = SeatStatus::Available;
    seat.reservation = None;
    seat.held_until = None;
    seat.reservated_date = None;
    Some(())
}

/// User 4 charges once more.
fn more() -> Command {
    let mut command = charge(4);
    if let Command::Charge(charge) = &mut command {
        charge.charge = charge_id(44);
    }
    command
}

type Bend = (Check, fn(&mut Case));

const SEATS: &[Bend] = &[
    (Check::SeatRow, |case| {
        case.rows(|store| seat(store, 3)?.held_until.take().map(|_| ()));
    }),
    (Check::SeatClaim, |case| {
        case.rows(|store| seat(store, 3)?.reservation.replace(reservation(9)).map(|_| ()));
    }),
    (Check::SoldForever, |case| case.rows(|store| free(store, 1))),
    (Check::ReservationRow, |case| {
        case.rows(|store| {
            store.reservations.get_mut(&reservation(2))?.total_price.0 += 1;
            Some(())
        });
    }),
    (Check::ReservationSeats, |case| case.rows(|store| free(store, 3))),
    (Check::OneClaim, |case| {
        case.rows(|store| {
            let row = store.reservations.get(&reservation(2))?.clone();
            let seats = store.reserved_seats.get(&reservation(2))?.clone();
            store.reservations.insert(reservation(9), row);
            store.reserved_seats.insert(reservation(9), seats);
            Some(())
        });
    }),
    (Check::ReservationFinal, |case| {
        case.rows(|store| {
            let row = store.reservations.get_mut(&reservation(1))?;
            row.status = ReservationStatus::Expired;
            Some(())
        });
    }),
    (Check::AvailableSeats, |case| {
        case.rows(|store| {
            store.dates.get_mut(&DATE)?.available_seats += 1;
            Some(())
        });
    }),
    (Check::SeatTotals, |case| {
        case.rows(|store| {
            store.concerts.get_mut(&SHOW)?.total_seats += 1;
            Some(())
        });
    }),
    (Check::SeatWasFree, |case| {
        free(&mut case.bench.store, 3).expect("a seat");
        case.run(64_000, [reserve(4, &[3])]);
    }),
    (Check::SeatLimit, |case| {
        let concert = case.bench.store.concerts.get_mut(&SHOW).expect("the show");
        concert.policy.seats_per_user = 9;
        case.run(64_000, [reserve(4, &[4, 5, 6, 7, 8])]);
    }),
];

const MONEY: &[Bend] = &[
    (Check::Payment, |case| {
        case.rows(|store| store.payments.remove(&reservation(1)).map(|_| ()));
    }),
    (Check::LedgerChain, |case| {
        case.rows(|store| {
            store.transfers.get_mut(&(user(1), 2))?.balance_after.0 += 1;
            Some(())
        });
    }),
    (Check::LedgerSum, |case| {
        case.rows(|store| {
            store.balances.get_mut(&user(1))?.amount.0 += 1;
            Some(())
        });
    }),
    (Check::LedgerPayments, |case| {
        case.rows(|store| {
            let twice = *store.payments.get(&reservation(1))?;
            store.payments.insert(reservation(2), twice).map_or(Some(()), |_| None)
        });
    }),
    (Check::Refund, |case| {
        case.run(64_000, [refund(1, &[1])]);
        case.rows(|store| {
            store.refunds.get_mut(&(reservation(1), 1))?.amount.0 += 1;
            Some(())
        });
    }),
    (Check::Refund, |case| {
        case.bent(64_000, plain(refund(1, &[1])), |reply| {
            if let Ok(Outcome::Refunded { amount, .. }) = &mut reply.result {
                amount.0 += 1;
            }
        });
    }),
    (Check::Ticket, |case| {
        case.run(64_000, [refund(1, &[1])]);
        case.rows(|store| {
            store.refunded_seats.get_mut(&(reservation(1), 1))?.date = DateId(Uuid::nil());
            Some(())
        });
    }),
    (Check::Ticket, |case| case.rows(|store| free(store, 1))),
    (Check::LedgerCharges, |case| {
        case.bent(64_000, plain(more()), |reply| {
            if let Ok(Outcome::Charged { charge_id, .. }) = &mut reply.result {
                charge_id.0 = Uuid::nil();
            }
        });
    }),
    (Check::Immutable, |case| {
        case.rows(|store| {
            store.transfers.get_mut(&(user(1), 1))?.created_at.0 += 1;
            Some(())
        });
    }),
    (Check::PaidWhileHeld, |case| {
        let store = &mut case.bench.store;
        let row = store.reservations.get_mut(&reservation(2)).expect("a hold");
        row.expires_at = Time(900_000);
        let row = store.admissions.get_mut(&place(2)).expect("an admission");
        row.token_expiry = Time(900_000);
        case.run(400_000, [pay(2)]);
    }),
];

const QUEUE: &[Bend] = &[
    (Check::ActiveCount, |case| {
        case.queue().active += 1;
        case.rows(|_| Some(()));
    }),
    (Check::ActiveMax, |case| {
        case.run(63_500, (7..=40).flat_map(|number| [register(number), join(number)]));
        case.queue().settings.max_active = 100;
        for second in 64..=67 {
            case.run(second * 1_000, [admit()]);
        }
    }),
    (Check::WaitingCount, |case| {
        case.queue().waiting += 1;
        case.rows(|_| Some(()));
    }),
    (Check::ReturningCount, |case| {
        case.queue().returning = 0;
        case.rows(|_| Some(()));
    }),
    (Check::CursorTail, |case| {
        case.queue().tail += 1;
        case.rows(|_| Some(()));
    }),
    (Check::CursorBack, |case| {
        case.queue().cursor -= 1;
        case.rows(|_| Some(()));
    }),
    (Check::DrawFixed, |case| {
        case.queue().drawn = Some(3);
        case.rows(|_| Some(()));
    }),
    (Check::Order, |case| {
        case.queue().cursor += 1;
        case.rows(|_| Some(()));
    }),
    (Check::OnePlace, |case| {
        case.rows(|store| {
            store.places.get_mut(&place(6))?.user = user(5);
            Some(())
        });
    }),
    (Check::PlaceRow, |case| {
        case.rows(|store| {
            store.places.get_mut(&place(6))?.created_at.0 += 1;
            Some(())
        });
    }),
    (Check::PlaceFinal, |case| {
        case.rows(|store| {
            store.places.get_mut(&place(1))?.status = PlaceStatus::Waiting;
            Some(())
        });
    }),
    (Check::AdmissionRow, |case| {
        case.rows(|store| {
            store.admissions.get_mut(&place(1))?.is_active = true;
            Some(())
        });
    }),
    (Check::AdmissionHold, |case| {
        case.rows(|store| {
            store.admissions.get_mut(&place(2))?.reservation = None;
            Some(())
        });
    }),
    (Check::AdmittedCount, |case| {
        case.bent(64_000, plain(admit()), |reply| {
            reply.result = Ok(Outcome::Admitted { count: 0, more: false });
        });
    }),
    (Check::Opened, |case| {
        case.run(64_000, [set(10, 10, true)]);
        case.queue().settings.paused = false;
        case.run(65_000, [admit()]);
    }),
    (Check::Rate, |case| {
        case.run(64_000, [set(10, 1, false)]);
        case.queue().settings.admissions_per_second = 10;
        case.run(65_000, [admit()]);
    }),
];

const REPLIES: &[Bend] = &[
    (Check::QueueNumber, |case| {
        case.bent(64_000, plain(join(5)), |reply| {
            if let Ok(Outcome::Joined(ticket)) = &mut reply.result {
                ticket.queue_number = Some(99);
            }
        });
    }),
    (Check::SamePlace, |case| {
        case.bent(64_000, plain(join(5)), |reply| {
            if let Ok(Outcome::Joined(ticket)) = &mut reply.result {
                ticket.place = place(6);
            }
        });
    }),
    (Check::ReplyTrue, |case| {
        case.bent(64_000, plain(more()), |reply| {
            if let Ok(Outcome::Charged { balance, .. }) = &mut reply.result {
                balance.0 += 1;
            }
        });
    }),
    (Check::RefusalTrue, |case| {
        case.bent(64_000, plain(reserve(4, &[9])), |reply| {
            let seat_numbers = vec![9];
            reply.result = Err(Refusal::SeatsTaken { seat_numbers });
        });
    }),
    (Check::Idempotency, |case| {
        let key = Key { scope: user(4).0, key: "once".into(), fingerprint: [1; 32] };
        let envelope = Envelope { command: more(), key: Some(key) };
        case.bent(64_000, envelope.clone(), |_| {});
        case.bent(64_000, envelope, |reply| reply.replayed = false);
    }),
    (Check::EventTrue, |case| {
        case.bent(64_000, plain(pay(2)), |reply| {
            if let Ok(Outcome::Paid { payment_id, .. }) = &mut reply.result {
                payment_id.0 = Uuid::nil();
            }
        });
    }),
    (Check::EventNumbers, |case| {
        case.rows(|store| {
            let second = *store.events.keys().nth(1)?;
            store.events.remove(&second).map(|_| ())
        });
    }),
    (Check::Username, |case| {
        case.rows(|store| {
            store.users.get_mut(&user(2))?.username = "user-1".into();
            Some(())
        });
    }),
];

#[test]
fn the_honest_story_is_honest() {
    let mut case = Case::new();
    case.rows(|_| Some(()));
    let found = case.auditor.take();
    assert!(found.is_empty(), "{found:#?}");
    let row = case.bench.store.balances.get(&user(1));
    assert_eq!(row.map(|row| row.amount), Some(Money(900_000)));
}

#[test]
fn every_check_can_fail() {
    let mut shown = BTreeSet::new();
    for (check, bend) in [SEATS, MONEY, QUEUE, REPLIES].concat() {
        let mut case = Case::new();
        bend(&mut case);
        let found = case.found();
        assert!(found.contains(&check), "{check:?} is not among {found:?}");
        shown.insert(check);
    }
    let missing: Vec<_> = Check::ALL.iter().filter(|check| !shown.contains(check)).collect();
    assert!(missing.is_empty(), "never shown: {missing:?}");
}
