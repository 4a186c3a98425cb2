//! Answers to those who ask too often. They differ in a few words alone, so that each is made once: to be refused again
//! costs less than to be answered.

use super::{Code, Problem};
use crate::http::lang::Lang;
use hyper::body::Bytes;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Answers that are kept: all times up to a minute, of each limit, in both languages. Others are made anew.
const KEPT_MAX: usize = 2_048;

type Kind = (Code, Option<&'static str>, Option<u64>, bool);

/// The answers that were made.
#[derive(Default)]
struct Kept(Mutex<HashMap<Kind, Bytes>>);

static KEPT: LazyLock<Kept> = LazyLock::new(Kept::default);

impl Problem {
    /// The body of an answer that is the same for all who are refused so.
    pub(super) fn kept(&self, lang: Lang) -> Option<Bytes> {
        KEPT.body(self, lang)
    }
}

impl Kept {
    fn body(&self, problem: &Problem, lang: Lang) -> Option<Bytes> {
        let code = problem.code();
        let is_often =
            matches!(code, Code::RateLimited | Code::SignInDelayed | Code::SignInBusy | Code::Busy);
        if !is_often || !problem.more.is_empty() {
            return None;
        }
        let kind = (code, problem.limit, problem.retry_after, lang == Lang::Ko);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(body) = kept.get(&kind) {
            return Some(body.clone());
        }
        let body = Bytes::from(problem.body(lang));
        if kept.len() < KEPT_MAX {
            kept.insert(kind, body.clone());
        }
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_made_once_and_says_the_same() {
        let kept = Kept::default();
        let of = |limit, seconds| Problem::of(Code::RateLimited).after(seconds).of_limit(limit);
        for lang in [Lang::En, Lang::Ko] {
            let first = kept.body(&of("joins", 7), lang).unwrap();
            assert_eq!(first, of("joins", 7).body(lang).as_bytes());
            let again = kept.body(&of("joins", 7), lang).unwrap();
            assert_eq!(again.as_ptr(), first.as_ptr(), "the same bytes");
            assert!(String::from_utf8_lossy(&first).contains("\"limit\":\"joins\""), "{first:?}");
            for other in [of("joins", 8), of("holds", 7), Problem::of(Code::Busy)] {
                assert_ne!(kept.body(&other, lang).unwrap(), first);
            }
        }
        assert_ne!(kept.body(&of("joins", 7), Lang::En), kept.body(&of("joins", 7), Lang::Ko));
        assert!(kept.body(&Problem::of(Code::NotFound), Lang::En).is_none());
        assert!(kept.body(&of("joins", 7).with("more", 1), Lang::En).is_none());
    }

    #[test]
    fn memory_has_an_end() {
        let kept = Kept::default();
        for seconds in 0..3 * KEPT_MAX as u64 {
            let problem = Problem::of(Code::SignInDelayed).after(seconds);
            assert_eq!(kept.body(&problem, Lang::En).unwrap(), problem.body(Lang::En).as_bytes());
        }
        assert!(kept.0.lock().unwrap().len() <= KEPT_MAX);
    }
}
