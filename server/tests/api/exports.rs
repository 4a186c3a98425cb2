//! What operators take out as CSV: the same columns over HTTP as from the database, harmless in a
//! spreadsheet, and whole or refused.

use crate::refunds::{bought, refund};
use crate::world::{Sale, Show, delete, get, pay};
use boxoffice_server::audit::Snapshot;
use boxoffice_server::sheet::write::{Booking, lines};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rusqlite::{Connection, params};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

fn path(show: &Show) -> String {
    format!("/api/v1/admin/concert-dates/{}/bookings", show.dates[0])
}

/// The lines of an answer, without its head.
fn told(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    assert_eq!(lines.next(), Booking::HEAD.lines().next());
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The same from the database itself.
fn from_the_database(sale: &Sale) -> Vec<String> {
    let snapshot = Snapshot::of_file(&sale.files().path, || 0).unwrap();
    let mut all = Vec::new();
    let each = |booking: Booking| -> Result<(), boxoffice_server::store::Fault> {
        all.push(booking.harmless());
        Ok(())
    };
    snapshot.bookings(None, each).unwrap();
    let mut lines: Vec<String> =
        String::from_utf8(lines(all).unwrap()).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// H49: paid reservations and no others, whichever way they are asked for; with a byte order mark unless told,
/// and no cell that a spreadsheet takes for a formula.
#[tokio::test]
async fn bookings_of_a_date_are_csv() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 9, "zone": "@R", "price": 100 },
        { "from": 10, "to": 19, "zone": "S", "price": 50 }]);
    let dates = json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats }]);
    let show = sale.concert(json!({ "name": "=SUM(\"A1\"), 달빛", "dates": dates })).await;
    let seen = sale.send(get(path(&show)).operator()).await;
    assert_eq!((seen.status, told(&seen.body)), (200, vec![]));
    let (one, two) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let (first, second) =
        (sale.hold(&one, &show, &[11, 9]).await, sale.hold(&two, &show, &[1]).await);
    // Not in the order in which they were held; somebody else holds, and has not paid.
    sale.send(pay(&two, second, "2")).await.want(201);
    sale.pass(1_234);
    sale.send(pay(&one, first, "1")).await.want(201);
    let holder = sale.shopper(&show).await;
    sale.hold(&holder, &show, &[2]).await;

    let seen = sale.send(get(path(&show)).operator()).await;
    assert_eq!(seen.status, 200);
    assert_eq!(seen.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(seen.header("cache-control"), "no-store");
    let name = format!("attachment; filename=\"bookings-{}.csv\"", show.dates[0]);
    assert_eq!(seen.header("content-disposition"), name);
    assert!(seen.body.starts_with("\u{feff}concert_id,".as_bytes()));
    assert_eq!(told(&seen.body).len(), 2);
    assert_eq!(told(&seen.body), from_the_database(&sale));
    let text = String::from_utf8(seen.body.to_vec()).unwrap();
    let line = text.lines().nth(1).unwrap();
    assert!(line.contains(",\"'=SUM(\"\"A1\"\"), 달빛\","), "{line}");
    assert!(line.contains(&format!(",2027-05-01T10:00:00Z,{first},{},", one.user)), "{line}");
    assert!(line.contains(",9 11,'@R S,150,") && line.ends_with("Z,,,"), "{line}");
    let plain = sale.send(get(format!("{}?bom=false", path(&show))).operator()).await;
    assert_eq!(plain.body, seen.body.slice(3..));
    sale.send(get(format!("{}?bom=no", path(&show))).operator())
        .await
        .refused(400, "invalid_query");
}

/// The sum of a column.
fn sum(lines: &[String], column: usize) -> i64 {
    let text = lines.join("\n");
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    rows.records().map(|row| row.unwrap()[column].parse::<i64>().unwrap()).sum()
}

/// What was kept of seats that went back, and what went back of seats that did not, stands in every figure: dates,
/// grades, bookings and events have one sum.
#[tokio::test]
async fn figures_have_one_sum() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 9, "zone": "R", "price": 100 },
        { "from": 10, "to": 19, "zone": "S", "price": 50 }]);
    let dates = json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats }]);
    let show = sale.concert(json!({ "dates": dates })).await;
    let given_back = async |seats: &[u32], mut what: serde_json::Value| {
        let (_, payment) = bought(&sale, &show, seats).await;
        (what["reason"], what["release_seats"]) = (json!("ill"), json!(true));
        sale.send(refund(payment, &what)).await.want(201)
    };
    given_back(&[1, 10], json!({ "seat_numbers": [1, 10], "amount": 120 })).await;
    given_back(&[2, 11], json!({ "seat_numbers": [2], "amount": 90 })).await;
    given_back(&[3], json!({})).await;
    given_back(&[4], json!({ "amount": 25 })).await;
    bought(&sale, &show, &[5]).await;

    let snapshot = Snapshot::of_file(&sale.files().path, || 0).unwrap();
    let by_date = snapshot.sales().unwrap();
    assert_eq!((by_date.len(), by_date[0].sold, by_date[0].revenue), (1, 3, 265));
    let by_grade = snapshot.sales_by_grade(None).unwrap();
    let told: Vec<_> = by_grade.iter().map(|of| (&*of.zone, of.sold, of.revenue)).collect();
    assert_eq!(told, [("R", 2, 200), ("S", 1, 50), ("", 0, 15)]);
    let seen = sale.send(get(path(&show)).operator()).await;
    let lines = self::told(&seen.body);
    // The one of which nothing is left is in none.
    assert_eq!((lines.len(), sum(&lines, 9)), (4, 265));
    assert_eq!(lines, from_the_database(&sale));
    let events = sale.send(get("/api/v1/admin/events").operator()).await.want(200);
    let all = events["events"].as_array().unwrap();
    let of = |kind: &str| -> i64 {
        let those = all.iter().filter(|event| event["kind"] == kind);
        those.map(|event| event["data"]["amount"].as_i64().unwrap()).sum()
    };
    assert_eq!(of("booking.paid") - of("booking.refunded"), 265);
    sale.sound();
}

/// A hall with 1,000 bookings, which are two pages.
async fn hall() -> (Sale, Show) {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 1_200, "zone": "R", "price": 100 }]);
    let dates = json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats }]);
    let show = sale.concert(json!({ "dates": dates })).await;
    let fan = sale.buyer(&show).await;
    let first = sale.hold(&fan, &show, &[1]).await;
    sale.send(pay(&fan, first, "1")).await.want(201);
    let mut rows = Connection::open(sale.files().path).unwrap();
    let rows = rows.transaction().unwrap();
    for number in 2..=1_000 {
        let id = Uuid::from_u128(number);
        for (table, columns) in [
            ("reservation", "reservation_id = ?1, amount_id = ?1"),
            ("amount", "reservation_id = ?1, amount_id = ?1"),
            ("reservation_seat", "reservation_id = ?1, seat_number = ?2"),
        ] {
            let copy = format!(
                "CREATE TEMP TABLE copied AS SELECT * FROM {table} WHERE reservation_id = ?1"
            );
            rows.execute(&copy, [first.as_bytes()]).unwrap();
            let bound = params![id.as_bytes(), i64::try_from(number).unwrap()];
            let change = format!("UPDATE copied SET {columns} WHERE ?2 > 0");
            rows.execute(&change, bound).unwrap();
            rows.execute_batch(&format!(
                "INSERT INTO {table} SELECT * FROM copied; DROP TABLE copied"
            ))
            .unwrap();
        }
        let sold = "UPDATE seat SET status = 'sold', reservation_id = ?1 WHERE seat_number = ?2";
        rows.execute(sold, params![id.as_bytes(), i64::try_from(number).unwrap()]).unwrap();
    }
    rows.commit().unwrap();
    (sale, show)
}

/// As many as a hall has, page by page; and a date that is not there has none.
#[tokio::test]
async fn a_halls_bookings_come_whole() {
    let (sale, show) = hall().await;
    let seen = sale.send(get(path(&show)).operator()).await;
    let told = told(&seen.body);
    assert_eq!((seen.status, told.len()), (200, 1_000));
    assert_eq!(told, from_the_database(&sale));

    let other = sale.concert(json!({})).await;
    let date = format!("/api/v1/admin/concert-dates/{}", other.dates[0]);
    let none = sale.send(get(path(&other)).operator()).await;
    assert_eq!(none.body, format!("\u{feff}{}", Booking::HEAD));
    sale.send(delete(date).operator()).await.want(204);
    sale.send(get(path(&other)).operator()).await.refused(404, "date_not_found");
}

/// What a client gets over a connection until it ends.
async fn received(sale: &Sale, path: &str) -> String {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let service = TowerToHyperService::new(sale.router.clone());
    let serving = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    tokio::spawn(serving);
    let key = crate::world::OPERATOR;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: shop.example\r\nX-Api-Key: {key}\r\nConnection: close\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    String::from_utf8_lossy(&got).into_owned()
}

/// A page that can't be read breaks the answer off: its last chunk is missing, so that no client takes what it
/// has for the whole.
#[tokio::test]
async fn an_export_that_fails_on_its_way_is_no_whole_file() {
    let (sale, show) = hall().await;
    let whole = received(&sale, &path(&show)).await;
    assert!(whole.contains("transfer-encoding: chunked") && whole.ends_with("\r\n0\r\n\r\n"));
    let rows = Connection::open(sale.files().path).unwrap();
    let id = Uuid::from_u128(900);
    let gone = rows.execute("DELETE FROM amount WHERE reservation_id = ?1", [id.as_bytes()]);
    assert_eq!(gone.unwrap(), 1);
    let part = received(&sale, &path(&show)).await;
    assert!(part.starts_with("HTTP/1.1 200 OK") && part.lines().count() > 500, "the first page");
    assert!(part.lines().count() < whole.lines().count() && !part.ends_with("0\r\n\r\n"));
}
