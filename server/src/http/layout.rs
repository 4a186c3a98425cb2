//! Layouts of halls: added by operators, shown to everybody for ever.

use super::App;
use super::asset::{has, takes_gzip};
use super::extract::{Operator, Raw};
use super::lang::Lang;
use super::problem::{Code, Problem};
use super::view::replied;
use crate::bulk::Work;
use crate::layout::{Checked, Fault, Faults, Layout, check};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::LayoutId;
use boxoffice_core::layout::AddLayout;
use boxoffice_core::outcome::Outcome;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY,
};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Seats of a grade.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradeView {
    /// Null for those that have none.
    grade: Option<String>,
    seats: u64,
}

/// A layout that is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayoutAddedView {
    /// Its id: the SHA-256 of its text in the one form in which it is kept. Dates name it.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        min_length = 64,
        max_length = 64
    )]
    layout: String,
    name: String,
    seats: u64,
    /// Its seats by grade.
    grades: Vec<GradeView>,
    /// Its sections.
    sections: Vec<String>,
}

impl LayoutAddedView {
    fn of(checked: &Checked) -> Self {
        let hall = &checked.hall;
        let grade = |(grade, seats): (Option<&str>, u64)| GradeView {
            grade: grade.map(str::to_owned),
            seats,
        };
        Self {
            layout: checked.id.to_string(),
            name: checked.layout.name.clone(),
            seats: seats(checked),
            grades: hall.grades().into_iter().map(grade).collect(),
            sections: hall.sections().map(str::to_owned).collect(),
        }
    }
}

fn seats(checked: &Checked) -> u64 {
    u64::try_from(checked.hall.seats().len()).unwrap_or(u64::MAX)
}

fn shown(fault: &Fault, lang: Lang) -> Value {
    let words = match lang {
        Lang::En => fault.reason.en(),
        Lang::Ko => fault.reason.ko(),
    };
    let members = [
        ("pointer", fault.line.is_none().then(|| fault.pointer.clone().into())),
        ("row", fault.line.map(Value::from)),
        ("column", fault.line.map(|_| fault.pointer.clone().into())),
        ("value", fault.value.clone().map(Value::from)),
        ("reason", Some(fault.reason.code().into())),
        ("detail", Some(words.into())),
    ];
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(Map::from_iter(there))
}

/// What is wrong with a layout.
pub(super) fn problem_of(faults: &Faults) -> Problem {
    let list = |lang| faults.listed.iter().map(|fault| shown(fault, lang)).collect::<Vec<_>>();
    Problem::of(Code::InvalidLayout).with("faults_total", faults.total).in_words(
        "faults",
        list(Lang::En),
        list(Lang::Ko),
    )
}

/// Adds the layout of a hall: JSON of the form in `docs/HALLS.md`. Whatever it is written like, equal layouts have
/// one id, and adding one twice is adding it once. It is never changed; a hall that changes has another.
#[utoipa::path(post, path = "/api/v1/admin/layouts", tag = "Operator", request_body = Layout, params(("Idempotency-Key" = Option<String>, Header)),
    security(("operator" = [])),
    responses((status = 201, body = LayoutAddedView), (status = 400, description = "invalid_body"), (status = 422, description = "invalid_layout, invalid_setting"), (status = 503, description = "busy, database_unavailable")))]
pub async fn add(
    State(app): State<App>,
    operator: Operator,
    raw: Raw,
) -> Result<Response, Problem> {
    let read = move || {
        let checked = raw
            .json()
            .and_then(|layout: Layout| check(layout).map_err(|faults| problem_of(&faults)));
        (raw, checked)
    };
    let (raw, checked) = app.bulk(Work::File, read).await?;
    let checked = checked?;
    let view = LayoutAddedView::of(&checked);
    let submitted = raw.submitted(AddLayout::of(checked.body.clone(), seats(&checked)));
    let key = submitted.key(operator.key);
    match app.outcome(Command::AddLayout(submitted.value), key).await? {
        (Outcome::LayoutAdded { .. }, replayed) => {
            Ok(replied(StatusCode::CREATED, &view, replayed))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// The layout of a hall, by its id: it never changes, so whoever has it need not ask again.
#[utoipa::path(get, path = "/api/v1/layouts/{sha256}", tag = "Concerts", params(("sha256" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = Layout, description = "The layout. Its bytes, uncompressed, have the SHA-256 that is asked for."), (status = 304, description = "The client has it"), (status = 404, description = "layout_not_found"), (status = 503, description = "database_unavailable")))]
pub async fn show(
    State(app): State<App>,
    sha256: Result<Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let none = || Problem::of(Code::LayoutNotFound);
    let id = sha256.ok().and_then(|Path(text)| LayoutId::parse(&text)).ok_or_else(none)?;
    let text = app.layout_text(id).await?;
    let tags = [format!("\"{id}\""), format!("\"{id}-gzip\"")];
    let known = tags.iter().find(|tag| has(&headers, tag));
    let packed = if known.is_none() && takes_gzip(&headers) { text.packed().await } else { None };
    let gzip = packed.is_some();
    let (status, body) = match (known, packed) {
        (Some(_), _) => (StatusCode::NOT_MODIFIED, Body::empty()),
        (None, Some(packed)) => (StatusCode::OK, Body::from(packed)),
        (None, None) => (StatusCode::OK, Body::from(text.plain.clone())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    put(CONTENT_TYPE, "application/json");
    put(CACHE_CONTROL, "public, max-age=31536000, immutable");
    put(VARY, "Accept-Encoding");
    put(ETAG, known.unwrap_or(&tags[usize::from(gzip)]));
    if gzip {
        put(CONTENT_ENCODING, "gzip");
    }
    Ok(response)
}
