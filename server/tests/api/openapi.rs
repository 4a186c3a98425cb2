//! The OpenAPI document says what the router does.

use crate::world::{Sale, delete, get, patch, post, put};
use boxoffice_server::http::problem::TABLE;
use boxoffice_server::http::routes::{Guard, routes};
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn document() -> Value {
    Sale::new().send(get("/openapi.json")).await.want(200)
}

/// Paths and methods are those of the route list; only the document does not describe itself.
#[tokio::test]
async fn paths_are_the_routes() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routes = routes().into_iter().map(|route| format!("{} {}", route.method, route.path));
    let routes: BTreeSet<String> = routes.filter(|name| name != "GET /openapi.json").collect();
    assert_eq!(described, routes);
}

/// What the document says a route must bring is what guards it.
#[tokio::test]
async fn security_is_the_guard() {
    let document = document().await;
    for route in routes().into_iter().filter(|route| route.path != "/openapi.json") {
        let name = format!("{} {}", route.method, route.path);
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][route.path][&method];
        let security: Vec<&String> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|scheme| scheme.as_object().unwrap().keys())
            .collect();
        let wanted: &[&str] = match route.guard {
            Guard::Identity => &["identity", "cookie"],
            Guard::Admitted => &["identity", "queue_token", "cookie", "queue_token"],
            Guard::QueueToken => &["queue_token"],
            Guard::Operator => &["operator"],
            Guard::Public => &[],
        };
        assert_eq!(security, wanted, "{name}");
    }
}

/// Every code that a client may meet is described, and no other is named.
#[tokio::test]
async fn every_problem_is_described() {
    let document = document().await;
    let text = document["info"]["description"].as_str().unwrap();
    for entry in TABLE {
        assert!(
            text.contains(&format!("| `{}` | {} |", entry.code, entry.status)),
            "{}",
            entry.code
        );
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let text = response["description"].as_str().unwrap_or_default();
                let codes = text.split([',', ':', ' ', '`']).filter(|word| word.contains('_'));
                for code in codes {
                    let entry = TABLE.iter().find(|entry| entry.code.as_str() == code);
                    let entry = entry.unwrap_or_else(|| panic!("{method} {path}: {code}"));
                    assert_eq!(entry.status.to_string(), *status, "{method} {path}: {code}");
                }
            }
        }
    }
}

/// F14: every operation has a speaking name of its own, says how it is guarded, and describes each answer.
#[tokio::test]
async fn operations_are_complete() {
    let document = document().await;
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            // Made of words, and not of the address.
            assert!(name.contains('_') && !name.contains("_id"), "{method} {path}: {name}");
            assert!(names.insert(name), "{method} {path}");
            assert!(operation["security"].is_array(), "{method} {path}");
            assert!(
                operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()),
                "{method} {path}"
            );
            assert!(operation["summary"].is_string(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let at = format!("{method} {path} {status}");
                if response["$ref"].is_string() {
                    continue;
                }
                assert!(
                    response["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{at}"
                );
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                let is_told = response["content"].is_object() || path == "/livez";
                assert!(is_told || !matches!(status.as_str(), "200" | "201"), "{at}");
                assert_eq!(
                    status.as_str() >= "400",
                    schema == "#/components/schemas/Problem",
                    "{at}"
                );
            }
        }
    }
}

fn walk<'a>(value: &'a Value, see: &mut impl FnMut(&'a Value)) {
    see(value);
    match value {
        Value::Object(members) => members.values().for_each(|value| walk(value, see)),
        Value::Array(items) => items.iter().for_each(|value| walk(value, see)),
        _ => {}
    }
}

/// N1: every reference leads somewhere, and nothing is null that has to be left out.
#[tokio::test]
async fn references_lead_somewhere() {
    let document = document().await;
    walk(&document, &mut |value| {
        if let Some(to) = value["$ref"].as_str() {
            assert!(document.pointer(&to[1..]).is_some(), "{to}");
        }
    });
    walk(&document["paths"], &mut |value| {
        let nulls = value.as_object().into_iter().flatten().filter(|(_, value)| value.is_null());
        assert_eq!(nulls.count(), 0, "{value}");
    });
}

/// What a schema is, behind its name and beside null.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let one = schema["oneOf"].as_array().into_iter().flatten().find(|one| one["type"] != "null");
    match one.unwrap_or(schema)["$ref"].as_str() {
        Some(to) => resolved(document, document.pointer(&to[1..]).unwrap()),
        None => one.unwrap_or(schema),
    }
}

/// Bodies of which one member is null, with its place, and whether the document allows it.
fn with_null(document: &Value, schema: &Value) -> Vec<(Value, String, bool)> {
    let schema = resolved(document, schema);
    if schema["items"].is_object() {
        let items = with_null(document, &schema["items"]).into_iter();
        return items.map(|(body, at, may)| (json!([body]), format!("/0{at}"), may)).collect();
    }
    let mut found = Vec::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let is_null = |one: &Value| one == "null" || one["type"] == "null";
        let lists = ["type", "oneOf"].map(|list| member[list].as_array());
        let may = lists.into_iter().flatten().flatten().any(is_null);
        found.push((json!({ name: null }), format!("/{name}"), may));
        for (body, at, may) in with_null(document, member) {
            found.push((json!({ name: body }), format!("/{name}{at}"), may));
        }
    }
    found
}

/// A member of a body is null where the document says that it may be, and nowhere else.
#[tokio::test]
async fn null_is_taken_where_the_document_has_it() {
    let (sale, document) = (Sale::new(), document().await);
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let mut refused = 0;
    for route in routes().into_iter().filter(|route| route.method != Method::GET) {
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][route.path][&method];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let path = route.path.replace("{id}", &fan.user.to_string());
        for (body, at, may) in with_null(&document, schema) {
            let ask = match route.method {
                Method::POST => post(&path),
                Method::PUT => put(&path),
                Method::PATCH => patch(&path),
                _ => delete(&path),
            };
            let seen = sale.send(ask.by(&fan).operator().key(&at).json(&body)).await;
            let is_refused = seen.code() == "invalid_body" && seen.json()["pointer"] == at;
            assert_eq!(is_refused, !may, "{method} {path} {body}: {}", seen.shown());
            refused += usize::from(is_refused);
        }
    }
    assert!(refused > 80, "{refused}");
}

/// No number has a format that leaves out half of what it may be.
#[tokio::test]
async fn numbers_without_a_sign_have_their_whole_range() {
    let document = document().await;
    walk(&document, &mut |value| {
        let is_half = value["format"] == "int32" && value["maximum"].is_null();
        assert!(!is_half || value["minimum"].is_null(), "{value}");
    });
    let number = &document["components"]["schemas"]["SeatRange"]["properties"]["to"];
    assert_eq!((&number["format"], &number["maximum"]), (&json!("int64"), &json!(u32::MAX)));
}

/// The words of every code stand on the page for those who write apps, with what to do.
#[tokio::test]
async fn every_code_has_its_line_on_the_page() {
    let sale = Sale::new();
    let seen = sale.send(get("/docs/codes")).await;
    assert_eq!(seen.status, 200);
    let page = String::from_utf8(seen.body.to_vec()).unwrap();
    for entry in TABLE {
        assert!(page.contains(&format!("<tr id=\"{}\">", entry.code)), "{}", entry.code);
        assert!(entry.ko.split(' ').all(|word| page.contains(word)), "{}", entry.code);
    }
    let seen = sale.send(get("/docs/")).await;
    let page = String::from_utf8(seen.body.to_vec()).unwrap();
    assert!(page.contains("<title>boxoffice: the API</title>"), "{page}");
    assert!(!page.contains("=\"/"), "every link is relative: {page}");
    let seen = sale.send(get("/docs/swagger-initializer.js")).await;
    let script = String::from_utf8(seen.body.to_vec()).unwrap();
    assert!(script.contains("\"../openapi.json\""), "{script}");
}
