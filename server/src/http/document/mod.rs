//! The OpenAPI document, completed: the annotations of the handlers say what is particular to a route,
//! this adds what holds for all of them. It works on the document's JSON and on the list of routes, so
//! that a new route is complete without a line here.

mod operations;
mod schemas;
mod words;

use super::lang::Lang;
use super::problem::{Code, Problem, TABLE};
use serde_json::{Map, Value, json};

/// The members of an object; none where it is not one.
fn members(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.as_object_mut()
}

/// Completes the document.
pub fn complete(document: &mut Value) {
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document["info"]["license"] =
        json!({ "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" });
    // Relative to the document, so that it holds behind a path prefix.
    document["servers"] = json!([{ "url": "./", "description": "This server" }]);
    if document["components"].is_null() {
        document["components"] = json!({});
    }
    document["components"]["headers"] = words::headers();
    document["components"]["examples"] = examples();
    document["components"]["responses"] = operations::shared();
    schemas::complete(document);
    for route in super::routes::routes() {
        let method = route.method.as_str().to_lowercase();
        let operation = &mut document["paths"][route.path][&method];
        // The document does not describe itself.
        if operation.is_object() {
            operations::complete(operation, &route);
        }
    }
    without_nulls(document);
    if let Some(paths) = members(&mut document["paths"]) {
        paths.retain(|_, path| path.as_object().is_some_and(|path| !path.is_empty()));
    }
}

/// Takes out what is null: looking for a member has made it, and in a document none means anything.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// A body of every problem.
fn examples() -> Value {
    let example = |code: Code| {
        let body = Problem::of(code).body(Lang::En);
        json!({ "value": serde_json::from_str::<Value>(&body).unwrap_or_default() })
    };
    TABLE.iter().map(|entry| (entry.code.as_str().to_owned(), example(entry.code))).collect()
}
