//! Problems (RFC 9457): one table from code to status, words and whether a retry helps.

mod again;
mod faults;

use super::lang::Lang;
use super::members::members_of;
use super::view::stamp;
use crate::currency::Currency;
use axum::response::{IntoResponse, Response};
use boxoffice_core::id::UserId;
use boxoffice_core::refusal::{Field, Refusal};
use boxoffice_core::time::Time;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde_json::{Map, Value, json};
use strum::VariantNames;

/// A line of the table.
#[derive(Debug)]
pub struct Entry {
    /// Stable code.
    pub code: Code,
    /// HTTP status.
    pub status: u16,
    /// Seconds after which the same request may succeed; `None` where waiting does not help.
    pub retry_after: Option<u64>,
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

macro_rules! problems {
    ($($name:ident($status:literal, $retry_after:expr, $en:literal, $ko:literal),)*) => {
        /// A problem's stable code: the variant's name in lower case. It never changes its meaning.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
        )]
        #[strum(serialize_all = "snake_case")]
        pub enum Code {
            $(#[doc = $en] $name,)*
        }

        /// Every problem there is.
        pub const TABLE: &[Entry] = &[
            $(Entry { code: Code::$name, status: $status, retry_after: $retry_after, en: $en, ko: $ko },)*
        ];

        impl Code {
            /// Its line of the table.
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$name => &Entry {
                        code: Self::$name,
                        status: $status,
                        retry_after: $retry_after,
                        en: $en,
                        ko: $ko,
                    },)*
                }
            }
        }
    };
}

// A line: code, HTTP status, seconds until the same request may succeed, English, Korean.
#[rustfmt::skip]
problems! {
    // Refusals of the rules.
    UsernameTaken(409, None, "This username is taken.", "이미 사용 중인 사용자 이름입니다."),
    ConcertNotFound(404, None, "The concert was not found.", "공연을 찾을 수 없습니다."),
    QueueNotFound(404, None, "The concert has no such waiting queue.", "이 공연에 해당 대기열이 없습니다."),
    DateNotFound(404, None, "The date was not found.", "회차를 찾을 수 없습니다."),
    AlreadyExists(409, None, "This already exists.", "이미 존재합니다."),
    DateInPast(422, None, "A date cannot start in the past.", "회차의 시작 시각은 지난 시각일 수 없습니다."),
    DateBeforeOpening(422, None, "A date cannot start before its sale opens.", "회차는 판매 시작 이후에 시작해야 합니다."),
    HeldOrSold(409, None, "Some seats are held or sold, so this cannot be changed or deleted.", "선점되었거나 판매된 좌석이 있어 변경하거나 삭제할 수 없습니다."),
    SaleHasOpened(409, None, "The sale has opened, so its opening time cannot be changed.", "이미 판매가 시작되어 판매 시작 시각을 변경할 수 없습니다."),
    SaleOpen(409, None, "The sale is open. Close it first.", "판매가 진행 중입니다. 먼저 판매를 종료해 주세요."),
    SaleTimeInPast(422, None, "This time has passed. To open or close the sale now, set open.", "이미 지난 시각입니다. 지금 바로 판매를 시작하거나 종료하려면 open을 사용해 주세요."),
    SaleNotOpen(409, Some(1), "The sale has not opened yet.", "아직 판매가 시작되지 않았습니다."),
    SaleClosed(409, None, "The sale is closed.", "판매가 종료되었습니다."),
    QueueFull(503, Some(30), "The waiting queue is full.", "대기열이 가득 찼습니다."),
    QueueTokenUnknown(403, None, "This queue token has no place in the waiting queue. Join the queue again.", "이 대기열 토큰에 해당하는 대기 자리가 없습니다. 대기열에 다시 진입해 주세요."),
    NotAdmitted(403, Some(1), "It is not your turn yet.", "아직 입장 차례가 아닙니다."),
    QueueTokenExpired(403, None, "The queue token has expired. Join the queue again.", "대기열 토큰이 만료되었습니다. 대기열에 다시 진입해 주세요."),
    SeatNotFound(404, None, "Some of these seats do not exist on this date.", "이 회차에 없는 좌석이 있습니다."),
    SeatsTaken(409, None, "Some of these seats are taken, so none of them were held. Choose other seats.", "이미 선점되었거나 판매된 좌석이 있어 선점하지 못했습니다. 다른 좌석을 선택해 주세요."),
    SeatsHeldOrSold(409, None, "Some of these seats are held or sold, so nothing was changed. See held and sold.", "선점되었거나 판매된 좌석이 있어 변경하지 않았습니다. held와 sold를 확인해 주세요."),
    NoFittingSeats(409, None, "There are not this many seats together that fit. See largest.", "조건에 맞게 나란히 붙은 좌석이 부족합니다. largest를 확인해 주세요."),
    SeatsCoolingOff(409, None, "Your hold on these seats ended without a payment. Choose other seats, or try again after retry_at.", "결제하지 않아 선점이 만료된 좌석은 잠시 동안 다시 선점할 수 없습니다. 다른 좌석을 선택하거나 retry_at 이후에 다시 시도해 주세요."),
    TooManyLapses(409, None, "Too many of your holds ended without a payment, or you held seats unpaid for too long. Join the queue again after retry_at.", "결제하지 않은 선점이 너무 많거나 너무 오래 계속되었습니다. retry_at 이후에 대기열에 다시 진입해 주세요."),
    HoldExists(409, None, "You already hold seats. Pay for them or release them first.", "이미 선점한 좌석이 있습니다. 먼저 결제하거나 선점을 취소해 주세요."),
    SeatLimit(409, None, "You cannot have this many seats on this date.", "한 사람이 이 회차에서 예매할 수 있는 좌석 수를 초과했습니다."),
    ReservationNotFound(404, None, "The reservation was not found.", "예약을 찾을 수 없습니다."),
    HoldLapsed(410, None, "The time to pay is over. You no longer hold these seats.", "결제 시간이 지나 좌석 선점이 만료되었습니다."),
    HoldReleased(410, None, "This hold was released.", "선점이 취소된 예약입니다."),
    AlreadyPaid(409, None, "This reservation is already paid.", "이미 결제한 예약입니다."),
    InsufficientBalance(402, None, "Your balance is too low. Charge it and pay again. Your seats stay held.", "잔액이 부족합니다. 충전 후 다시 결제해 주세요. 좌석 선점은 유지됩니다."),
    PaymentNotFound(404, None, "There is no such payment.", "해당 결제가 없습니다."),
    SeatsNotBooked(409, None, "These seats are not part of the booking, or not any more.", "이 예매에 포함되지 않았거나 이미 환불된 좌석입니다."),
    RefundTooHigh(409, None, "This is more than is left of what was paid.", "환불할 수 있는 금액을 초과했습니다."),
    AlreadyRefunded(409, None, "All of this payment has gone back already.", "이미 전액 환불된 결제입니다."),
    AccountDeleted(409, None, "The account that paid was deleted, so no money can go back to it.", "결제한 사용자의 계정이 삭제되어 환불할 수 없습니다."),
    CurrencyMismatch(409, None, "The balance is in another currency.", "잔액과 통화가 다릅니다."),
    AmountOutOfRange(422, None, "The amount is outside the allowed range.", "허용 범위를 벗어난 금액입니다."),
    BalanceLimit(409, None, "The balance would exceed its limit.", "잔액 한도를 초과합니다."),
    DateCancelled(409, None, "This date was cancelled by its organiser. See reason.", "주최 측이 취소한 회차입니다. reason을 확인해 주세요."),
    JobNotFound(404, None, "There is no such job.", "해당 작업이 없습니다."),
    JobNotHeld(409, None, "The job has ended, is not due, or another server is at it.", "작업이 끝났거나 아직 시작할 때가 아니거나 다른 서버가 처리하고 있습니다."),
    LayoutNotFound(404, None, "There is no such layout.", "해당 좌석 배치도가 없습니다."),
    UserNotFound(404, None, "The user was not found.", "사용자를 찾을 수 없습니다."),
    BalanceTooLow(409, None, "The balance is lower than the amount to debit.", "차감하려는 금액보다 잔액이 적습니다."),
    EventsGone(410, None, "Events after this cursor are not kept any more. Read on without one.", "이 커서 이후의 이벤트는 더 이상 보관되지 않습니다. 커서 없이 다시 조회해 주세요."),
    SelfChargeOff(403, None, "You cannot charge your balance yourself. The organiser does it for you.", "잔액을 직접 충전할 수 없습니다. 주최 측에서 충전해 드립니다."),
    IdempotencyKeyReused(422, None, "This Idempotency-Key was already used for another request.", "이미 다른 요청에 사용한 Idempotency-Key입니다."),
    InvalidSetting(422, None, "A field has a value that is not allowed.", "허용되지 않는 값이 있습니다."),
    CredentialsWrong(401, None, "The username or password is wrong.", "사용자 이름 또는 비밀번호가 올바르지 않습니다."),
    PasswordWrong(403, None, "The password is wrong.", "비밀번호가 올바르지 않습니다."),
    SessionEnded(401, None, "This session has ended. Sign in again.", "종료된 세션입니다. 다시 로그인해 주세요."),
    SessionNotFound(404, None, "The session was not found.", "세션을 찾을 수 없습니다."),
    BalanceLeft(409, None, "You still have a balance. Spend it first, or send its amount as give_up_balance to give it up.", "남은 잔액이 있습니다. 잔액을 사용하거나, 포기하려면 give_up_balance에 잔액을 적어 보내 주세요."),
    PosterNotFound(404, None, "There is no such poster.", "해당 포스터가 없습니다."),
    // Who asks.
    ExternalAccount(409, None, "Your identity provider manages this account. Make the change there.", "외부 인증 서비스의 계정입니다. 해당 서비스에서 변경해 주세요."),
    IdentityRequired(401, None, "Sign in first, and send Authorization: Bearer ACCESS_TOKEN.", "로그인이 필요합니다. Authorization: Bearer ACCESS_TOKEN을 보내 주세요."),
    IdentityInvalid(401, None, "The access token is invalid or has expired. Sign in again.", "유효하지 않거나 만료된 액세스 토큰입니다. 다시 로그인해 주세요."),
    CrossSite(403, None, "A cookie only counts for requests of this server's own pages.", "쿠키는 이 서버의 페이지에서 보낸 요청에만 사용할 수 있습니다."),
    OtherUser(403, None, "This belongs to another user.", "다른 사용자의 정보입니다."),
    QueueTokenRequired(401, None, "A queue token is required. Send it as X-Queue-Token.", "대기열 토큰이 필요합니다. X-Queue-Token으로 보내 주세요."),
    QueueTokenInvalid(401, None, "The queue token is invalid.", "유효하지 않은 대기열 토큰입니다."),
    QueueTokenOfAnotherUser(403, None, "This queue token belongs to another user.", "다른 사용자의 대기열 토큰입니다."),
    QueueTokenOfAnotherConcert(403, None, "This queue token is for another concert.", "다른 공연의 대기열 토큰입니다."),
    OperatorKeyRequired(401, None, "An operator's key is required. Send it as X-Api-Key.", "운영자 키가 필요합니다. X-Api-Key로 보내 주세요."),
    OperatorKeyInvalid(401, None, "The operator's key is invalid.", "유효하지 않은 운영자 키입니다."),
    // How it is asked.
    InvalidBody(400, None, "The request body is invalid.", "요청 본문이 올바르지 않습니다."),
    InvalidQuery(400, None, "A query parameter is invalid.", "잘못된 쿼리 파라미터입니다."),
    BodyTooLarge(413, None, "The request body is too large.", "요청 본문이 너무 큽니다."),
    BodyTooSlow(408, None, "The request body took too long to arrive.", "요청 본문이 제시간에 도착하지 않았습니다."),
    UnsupportedMediaType(415, None, "This Content-Type is not supported here. See supported.", "이 경로에서 지원하지 않는 Content-Type입니다. supported를 확인해 주세요."),
    UnsupportedCharset(415, None, "The charset of this file is not supported.", "지원하지 않는 문자 인코딩(charset)입니다."),
    InvalidFile(422, None, "The file has invalid values, so nothing was changed. See faults.", "파일에 올바르지 않은 값이 있어 아무것도 반영되지 않았습니다. faults를 확인해 주세요."),
    InvalidLayout(422, None, "The layout has invalid values, so it was not added. See faults.", "좌석 배치도에 올바르지 않은 값이 있어 등록되지 않았습니다. faults를 확인해 주세요."),
    InvalidPicture(422, None, "This picture cannot be used. See reason.", "사용할 수 없는 그림 파일입니다. reason을 확인해 주세요."),
    InvalidText(422, None, "The text contains a character that cannot be displayed.", "보이지 않거나 표시할 수 없는 문자가 있습니다."),
    IdempotencyKeyRequired(400, None, "An Idempotency-Key header is required.", "Idempotency-Key 헤더가 필요합니다."),
    IdempotencyKeyInvalid(400, None, "An Idempotency-Key must have 1 to 128 visible ASCII characters.", "Idempotency-Key는 공백 없이 1~128자의 ASCII 문자여야 합니다."),
    NotFound(404, None, "There is nothing at this address.", "요청한 주소를 찾을 수 없습니다."),
    MethodNotAllowed(405, None, "This address does not allow this method.", "이 주소에서 허용되지 않는 메서드입니다."),
    // What HTTP itself asks for.
    InvalidRequest(400, None, "The request is not valid HTTP.", "HTTP 규칙에 맞지 않는 요청입니다."),
    NotAcceptable(406, None, "The server cannot answer in a format that Accept allows.", "Accept 헤더가 허용하는 형식으로 응답할 수 없습니다."),
    PreconditionFailed(412, None, "A condition of the request (If-Match, If-None-Match) is not met, so nothing was changed.", "요청 조건(If-Match, If-None-Match)이 맞지 않아 변경되지 않았습니다."),
    TargetTooLong(414, None, "The address is too long.", "요청 주소가 너무 깁니다."),
    ContentEncodingUnsupported(415, None, "Send the request body without Content-Encoding.", "요청 본문은 Content-Encoding 없이 보내 주세요."),
    ExpectationFailed(417, None, "The only supported Expect value is 100-continue.", "지원하는 Expect 값은 100-continue뿐입니다."),
    HeadersTooLarge(431, None, "The request headers are too large.", "요청 헤더가 너무 큽니다."),
    TransferCodingUnsupported(501, None, "The only supported Transfer-Encoding is chunked.", "지원하는 Transfer-Encoding은 chunked뿐입니다."),
    // How often it is asked.
    RateLimited(429, Some(1), "You sent too many requests in a short time.", "짧은 시간에 요청을 너무 많이 보냈습니다."),
    SignInDelayed(429, Some(1), "The password was wrong too many times.", "비밀번호를 여러 번 잘못 입력했습니다."),
    // What the server cannot do now.
    Busy(503, Some(1), "The server is busy.", "서버가 혼잡합니다."),
    SignInBusy(503, Some(2), "Too many people are signing in.", "로그인 요청이 많습니다."),
    StreamNotOffered(503, Some(30), "There is no stream of events to be had. Go on asking.", "지금은 이벤트 스트림을 제공하지 않습니다. 계속 조회해 주세요."),
    Stopping(503, Some(2), "The server is stopping.", "서버가 종료되는 중입니다."),
    DatabaseUnavailable(503, Some(2), "The database is not available, so nothing was changed.", "데이터베이스를 사용할 수 없어 변경된 내용이 없습니다."),
    OutcomeUnknown(503, Some(2), "It is not known whether the request was carried out. It is safe to repeat it with the same Idempotency-Key.", "요청이 처리되었는지 확인할 수 없습니다. 같은 Idempotency-Key로 다시 요청해도 안전합니다."),
    RequestTimeout(503, Some(2), "The server took too long to answer. Repeat the request with the same Idempotency-Key.", "응답 시간이 초과되었습니다. 같은 Idempotency-Key로 다시 요청해 주세요."),
    Internal(500, None, "Something went wrong on the server.", "서버에 문제가 발생했습니다."),
}

impl Code {
    /// As clients read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The code of a refusal: they have one name, which the compiler checks below.
    fn of_refusal(refusal: &Refusal) -> Self {
        refusal.code().parse().unwrap_or(Self::Internal)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

const fn is_code(name: &str) -> bool {
    let mut at = 0;
    while at < Code::VARIANTS.len() {
        if same(Code::VARIANTS[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

// A refusal without its line in the table does not compile.
const _: () = {
    let mut at = 0;
    while at < Refusal::CODES.len() {
        assert!(is_code(Refusal::CODES[at]), "a refusal has no line in the table of problems");
        at += 1;
    }
};

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    entry: &'static Entry,
    /// Members beyond those of the RFC.
    more: Map<String, Value>,
    /// Members whose words are Korean where the answer is.
    korean: Map<String, Value>,
    retry_after: Option<u64>,
    /// The limit that was reached.
    limit: Option<&'static str>,
    /// For the log alone.
    note: Option<Box<str>>,
    /// Members that a refused setting may stand in.
    members: &'static [&'static str],
}

/// Codes whose members name amounts.
const NAMES_MONEY: [Code; 6] = [
    Code::InsufficientBalance,
    Code::AmountOutOfRange,
    Code::BalanceLimit,
    Code::BalanceTooLow,
    Code::BalanceLeft,
    Code::RefundTooHigh,
];

impl Problem {
    /// The problem with this code.
    #[must_use]
    pub fn of(code: Code) -> Self {
        let entry = code.entry();
        let (more, korean) = (Map::new(), Map::new());
        let retry_after = entry.retry_after;
        Self { entry, more, korean, retry_after, limit: None, note: None, members: &[] }
    }

    /// With the limit that was reached.
    #[must_use]
    pub const fn of_limit(mut self, limit: &'static str) -> Self {
        self.limit = Some(limit);
        self
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

    /// With the member that a refused setting stands in, of those that were found wrong.
    #[must_use]
    pub fn in_member_of<'a>(self, wrong: impl IntoIterator<Item = &'a str>) -> Self {
        match wrong.into_iter().find_map(|name| self.members.iter().find(|known| **known == name)) {
            Some(known) => self.with("field", *known),
            None => self,
        }
    }

    /// The seats that it names.
    #[must_use]
    pub fn seat_numbers(&self) -> Vec<u32> {
        let list = |name| self.more.get(name).and_then(Value::as_array).into_iter().flatten();
        let named = ["seat_numbers", "held", "sold"].into_iter().flat_map(list);
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        named.filter_map(number).collect()
    }

    /// Whether it is this member that it names.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.more.get("field").is_some_and(|named| named == field)
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
        self.note = Some(note.to_string().into());
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
    pub const fn code(&self) -> Code {
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
            ("code".to_owned(), json!(self.entry.code.as_str())),
        ]);
        if let Some(again) = self.again(lang) {
            body.insert("detail".to_owned(), json!(format!("{words} {again}")));
        }
        if let Some(limit) = self.limit {
            body.insert("limit".to_owned(), json!(limit));
        }
        body.extend(self.more.clone());
        if lang == Lang::Ko {
            body.extend(self.korean.clone());
        }
        Value::Object(body).to_string()
    }

    /// When to try again, in words, where too much is asked for or something is not available.
    fn again(&self, lang: Lang) -> Option<String> {
        let seconds = self.retry_after.filter(|_| matches!(self.entry.status, 429 | 503))?;
        Some(match lang {
            Lang::En if seconds == 1 => "Try again in 1 second.".to_owned(),
            Lang::En => format!("Try again in {seconds} seconds."),
            Lang::Ko => format!("{seconds}초 후에 다시 시도해 주세요."),
        })
    }

    /// What a 401 is to be answered with (RFC 9110 § 11.6.1): where the secret goes that is missing.
    const fn challenge(&self) -> &'static str {
        match self.entry.code {
            Code::QueueTokenRequired | Code::QueueTokenInvalid => "ApiKey header=\"X-Queue-Token\"",
            Code::OperatorKeyRequired | Code::OperatorKeyInvalid => "ApiKey header=\"X-Api-Key\"",
            _ => "Bearer",
        }
    }

    /// The answer in a language.
    #[must_use]
    pub fn render(&self, lang: Lang) -> Response {
        let body = self.kept(lang).unwrap_or_else(|| self.body(lang).into());
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
        if self.entry.status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge()));
        }
        if self.entry.code == Code::ContentEncodingUnsupported {
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
        let problem = Self::of(Code::of_refusal(&refusal));
        match refusal {
            Refusal::SaleNotOpen { opens_at } => problem.with("opens_at", stamp(opens_at)),
            Refusal::SeatNotFound { seat_numbers }
            | Refusal::SeatsNotBooked { seat_numbers }
            | Refusal::SeatsTaken { seat_numbers } => problem.with("seat_numbers", seat_numbers),
            Refusal::SeatsBlocked { seat_numbers, blocked } => {
                let (en, ko) = not_for_sale(&blocked);
                let problem = problem.with("seat_numbers", seat_numbers).with("blocked", blocked);
                problem.in_words("detail", en, ko)
            }
            Refusal::SeatsHeldOrSold { held, sold } => {
                problem.with("held", held).with("sold", sold)
            }
            Refusal::RefundTooHigh { left } => problem.with("left", left.0),
            Refusal::SeatsCoolingOff { seat_numbers, retry_at } => {
                problem.with("seat_numbers", seat_numbers).with("retry_at", stamp(retry_at))
            }
            Refusal::NoFittingSeats { largest } => problem.with("largest", largest),
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
                problem.with("field", members_of(field)[0]).with("closes_at", stamp(at))
            }
            Refusal::InvalidSetting { field } => {
                let members = members_of(field);
                Self { members, ..problem.with("field", members[0]) }
            }
            _ => problem,
        }
    }
}

/// Which seats are blocked, in words.
fn not_for_sale(blocked: &[u32]) -> (String, String) {
    let list = blocked.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let en = if blocked.len() == 1 {
        format!("Seat {list} is not for sale.")
    } else {
        format!("Seats {list} are not for sale.")
    };
    (en, format!("{list}번은 판매하지 않는 좌석입니다."))
}

impl Problem {
    /// It is not the user's turn: whether and when to ask again.
    #[must_use]
    pub fn not_admitted(now: Time, opens_at: Time, poll_after_ms: u64) -> Self {
        let problem = Self::of(Code::NotAdmitted).after(poll_after_ms.div_ceil(1000));
        if now.reached(opens_at) {
            return problem;
        }
        let seconds = u64::try_from(opens_at.ms_since(now)).unwrap_or(0).div_ceil(1000);
        problem.with("opens_at", stamp(opens_at)).after(seconds.clamp(1, 30))
    }
}

#[cfg(test)]
mod tests;
