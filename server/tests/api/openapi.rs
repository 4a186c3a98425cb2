//! The OpenAPI document says what the router does.

use crate::world::{Sale, get};
use boxoffice::http::problem::TABLE;
use boxoffice::http::routes::{Guard, routes};
use serde_json::Value;
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
            Guard::Identity => &["identity"],
            Guard::Admitted => &["identity", "queue_token"],
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
                let codes = text.split([',', ':', ' ']).filter(|word| word.contains('_'));
                for code in codes {
                    let entry = TABLE.iter().find(|entry| entry.code == code);
                    let entry = entry.unwrap_or_else(|| panic!("{method} {path}: {code}"));
                    assert_eq!(entry.status.to_string(), *status, "{method} {path}: {code}");
                }
            }
        }
    }
}
