//! Jobs, and the cancellation of a date.

use crate::script::check;
use boxoffice_core::job::{JobState, Work};

/// Order: concert not found, date not found, invalid setting, already exists.
#[test]
fn cancel_date_refuses_in_order() {
    check(
        "
        concert c1 dates d1,d2
        concert c2 dates d3
        cancel_date c9 d9 why _ job j1   -> concert_not_found
        cancel_date c1 d9 why _ job j1   -> date_not_found
        cancel_date c2 d1 why _ job j1   -> date_not_found
        cancel_date c1 d1 why _ job j1   -> invalid_setting Reason
        cancel_date c1 d1 job j1         -> cancelled j1 ill
        cancel_date c1 d2 job j1         -> already_exists
        cancel_date c1 d1 why _ job j2   -> invalid_setting Reason
        cancel_date c1 d1 why late job j2 -> cancelled j1 ill
        delete_date c1 d1
        cancel_date c1 d1 job j2         -> date_not_found
    ",
    );
}

/// From its cancellation on nothing of a date is held, paid or changed; other dates are.
#[test]
fn nothing_of_a_cancelled_date_is_sold() {
    check(
        "
        concert c1 dates d1,d2
        join u1
        join u2
        charge u1 500
        reserve u1 r1 seats 1
        cancel_date c1 d1 job j1
        reserve u2 r2 seats 1            -> date_cancelled ill
        pay u1 r1                        -> date_cancelled ill
        edit_date c1 d1 starts 30h       -> date_cancelled ill
        reserve u2 r2 seats 2 of d2
    ",
    );
}

/// Who could not pay because the date was cancelled is told so, before and after the job has ended the hold.
#[test]
fn a_hold_of_a_cancelled_date_is_told_why_it_cannot_be_paid() {
    check(
        "
        concert c1 dates d1,d2
        join u1
        charge u1 500
        reserve u1 r1 seats 1
        cancel_date c1 d1 job j1
        pay u1 r1                        -> date_cancelled ill
        take_job j1 by n1
        clear_date j1 d1 by n1 take r1 last yes -> cleared r1 0 done
        pay u1 r1                        -> date_cancelled ill
    ",
    );
}

/// A hold that runs out between the cancellation and its job is no lapse: it could not be paid.
#[test]
fn a_hold_that_a_cancellation_cut_short_is_no_lapse() {
    let lapses = |cancelled: bool| {
        let cancel = if cancelled { "cancel_date c1 d1 job j1" } else { "" };
        let world = check(&format!(
            "
            concert c1 dates d1,d2 rehold 10m hold 1m
            join u1
            reserve u1 r1 seats 1
            {cancel}
            +2m
            expire u1
            "
        ));
        let place = world.places.values().next().unwrap();
        (place.lapses, place.unpaid_ms)
    };
    assert_eq!(lapses(false), (1, 60_000));
    assert_eq!(lapses(true), (0, 0));
}

/// Another date may take the time of one that was cancelled.
#[test]
fn the_time_of_a_cancelled_date_is_free() {
    check(
        "
        concert c1 dates d1 starts 24h
        date c1 d2 starts 24h            -> already_exists d1
        cancel_date c1 d1 job j1
        date c1 d2 starts 24h
    ",
    );
}

/// A job that waits after an error is begun anew when its cancellation is asked for again.
#[test]
fn a_job_that_waits_is_begun_anew() {
    check(
        "
        concert c1 dates d1,d2
        cancel_date c1 d1 job j1
        take_job j1 by n1                -> taken
        fail_job j1 by n1 why away       -> put_off
        take_job j1 by n1                -> job_not_held
        cancel_date c1 d1 job j2         -> cancelled j1 ill
        take_job j1 by n1                -> taken
        cancel_date c1 d1 job j2         -> cancelled j1 ill      # a process is at it again
        clear_date j1 d1 by n1           -> cleared - 0 going
    ",
    );
}

/// Who has read the date before reads it anew, once; and the job says of which kind it is.
#[test]
fn a_cancellation_changes_the_date_once() {
    let world = check(
        "
        concert c1
        edit_date c1 d1 starts 30h
        edit_date c1 d1 starts 31h
        cancel_date c1 d1 job j1
        cancel_date c1 d1 job j2
    ",
    );
    assert_eq!(world.dates.values().next().unwrap().revision, 3);
    assert_eq!(world.jobs.values().next().unwrap().work.kind(), "date_cancellation");
}

/// What belongs to a deleted concert is not set any more.
#[test]
fn the_queue_of_a_deleted_concert_is_not_set() {
    check(
        "
        concert c1 opens 10m beacon dice
        delete_concert c1
        queue c1 paused on               -> concert_not_found
        draw c1 7f                       -> concert_not_found
    ",
    );
}

/// A job is one process's for a lease, as long as it goes on; then anybody's.
#[test]
fn a_job_has_one_holder() {
    check(
        "
        concert c1 dates d1,d2
        take_job j1 by n1                -> job_not_found
        clear_date j1 d1 by n1           -> job_not_found
        fail_job j1 by n1                -> job_not_found
        cancel_date c1 d1 job j1
        clear_date j1 d1 by n1           -> job_not_held
        fail_job j1 by n1                -> job_not_held
        take_job j1 by n1                -> taken
        take_job j1 by n2                -> job_not_held
        clear_date j1 d2 by n1           -> date_not_found
        clear_date j1 d1 by n2           -> job_not_held
        +14s999ms
        clear_date j1 d1 by n1           -> cleared - 0 going
        +14s999ms
        take_job j1 by n2                -> job_not_held
        +1ms
        take_job j1 by n2                -> taken
        clear_date j1 d1 by n1           -> job_not_held
        fail_job j1 by n1                -> job_not_held
        clear_date j1 d1 by n2 last yes  -> cleared - 0 done
        take_job j1 by n1                -> job_not_held
        clear_date j1 d1 by n2           -> job_not_held
    ",
    );
}

/// A try that brings nothing is made again after a pause that doubles; the tenth is the last, until an operator asks
/// again.
#[test]
fn a_job_is_tried_again_and_not_for_ever() {
    let mut script = String::from("concert c1\ncancel_date c1 d1 job j1\n");
    let mut pause = 1;
    for _ in 1..10 {
        script += "take_job j1 by n1 -> taken\nfail_job j1 by n1 why away -> put_off\n";
        script += &format!("+{}s999ms\ntake_job j1 by n1 -> job_not_held\n+1ms\n", pause - 1);
        pause *= 2;
    }
    script += "take_job j1 by n1 -> taken\nfail_job j1 by n1 why away -> failed\n";
    script += "+24h\ntake_job j1 by n1 -> job_not_held\n";
    let world = check(&script);
    let job = world.jobs.values().next().unwrap();
    assert_eq!((job.state, job.last_error.as_deref()), (JobState::Failed, Some("away")));
    script += "cancel_date c1 d1 job j2 -> cancelled j1\ntake_job j1 by n1 -> taken\n";
    script += "clear_date j1 d1 by n1 last yes -> cleared - 0 done\n";
    let world = check(&script);
    assert_eq!(world.jobs.values().next().unwrap().last_error, None, "all is done");
    // One whose process dies each time ends, too.
    script += "concert c2 starts 99h\ncancel_date c2 d2 job j2\n";
    script += &"take_job j2 by n1 -> taken\n+15s\n".repeat(10);
    script += "take_job j2 by n1 -> taken_no_more\ntake_job j2 by n1 -> job_not_held\n";
    check(&script);
}

/// Holds are ended without being held against anybody, and bookings go back, seats and money; what has lapsed is the
/// tick's.
#[test]
fn a_cleared_date_is_empty() {
    let world = check(
        "
        concert c1 dates d1,d2 max_active 9 rehold 10m grace 9m shop 20m
        join u1
        join u2
        join u3
        join u4
        join u5
        charge u1 500
        charge u5 500
        reserve u1 r1 seats 1,2
        pay u1 r1 as p1
        reserve u5 r9 seats 5 of d2
        pay u5 r9 as p9
        reserve u2 r2 seats 3
        +2m
        reserve u3 r3 seats 4
        reserve u4 r4 seats 4 of d2
        cancel_date c1 d1 job j1
        take_job j1 by n1
        +3m
        clear_date j1 d1 by n1 take r1,r2,r3,r4,r9 last yes -> cleared r3 1 going
        see reservation r4               -> Held
        see reservation r9               -> Confirmed
        see reservation r1               -> Refunded
        see balance u1                   -> 500
        see admission u3                 -> live
        see seat 4                       -> available
        reserve u3 r5 seats 3 of d2      # nothing is held against who was in the way
        clear_date j1 d1 by n1 take r1,r3 last yes -> cleared - 0 going   # nothing goes back twice
        see balance u1                   -> 500
        expire u2
        clear_date j1 d1 by n1 last yes  -> cleared - 0 done
        see date d1                      -> 5 of 5 available
    ",
    );
    let job = world.jobs.values().next().unwrap();
    let Work::DateCancellation(work) = &job.work;
    assert_eq!((work.holds_ended, work.bookings_refunded, work.bookings_left), (1, 1, 0));
    assert_eq!((work.amount_refunded.0, job.state), (200, JobState::Done));
    assert_eq!((job.done, job.total), (4, 4));
}

/// A booking that cannot be given back is left, with the reason, and the job is not done until it is.
#[test]
fn what_cannot_go_back_is_left() {
    let world = check(
        "
        concert c1 max_active 9
        register u1 kim
        join u1
        join u2
        charge u1 200
        charge u2 100
        reserve u1 r1 seats 1,2
        pay u1 r1 as p1
        reserve u2 r2 seats 3
        pay u2 r2 as p2
        user u1
        cancel_date c1 d1 job j1
        take_job j1 by n1
        clear_date j1 d1 by n1 take r1,r2 last yes -> cleared - 1 going account_deleted
        fail_job j1 by n1 why account_deleted
        +1s
        take_job j1 by n1
        clear_date j1 d1 by n1 take r1 last yes -> cleared - 0 going account_deleted
    ",
    );
    let job = world.jobs.values().next().unwrap();
    let Work::DateCancellation(work) = &job.work;
    assert_eq!((work.bookings_left, work.left_because.as_deref()), (1, Some("account_deleted")));
    assert_eq!((job.done, job.total, job.attempts), (1, 3, 1));
}

/// A step is bounded, however much it is given: the rest is left to the next.
#[test]
fn a_step_is_bounded() {
    let mut script = String::from("concert c1 max_active 90 seats 90\n");
    for n in 1..=25 {
        script += &format!("join u{n}\nreserve u{n} r{n} seats {n}\n");
    }
    let all: Vec<String> = (1..=25).map(|n| format!("r{n}")).collect();
    script += "cancel_date c1 d1 job j1\ntake_job j1 by n1\n";
    script += &format!("clear_date j1 d1 by n1 take {} last yes -> cleared\n", all.join(","));
    script += &format!("clear_date j1 d1 by n1 take {} last yes", all[20..].join(","));
    script += " -> cleared r21,r22,r23,r24,r25 0 done\n";
    check(&script);
}
