//! Problems (RFC 9457): one table from code to status, words and whether a retry helps.

use super::lang::Lang;
use super::limits::whole_seconds;
use super::view::stamp;
use crate::currency::Currency;
use crate::desk::NotRun;
use crate::passwords::NotHashed;
use crate::store::Fault;
use axum::response::{IntoResponse, Response};
use boxoffice_core::id::UserId;
use boxoffice_core::refusal::{Field, Refusal};
use boxoffice_core::time::Time;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde_json::{Map, Value, json};

/// A line of the table.
#[derive(Debug)]
pub struct Entry {
    /// Stable code.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Seconds after which the same request may succeed; `None` where waiting does not help.
    pub retry_after: Option<u64>,
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

const fn entry(
    code: &'static str,
    status: u16,
    retry_after: Option<u64>,
    en: &'static str,
    ko: &'static str,
) -> Entry {
    Entry { code, status, retry_after, en, ko }
}

/// Every problem there is.
#[rustfmt::skip]
pub const TABLE: &[Entry] = &[
    // Refusals of the rules.
    entry("username_taken", 409, None, "This username is taken.", "이미 사용 중인 사용자 이름입니다."),
    entry("concert_not_found", 404, None, "There is no such concert.", "해당 공연이 없습니다."),
    entry("date_not_found", 404, None, "There is no such date.", "해당 회차가 없습니다."),
    entry("already_exists", 409, None, "This exists already.", "이미 존재합니다."),
    entry("date_in_past", 422, None, "This date would have started already.", "이미 지난 일시입니다."),
    entry("date_before_opening", 422, None, "This date would start before its sale opens.", "회차는 판매 시작 이후에 시작해야 합니다."),
    entry("held_or_sold", 409, None, "Seats of it are held or sold; it stays as it was told to their owners.", "선점되었거나 판매된 좌석이 있어 변경하거나 삭제할 수 없습니다."),
    entry("sale_has_opened", 409, None, "The sale has opened; its opening cannot be moved any more.", "이미 판매가 시작되어 판매 시작 시각을 변경할 수 없습니다."),
    entry("sale_open", 409, None, "The sale is open. Close it first.", "판매가 진행 중입니다. 먼저 판매를 종료해 주세요."),
    entry("sale_time_in_past", 422, None, "This time has passed. To open or close the sale now, use open.", "이미 지난 시각입니다. 지금 바로 판매를 시작하거나 종료하려면 open을 사용해 주세요."),
    entry("sale_not_open", 409, Some(1), "The sale has not opened yet.", "아직 판매가 시작되지 않았습니다."),
    entry("sale_closed", 409, None, "The sale is over.", "판매가 종료되었습니다."),
    entry("queue_full", 503, Some(30), "The waiting queue is full. Please try again later.", "대기열이 가득 찼습니다. 잠시 후 다시 시도해 주세요."),
    entry("queue_token_unknown", 403, None, "This queue token names no place in line.", "대기열에서 찾을 수 없는 대기열 토큰입니다."),
    entry("not_admitted", 403, Some(1), "It is not your turn yet.", "아직 입장 차례가 아닙니다."),
    entry("queue_token_expired", 403, None, "This queue token has expired. Please join the queue again.", "대기열 토큰이 만료되었습니다. 대기열에 다시 진입해 주세요."),
    entry("seat_not_found", 404, None, "The date has no such seats.", "해당 회차에 없는 좌석입니다."),
    entry("seats_taken", 409, None, "Some of these seats are taken; none was reserved. Please choose others.", "이미 선점된 좌석이 있어 선점하지 못했습니다. 다른 좌석을 선택해 주세요."),
    entry("seats_cooling_off", 409, None, "You held these seats and let them go; they are open to others now. Please choose other seats, or wait until retry_at.", "결제하지 않아 선점이 만료된 좌석은 잠시 동안 다시 선점할 수 없습니다. 다른 좌석을 선택하거나 retry_at 이후에 다시 시도해 주세요."),
    entry("too_many_lapses", 409, None, "You have let seats go unpaid too often, or held them unpaid for too long. Please join again after retry_at.", "결제하지 않은 선점이 너무 많거나 너무 오래 계속되었습니다. retry_at 이후에 대기열에 다시 진입해 주세요."),
    entry("hold_exists", 409, None, "You already hold seats. Pay for them or release them first.", "이미 선점한 좌석이 있습니다. 먼저 결제하거나 선점을 취소해 주세요."),
    entry("seat_limit", 409, None, "This is more seats than one person may have on this date.", "한 사람이 이 회차에서 예매할 수 있는 좌석 수를 초과했습니다."),
    entry("reservation_not_found", 404, None, "There is no such reservation.", "해당 예약이 없습니다."),
    entry("hold_lapsed", 410, None, "The time to pay is over; the seats have been released.", "결제 시간이 지나 좌석 선점이 만료되었습니다."),
    entry("hold_released", 410, None, "This reservation was cancelled.", "선점이 취소된 예약입니다."),
    entry("already_paid", 409, None, "This reservation is already paid.", "이미 결제된 예약입니다."),
    entry("insufficient_balance", 402, None, "The balance is too low. Charge it and pay again; your seats are still held.", "잔액이 부족합니다. 충전 후 다시 결제해 주세요. 좌석 선점은 유지됩니다."),
    entry("payment_not_found", 404, None, "There is no such payment.", "해당 결제가 없습니다."),
    entry("seats_not_booked", 409, None, "These seats are not part of the booking, or not any more.", "이 예매에 포함되지 않았거나 이미 환불된 좌석입니다."),
    entry("refund_too_high", 409, None, "This is more than is left of what was paid.", "환불할 수 있는 금액을 초과했습니다."),
    entry("already_refunded", 409, None, "All of this payment has gone back already.", "이미 전액 환불된 결제입니다."),
    entry("account_deleted", 409, None, "The account of who paid was deleted; no money can go back to it.", "결제한 사용자의 계정이 삭제되어 환불할 수 없습니다."),
    entry("currency_mismatch", 409, None, "The balance is in another currency.", "잔액과 통화가 다릅니다."),
    entry("amount_out_of_range", 422, None, "The amount is outside the allowed range.", "허용 범위를 벗어난 금액입니다."),
    entry("balance_limit", 409, None, "The balance would exceed its limit.", "잔액 한도를 초과합니다."),
    entry("date_cancelled", 409, None, "This date was cancelled by its organiser; see reason.", "주최 측이 취소한 회차입니다. reason을 확인해 주세요."),
    entry("job_not_found", 404, None, "There is no such job.", "해당 작업이 없습니다."),
    entry("job_not_held", 409, None, "The job has ended, is not due, or another server is at it.", "작업이 끝났거나 아직 시작할 때가 아니거나 다른 서버가 처리하고 있습니다."),
    entry("user_not_found", 404, None, "There is no such user.", "해당 사용자가 없습니다."),
    entry("balance_too_low", 409, None, "Less is on the balance than is to be taken.", "차감하려는 금액보다 잔액이 적습니다."),
    entry("events_gone", 410, None, "Events after this cursor are not kept any more. Read on without one.", "이 커서 이후의 이벤트는 더 이상 보관되지 않습니다. 커서 없이 다시 조회해 주세요."),
    entry("self_charge_off", 403, None, "Balances are charged by the organiser here, not by their owners.", "잔액은 주최 측만 충전할 수 있습니다."),
    entry("idempotency_key_reused", 422, None, "This Idempotency-Key was used for another request.", "다른 요청에 사용된 Idempotency-Key입니다."),
    entry("invalid_setting", 422, None, "A field has a value that is not allowed.", "허용되지 않는 값이 있습니다."),
    entry("credentials_wrong", 401, None, "Username or password is wrong.", "사용자 이름 또는 비밀번호가 올바르지 않습니다."),
    entry("password_wrong", 403, None, "The password is wrong.", "비밀번호가 올바르지 않습니다."),
    entry("session_ended", 401, None, "This session has ended. Please sign in again.", "종료된 세션입니다. 다시 로그인해 주세요."),
    entry("session_not_found", 404, None, "You have no such session.", "해당 세션이 없습니다."),
    entry("balance_left", 409, None, "There is money left. Spend it, or say that you give it up (give_up_balance).", "남은 잔액이 있습니다. 잔액을 사용하거나, 포기하려면 give_up_balance를 보내 주세요."),
    // Who asks.
    entry("external_account", 409, None, "This account belongs to your identity provider. Please manage it there.", "외부 인증 서비스의 계정입니다. 해당 서비스에서 관리해 주세요."),
    entry("identity_required", 401, None, "Please sign in: Authorization: Bearer ACCESS_TOKEN.", "로그인이 필요합니다. (Authorization: Bearer ACCESS_TOKEN)"),
    entry("identity_invalid", 401, None, "The access token is not valid or has expired. Please sign in again.", "유효하지 않거나 만료된 액세스 토큰입니다. 다시 로그인해 주세요."),
    entry("other_user", 403, None, "This belongs to another user.", "다른 사용자의 정보입니다."),
    entry("queue_token_required", 401, None, "A queue token is needed: X-Queue-Token.", "대기열 토큰이 필요합니다. (X-Queue-Token)"),
    entry("queue_token_invalid", 401, None, "The queue token is not valid.", "유효하지 않은 대기열 토큰입니다."),
    entry("queue_token_of_another_user", 403, None, "This queue token belongs to another user.", "다른 사용자의 대기열 토큰입니다."),
    entry("queue_token_of_another_concert", 403, None, "This queue token is for another concert.", "다른 공연의 대기열 토큰입니다."),
    entry("operator_key_required", 401, None, "An operator's key is needed: X-Api-Key.", "운영자 키가 필요합니다. (X-Api-Key)"),
    entry("operator_key_invalid", 401, None, "This operator's key is not valid.", "유효하지 않은 운영자 키입니다."),
    // How it is asked.
    entry("invalid_body", 400, None, "The body is not what this route takes.", "요청 본문이 올바르지 않습니다."),
    entry("invalid_query", 400, None, "A query parameter is not valid.", "잘못된 쿼리 파라미터입니다."),
    entry("body_too_large", 413, None, "The body is too large.", "요청 본문이 너무 큽니다."),
    entry("body_too_slow", 408, None, "The body took too long to arrive.", "요청 본문이 제시간에 도착하지 않았습니다."),
    entry("unsupported_media_type", 415, None, "This route does not take this Content-Type; see supported.", "이 경로에서 지원하지 않는 Content-Type입니다. supported를 확인해 주세요."),
    entry("unsupported_charset", 415, None, "The file's charset is none that is read here.", "지원하지 않는 문자 인코딩(charset)입니다."),
    entry("invalid_file", 422, None, "The file has values that cannot be taken; nothing was changed. See faults.", "파일에 처리할 수 없는 값이 있어 아무것도 반영되지 않았습니다. faults를 확인해 주세요."),
    entry("invalid_text", 422, None, "A text holds a character that cannot be seen or shown.", "보이지 않거나 표시할 수 없는 문자가 있습니다."),
    entry("idempotency_key_required", 400, None, "This route needs an Idempotency-Key header.", "Idempotency-Key 헤더가 필요합니다."),
    entry("idempotency_key_invalid", 400, None, "The Idempotency-Key must have 1 to 128 visible ASCII characters.", "Idempotency-Key는 1~128자의 ASCII 문자여야 합니다."),
    entry("not_found", 404, None, "There is nothing here.", "요청한 주소를 찾을 수 없습니다."),
    entry("method_not_allowed", 405, None, "This address does not take this method.", "허용되지 않는 메서드입니다."),
    // What HTTP itself asks for.
    entry("invalid_request", 400, None, "The request breaks a rule of HTTP.", "HTTP 규칙에 맞지 않는 요청입니다."),
    entry("not_acceptable", 406, None, "The answer is JSON, and Accept rules it out.", "응답은 JSON 형식이지만 Accept 헤더가 이를 허용하지 않습니다."),
    entry("precondition_failed", 412, None, "A condition of the request (If-Match, If-None-Match) is not met; nothing was changed.", "요청 조건(If-Match, If-None-Match)이 맞지 않아 변경되지 않았습니다."),
    entry("target_too_long", 414, None, "The address is too long.", "요청 주소가 너무 깁니다."),
    entry("content_encoding_unsupported", 415, None, "The body must not be compressed or encoded (Content-Encoding).", "압축되거나 인코딩된 요청 본문은 지원하지 않습니다. (Content-Encoding)"),
    entry("expectation_failed", 417, None, "The only expectation that is met is 100-continue.", "지원하는 Expect 값은 100-continue뿐입니다."),
    entry("headers_too_large", 431, None, "The headers are too large.", "요청 헤더가 너무 큽니다."),
    entry("transfer_coding_unsupported", 501, None, "The only transfer coding that is understood is chunked.", "지원하는 전송 코딩은 chunked뿐입니다."),
    // How often it is asked.
    entry("rate_limited", 429, Some(1), "Too many requests in a short time. Please wait a moment.", "짧은 시간에 요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."),
    entry("sign_in_delayed", 429, Some(1), "Too many wrong passwords. Please wait before you try again.", "비밀번호를 여러 번 잘못 입력했습니다. 잠시 후 다시 시도해 주세요."),
    // What the server cannot do now.
    entry("busy", 503, Some(1), "Too many requests wait. Please try again.", "요청이 많습니다. 잠시 후 다시 시도해 주세요."),
    entry("sign_in_busy", 503, Some(2), "Too many people are signing in. Please try again.", "로그인 요청이 많습니다. 잠시 후 다시 시도해 주세요."),
    entry("stopping", 503, Some(2), "The server is stopping. Please try again.", "서버가 종료 중입니다. 잠시 후 다시 시도해 주세요."),
    entry("database_unavailable", 503, Some(2), "The database is not available. Nothing has changed; please try again.", "데이터베이스를 사용할 수 없습니다. 변경된 내용이 없으니 다시 시도해 주세요."),
    entry("outcome_unknown", 503, Some(2), "It is not known whether this was done. Repeating it with the same Idempotency-Key is safe.", "처리 여부를 확인할 수 없습니다. 같은 Idempotency-Key로 다시 요청해도 안전합니다."),
    entry("request_timeout", 503, Some(2), "The answer took too long. Repeat the request with the same Idempotency-Key.", "응답 시간이 초과되었습니다. 같은 Idempotency-Key로 다시 요청해 주세요."),
    entry("internal", 500, None, "Something went wrong here.", "서버에 문제가 발생했습니다."),
];

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    entry: &'static Entry,
    /// Members beyond those of the RFC.
    more: Map<String, Value>,
    /// Members whose words are Korean where the answer is.
    korean: Map<String, Value>,
    retry_after: Option<u64>,
    /// For the log alone.
    note: Option<String>,
}

/// Codes whose members name amounts.
const NAMES_MONEY: [&str; 5] = [
    "insufficient_balance",
    "amount_out_of_range",
    "balance_limit",
    "balance_too_low",
    "refund_too_high",
];

static INTERNAL: &Entry = &TABLE[TABLE.len() - 1];

impl Problem {
    /// The problem with this code.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let entry = TABLE.iter().find(|entry| entry.code == code).unwrap_or(INTERNAL);
        let (more, korean) = (Map::new(), Map::new());
        Self { entry, more, korean, retry_after: entry.retry_after, note: None }
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// With one more member that has words: English, and Korean.
    #[must_use]
    pub fn in_words(self, name: &str, en: impl Into<Value>, ko: impl Into<Value>) -> Self {
        let mut problem = self.with(name, en);
        problem.korean.insert(name.to_owned(), ko.into());
        problem
    }

    /// With what its amounts are in, where it names any.
    #[must_use]
    pub fn in_currency(self, currency: &Currency) -> Self {
        if !NAMES_MONEY.contains(&self.entry.code) {
            return self;
        }
        let decimals = currency.decimals;
        self.with("currency", currency.code.as_str()).with("currency_decimals", decimals)
    }

    /// With another time to wait, in seconds.
    #[must_use]
    pub const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// With what the log should say of it, and the answer should not.
    #[must_use]
    pub fn noted(mut self, note: impl std::fmt::Display) -> Self {
        self.note = Some(note.to_string());
        self
    }

    /// With the account whose password was tried, where it was refused for that; a note on a fault tells of the
    /// fault.
    #[must_use]
    pub fn of_account(self, user: UserId) -> Self {
        if self.status().is_server_error() { self } else { self.noted(user) }
    }

    /// What the log should say of it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.entry.code
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.entry.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body of the answer in a language.
    #[must_use]
    pub fn body(&self, lang: Lang) -> String {
        let words = match lang {
            Lang::En => self.entry.en,
            Lang::Ko => self.entry.ko,
        };
        let mut body = Map::from_iter([
            ("type".to_owned(), json!(format!("urn:boxoffice:problem:{}", self.entry.code))),
            ("title".to_owned(), json!(words)),
            ("status".to_owned(), json!(self.entry.status)),
            ("code".to_owned(), json!(self.entry.code)),
        ]);
        body.extend(self.more.clone());
        if lang == Lang::Ko {
            body.extend(self.korean.clone());
        }
        Value::Object(body).to_string()
    }

    /// What a 401 is to be answered with (RFC 9110 § 11.6.1): where the secret goes that is missing.
    fn challenge(&self) -> &'static str {
        match self.entry.code.split_once('_') {
            Some(("queue", _)) => "ApiKey header=\"X-Queue-Token\"",
            Some(("operator", _)) => "ApiKey header=\"X-Api-Key\"",
            _ => "Bearer",
        }
    }

    /// The answer in a language.
    #[must_use]
    pub fn render(&self, lang: Lang) -> Response {
        let mut response = (self.status(), self.body(lang)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
        if self.entry.status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge()));
        }
        if self.entry.code == "content_encoding_unsupported" {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// A bare answer that carries the problem; [`super::observe`] renders it in the client's language.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::of(refusal.code());
        match refusal {
            Refusal::SaleNotOpen { opens_at } => problem.with("opens_at", stamp(opens_at)),
            Refusal::SeatNotFound { seat_numbers }
            | Refusal::SeatsNotBooked { seat_numbers }
            | Refusal::SeatsTaken { seat_numbers } => problem.with("seat_numbers", seat_numbers),
            Refusal::RefundTooHigh { left } => problem.with("left", left.0),
            Refusal::SeatsCoolingOff { seat_numbers, retry_at } => {
                problem.with("seat_numbers", seat_numbers).with("retry_at", stamp(retry_at))
            }
            Refusal::TooManyLapses { retry_at } => problem.with("retry_at", stamp(retry_at)),
            Refusal::HoldExists { reservation_id } => {
                problem.with("reservation_id", reservation_id.to_string())
            }
            Refusal::SeatLimit { limit, have } => problem.with("limit", limit).with("have", have),
            Refusal::AlreadyPaid { payment_id } => {
                problem.with("payment_id", payment_id.to_string())
            }
            Refusal::InsufficientBalance { balance, price, missing } => {
                problem.with("balance", balance.0).with("price", price.0).with("missing", missing.0)
            }
            Refusal::AmountOutOfRange { min, max } => problem.with("min", min.0).with("max", max.0),
            Refusal::CurrencyMismatch { wallet, currency } => problem
                .with("wallet_currency", wallet.code())
                .with("other_currency", currency.code()),
            Refusal::BalanceLeft { balance } => problem.with("balance", balance.0),
            Refusal::BalanceLimit { limit } => problem.with("limit", limit.0),
            Refusal::BalanceTooLow { balance } => problem.with("balance", balance.0),
            Refusal::DateExists { date_id, starts_at } => {
                let problem = problem.with("starts_at", stamp(starts_at));
                match date_id {
                    Some(id) => problem.with("concert_date_id", id.to_string()),
                    None => problem.with("field", "dates"),
                }
            }
            Refusal::DateInPast { starts_at } => problem.with("starts_at", stamp(starts_at)),
            Refusal::DateBeforeOpening { starts_at, opens_at } => {
                problem.with("starts_at", stamp(starts_at)).with("opens_at", stamp(opens_at))
            }
            Refusal::DateCancelled { reason } => problem.with("reason", reason),
            Refusal::HeldOrSold { seats } => problem.with("seats", seats),
            Refusal::SaleHasOpened { opens_at } => problem.with("opens_at", stamp(opens_at)),
            Refusal::SaleTimeInPast { field: Field::OpensAt, at } => {
                problem.with("field", "opens_at").with("opens_at", stamp(at))
            }
            Refusal::SaleTimeInPast { field, at } => {
                problem.with("field", json!(field)).with("closes_at", stamp(at))
            }
            Refusal::InvalidSetting { field } => problem.with("field", json!(field)),
            _ => problem,
        }
    }
}

impl From<NotRun> for Problem {
    fn from(why: NotRun) -> Self {
        match why {
            NotRun::Busy => Self::of("busy"),
            NotRun::Stopping => Self::of("stopping"),
            NotRun::Fault(fault) => fault.into(),
        }
    }
}

impl From<NotHashed> for Problem {
    fn from(why: NotHashed) -> Self {
        match why {
            NotHashed::Full => Self::of("sign_in_busy"),
            NotHashed::Delayed(wait) => Self::of("sign_in_delayed").after(whole_seconds(wait)),
            NotHashed::Failed => Self::of("internal"),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let problem = Self::of(match fault {
            Fault::Unavailable(_) => "database_unavailable",
            // Others were in the way, which is no fault of anything.
            Fault::Conflict(_) => return Self::of("busy"),
            Fault::Unknown(_) => "outcome_unknown",
            Fault::Constraint(_) | Fault::Corrupt(_) | Fault::SchemaTooNew { .. } => "internal",
        });
        problem.noted(fault)
    }
}

impl Problem {
    /// It is not the user's turn: whether and when to ask again.
    #[must_use]
    pub fn not_admitted(now: Time, opens_at: Time, poll_after_ms: u64) -> Self {
        let problem = Self::of("not_admitted").after(poll_after_ms.div_ceil(1000));
        if now.reached(opens_at) {
            return problem;
        }
        let seconds = u64::try_from(opens_at.ms_since(now)).unwrap_or(0).div_ceil(1000);
        problem.with("opens_at", stamp(opens_at)).after(seconds.clamp(1, 30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_refusal_has_its_line_and_no_code_stands_twice() {
        let codes: BTreeSet<_> = TABLE.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), TABLE.len());
        for code in Refusal::CODES {
            assert!(codes.contains(code), "{code}");
        }
        assert_eq!(INTERNAL.code, "internal");
    }

    #[test]
    fn only_internal_is_a_500_and_overload_says_when_to_retry() {
        for entry in TABLE {
            assert_eq!(entry.status == 500, entry.code == "internal", "{}", entry.code);
            if matches!(entry.status, 429 | 503) {
                assert!(entry.retry_after.is_some(), "{}", entry.code);
            }
            assert!(!entry.ko.is_ascii() && entry.en.is_ascii(), "{}", entry.code);
        }
    }
}
