//! From a sale to the door: keys and lists are saved while there is a server, and tickets verified without it.

use crate::admin::Operator;
use crate::client::{Ask, Client};
use crate::fan::identity;
use crate::sandbox::{PRICE, Sandbox, open_sale};

use crate::runtime;
use boxoffice_core::id::Uuid;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// Running servers look at the key file every two seconds, and tell the public keys as of two seconds ago.
const TAKEN_WAIT: Duration = Duration::from_secs(20);

fn verify(sandbox: &Sandbox, words: &[&str], typed: &str) -> Output {
    let mut command = crate::sandbox::command(crate::sandbox::binary());
    command.args(["ticket", "verify"]).args(words).current_dir(sandbox.dir.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The seats and codes of a booking's tickets, with the payment.
async fn bought(
    address: std::net::SocketAddr,
    (concert, date): (Uuid, Uuid),
    sandbox: &Sandbox,
) -> (String, Vec<Value>) {
    let user = Uuid::now_v7();
    let token = identity(&sandbox.keyring(), user);
    let mut client = Client::connect(address).await.unwrap();
    let mut ask = async |ask: Ask| {
        let answer = client.send(&ask.identity(&token)).await.unwrap();
        assert!(answer.is_success(), "{}", answer.body);
        answer
    };
    let joined = format!("/api/v1/concerts/{concert}/queue-tokens");
    let queue = ask(Ask::post(joined, &json!({}))).await.text("token");
    let charge =
        Ask::post(format!("/api/v1/users/{user}/balance/charges"), &json!({ "amount": PRICE * 2 }));
    ask(charge.queue(&queue).key("charge")).await;
    let hold = json!({ "concert_date_id": date, "seat_numbers": [1, 2] });
    let held = ask(Ask::post("/api/v1/reservations", &hold).queue(&queue)).await;
    let id = held.text("reservation_id");
    let path = format!("/api/v1/reservations/{id}/payment");
    let paid = ask(Ask::post(path, &json!({})).queue(&queue).key("pay")).await;
    let tickets = ask(Ask::get(format!("/api/v1/bookings/{id}/tickets"))).await.json();
    (paid.text("payment_id"), tickets["tickets"].as_array().unwrap().clone())
}

/// A key that signs is not revoked, nor one that there is not. A running server signs with the keys of a rotation
/// once they are public.
fn revoking(by: &Operator, own: &str, foreign: &str) {
    let sandbox = &by.sandbox;
    for (id, why) in [
        (own, format!("{own} signs now; rotate the token keys first")),
        (foreign, format!("there is no public ticket key {foreign}")),
    ] {
        let refused = sandbox.run(&["admin", "key", "revoke-ticket-key", id]);
        assert_eq!(said(&refused), (Some(1), format!("boxoffice: {why}\n")));
    }
    for _ in 0..2 {
        assert!(sandbox.run(&["admin", "key", "rotate"]).status.success());
    }
    assert!(sandbox.run(&["admin", "key", "revoke-ticket-key", own]).status.success());
    assert!(!sandbox.run(&["admin", "key", "revoke-ticket-key", own]).status.success());
    let until = Instant::now() + TAKEN_WAIT;
    loop {
        let told = by.json(&["ticket", "keys"]);
        let ids: Vec<&str> =
            told["keys"].as_array().unwrap().iter().filter_map(|k| k["key_id"].as_str()).collect();
        if ids.len() == 2 && !ids.contains(&own) {
            return;
        }
        assert!(Instant::now() < until, "{told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The server is gone: the door knows what was saved.
#[test]
fn a_door_verifies_tickets_offline() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false"]);
    let (address, key) = (server.address, sandbox.operator_key());
    let (tickets, payment, date) = runtime().block_on(async {
        let sale = open_sale(address, &key, 10, &json!({})).await;
        let (payment, tickets) = bought(address, (sale.concert, sale.dates[0]), &sandbox).await;
        (tickets, payment, sale.dates[0])
    });
    let by = Operator::at(sandbox, address);
    by.done(&["payment", "refund", &payment, "--seat", "2", "--reason", "ill"]);
    let date = date.to_string();
    let void = by.json(&["ticket", "list", &date, "--status", "void"]);
    assert_eq!(void["tickets"][0]["ticket_id"], tickets[1]["ticket_id"]);
    let write = |name: &str, value: &Value| {
        std::fs::write(by.sandbox.path(name), value.to_string()).unwrap();
    };
    write("void.json", &void);
    write("keys.json", &by.json(&["ticket", "keys"]));
    let other = Sandbox::new();
    let elsewhere = other.start(&["--demo", "false"]);
    let foreign = Operator::at(other, elsewhere.address).json(&["ticket", "keys"]);
    write("others.json", &foreign);
    elsewhere.stop();
    let id_of = |keys: &Value| keys["keys"][0]["key_id"].as_str().unwrap().to_owned();
    revoking(&by, &id_of(&by.json(&["ticket", "keys"])), &id_of(&foreign));
    server.stop();

    let code = |nth: usize| tickets[nth]["code"].as_str().unwrap();
    let id = |nth: usize| tickets[nth]["ticket_id"].as_str().unwrap();
    let keys = ["--keys", "keys.json"];
    let at = |words: &[&str]| said(&verify(&by.sandbox, words, ""));
    let valid =
        |nth: usize| format!("valid: seat number {} of date {date}, ticket {}\n", nth + 1, id(nth));
    for nth in [0, 1] {
        let told = at(&[&[code(nth)], &keys[..], &["--date", &date]].concat());
        assert_eq!(told, (Some(0), valid(nth)));
    }
    let full = [&keys[..], &["--tickets", "void.json"]].concat();
    let void = format!("refused: ticket {} is void: its seat was given back\n", id(1));
    assert_eq!(at(&[&[code(0)], &full[..]].concat()), (Some(0), valid(0)));
    assert_eq!(at(&[&[code(1)], &full[..]].concat()), (Some(1), format!("boxoffice: {void}")));
    let nil = Uuid::nil().to_string();
    let told = at(&[&[code(0)], &keys[..], &["--date", &nil]].concat());
    let why = format!("boxoffice: refused: it is for date {date} and not for {nil}\n");
    assert_eq!(told, (Some(1), why));
    let (exit, why) = at(&[code(0), "--keys", "others.json"]);
    assert_eq!(exit, Some(1));
    assert!(why.ends_with("is not among the public keys\n"), "{why}");

    let mut tampered = code(0).to_owned();
    tampered.replace_range(60..61, if &tampered[60..61] == "0" { "1" } else { "0" });
    let typed = format!("{}\n{}\r\n{tampered}\nMoonlight\n\n", code(0), code(1));
    let (exit, lines) = said(&verify(&by.sandbox, &full, &typed));
    assert_eq!(exit, Some(0));
    let lines: Vec<String> = lines.split_inclusive('\n').map(str::to_owned).collect();
    assert_eq!(lines[..2], [valid(0), void]);
    assert!(lines[2].starts_with("refused: "), "{}", lines[2]);
    assert_eq!(lines[3..], [lines[4].clone(), "refused: this is no code of a ticket\n".to_owned()]);
    let (exit, why) = at(&[code(0), "--keys", "void.json"]);
    assert_eq!((exit, why.contains("void.json: missing field `keys`")), (Some(1), true), "{why}");
}
