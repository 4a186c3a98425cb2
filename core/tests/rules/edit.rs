//! What operators change and delete of what is unsold.

use crate::script::check;
use crate::words::id;
use boxoffice_core::edit::{EditConcert, NewPoster};
use boxoffice_core::id::{ConcertId, DateId, PosterId};
use boxoffice_core::poster::PosterType;

/// Order: concert not found, invalid setting, held or sold.
#[test]
fn edit_concert_refuses_in_order() {
    check(
        "
        concert c1 max_active 2
        edit_concert c9 name _           -> concert_not_found
        join u1
        reserve u1 r1 seats 1,2
        edit_concert c1 name _ theater _ run_time 0 zone _ -> invalid_setting ConcertName
        edit_concert c1        theater _ run_time 0 zone _ -> invalid_setting Theater
        edit_concert c1                  run_time 0 zone _ -> invalid_setting RunTime
        edit_concert c1                             zone _ hold 0s -> invalid_setting TimeZone
        edit_concert c1 name Summer hold 0s -> invalid_setting Policy
        edit_concert c1 hold 25h         -> invalid_setting Policy
        edit_concert c1 shop 0s          -> invalid_setting Policy
        edit_concert c1 grace 0s         -> invalid_setting Policy
        edit_concert c1 per_user 0       -> invalid_setting Policy
        edit_concert c1 per_user 51      -> invalid_setting Policy
        edit_concert c1 rehold -1s       -> invalid_setting Policy
        edit_concert c1 name Summer      -> held_or_sold 2
        edit_concert c1 theater Room     -> held_or_sold 2
        edit_concert c1 run_time 90      -> held_or_sold 2
        edit_concert c1 name Spring run_time 120 zone Asia/Seoul -> edited   # what is the same is no change
        cancel u1 r1
        edit_concert c1 name Summer theater Room run_time 90 -> edited
        see told c1                      -> Summer Room 90 Asia/Seoul
    ",
    );
}

/// What else is told of a show: a name of another language can be added at any time, and is changed as the name
/// is; texts and posters are changed whenever somebody likes.
#[test]
fn a_show_is_billed() {
    check(
        "
        concert c1 per_user 2
        edit_concert c1 name_en _ about_en _ poster empty -> invalid_setting Names
        edit_concert c1           about_en _ poster empty -> invalid_setting About
        edit_concert c1                      poster empty -> invalid_setting Poster
        edit_concert c1 name_en Spring_Day name_ko 봄날 about_en Songs -> edited
        see billed c1                    -> Spring Day, 봄날, Songs, -, -
        register u1 mina
        join u1
        reserve u1 r1 seats 1
        edit_concert c1 name_en Autumn   -> held_or_sold 1
        edit_concert c1 name_ko none     -> held_or_sold 1
        edit_concert c1 name_en Spring_Day about_en none about_ko 노래 poster picture -> edited
        see billed c1                    -> Spring Day, 봄날, -, 노래, Png
        edit_concert c1 poster picture   -> edited          # the same bytes
        edit_concert c1 about_ko none poster none -> edited
        see billed c1                    -> Spring Day, 봄날, -, -, -
        cancel u1 r1
        edit_concert c1 name_en none name_ko 가을 -> edited
        see billed c1                    -> -, 가을, -, -, -
        concert c2
        join u1 in c2
        reserve u1 r2 seats 1 of d2 in c2
        edit_concert c2 name_ko 봄       -> edited          # it had none
        edit_concert c2 name_ko 여름     -> held_or_sold 1
    ",
    );
}

/// Order: concert not found, date not found, held or sold, date in past, date before opening, date exists,
/// invalid setting, seats taken.
#[test]
fn edit_date_refuses_in_order() {
    check(
        "
        concert c1 dates d1,d2 seats 5 opens 1m
        concert c2 dates d3
        edit_date c9 d9 starts 0s numbers 0          -> concert_not_found
        edit_date c1 d9 starts 0s numbers 0          -> date_not_found
        edit_date c1 d3 starts 0s numbers 0          -> date_not_found
        at 2m
        join u1
        reserve u1 r1 seats 1
        edit_date c1 d1 starts 0s numbers 0          -> held_or_sold 1
        edit_date c1 d2 starts 2m numbers 0          -> date_in_past 2m
        concert c4 dates d4 opens 1h
        edit_date c4 d4 starts 1h numbers 0          -> date_before_opening 1h 1h
        edit_date c1 d2 starts 24h numbers 0         -> already_exists d1
        edit_date c1 d2 numbers 0                    -> invalid_setting Seats
        edit_date c1 d2 numbers 1,1                  -> invalid_setting Seats
        edit_date c1 d1 numbers 1,2 price 7          -> seats_taken 1
        edit_date c1 d1 numbers 2 price 7            -> edited 5 seats at 24h
        see price 2                                  -> R 7
        see price 1                                  -> R 100
    ",
    );
}

/// The last date that can be sold starts after the opening, and others count that do.
#[test]
fn a_date_stays_that_can_be_sold() {
    check(
        "
        concert c1 dates d1,d2 opens 1h
        edit_date c1 d2 starts 48h                   -> edited
        lane c1/q2 opens 30h
        edit_date c1 d1 starts 30h                   -> edited      # d2 is there
        edit_date c1 d2 starts 29h                   -> date_before_opening 29h 30h
        edit_date c1 d2 starts 31h                   -> edited
        concert c2 dates d3 opens 1h
        edit_date c2 d3 starts 30h                   -> edited
    ",
    );
}

/// A reader that has the date sees by its revision that it was changed.
#[test]
fn every_change_of_a_date_has_its_revision() {
    let world = check(
        "
        concert c1 dates d1,d2 seats 3
        edit_date c1 d1 starts 48h       -> edited
        edit_date c1 d1 starts 48h       -> edited      # as it is
        edit_date c1 d1 numbers 1 price 7 -> edited
        delete_date c1 d1                -> deleted
        delete_date c1 d2                -> deleted
    ",
    );
    let revision = |date| world.dates[&DateId(id(date))].revision;
    assert_eq!(revision("d1") - revision("d2"), 2);
    assert_eq!(revision("d2"), 1);
}

/// A poster is set or taken away by itself; a log has no bytes of it.
#[test]
fn a_poster_is_changed_alone() {
    let new = NewPoster { id: PosterId::of("x"), media_type: PosterType::Png, body: b"x".to_vec() };
    let shown = format!("{new:?}");
    assert_eq!(shown, format!("NewPoster({}, Png, 1 bytes)", PosterId::of("x")));
    let change = EditConcert::poster(ConcertId(id("c1")), None);
    assert!(matches!(change.billing.poster, Some(None)));
    let change = EditConcert::poster(ConcertId(id("c1")), Some(new));
    assert!(change.billing.poster.flatten().is_some_and(|poster| poster.body == b"x"));
}

/// A move, a new price and new seats; a hold that was made before keeps its price.
#[test]
fn an_unsold_date_is_changed() {
    check(
        "
        concert c1 dates d1,d2 seats 3
        edit_date c1 d1 starts 48h                   -> edited 3 seats at 48h
        edit_date c1 d2 starts 24h                   -> edited 3 seats at 24h   # its place is free now
        edit_date c1 d1 numbers 3,4,5 zone S price 7 -> edited 5 seats at 48h
        see concert c1                               -> 2 dates 8 seats
        see date d1                                  -> 5 of 5
        see price 3                                  -> S 7
        see price 5                                  -> S 7
        see price 1                                  -> R 100
        join u1
        reserve u1 r1 seats 1,5                      -> held 1,5 for 107
        charge u1 1000
        +6m
        edit_date c1 d1 numbers 1 price 50           -> edited      # a lapsed hold is none, swept or not
        expire u1
        see date d1                                  -> 5 of 5
    ",
    );
}

/// Order: concert not found, date not found, held or sold. What is deleted is not there any more, but its
/// rows are.
#[test]
fn delete_date_refuses_in_order() {
    check(
        "
        concert c1 dates d1,d2 seats 3
        concert c2 dates d3
        delete_date c9 d9                -> concert_not_found
        delete_date c1 d9                -> date_not_found
        delete_date c1 d3                -> date_not_found
        join u1
        reserve u1 r1
        delete_date c1 d1                -> held_or_sold 1
        {
        delete_date c1 d2                -> deleted
        delete_date c1 d2                -> date_not_found
        date c1 d4 starts 24h1m seats 3  -> added           # at its time there is none now
        }
        see concert c1                   -> 2 dates 6 seats
        cancel u1 r1
        reserve u1 r2 of d2              -> date_not_found
        delete_date c1 d1                -> deleted
        edit_date c1 d1 starts 30h       -> date_not_found
        see reservation r1               -> Cancelled
    ",
    );
}

/// Order: concert not found, held or sold, sale open. Those in line keep their places, and nobody is let in.
#[test]
fn delete_concert_refuses_in_order() {
    check(
        "
        concert c1 dates d1,d2 seats 3 max_active 1
        delete_concert c9                -> concert_not_found
        join u1
        join u2                          -> waiting
        reserve u1 r1 seats 1,2 of d2
        delete_concert c1                -> held_or_sold 2
        cancel u1 r1
        delete_concert c1                -> sale_open
        sale c1 close
        delete_concert c1                -> deleted
        delete_concert c1                -> concert_not_found
        sale c1 open                     -> concert_not_found
        date c1 d9 starts 99h            -> concert_not_found
        edit_concert c1 name Summer      -> concert_not_found
        edit_date c1 d1 starts 99h       -> concert_not_found
        delete_date c1 d1                -> concert_not_found
        reserve u1 r2                    -> sale_closed
        join u3                          -> sale_closed
        leave u1
        admit c1                         -> admitted 0
    ",
    );
}

/// Times and limits change whatever is held or sold, and for what comes alone: a hold, a time to shop and an
/// admission that there are keep the end that was told.
#[test]
fn times_and_limits_change_for_what_comes() {
    check(
        "
        concert c1 seats 9 hold 5m shop 10m grace 1m rehold 10m per_user 4 max_active 3
        join u1
        join u2                          -> admitted
        charge u1 1000
        reserve u1 r1 seats 1,2,3        -> held 1,2,3 for 300 until 5m
        reserve u2 r2 seats 9            -> held 9 for 100 until 5m
        edit_concert c1 hold 30s per_user 2 rehold 0s -> edited
        join u3
        reserve u3 r3 seats 4,5,6        -> seat_limit
        reserve u3 r3 seats 4,5          -> held 4,5 for 200 until 30s
        at 4m59s
        pay u1 r1                        -> paid 300
        charge u3 1000                   -> queue_token_expired
        expire u3
        join u3
        reserve u3 r4 seats 4            -> held 4                    # of a hold that closed it to nobody
        join u1
        reserve u1 r5 seats 7            -> seat_limit
        edit_concert c1 per_user 4       -> edited
        reserve u1 r5 seats 7            -> held 7 for 100 until 5m29s
        at 5m
        expire u2
        edit_concert c1 hold 1h          -> edited
        join u2
        reserve u2 r6 seats 9            -> seats_cooling_off 9 until 15m    # as it was when it was held
        reserve u2 r6 seats 8            -> held 8 for 100 until 1h5m
    ",
    );
}

/// A sale that is to come, was closed, or has nothing left to sell is no open one.
#[test]
fn only_an_open_sale_keeps_its_concert() {
    check(
        "
        concert c1 opens 10m
        concert c2 closes 20m
        concert c3 dates d3,d9
        concert c4 dates none
        join u1                          -> waiting
        delete_concert c1                -> deleted
        delete_concert c2                -> sale_open
        delete_concert c4                -> sale_open
        sale c4 close
        delete_concert c4                -> deleted
        at 20m
        delete_concert c2                -> deleted
        at 24h2m
        delete_concert c3                -> sale_open
        at 24h8m
        delete_concert c3                -> deleted
    ",
    );
}
