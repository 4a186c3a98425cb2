//! Checks of the tree: which module may name which, sizes, headers, the schema against the tables,
//! documents against the tree. Each check is a function from text to complaints and is shown to
//! complain about a bad sample; one test each runs it over the files as they are.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod arrows;
mod documents;
mod floors;
mod glossary;
mod hard_cases;
mod operations;
mod schema;
mod sizes;
mod tree;
mod web;
mod words;

/// Fails with every complaint, one a line.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// A check must complain about a bad sample, and about this.
fn complains(complaints: &[String], about: &str) {
    assert!(
        complaints.iter().any(|complaint| complaint.contains(about)),
        "nothing about {about:?} in {complaints:?}"
    );
}
