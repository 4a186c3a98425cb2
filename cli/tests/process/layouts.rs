//! `boxoffice admin layout`: halls that are made, read, checked and added on the command line.

use crate::admin::Operator;
use crate::refunds::bought;
use crate::runtime;
use crate::sandbox::{Sale, Sandbox};
use serde_json::Value;
use std::fs;

/// From a few numbers to a date on sale; there and back by pretix; from a sheet.
#[test]
fn a_hall_is_made_and_sold_on_the_command_line() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let by = Operator::at(sandbox, server.address);
    let hall = by.done(&[
        "layout",
        "generate",
        "--name",
        "Small Hall",
        "--sections",
        "2",
        "--rows",
        "3",
        "--seats",
        "5",
        "--numbering",
        "odd-even",
        "--curved",
        "--grade",
        "R:1",
        "--grade",
        "S:2",
    ]);
    fs::write(by.sandbox.path("hall.json"), &hall).unwrap();
    let checked = by.done(&["layout", "check", "hall.json"]);
    assert!(
        checked.contains("seats  30\ngrade  R: 10\ngrade  S: 20\nsections A, B\n"),
        "{checked}"
    );
    let id = checked.lines().next().unwrap().strip_prefix("layout ").unwrap().to_owned();
    let added = by.json(&["layout", "add", "hall.json"]);
    assert_eq!((&added["layout"], &added["seats"]), (&Value::from(id.as_str()), &Value::from(30)));
    assert_eq!(by.json(&["layout", "show", &id])["name"], "Small Hall");

    let made = by.json(&[
        "concert",
        "create",
        "--name",
        "Parade",
        "--theater",
        "Small Hall",
        "--run-time-minutes",
        "90",
        "--opens-at",
        "2020-01-01T00:00:00Z",
    ]);
    let concert = made["concert_id"].as_str().unwrap();
    let add = ["date", "add", concert, "--starts-at", "2099-05-01T19:00:00+09:00", "--layout", &id];
    by.json(&[&add[..], &["--price", "R=150000", "--price", "S=90000"]].concat());
    let figures = by.json(&["figures", concert]);
    assert_eq!(figures["dates"][0]["layout"], Value::from(id.as_str()));
    assert_eq!(figures["dates"][0]["total_seats"], 30);
    let (code, said) = by.refused(&[&add[..], &["--price", "R=1"]].concat());
    let why = "/prices S: this grade of the layout has no price";
    assert!(code == Some(1) && said.contains(why), "{said}");
    let (code, said) = by.refused(&[&add[..], &["--price", "R"]].concat());
    assert!(code == Some(2) && said.contains("as R=150000"), "{said}");

    operators_say_seats(&by, concert, figures["dates"][0]["concert_date_id"].as_str().unwrap());
    let cheap = ["--price", "R=100", "--price", "S=100"];
    let second = by.json(&[&add[..4], &["2099-05-02T19:00:00+09:00"], &add[5..], &cheap].concat());
    let second = second["concert_date_ids"][0].as_str().unwrap().parse().unwrap();
    let sale = Sale { concert: concert.parse().unwrap(), dates: vec![second], seats: 30 };
    let payment = runtime().block_on(bought(server.address, &sale, &by.sandbox.keyring(), 1));
    what_was_sold_is_said(&by, &second.to_string(), &payment);
    let shown = by.done(&["concert", "show", concert]);
    assert!(shown.contains("R 150,000 KRW; S 90,000 KRW"), "{shown}");

    files_are_read_and_written(&by, &hall, &checked);
    server.stop();
}

/// There and back by pretix; from a sheet; what is no layout is told.
fn files_are_read_and_written(by: &Operator, hall: &str, checked: &str) {
    fs::write(by.sandbox.path("plan.json"), by.done(&["layout", "export", "hall.json"])).unwrap();
    let back = by.done(&["layout", "import", "plan.json", "--from", "pretix"]);
    fs::write(by.sandbox.path("back.json"), back).unwrap();
    let again = by.done(&["layout", "check", "back.json"]);
    assert_eq!(
        again.lines().skip(1).collect::<Vec<_>>(),
        checked.lines().skip(1).collect::<Vec<_>>()
    );

    fs::write(by.sandbox.path("hall.csv"), "section;row;grade;;;\r\nA;1;R;1;;2\r\n").unwrap();
    let sheet = by.done(&["layout", "import", "hall.csv", "--from", "csv", "--name", "Sheet"]);
    assert!(sheet.contains("\"name\":\"Sheet\"") && sheet.contains("\"gaps\":[[1,1]]"), "{sheet}");
    fs::write(by.sandbox.path("bad.csv"), "section,row,grade,,\nA,1,R,1,1\n").unwrap();
    let (code, said) = by.refused(&["layout", "import", "bad.csv", "--from", "csv"]);
    assert!(code == Some(1) && said.contains("row 2, column E 1: is already at row 2"), "{said}");
    fs::write(by.sandbox.path("bad.json"), "[]").unwrap();
    let (_, said) = by.refused(&["layout", "import", "bad.json", "--from", "pretix"]);
    assert!(said.starts_with("boxoffice: a seating plan of pretix is a JSON object"), "{said}");
    let (_, said) = by.refused(&["layout", "check", "bad.json"]);
    assert_eq!(said, "boxoffice: bad.json: a layout is a JSON object\n");
    fs::write(by.sandbox.path("bad.json"), hall.replace("\"count\":3", "\"count\":0")).unwrap();
    let (code, said) = by.refused(&["layout", "check", "bad.json"]);
    assert!(code == Some(1) && said.contains("/sections/0/rows/0/count 0: "), "{said}");
}

/// Seats are typed by number, by range and as people call them; answers call them so, too.
fn operators_say_seats(by: &Operator, concert: &str, date: &str) {
    let reason = ["--block", "--reason", "camera"];
    let words = |seat| [&["date", "seats", date, "--seat", seat], &reason[..]].concat();
    let run = |seat| by.done(&words(seat));
    let shown = run("1-2,4");
    assert!(shown.contains("changed seat numbers  1, 2, 4\n"), "{shown}");
    assert!(
        shown.contains("\nseat number  label\n1            Section A, row 1, seat "),
        "{shown}"
    );
    // Odd and even seats from the middle: 5 3 1 2 4.
    let shown = run("B/3/1-2");
    for seat in ["1", "2"] {
        assert!(shown.contains(&format!("Section B, row 3, seat {seat}\n")), "{shown}");
    }
    for (seat, code, why) in [
        ("B/9/1", 1, "there is no seat B/9/1"),
        ("B/3", 2, "1F-B/3/12-15"),
        ("1-5000", 2, "more than 1000 seats"),
    ] {
        let (exit, said) = by.refused(&words(seat));
        assert!(exit == Some(code) && said.contains(why), "{said}");
    }
    let both = ["--name-ko", "행진", "--about-en", "A parade.\nWith a moon."];
    by.done(&[&["concert", "edit", concert], &both[..]].concat());
    let shown = by.json(&["concert", "show", concert]);
    assert_eq!((&shown["names"]["en"], &shown["names"]["ko"]), (&"Parade".into(), &"행진".into()));
    assert_eq!(shown["about"]["en"], "A parade.\nWith a moon.");
}

/// The first four seats were sold: which they are, people say to one another by what they are called.
fn what_was_sold_is_said(by: &Operator, date: &str, payment: &str) {
    let refund =
        |seat| ["payment", "refund", payment, "--seat", seat, "--reason", "ill"].map(str::to_owned);
    let shown = by.done(&["payment", "show", payment]);
    assert!(shown.contains("Section A, row 1, seat 5  aisle  R      100"), "{shown}");
    let (exit, said) = by.refused(&refund("B/3/1").each_ref().map(String::as_str));
    assert_eq!(
        (exit, said.as_str()),
        (Some(1), "boxoffice: of this payment there is no seat B/3/1\n")
    );
    let shown = by.done(&refund("A/1/5").each_ref().map(String::as_str));
    assert!(shown.contains("Section A, row 1, seat 5\n"), "{shown}");
    let tickets = by.done(&["ticket", "list", date]);
    assert!(
        tickets.contains("Section A, row 1, seat 5") && tickets.contains("refunded"),
        "{tickets}"
    );
    for sheet in [
        by.done(&["date", "bookings", date]),
        by.done(&["export", "bookings", "--database", "sqlite://boxoffice.db"]),
    ] {
        assert!(sheet.lines().nth(1).unwrap().ends_with(",A,1,3; 1; 2"), "{sheet}");
    }
}

/// The demo's halls have layouts, of a room, a theatre and a stadium.
#[test]
fn the_demo_is_held_in_halls() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&[]);
    let by = Operator::at(sandbox, server.address);
    let concerts = by.json(&["concert", "list"]);
    let mut seats = Vec::new();
    for concert in concerts["concerts"].as_array().unwrap() {
        let figures = by.json(&["figures", concert["concert_id"].as_str().unwrap()]);
        let date = &figures["dates"][0];
        by.json(&["layout", "show", date["layout"].as_str().unwrap()]);
        seats.push(date["total_seats"].as_u64().unwrap());
    }
    assert!(
        seats[0] == 50 && (2_200..2_400).contains(&seats[1]) && seats[2] == 50_000,
        "{seats:?}"
    );
    server.stop();
}
