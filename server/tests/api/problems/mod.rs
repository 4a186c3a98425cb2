//! Every problem that the router can answer with, met once: its status, its type, when to retry,
//! and its words.

mod asking;
mod limits;
mod rules;
mod states;
mod words;

use crate::world::Seen;
use boxoffice_server::http::docs::document;
use boxoffice_server::http::problem::TABLE;
use std::collections::BTreeSet;

/// Codes that no request through the router meets in a test, and why.
const NOT_MET: [(&str, &str); 4] = [
    ("job_not_held", "only servers that work on jobs are told so"),
    ("currency_mismatch", "a server has one currency; tests of the rules have two"),
    (
        "headers_too_large",
        "hyper refuses such a head before the router; a test of the process looks at it",
    ),
    ("request_timeout", "it comes after 30 s of waiting"),
];

/// Codes that were met.
#[derive(Default)]
pub struct Met(BTreeSet<String>);

impl Met {
    /// Notes the problem, checks it against the table, and gives its text for a snapshot, without
    /// what is checked here.
    pub fn see(&mut self, seen: &Seen) -> String {
        let code = seen.code();
        let entry = TABLE.iter().find(|entry| entry.code.as_str() == code);
        let entry = entry.unwrap_or_else(|| panic!("not in the table: {}", seen.shown()));
        let body = seen.json();
        assert_eq!(seen.status, entry.status, "{code}");
        assert_eq!(body["status"], entry.status, "{code}");
        assert_eq!(body["type"], format!("urn:boxoffice:problem:{code}"));
        assert_eq!(body["title"], entry.en, "{code}");
        assert_eq!(seen.header("content-language"), "en", "{code}");
        assert_eq!(seen.header("retry-after").is_empty(), entry.retry_after.is_none(), "{code}");
        let described = &document()["components"]["schemas"]["Problem"]["properties"];
        for member in body.as_object().unwrap().keys() {
            assert!(described[member].is_object(), "the document describes {member} of {code}");
        }
        self.0.insert(code);
        let checked = ["content-", "status: ", "type: "];
        let shown = seen.shown();
        let lines = shown.lines().filter(|line| !checked.iter().any(|c| line.starts_with(c)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// H29: each problem of the table is met, but for those with a reason not to be.
#[tokio::test]
async fn every_problem_of_the_table() {
    let mut met = Met::default();
    rules::tokens(&mut met).await;
    rules::sale(&mut met).await;
    rules::seats(&mut met).await;
    rules::ends(&mut met).await;
    rules::lapses(&mut met).await;
    rules::money(&mut met).await;
    states::shows(&mut met).await;
    states::funds(&mut met).await;
    states::refunds(&mut met).await;
    asking::who(&mut met).await;
    asking::accounts(&mut met).await;
    asking::mine(&mut met).await;
    asking::bodies(&mut met).await;
    asking::slow_bodies(&mut met).await;
    asking::addresses(&mut met).await;
    asking::edges(&mut met).await;
    limits::queue(&mut met).await;
    limits::polls(&mut met).await;
    limits::write_path(&mut met).await;
    limits::passwords(&mut met).await;
    limits::rates(&mut met).await;
    limits::faults(&mut met).await;
    for entry in TABLE {
        let reason = NOT_MET.iter().find(|(code, _)| *code == entry.code.as_str());
        assert_eq!(
            reason.is_none(),
            met.0.contains(entry.code.as_str()),
            "{} {reason:?}",
            entry.code
        );
    }
}
