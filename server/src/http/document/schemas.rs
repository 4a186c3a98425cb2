//! Schemas: problems, limits, what is always there and what may be null.

use super::super::problem::TABLE;
use super::{members, words};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Members of a queue token's answer that stand only where the token is issued.
const ISSUED: [&str; 3] = ["token", "user_id", "concert_id"];

/// Names of the schemas that are reached from here.
fn reached(from: &Value, schemas: &Value, found: &mut BTreeSet<String>) {
    match from {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|name| name.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                reached(&schemas[name], schemas, found);
            }
            object.values().for_each(|value| reached(value, schemas, found));
        }
        Value::Array(items) => items.iter().for_each(|value| reached(value, schemas, found)),
        _ => {}
    }
}

/// Names of the schemas of request bodies.
fn requested(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    for operation in paths.flat_map(|(_, path)| path.as_object().into_iter().flatten()) {
        reached(&operation.1["requestBody"], &document["components"]["schemas"], &mut found);
    }
    found
}

/// One object in place of "all of another and these members", which generators of clients read each in a way of
/// its own.
fn flattened(schemas: &mut Value) {
    let before = schemas.clone();
    for schema in members(schemas).into_iter().flatten().map(|(_, schema)| schema) {
        let Some(parts) = schema["allOf"].as_array().cloned() else { continue };
        let mut whole = json!({ "type": "object", "required": [], "properties": {} });
        if schema["description"].is_string() {
            whole["description"] = schema["description"].clone();
        }
        for part in &parts {
            let name = part["$ref"].as_str().and_then(|name| name.rsplit('/').next());
            let part = name.map_or(part, |name| &before[name]);
            for (name, property) in part["properties"].as_object().into_iter().flatten() {
                whole["properties"][name] = property.clone();
            }
            let required = part["required"].as_array().into_iter().flatten().cloned();
            if let Some(all) = whole["required"].as_array_mut() {
                all.extend(required);
            }
        }
        *schema = whole;
    }
}

/// Completes the schemas.
pub fn complete(document: &mut Value) {
    let requested = requested(document);
    let schemas = &mut document["components"]["schemas"];
    if schemas.is_null() {
        *schemas = json!({});
    }
    flattened(schemas);
    for (name, schema) in members(schemas).into_iter().flatten() {
        let required = always_there(schema, requested.contains(name));
        if let Some(required) = required.filter(|required| !required.is_empty()) {
            schema["required"] = json!(required);
        }
        if let Some(least) = words::members_min(name) {
            schema["minProperties"] = json!(least);
        }
        for (property, schema) in members(&mut schema["properties"]).into_iter().flatten() {
            dated(property, schema);
            if words::never_null(name, property) {
                words::not_null(schema);
            }
            for (key, value) in words::of_property(name, property).as_object().into_iter().flatten()
            {
                schema[key] = value.clone();
            }
        }
    }
    unsigned(schemas);
    schemas["Problem"] = problem();
    issued(document);
}

/// Members that are required. In an answer whatever may be null is there all the same: what can be left out
/// is declared not to be null.
fn always_there(schema: &Value, request: bool) -> Option<Vec<String>> {
    let properties = schema["properties"].as_object()?;
    let required = schema["required"].as_array();
    let is_required =
        |name: &String| required.is_some_and(|required| required.iter().any(|known| known == name));
    let always = properties
        .iter()
        .filter(|(name, property)| is_required(name) || (!request && words::may_be_null(property)));
    Some(always.map(|(name, _)| name.clone()).collect())
}

/// Times by their names.
fn dated(name: &str, schema: &mut Value) {
    let is_text = schema["type"] == "string"
        || schema["type"].as_array().is_some_and(|types| types.iter().any(|t| t == "string"));
    let is_time = name == "now"
        || name.ends_with("_at")
        || name.ends_with("_joined_before")
        || matches!(name, "first_date" | "last_date")
        || name == "admitted_until";
    if is_text && is_time {
        schema["format"] = json!("date-time");
    }
}

/// Numbers of 32 bits without a sign: `int32` would rule out the larger half of them.
fn unsigned(value: &mut Value) {
    let is_unsigned = value["minimum"].as_i64().is_some_and(|least| least >= 0);
    if value["format"] == "int32" && is_unsigned && value["maximum"].is_null() {
        value["format"] = json!("int64");
        value["maximum"] = json!(u32::MAX);
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(unsigned),
        Value::Array(items) => items.iter_mut().for_each(unsigned),
        _ => {}
    }
}

/// The queue token's answer in two: where the token is issued, and where it is asked after.
fn issued(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    if !schemas["TokenView"].is_object() {
        return;
    }
    let mut issued = schemas["TokenView"].clone();
    issued["description"] = json!("A queue token, and where its place stands.");
    if let Some(required) = issued["required"].as_array_mut() {
        required.extend(ISSUED.map(Value::from));
    }
    schemas["IssuedTokenView"] = issued;
    schemas["TokenView"]["description"] = json!("Where the place of a queue token stands.");
    if let Some(properties) = members(&mut schemas["TokenView"]["properties"]) {
        properties.retain(|name, _| !ISSUED.contains(&name.as_str()));
    }
    let join = &mut document["paths"]["/api/v1/concerts/{id}/queue-tokens"]["post"]["responses"];
    for status in ["200", "201"] {
        let media = &mut join[status]["content"]["application/json"];
        media["schema"] = json!({ "$ref": "#/components/schemas/IssuedTokenView" });
    }
}

/// The schema of problems, with every code and every member.
fn problem() -> Value {
    let codes: Vec<&str> = TABLE.iter().map(|entry| entry.code.as_str()).collect();
    let statuses: BTreeSet<u16> = TABLE.iter().map(|entry| entry.status).collect();
    let mut properties = words::problem_members();
    for (name, schema) in [
        (
            "type",
            json!({ "type": "string", "format": "uri", "description": "`urn:boxoffice:problem:` and the code." }),
        ),
        (
            "title",
            json!({ "type": "string", "description": "For people, in the language of `Accept-Language`." }),
        ),
        (
            "status",
            json!({ "type": "integer", "enum": statuses, "description": "The HTTP status." }),
        ),
        (
            "code",
            json!({ "type": "string", "enum": codes, "description": "Stable: what an app acts on. What to do with each: `docs/codes`." }),
        ),
    ] {
        properties[name] = schema;
    }
    json!({
        "type": "object",
        "description": "A problem (RFC 9457). Further members, where they are known, tell more of it; an app passes over what it does not know.",
        "required": ["type", "title", "status", "code"],
        "properties": properties,
    })
}
