//! Operations: names, guards, parameters, every status that occurs with its codes and headers.

use super::super::limits::Class;
use super::super::problem::Code;
use super::super::routes::{Guard, Route};
use super::{members, words};
use hyper::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Codes by their status.
type Codes = BTreeMap<u16, BTreeSet<Code>>;

/// Codes that any request may meet, each the only one of its status: described once.
const SHARED: [Code; 6] = [
    Code::NotAcceptable,
    Code::TargetTooLong,
    Code::ExpectationFailed,
    Code::HeadersTooLarge,
    Code::Internal,
    Code::TransferCodingUnsupported,
];
/// Codes that any request may meet, beside others of their status.
const ALWAYS: [Code; 4] = [
    Code::InvalidRequest,
    Code::InvalidQuery,
    Code::ContentEncodingUnsupported,
    Code::RequestTimeout,
];

fn add(codes: &mut Codes, more: &[Code]) {
    for code in more {
        codes.entry(code.entry().status).or_default().insert(*code);
    }
}

/// The codes that a text names.
pub fn named(text: &str) -> Vec<Code> {
    let in_code = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
    text.split(|c| !in_code(c)).filter_map(|word| word.parse().ok()).collect()
}

/// The codes that the annotation names, each under the status that it has.
fn told(operation: &Value) -> Codes {
    let mut codes = Codes::new();
    for response in operation["responses"].as_object().into_iter().flatten() {
        let text = response.1["description"].as_str().unwrap_or_default();
        if response.0.as_str() >= "400" {
            add(&mut codes, &named(text));
        }
    }
    codes
}

fn guard_codes(guard: Guard) -> &'static [Code] {
    match guard {
        Guard::Public => &[],
        Guard::Identity => {
            &[Code::IdentityRequired, Code::IdentityInvalid, Code::SessionEnded, Code::CrossSite]
        }
        Guard::QueueToken => {
            &[Code::QueueTokenRequired, Code::QueueTokenInvalid, Code::QueueTokenUnknown]
        }
        Guard::Admitted => &[
            Code::IdentityRequired,
            Code::IdentityInvalid,
            Code::SessionEnded,
            Code::CrossSite,
            Code::QueueTokenRequired,
            Code::QueueTokenInvalid,
            Code::QueueTokenUnknown,
            Code::QueueTokenOfAnotherUser,
            Code::QueueTokenOfAnotherConcert,
            Code::NotAdmitted,
            Code::QueueTokenExpired,
        ],
        Guard::Operator => &[Code::OperatorKeyRequired, Code::OperatorKeyInvalid],
    }
}

/// A parameter of this place and name.
fn parameter<'a>(operation: &'a Value, place: &str, name: &str) -> Option<&'a Value> {
    let mut all = operation["parameters"].as_array()?.iter();
    all.find(|p| p["in"] == place && p["name"] == name)
}

/// The codes that the route's kind brings with it.
fn common(codes: &mut Codes, operation: &Value, route: &Route) {
    add(codes, &ALWAYS);
    add(codes, &SHARED);
    add(codes, guard_codes(route.guard));
    if !matches!(route.class, Class::Free(_)) {
        add(codes, &[Code::RateLimited]);
    }
    if route.path.contains('{') {
        add(codes, &[Code::NotFound]);
    }
    if route.guard != Guard::Public {
        add(codes, &[Code::Busy, Code::DatabaseUnavailable]);
    }
    if route.method == Method::GET {
        return;
    }
    add(codes, &[Code::Busy, Code::Stopping, Code::DatabaseUnavailable, Code::OutcomeUnknown]);
    add(codes, &[Code::PreconditionFailed]);
    if route.method != Method::DELETE || operation["requestBody"].is_object() {
        add(codes, &[Code::InvalidBody, Code::InvalidText]);
        add(codes, &[Code::BodyTooSlow, Code::BodyTooLarge, Code::UnsupportedMediaType]);
        // Read with every body, also where nothing is made of it.
        add(codes, &[Code::IdempotencyKeyInvalid]);
    }
    if let Some(key) = parameter(operation, "header", "Idempotency-Key") {
        add(codes, &[Code::IdempotencyKeyInvalid, Code::IdempotencyKeyReused]);
        if key["required"] == true {
            add(codes, &[Code::IdempotencyKeyRequired]);
        }
    }
}

/// The answer with these codes of one status.
fn problem(status: u16, codes: &BTreeSet<Code>) -> Value {
    let list: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let example = |code: &&str| {
        ((*code).to_owned(), json!({ "$ref": format!("#/components/examples/{code}") }))
    };
    let examples: serde_json::Map<String, Value> = list.iter().map(example).collect();
    let mut names = vec!["Cache-Control", "Content-Language", "X-Request-Id"];
    let again = codes.iter().any(|code| code.entry().retry_after.is_some());
    if again {
        names.push("Retry-After");
    }
    match status {
        401 => names.push("WWW-Authenticate"),
        415 => names.push("Accept-Encoding"),
        _ => {}
    }
    json!({
        "description": list.join(", "),
        "headers": header_refs(&names),
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "examples": examples,
        } },
    })
}

fn header_refs(names: &[&str]) -> Value {
    let one = |name: &&str| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(one).collect())
}

/// Answers that stand once for all operations.
pub fn shared() -> Value {
    let one =
        |code: &Code| (code.to_string(), problem(code.entry().status, &BTreeSet::from([*code])));
    Value::Object(SHARED.iter().map(one).collect())
}

/// An answer that is what was asked for.
fn success(response: &mut Value, status: &str, operation: &Operation) {
    if response["description"].as_str().is_none_or(str::is_empty) {
        let text = match status {
            "201" => "Made",
            "204" => "Done",
            _ => "As asked",
        };
        response["description"] = json!(text);
    }
    for media in members(&mut response["content"]).into_iter().flat_map(|c| c.values_mut()) {
        if media["schema"].is_null() {
            media["schema"] = json!({ "type": "string" });
        }
    }
    let mut names = vec!["Cache-Control", "X-Request-Id"];
    if operation.has_key && matches!(status, "200" | "201") {
        names.push("Idempotent-Replayed");
    }
    if operation.polls && matches!(status, "200" | "201") {
        names.push("Retry-After");
    }
    if operation.has_etag && matches!(status, "200" | "304") {
        names.push("ETag");
    }
    let given = response["headers"].take();
    response["headers"] = header_refs(&names);
    for (name, header) in given.as_object().into_iter().flatten() {
        response["headers"][name] = header.clone();
    }
}

/// What of an operation its answers' headers follow from.
struct Operation {
    has_key: bool,
    has_etag: bool,
    polls: bool,
}

/// A speaking name: as listed, or the method and the words of the path.
fn name(route: &Route) -> String {
    let listed = words::NAMES
        .iter()
        .find(|(method, path, _)| *method == route.method.as_str() && *path == route.path);
    if let Some((_, _, name)) = listed {
        return (*name).to_owned();
    }
    let verb = match route.method.as_str() {
        "GET" => "get",
        "POST" => "create",
        "PUT" => "set",
        "PATCH" => "change",
        "DELETE" => "delete",
        _ => "do",
    };
    let path = route.path.trim_start_matches("/api/v1").trim_start_matches('/');
    let path = path.replace(['/', '-', '.'], "_").replace(['{', '}'], "");
    let path = path.strip_prefix("admin_").map_or(path.clone(), |rest| format!("operator_{rest}"));
    format!("{verb}_{path}")
}

/// Parameters with their limits.
fn parameters(operation: &mut Value) {
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let place = parameter["in"].as_str().unwrap_or_default().to_owned();
        // A parameter is left out or has a value; it is never null.
        words::not_null(&mut parameter["schema"]);
        // The numbers of pages are counted without a sign, which the format would rule out.
        if place == "query" && parameter["schema"]["format"] == "int64" {
            parameter["schema"]["format"] = Value::Null;
            parameter["schema"]["maximum"] = json!(u64::MAX);
        }
        for (key, value) in words::of_parameter(&place, &name).as_object().into_iter().flatten() {
            if key == "description" || key == "example" {
                if parameter[key].is_null() {
                    parameter[key] = value.clone();
                }
            } else if key != "maximum" || parameter["schema"][key].is_null() {
                parameter["schema"][key] = value.clone();
            }
        }
    }
}

/// The one body of which all may be left out, and itself as well.
const NEED_NOT_BE_SENT: &str = "#/components/schemas/JoinBody";

/// What a request must bring: the cookie is another way to say who asks.
fn security(given: &Value) -> Value {
    let given = given.as_array().cloned().unwrap_or_default();
    let mut all = given.clone();
    for mut one in given {
        if let Some(scopes) = members(&mut one).and_then(|one| one.remove("identity")) {
            one["cookie"] = scopes;
            all.push(one);
        }
    }
    Value::Array(all)
}

/// Completes an operation.
pub fn complete(operation: &mut Value, route: &Route) {
    operation["operationId"] = json!(name(route));
    operation["security"] = security(&operation["security"]);
    if let Some(body) = members(operation).and_then(|o| o.get_mut("requestBody")) {
        let schema = &body["content"]["application/json"]["schema"]["$ref"];
        body["required"] = json!(schema != NEED_NOT_BE_SENT);
        if body["content"]["text/csv"].is_object() {
            body["content"]["text/csv"]["schema"]["minLength"] = json!(1);
        }
    }
    parameters(operation);
    let mut codes = told(operation);
    common(&mut codes, operation, route);
    let about = Operation {
        has_key: parameter(operation, "header", "Idempotency-Key").is_some(),
        has_etag: parameter(operation, "header", "If-None-Match").is_some(),
        polls: matches!(route.class, Class::Poll | Class::Join) && route.method != Method::DELETE,
    };
    let Some(responses) = members(&mut operation["responses"]) else { return };
    responses.retain(|status, _| status.as_str() < "400");
    for (status, response) in responses.iter_mut() {
        success(response, status, &about);
    }
    for (status, codes) in codes {
        let only = codes.first().filter(|code| codes.len() == 1 && SHARED.contains(code));
        let response = match only {
            Some(code) => json!({ "$ref": format!("#/components/responses/{code}") }),
            None => problem(status, &codes),
        };
        responses.insert(status.to_string(), response);
    }
}
