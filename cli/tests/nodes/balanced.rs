//! Three servers behind one address, as `deploy/haproxy.cfg` puts them there.

use crate::client::{Answer, Ask, Client, once};
use crate::estate::{Estate, answered, unanswered};
use crate::fan::{Dice, Journal, identity, moved_crowd_during};
use crate::servers::haproxy::HaProxy;
use crate::servers::{self, Server};
use crate::{alone, runtime};
use boxoffice_core::id::Uuid;
use boxoffice_server::tokens::Keyring;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const FANS: u64 = 45;
/// Two checks that fail, with what a busy machine needs.
const NOTICED: Duration = Duration::from_secs(5);
const EVENTUALLY: Duration = Duration::from_secs(30);
/// Two checks, a second apart, each of which may take four seconds.
const DRAIN: [&str; 2] = ["--drain-seconds", "10"];

async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// The balancer with all servers taken in.
async fn balanced(program: &std::path::Path, estate: &Estate) -> HaProxy {
    let balancer = HaProxy::start(program, &estate.addresses());
    until(balancer.address(), "/api/v1/concerts", 200).await;
    balancer
}

async fn until(address: SocketAddr, path: &str, status: u16) -> Answer {
    let began = Instant::now();
    loop {
        let answer = once(address, &Ask::get(path)).await;
        if let Ok(answer) = answer.as_ref().map(Clone::clone)
            && answer.status == status
        {
            return answer;
        }
        assert!(began.elapsed() < EVENTUALLY, "{path}: {answer:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// One request, as often as a busy server puts it off.
pub async fn until_taken(address: SocketAddr, ask: &Ask) -> std::io::Result<Answer> {
    Client::connect(address).await?.send_until_taken(ask).await
}

/// People who have not been here before all get their place, from a server that is there: one that is busy may put
/// them off.
async fn newcomers_are_served(front: SocketAddr, concert: Uuid, keyring: &Keyring) {
    let join = Ask::post(format!("/api/v1/concerts/{concert}/queue-tokens"), &json!({}));
    for number in 0..60 {
        let join = join.clone().identity(&identity(keyring, Uuid::now_v7()));
        let joined = until_taken(front, &join).await;
        let joined = joined.unwrap_or_else(|why| panic!("newcomer {number}: {why}"));
        assert_eq!(joined.status, 201, "newcomer {number}: {}", joined.body);
        let poll = Ask::get("/api/v1/queue-tokens/me").queue(&joined.text("token"));
        let polled = until_taken(front, &poll).await.unwrap();
        assert_eq!(polled.status, 200, "newcomer {number}: {}", polled.body);
    }
}

/// There was a rush; what it left behind is right, and stays so when everything is asked again.
async fn judge(estate: &Estate, url: &str, front: SocketAddr, crowd: Vec<Journal>, when: &str) {
    let (answered, lost) = (answered(&crowd), unanswered(&crowd));
    eprintln!("{answered} requests answered, {lost} not");
    assert!(answered > 100, "no rush: {answered} answers");
    estate.check(url, &crowd, when);
    estate.repeat(url, front, crowd).await;
}

/// H12, H25, H33: a server is killed in a rush; its users go on by way of the others, and by way of it
/// when it is back.
#[test]
fn a_server_dies_behind_the_load_balancer() {
    let Some(program) = HaProxy::program() else { return };
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let seed = Dice::seed("a server dies behind the load balancer");
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    runtime().block_on(async {
        let sale = estate.open_sale(2_000, &json!({ "max_active": 30 })).await;
        let balancer = balanced(&program, &estate).await;
        let (front, keyring, dead) = (balancer.address(), estate.keyring(), estate.address(1));
        let script = async {
            sleep(Duration::from_secs(2)).await;
            estate.kill(1);
            sleep(NOTICED).await;
            newcomers_are_served(front, sale.concert, &keyring).await;
            tokio::task::block_in_place(|| estate.start_at(1, dead));
            sleep(NOTICED).await;
            newcomers_are_served(front, sale.concert, &keyring).await;
        };
        let crowd = moved_crowd_during((front, &sale, &keyring), FANS, seed, script).await;
        judge(&estate, &url, front, crowd, "after the kill").await;
        estate.stop();
    });
}

/// H33: each server in turn is stopped and started again, as for a new version: every request of the
/// rush is answered, since nobody is sent to a server any more that is about to stop.
#[test]
fn servers_are_restarted_one_after_the_other() {
    let Some(program) = HaProxy::program() else { return };
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let seed = Dice::seed("servers are restarted");
    let url = database.fresh_database();
    let mut estate = Estate::open_with(vec![url.clone(), url.clone(), url.clone()], &DRAIN);
    runtime().block_on(async {
        let sale = estate.open_sale(2_000, &json!({ "max_active": 30 })).await;
        let balancer = balanced(&program, &estate).await;
        let (front, keyring) = (balancer.address(), estate.keyring());
        let script = async {
            for node in 0..3 {
                sleep(Duration::from_secs(1)).await;
                tokio::task::block_in_place(|| estate.restart(node));
                sleep(NOTICED).await;
            }
            newcomers_are_served(front, sale.concert, &keyring).await;
        };
        let crowd = moved_crowd_during((front, &sale, &keyring), FANS, seed, script).await;
        assert_eq!(unanswered(&crowd), 0, "requests without an answer");
        judge(&estate, &url, front, crowd, "restarted").await;
        estate.stop();
    });
}

/// H31: while the database is away no server is ready; what needs no database is answered all the same,
/// and the rest says that it is the database. What is for operators is not for everybody.
#[test]
fn without_a_database_the_line_is_still_shown() {
    let Some(program) = HaProxy::program() else { return };
    let Some(mut database) = Server::mariadb() else { return };
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    runtime().block_on(async {
        let sale = estate.open_sale(50, &json!({ "max_active": 1 })).await;
        let balancer = balanced(&program, &estate).await;
        let (front, keyring) = (balancer.address(), estate.keyring());
        newcomers_are_served(front, sale.concert, &keyring).await;
        let operator = estate.operator_key();
        let of_operators = ["/docs/codes", "/openapi.json", "/api/v1/admin/jobs"];
        for path in ["/metrics", "/livez", "/readyz"].iter().chain(&of_operators) {
            let ask = Ask::get(*path).with("x-api-key", operator.as_str());
            assert_eq!(once(front, &ask).await.unwrap().status, 404, "{path}");
            assert_eq!(once(estate.address(0), &ask).await.unwrap().status, 200, "{path}");
        }
        let join = Ask::post(format!("/api/v1/concerts/{}/queue-tokens", sale.concert), &json!({}));
        let joined = once(front, &join.clone().identity(&identity(&keyring, Uuid::now_v7()))).await;
        let poll = Ask::get("/api/v1/queue-tokens/me").queue(&joined.unwrap().text("token"));
        tokio::task::block_in_place(|| database.kill());
        sleep(NOTICED).await;
        for _ in 0..20 {
            let polled = once(front, &poll).await.unwrap();
            assert_eq!((polled.status, polled.text("state").as_str()), (200, "waiting"));
            let other = join.clone().identity(&identity(&keyring, Uuid::now_v7()));
            let told = once(front, &other).await.unwrap();
            assert_eq!((told.status, told.code().as_str()), (503, "database_unavailable"));
        }
        tokio::task::block_in_place(|| database.start());
        for address in estate.addresses() {
            until(address, "/readyz", 200).await;
        }
        sleep(NOTICED).await;
        newcomers_are_served(front, sale.concert, &keyring).await;
        estate.stop();
    });
}
