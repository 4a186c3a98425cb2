//! Posters of shows as columns and back.

use super::column::words;
use super::columns;
use boxoffice_core::id::PosterId;
use boxoffice_core::poster::{Poster, PosterType};

words! {
    PosterType { Png: "image/png", Jpeg: "image/jpeg", Webp: "image/webp", }
}

columns! {
    Poster[PosterId] in "poster", found by poster_id; locked Shared;
    |key, row|
    key { poster_id: key }
    fixed { media_type: row.media_type, body: row.body, created_at: row.created_at }
    mutable {}
    read poster_id => Poster { media_type, body, created_at }
}
