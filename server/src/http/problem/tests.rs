//! The table of problems.

use super::*;

#[test]
fn a_code_leads_to_its_line_and_back() {
    assert_eq!(Code::VARIANTS.len(), TABLE.len());
    for entry in TABLE {
        assert_eq!(entry.code.as_str().parse(), Ok(entry.code));
        assert_eq!(format!("{entry:?}"), format!("{:?}", entry.code.entry()));
    }
    assert!(is_code("seats_taken") && !is_code("seats_take") && !is_code(""));
}

#[test]
fn who_is_to_wait_is_told_how_long() {
    let said = |seconds, lang| {
        let body = Problem::of(Code::Busy).after(seconds).body(lang);
        serde_json::from_str::<Value>(&body).unwrap()["detail"].clone()
    };
    assert_eq!(said(2, Lang::En), "The server is busy. Try again in 2 seconds.");
    assert_eq!(said(1, Lang::En), "The server is busy. Try again in 1 second.");
    assert_eq!(said(2, Lang::Ko), "서버가 혼잡합니다. 2초 후에 다시 시도해 주세요.");
    assert!(!Problem::of(Code::SaleNotOpen).body(Lang::En).contains("detail"));
}

/// One sentence at least, each ended; no request without its 해 주세요.
#[test]
fn titles_are_sentences() {
    for entry in TABLE {
        assert!(entry.en.ends_with('.') && !entry.en.contains(';'), "{}", entry.en);
        let polite = |s: &str| s.ends_with("니다") || s.ends_with("세요");
        let mut sentences = entry.ko.split_terminator('.').map(str::trim);
        assert!(entry.ko.ends_with('.') && sentences.all(polite), "{}", entry.ko);
    }
}

#[test]
fn refusals_have_their_own_codes() {
    for (refusal, code) in [
        (Refusal::TokenUnknown, Code::QueueTokenUnknown),
        (Refusal::AlreadyExists, Code::AlreadyExists),
        (Refusal::SeatsTaken { seat_numbers: vec![1] }, Code::SeatsTaken),
    ] {
        assert_eq!(Problem::from(refusal).code(), code);
    }
}

#[test]
fn only_internal_is_a_500_and_overload_says_when_to_retry() {
    for entry in TABLE {
        assert_eq!(entry.status == 500, entry.code == Code::Internal, "{}", entry.code);
        if matches!(entry.status, 429 | 503) {
            assert!(entry.retry_after.is_some(), "{}", entry.code);
        }
        assert!(!entry.ko.is_ascii() && entry.en.is_ascii(), "{}", entry.code);
    }
}
