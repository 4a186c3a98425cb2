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
        clear_date j1 d1 by n1           -> cleared - going
        +14s999ms
        take_job j1 by n2                -> job_not_held
        +1ms
        take_job j1 by n2                -> taken
        clear_date j1 d1 by n1           -> job_not_held
        fail_job j1 by n1                -> job_not_held
        clear_date j1 d1 by n2 last yes  -> cleared - done
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
    script += "clear_date j1 d1 by n1 last yes -> cleared - done\n";
    // One whose process dies each time ends, too.
    script += "concert c2 starts 99h\ncancel_date c2 d2 job j2\n";
    script += &"take_job j2 by n1 -> taken\n+15s\n".repeat(10);
    script += "take_job j2 by n1 -> taken_no_more\ntake_job j2 by n1 -> job_not_held\n";
    check(&script);
}

/// Holds are ended without being held against anybody; what has lapsed is the sweeper's; bookings stay; what was not
/// looked at is looked at in another pass.
#[test]
fn a_cleared_date_has_no_holds() {
    let world = check(
        "
        concert c1 dates d1,d2 max_active 9 rehold 10m grace 9m shop 20m
        join u1
        join u2
        join u3
        join u4
        charge u1 500
        reserve u1 r1 seats 1,2
        pay u1 r1
        reserve u2 r2 seats 3
        +2m
        reserve u3 r3 seats 4
        reserve u4 r4 seats 5 of d2
        cancel_date c1 d1 job j1
        take_job j1 by n1
        +3m
        clear_date j1 d1 by n1 take r1,r2,r3,r4 last yes -> cleared r3 going
        see reservation r4               -> Held
        see admission u3                 -> live
        see seat 4                       -> available
        reserve u3 r5 seats 4 of d2      # nothing is held against who was in the way
        expire u2
        clear_date j1 d1 by n1 last yes  -> cleared - going
        clear_date j1 d1 by n1 take r1 last yes -> cleared - done
        see date d1                      -> 3 of 5 available
    ",
    );
    let job = world.jobs.values().next().unwrap();
    let Work::DateCancellation(work) = &job.work;
    assert_eq!((work.holds_ended, work.bookings_left, work.seats_left), (1, 1, 2));
    assert_eq!((job.state, job.done, job.total), (JobState::Done, 2, 4));
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
    script += " -> cleared r21,r22,r23,r24,r25 done\n";
    check(&script);
}
