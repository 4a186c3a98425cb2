//! The OpenAPI document, made from the handlers, and Swagger UI.

use super::asset::{Asset, Keep};
use super::{
    account, admin, block, booking, concert, document, draw, edit, event, export, funds, job,
    layout, me, my_sessions, ops, payment, poster, problem, push, queue, queues, refund,
    reservation, sale, seat, session, ticket, user, wallet,
};
use crate::cookie::SessionCookie;
use axum::response::Response;
use hyper::{HeaderMap, Method};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "boxoffice",
        description = "An on-sale engine for seated concerts. Errors are problem+json with a stable `code`; messages in English and Korean by `Accept-Language`. Any route may answer 429 `rate_limited` with `Retry-After`. Money is in minor units, times are RFC 3339 UTC.",
    ),
    paths(
        user::register, session::sign_in, session::refresh,
        my_sessions::list, my_sessions::end_others, my_sessions::sign_out, my_sessions::end_one,
        account::set_password, account::delete,
        concert::list, concert::show, concert::queue, poster::show, layout::show,
        queue::join, queue::poll, queue::leave, push::place::place_events,
        concert::dates, seat::map, push::seats::seat_events,
        reservation::reserve, reservation::show, reservation::cancel, payment::pay, booking::list,
        wallet::charge, wallet::balance, wallet::ledger,
        me::profile, me::my_reservations, me::my_reservation, me::my_holds, me::my_bookings,
        me::my_balance, me::my_ledger,
        admin::create_concert, admin::figures, admin::add_date, sale::set_sale, admin::set_queue,
        queues::add_queue,
        edit::change_concert, edit::delete_concert, poster::upload, poster::remove, edit::change_date, edit::delete_date,
        export::date_bookings,
        ticket::of_booking, ticket::keys, ticket::of_date,
        funds::user_balance, funds::credit_balance, funds::debit_balance,
        block::set_seats, refund::show_payment, refund::refund_payment,
        draw::set_draw,
        event::list, layout::add,
        job::cancel_date, job::list, job::show,
        ops::livez, ops::readyz, ops::metrics,
    ),
    tags(
        (name = "Account"), (name = "Concerts"), (name = "Waiting queue"), (name = "Seats"),
        (name = "Reservations"), (name = "Balance"), (name = "Operator"), (name = "Operation"),
    ),
    components(schemas(seat::Form, push::StreamEndView)),
    modifiers(&Security, &Problems),
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("identity", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            SessionCookie::Secure.name(),
            "For the server's own pages, in place of the access token; `boxoffice` where `session_cookie = plain`. What changes something must come from this origin (`Sec-Fetch-Site`, `Origin`).",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for (name, header) in [("queue_token", "X-Queue-Token"), ("operator", "X-Api-Key")] {
            let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)));
            components.add_security_scheme(name, key);
        }
    }
}

/// The way through a sale, for a stranger at the page.
const STEPS: &str = "

To click through a sale:

1. `POST /users` and `POST /sessions` (Try it out, Execute); put the `access_token` into **Authorize** \
under *identity*.
2. `GET /concerts`, copy a `concert_id`; `POST /concerts/{id}/queue-tokens`; put the `token` into \
**Authorize** under *queue_token*.
3. `GET /concerts/{id}/dates`, `GET /concert-dates/{id}/seats`.
4. `POST /reservations`, `POST /users/{id}/balance/charges`, `POST /reservations/{id}/payment`.
5. `GET /bookings`.

[Every problem, and what an app does](docs/codes)";

/// Tells the way through and the codes of all problems.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let line =
            |e: &problem::Entry| format!("| `{}` | {} | {} | {} |", e.code, e.status, e.en, e.ko);
        let lines: Vec<String> = problem::TABLE.iter().map(line).collect();
        let table = lines.join("\n");
        let text = document.info.description.get_or_insert_default();
        text.push_str(STEPS);
        text.push_str("\n\n<details><summary>All codes of problems</summary>\n\n");
        text.push_str("| code | status | English | 한국어 |\n|---|---|---|---|\n");
        text.push_str(&table);
        text.push_str("\n\n</details>");
    }
}

/// The document.
#[must_use]
pub fn document() -> Value {
    // Plain data with string keys; writing it as JSON cannot fail.
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    document::complete(&mut document);
    document
}

/// The operations that take query parameters, by method in lower case and path.
static QUERIED: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
    let raw = serde_json::to_value(Document::openapi()).unwrap_or_default();
    let mut queried = BTreeSet::new();
    for (path, methods) in raw["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array();
            if parameters.into_iter().flatten().any(|parameter| parameter["in"] == "query") {
                queried.insert((method.clone(), path.clone()));
            }
        }
    }
    queried
});

/// Whether the document has a query parameter of this operation.
pub(super) fn takes_query(method: &Method, path: &str) -> bool {
    QUERIED.contains(&(method.as_str().to_lowercase(), path.to_owned()))
}

/// Its text, written once.
static TEXT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("application/json", Keep::Asking, document().to_string()));

/// The document as JSON.
pub async fn openapi(headers: HeaderMap) -> Response {
    TEXT.answer(&headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    /// A misspelt code in an annotation would not reach the document: what is read there are codes.
    #[test]
    fn annotations_name_codes_of_their_status() {
        let raw = serde_json::to_value(Document::openapi()).unwrap();
        let operations = raw["paths"].as_object().unwrap().values();
        for operation in operations.flat_map(|path| path.as_object().unwrap().values()) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let text = response["description"].as_str().unwrap_or_default();
                let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
                for word in words.filter(|word| status.as_str() >= "400" && word.contains('_')) {
                    let code: Result<Code, _> = word.parse();
                    let known = code.map(|code| code.entry().status.to_string());
                    assert_eq!(known.as_ref(), Ok(status), "{word} in {}", operation["summary"]);
                }
            }
        }
    }
}
