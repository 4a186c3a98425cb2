//! Posters of shows: an operator uploads one, everybody sees it by the hash of its bytes.

use super::App;
use super::asset::{Asset, Keep};
use super::extract::{Operator, PathId, Raw};
use super::problem::{Code, Problem};
use super::shelf::Shelf;
use super::view::json;
use crate::bulk::Work;
use crate::picture::{Fault, look};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use boxoffice_core::command::Command;
use boxoffice_core::edit::{EditConcert, NewPoster};
use boxoffice_core::id::{ConcertId, PosterId, Uuid};
use boxoffice_core::limits::POSTER_BYTES_MAX;
use boxoffice_core::outcome::Outcome;
use boxoffice_core::poster::PosterType;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// Media types of posters.
const TYPES: [PosterType; 3] = [PosterType::Png, PosterType::Jpeg, PosterType::Webp];

/// For a picture that somebody opens by itself: nothing in it may be run.
const NO_PAGE: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// The bytes of a picture, as the document describes them.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
struct Picture(#[allow(dead_code, reason = "described only")] Vec<u8>);

/// Posters that were asked for lately.
pub type Posters = Shelf<PosterId, Asset>;

/// From memory, or from the database.
async fn get(app: &App, id: PosterId) -> Result<Asset, Problem> {
    let read = async {
        let found = app.readers.read_aside(move |reads| reads.poster(id)).await?;
        let poster = found.ok_or_else(|| Problem::of(Code::PosterNotFound))?;
        let bytes = poster.body.len();
        Ok((Asset::new(poster.media_type.media_type(), Keep::Forever, poster.body), bytes))
    };
    app.posters.get(id, read).await
}

/// The poster of a show by the hash of its bytes: it never changes, so whoever has it need not ask again.
#[utoipa::path(get, path = "/api/v1/posters/{sha256}", tag = "Concerts",
    params(("sha256" = String, Path, description = "The `hash` of a concert's `poster`"), ("If-None-Match" = Option<String>, Header)),
    responses(
        (status = 200, description = "The picture", content((Picture = "image/png"), (Picture = "image/jpeg"), (Picture = "image/webp"))),
        (status = 304, description = "The client has it"), (status = 404, description = "poster_not_found"), (status = 503, description = "database_unavailable")))]
pub async fn show(
    State(app): State<App>,
    sha256: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = sha256.ok().and_then(|Path(text)| PosterId::parse(&text));
    let id = id.ok_or_else(|| Problem::of(Code::PosterNotFound))?;
    let mut response = get(&app, id).await?.answer(&headers);
    let policy = HeaderValue::from_static(NO_PAGE);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn refused(fault: Fault) -> Problem {
    Problem::of(Code::InvalidPicture).in_words("reason", fault.en(), fault.ko())
}

/// What was sent, looked at by its bytes.
fn uploaded(raw: &Raw) -> Result<NewPoster, Problem> {
    let said = TYPES.into_iter().find(|kind| kind.media_type() == raw.media_type);
    let said = said.ok_or_else(|| {
        let supported = TYPES.map(PosterType::media_type).to_vec();
        Problem::of(Code::UnsupportedMediaType).with("supported", supported)
    })?;
    if raw.body.len() > POSTER_BYTES_MAX {
        return Err(Problem::of(Code::BodyTooLarge).with("limit_bytes", POSTER_BYTES_MAX));
    }
    let media_type = look(&raw.body).map_err(refused)?;
    if media_type != said {
        return Err(refused(Fault::Other(media_type)));
    }
    let id = PosterId::of(&raw.body);
    Ok(NewPoster { id, media_type, body: raw.body.to_vec() })
}

async fn set(app: &App, concert: Uuid, poster: Option<NewPoster>) -> Result<(), Problem> {
    let command = Command::EditConcert(EditConcert::poster(ConcertId(concert), poster));
    match app.outcome(command, None).await?.0 {
        Outcome::ConcertEdited { .. } => Ok(()),
        _ => Err(Problem::of(Code::Internal)),
    }
}

/// A poster that was uploaded.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadedView {
    /// SHA-256 of its bytes, for `GET /api/v1/posters/{sha256}`.
    #[schema(min_length = 64, max_length = 64)]
    hash: String,
    #[schema(example = "image/webp")]
    media_type: &'static str,
}

/// Sets a concert's poster: the bytes of a PNG, JPEG or WebP, at most 524,288 of them, each side 64 to 4,096 pixels.
#[utoipa::path(put, path = "/api/v1/admin/concerts/{id}/poster", tag = "Operator", params(("id" = Uuid, Path)),
    request_body(content((Picture = "image/png"), (Picture = "image/jpeg"), (Picture = "image/webp"))),
    security(("operator" = [])),
    responses((status = 200, body = UploadedView), (status = 404, description = "concert_not_found"), (status = 413, description = "body_too_large"), (status = 415, description = "unsupported_media_type"), (status = 422, description = "invalid_picture"), (status = 503, description = "busy, database_unavailable")))]
pub async fn upload(
    State(app): State<App>,
    PathId(concert): PathId,
    _: Operator,
    raw: Raw,
) -> Result<Response, Problem> {
    let poster = app.bulk(Work::File, move || uploaded(&raw)).await??;
    let view =
        UploadedView { hash: poster.id.to_string(), media_type: poster.media_type.media_type() };
    set(&app, concert, Some(poster)).await?;
    Ok(json(StatusCode::OK, &view))
}

/// Takes a concert's poster away. Whoever has its hash still sees it.
#[utoipa::path(delete, path = "/api/v1/admin/concerts/{id}/poster", tag = "Operator", params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 204), (status = 404, description = "concert_not_found")))]
pub async fn remove(
    State(app): State<App>,
    PathId(concert): PathId,
    _: Operator,
) -> Result<Response, Problem> {
    set(&app, concert, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
