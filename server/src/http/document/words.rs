//! Names, limits and examples of the document: what no annotation says.

use super::super::extract::IDEMPOTENCY_KEY;
use crate::text::PASSWORD_CHARS;
use boxoffice_core::limits::{
    ADMISSION_MAX, CHARGE_MAX, CHARGE_MIN, DATES_PER_CONCERT_MAX, IDEMPOTENCY_KEY_CHARS_MAX,
    NAME_CHARS_MAX, PRICE_MAX, SEATS_PER_BLOCK_MAX, SEATS_PER_DATE_MAX, SEATS_PER_RESERVATION_MAX,
    TTL_MS_MAX, USERNAME_CHARS_MAX,
};
use serde_json::{Value, json};

/// Operations that are named better than by their address.
#[rustfmt::skip]
pub const NAMES: &[(&str, &str, &str)] = &[
    ("POST",   "/api/v1/users",                           "register_user"),
    ("POST",   "/api/v1/sessions",                        "sign_in"),
    ("POST",   "/api/v1/sessions/refresh",                "refresh_session"),
    ("GET",    "/api/v1/concerts",                        "list_concerts"),
    ("GET",    "/api/v1/concerts/{id}",                   "get_concert"),
    ("GET",    "/api/v1/posters/{sha256}",                "get_poster"),
    ("PUT",    "/api/v1/admin/concerts/{id}/poster",      "set_poster"),
    ("DELETE", "/api/v1/admin/concerts/{id}/poster",      "remove_poster"),
    ("GET",    "/api/v1/concerts/{id}/queue",             "get_queue"),
    ("GET",    "/api/v1/layouts/{sha256}",                "get_layout"),
    ("POST",   "/api/v1/admin/layouts",                   "add_layout"),
    ("POST",   "/api/v1/concerts/{id}/queue-tokens",      "join_queue"),
    ("GET",    "/api/v1/queue-tokens/me",                 "poll_queue_token"),
    ("GET",    "/api/v1/queue-tokens/me/events",          "stream_place"),
    ("DELETE", "/api/v1/queue-tokens/me",                 "leave_queue"),
    ("GET",    "/api/v1/concerts/{id}/dates",             "list_concert_dates"),
    ("GET",    "/api/v1/concert-dates/{id}/seats",        "get_seat_map"),
    ("GET",    "/api/v1/concert-dates/{id}/seats/events", "stream_seats"),
    ("POST",   "/api/v1/reservations",                    "reserve_seats"),
    ("GET",    "/api/v1/reservations/{id}",               "get_reservation"),
    ("DELETE", "/api/v1/reservations/{id}",               "cancel_reservation"),
    ("POST",   "/api/v1/reservations/{id}/payment",       "pay_reservation"),
    ("POST",   "/api/v1/users/{id}/balance/charges",      "charge_balance"),
    ("GET",    "/api/v1/users/{id}/balance",              "get_balance"),
    ("GET",    "/api/v1/users/{id}/balance/entries",      "list_balance_entries"),
    ("GET",    "/api/v1/bookings",                        "list_bookings"),
    ("GET",    "/api/v1/bookings/{id}/tickets",           "list_tickets"),
    ("GET",    "/api/v1/ticket-keys",                     "list_ticket_keys"),
    ("GET",   "/api/v1/me",                             "get_my_account"),
    ("DELETE","/api/v1/me",                             "delete_my_account"),
    ("PUT",   "/api/v1/me/password",                    "change_my_password"),
    ("GET",   "/api/v1/me/sessions",                    "list_my_sessions"),
    ("DELETE","/api/v1/me/sessions",                    "end_my_other_sessions"),
    ("DELETE","/api/v1/me/sessions/current",            "sign_out"),
    ("DELETE","/api/v1/me/sessions/{id}",               "end_my_session"),
    ("GET",   "/api/v1/me/reservations",                "list_my_reservations"),
    ("GET",   "/api/v1/me/reservations/{id}",           "get_my_reservation"),
    ("GET",   "/api/v1/me/holds",                       "list_my_holds"),
    ("GET",   "/api/v1/me/bookings",                    "list_my_bookings"),
    ("GET",   "/api/v1/me/balance",                     "get_my_balance"),
    ("GET",   "/api/v1/me/balance/entries",             "list_my_balance_entries"),
    ("POST",   "/api/v1/admin/concerts",                  "create_concert"),
    ("GET",    "/api/v1/admin/concerts/{id}",             "get_sale_figures"),
    ("POST",   "/api/v1/admin/concerts/{id}/dates",       "add_concert_date"),
    ("PUT",    "/api/v1/admin/concerts/{id}/sale",        "set_sale"),
    ("PUT",    "/api/v1/admin/concerts/{id}/queue",       "set_queue"),
    ("POST",   "/api/v1/admin/concerts/{id}/queues",      "add_queue"),
    ("PUT",    "/api/v1/admin/concerts/{id}/draw",        "set_draw_value"),
    ("GET",   "/api/v1/admin/concert-dates/{id}/bookings", "export_bookings"),
    ("GET",   "/api/v1/admin/concert-dates/{id}/tickets", "list_tickets_of_date"),
    ("PATCH", "/api/v1/admin/concerts/{id}",            "change_concert"),
    ("DELETE","/api/v1/admin/concerts/{id}",            "delete_concert"),
    ("PATCH", "/api/v1/admin/concert-dates/{id}",       "change_concert_date"),
    ("DELETE","/api/v1/admin/concert-dates/{id}",       "delete_concert_date"),
    ("PUT",   "/api/v1/admin/concert-dates/{id}/seats/status", "set_seats_status"),
    ("GET",   "/api/v1/admin/users/{id}/balance",       "get_balance_of_user"),
    ("POST",  "/api/v1/admin/users/{id}/balance/credits","credit_balance"),
    ("POST",  "/api/v1/admin/users/{id}/balance/debits","debit_balance"),
    ("POST",  "/api/v1/admin/concert-dates/{id}/cancellation", "cancel_concert_date"),
    ("GET",   "/api/v1/admin/jobs",                     "list_jobs"),
    ("GET",   "/api/v1/admin/jobs/{id}",                "get_job"),
    ("GET",   "/api/v1/admin/events",                   "list_events"),
    ("GET",   "/api/v1/admin/payments/{id}",            "get_payment"),
    ("POST",  "/api/v1/admin/payments/{id}/refunds",    "refund_payment"),
    ("GET",    "/livez",                                  "is_alive"),
    ("GET",    "/readyz",                                 "is_ready"),
    ("GET",    "/metrics",                                "get_metrics"),
];

/// Whether a value of this schema may be null.
pub fn may_be_null(schema: &Value) -> bool {
    let is_null = |value: &Value| value == "null" || value["type"] == "null";
    let lists = ["type", "oneOf", "anyOf"].map(|name| schema[name].as_array());
    lists.into_iter().flatten().flatten().any(is_null)
}

/// The same schema without null.
pub fn not_null(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array_mut() {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    for list in ["oneOf", "anyOf"] {
        let kept: Vec<Value> = schema[list]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["type"] != "null")
            .cloned()
            .collect();
        if let [only] = kept.as_slice() {
            *schema = only.clone();
            return;
        }
    }
}

/// Headers of answers.
pub fn headers() -> Value {
    let text =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "Retry-After": { "description": "Seconds after which to ask again.", "schema": { "type": "integer", "minimum": 0 } },
        "Content-Language": { "description": "Of the title.", "schema": { "type": "string", "enum": ["en", "ko"] } },
        "WWW-Authenticate": text("What is missing."),
        "Accept-Encoding": text("Which encodings of a body are understood, where it was one that is not."),
        "Cache-Control": text("Who may keep the answer, and for how long."),
        "Idempotent-Replayed": { "description": "The answer is the stored one of an earlier request with this key.", "schema": { "type": "string", "enum": ["true"] } },
        "ETag": text("Of this state, for If-None-Match."),
        "X-Request-Id": text("Under which the log tells of the request: the client's own, or one made here."),
    })
}

/// What is known of a parameter by its name.
pub fn of_parameter(place: &str, name: &str) -> Value {
    match (place, name.to_ascii_lowercase().as_str()) {
        ("header", IDEMPOTENCY_KEY) => json!({
            "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX, "pattern": "^[!-~]+$",
            "description": "Makes a retry safe: the same key and body get the stored answer",
            "example": "0197f0f2-6c4e-7d3a-9b1f-3f1c2a5d7e90",
        }),
        ("query", "limit") => json!({ "minimum": 1, "maximum": 100 }),
        ("query", "before") => json!({ "description": "From the page before" }),
        ("query", "starts_at") => json!({ "format": "date-time" }),
        ("header", "if-none-match") => json!({ "description": "The ETag that the client has" }),
        ("path", "sha256") => {
            json!({ "description": "The id", "pattern": "^[0-9a-f]{64}$" })
        }
        ("path", _) => json!({ "description": "The id" }),
        _ => json!({}),
    }
}

/// How many members a body has at least, where none of them is needed by itself.
pub fn members_min(schema: &str) -> Option<usize> {
    match schema {
        "SaleBody" => Some(1),
        // The date, and which seats or how many.
        "NewReservation" => Some(2),
        _ => None,
    }
}

/// Texts without control characters; others that nobody sees are refused, too.
const PLAIN: &str = r"^[^\u0000-\u001F\u007F-\u009F\u2028\u2029]*$";

/// Whether a member of a change is left out or has a value, and is never null.
pub fn never_null(schema: &str, property: &str) -> bool {
    let is_change =
        matches!(schema, "ConcertChange" | "DateChange" | "NewRefund" | "QueueBody" | "SaleBody");
    let is_choice = matches!(schema, "DrawBody" | "JoinBody") && property == "queue_id";
    is_change && property != "closes_at" || is_choice
}

/// What is known of a member of a body.
pub fn of_property(schema: &str, property: &str) -> Value {
    let name = json!({ "minLength": 1, "maxLength": NAME_CHARS_MAX, "pattern": PLAIN });
    let seconds = |least: i64| json!({ "minimum": least, "maximum": TTL_MS_MAX / 1000 });
    match (schema, property) {
        ("NewUser", "username") => {
            json!({ "minLength": 3, "maxLength": USERNAME_CHARS_MAX, "pattern": PLAIN })
        }
        ("Refresh", "refresh_token") => json!({ "maxLength": 4_096 }),
        ("ConcertChange", "name" | "theater" | "time_zone")
        | ("NamesBody" | "NamesChange", _)
        | ("NewAdjustment", "reason") => json!({ "pattern": PLAIN }),
        ("PauseText", _) => json!({ "minLength": 1, "pattern": PLAIN }),
        ("NewUser", "password") => {
            json!({ "minLength": PASSWORD_CHARS.start(), "maxLength": PASSWORD_CHARS.end(), "format": "password" })
        }
        ("NewPassword", "new_password") => {
            json!({ "minLength": PASSWORD_CHARS.start(), "maxLength": PASSWORD_CHARS.end(), "format": "password" })
        }
        ("Credentials" | "Farewell", "password") | ("NewPassword", "current_password") => {
            json!({ "format": "password" })
        }
        ("NewConcert", "name" | "theater") | ("SeatRange", "zone") | ("NewQueue", "name") => name,
        ("NewConcert", "run_time_minutes") => json!({ "minimum": 1, "maximum": 1_440 }),
        ("NewConcert", "hold_seconds" | "shop_seconds" | "arrival_grace_seconds") => seconds(1),
        ("NewConcert", "rehold_after_seconds") => seconds(0),
        ("NewConcert", "seats_per_user") => {
            json!({ "minimum": 1, "maximum": SEATS_PER_RESERVATION_MAX })
        }
        (
            "NewConcert" | "NewQueue" | "QueueBody",
            "max_active" | "admissions_per_second" | "max_waiting",
        ) => {
            json!({ "minimum": 1, "maximum": ADMISSION_MAX })
        }
        ("NewConcert" | "NewQueue", "draw_beacon") | ("DrawBody", "value") => {
            json!({ "minLength": 1, "maxLength": 200, "pattern": PLAIN })
        }
        ("NewConcert", "dates") => json!({ "maxItems": DATES_PER_CONCERT_MAX }),
        ("SeatRange", "from" | "to") => json!({ "minimum": 1 }),
        ("SeatRange", "price") => json!({ "minimum": 0, "maximum": PRICE_MAX.0 }),
        ("NewDateBody", "seats") => json!({ "maxItems": SEATS_PER_DATE_MAX }),
        ("DateChange", "seats") => json!({ "maxItems": SEATS_PER_DATE_MAX }),
        ("NewReservation", "seat_numbers") => {
            json!({ "minItems": 1, "maxItems": SEATS_PER_RESERVATION_MAX, "uniqueItems": true })
        }
        ("NewRefund", "seat_numbers") => {
            json!({ "minItems": 1, "maxItems": SEATS_PER_RESERVATION_MAX, "uniqueItems": true })
        }
        ("SeatsBody", "seat_numbers") => {
            json!({ "minItems": 1, "maxItems": SEATS_PER_BLOCK_MAX, "uniqueItems": true })
        }
        ("Row", "positions") | ("Section", "outline") => {
            json!({ "items": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 } })
        }
        ("Row", "gaps") | ("Flags", _) => {
            let number = json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
            json!({ "items": { "type": "array", "items": number, "minItems": 2, "maxItems": 2 } })
        }
        (_, "currency_decimals") => json!({ "maximum": 4 }),
        ("NewCharge", "amount") => json!({ "minimum": CHARGE_MIN.0, "maximum": CHARGE_MAX.0 }),
        _ => json!({}),
    }
}

/// Members of problems beyond those of the RFC.
pub fn problem_members() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let id = |description: &str| json!({ "type": "string", "format": "uuid", "description": description });
    let time = |description: &str| json!({ "type": "string", "format": "date-time", "description": description });
    let money = |description: &str| json!({ "type": "integer", "format": "int64", "description": description });
    json!({
        "field": text("Which field or parameter is meant."),
        "reason": text("More about it, in the language of the title, or a stable word where `detail` stands beside it."),
        "header": text("Which header is meant."),
        "seat_numbers": { "type": "array", "items": { "type": "integer", "minimum": 0 }, "description": "Which seats are meant." },
        "seat_labels": { "type": "array", "items": { "type": "object", "required": ["seat_number", "label"], "properties": { "seat_number": { "type": "integer", "minimum": 1 }, "label": { "$ref": "#/components/schemas/Label" } } }, "description": "What these seats are called, where their date has a layout." },
        "blocked": { "type": "array", "items": { "type": "integer", "minimum": 0 }, "description": "Which of them are not for sale." },
        "held": { "type": "array", "items": { "type": "integer", "minimum": 0 }, "description": "Which of the seats are held." },
        "sold": { "type": "array", "items": { "type": "integer", "minimum": 0 }, "description": "Which of the seats are sold." },
        "known": { "type": "array", "items": { "type": "string" }, "description": "What there is instead, at most 100." },
        "largest": { "type": "integer", "minimum": 0, "description": "Seats of the largest block that is free as it was asked for; 0: none." },
        "seats": { "type": "integer", "minimum": 0, "description": "How many seats are meant." },
        "reservation_id": id("The hold that there is."),
        "concert_date_id": id("The date that there is."),
        "payment_id": id("The payment that there is."),
        "opens_at": time("When the sale opens."),
        "closes_at": time("When the sale would close."),
        "starts_at": time("When the date that is meant starts."),
        "retry_at": time("When the same request may succeed."),
        "balance": money("What there is, minor units."),
        "price": money("What it costs, minor units."),
        "left": money("What can still go back, minor units."),
        "missing": money("What is missing, minor units."),
        "wallet_currency": text("ISO 4217 code of what the balance is in."),
        "other_currency": text("ISO 4217 code of what is asked for."),
        "min": money("The least that is allowed."),
        "max": money("The most that is allowed."),
        "have": { "type": "integer", "minimum": 0, "description": "How many there are." },
        "limit": { "type": ["integer", "string"], "description": "The most that is allowed, or which limit it was." },
        "currency": text("What amounts are in (ISO 4217)."),
        "currency_decimals": { "type": "integer", "minimum": 0, "maximum": 4, "description": "Decimals of the currency: an amount of 1 is 10 to the power of minus so many." },
        "pointer": text("Where in the body it stands (RFC 6901)."),
        "detail": text("More about it, for people, in the language of the title."),
        "faults": { "type": "array", "items": { "type": "object" }, "description": "What is wrong, one by one: in a body with `pointer`, in a file with `row` and `column`; `value`, `reason`, `detail`, and the limits." },
        "faults_total": { "type": "integer", "minimum": 1, "description": "How many there are; the first of them are listed." },
        "columns": { "type": "array", "items": { "type": "string" }, "description": "Columns that the file needs." },
        "charset": text("The charset that was named."),
        "supported": { "type": "array", "items": { "type": "string" }, "description": "What is taken." },
        "limit_bytes": { "type": "integer", "minimum": 0, "description": "The most that is allowed, bytes." },
    })
}
