//! Who is drawn, and from what (H41).

use crate::script::check;

fn joins(from: u32, to: u32) -> String {
    let one = |n| format!("join u{n} -> waiting - new");
    (from..=to).map(one).collect::<Vec<_>>().join("\n")
}

/// Whoever joins after the moment stands behind, in the order of joining; not a millisecond early. The draw
/// itself is made at the opening.
#[test]
fn only_who_joined_before_the_moment_is_drawn() {
    check(&format!(
        "
        concert c1 max_active 3 opens 10m drawn_before 5m
        {}
        at 4m59s999ms
        join u5                          -> waiting - new
        at 5m
        {}
        admit c1                         -> admitted 0
        at 9m59s999ms
        see position u1                  -> none
        at 10m
        admit c1                         -> admitted 3
        join u8                          -> waiting 8 new
        see order c1                     -> u2 u4 u3 u5 u1 u6 u7 u8
        see position u6                  -> 3
        ",
        joins(1, 4),
        joins(6, 7),
    ));
}

/// Where nobody comes between the moment and the opening, all are drawn; and a sale that is opened by hand
/// before the moment draws those who are there.
#[test]
fn the_opening_draws_all_who_joined_in_time() {
    let after = "see order c1 -> u2 u4 u3 u5 u1 u6";
    let concert = "concert c1 max_active 1 opens 10m drawn_before 5m";
    check(&format!("{concert}\n{}\nat 10m\njoin u6 -> waiting 6 new\n{after}", joins(1, 5)));
    let by_hand = "at 1m\nsale c1 open\njoin u6 -> waiting 6 new\nat 6m\njoin u7 -> waiting 7 new";
    check(&format!("{concert}\n{}\n{by_hand}\n{after} u7", joins(1, 5)));
}

/// Until the value is given nobody is let in and nobody has a number; it is given once, and not while people
/// may still join who are drawn.
#[test]
fn a_named_value_is_waited_for() {
    check(&format!(
        "
        concert c1 max_active 3 opens 10m beacon the_next_pulse
        {}
        draw c1 7f                       -> sale_not_open 10m
        see draw c1                      -> to come
        at 10m
        admit c1                         -> admitted 0
        join u6                          -> waiting - new
        admit c1                         -> admitted 0
        see position u1                  -> none
        see draw c1                      -> awaits its value
        draw c9 7f                       -> concert_not_found
        draw c1 _                        -> invalid_setting Draw
        draw c1 7f                       -> draw set
        draw c1 7f                       -> draw set
        draw c1 80                       -> already_exists
        see draw c1                      -> drawn
        see order c1                     -> u4 u1 u2 u5 u3 u6
        admit c1                         -> admitted 3
        see position u6                  -> 3
        see queue c1                     -> active 3 cursor 3 tail 6 returning 0
        ",
        joins(1, 5),
    ));
}

/// With a moment before the opening the value can be given in time for it.
#[test]
fn the_value_may_come_before_the_opening() {
    check(&format!(
        "
        concert c1 max_active 3 opens 10m drawn_before 5m beacon the_pulse_of_5m
        {}
        at 4m59s999ms
        draw c1 7f                       -> sale_not_open 5m
        at 5m
        draw c1 7f                       -> draw set
        {}
        see position u1                  -> none
        at 10m
        admit c1                         -> admitted 3
        see position u7                  -> 4
        ",
        joins(1, 5),
        joins(6, 7),
    ));
}

/// H6: once those who are drawn are fixed, a clock that jumps back keeps no value out.
#[test]
fn the_value_is_taken_though_the_clock_jumps_back() {
    for (terms, fixed, back) in [
        ("drawn_before 5m", "5m", "4m59s"),
        ("", "10m", "9m59s"),
        ("drawn_before 10m", "10m", "4m"),
    ] {
        check(&format!(
            "
            concert c1 max_active 3 opens 10m beacon the_next_pulse {terms}
            join u1                          -> waiting - new
            at {fixed}
            join u2                          -> waiting - new
            at {back}
            draw c1 7f                       -> draw set
            "
        ));
    }
}

/// Where nobody has joined before, there is nothing to draw and nothing to wait for.
#[test]
fn nobody_to_draw_needs_no_value() {
    check(
        "
        concert c1 max_active 3 opens 10m beacon the_next_pulse
        at 10m
        join u1                          -> admitted 1 new until 11m
        draw c1 7f                       -> draw set
        join u2                          -> admitted 2 new until 11m
        ",
    );
}

#[test]
fn terms_have_their_limits() {
    let long = "x".repeat(201);
    let fits = "x".repeat(200);
    check(&format!(
        "
        concert c1 opens 1m drawn_before 1m1ms -> invalid_setting Draw
        concert c1 opens 1m beacon _           -> invalid_setting Draw
        concert c1 opens 1m beacon {long}      -> invalid_setting Draw
        concert c1 opens 1m drawn_before 1m beacon {fits} -> created
        at 1m
        draw c1 {long}                         -> invalid_setting Draw
        draw c1 {fits}                         -> draw set
        concert c2                             -> created
        draw c2 7f                             -> invalid_setting Draw
        "
    ));
}
