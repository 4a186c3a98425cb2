//! What operators take out of a sale as CSV. Page by page as it is read, so that neither memory nor the
//! database is held by a hall, however slowly it is fetched.

use super::App;
use super::extract::{Operator, PathId, Query};
use super::halls::Names;
use super::problem::{Code, Problem};
use super::view::stamp;
use crate::layout::cells;
use crate::sheet::write::{BOM, Booking, lines};
use crate::store::reads::{Performance, SOLD_MAX, Sold};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use boxoffice_core::id::{DateId, ReservationId};
use boxoffice_core::time::Time;
use hyper::body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use utoipa::IntoParams;

/// In what form.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Form {
    /// Whether it begins with a byte order mark, by which spreadsheets know that it is UTF-8; true unless
    /// told.
    pub bom: Option<bool>,
}

/// A time to the second, as all exports have it.
fn second(time: Time) -> String {
    let mut text = stamp(time);
    if let Some(point) = text.find('.') {
        text.truncate(point);
        text.push('Z');
    }
    text
}

fn spaced(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

/// What is exported.
struct Export {
    app: App,
    date: DateId,
    of: Performance,
    names: Names,
}

impl Export {
    fn booking(&self, sold: Sold) -> Booking {
        let (date, concert) = &self.of;
        let (id, reservation, seats) = sold.whole;
        let labels: Vec<_> =
            seats.iter().filter_map(|seat| self.names.label(seat.number)).collect();
        let [section, row, seat] = cells(&labels);
        Booking {
            concert_id: date.concert.0,
            concert: concert.concert_name.clone(),
            concert_date_id: self.date.0,
            starts_at: second(date.concert_date),
            reservation_id: id.0,
            user_id: reservation.user.0,
            username: sold.username,
            seat_numbers: spaced(seats.iter().map(|seat| seat.number)),
            zones: spaced(sold.zones),
            total_price: reservation.left().0,
            payment_id: sold.payment.payment.0,
            paid_at: second(sold.payment.payment_date),
            section,
            row,
            seat,
        }
        .harmless()
    }

    /// A page as lines, and after which reservation the next begins, if there may be one.
    async fn page(self: Arc<Self>, after: Option<ReservationId>) -> Result<Read, Problem> {
        let date = self.date;
        let found = self.app.readers.read(move |reads| reads.sold(date, after, SOLD_MAX)).await?;
        let next = found.last().map(|last| last.whole.0).filter(|_| found.len() == SOLD_MAX);
        let rows = found.into_iter().map(|sold| self.booking(sold));
        let bytes = lines(rows).map_err(|_| Problem::of(Code::Internal))?;
        Ok((bytes.into(), next))
    }
}

/// Lines, and after what the next begin.
type Read = (Bytes, Option<ReservationId>);

/// A page that is being read.
type Reading = Pin<Box<dyn Future<Output = Result<Read, Problem>> + Send>>;

/// The pages of an export, each read when the one before is on its way.
struct Pages {
    export: Arc<Export>,
    first: Option<Bytes>,
    next: Option<Reading>,
}

impl Pages {
    fn after(&mut self, after: Option<ReservationId>) {
        self.next =
            after.map(|after| -> Reading { Box::pin(Arc::clone(&self.export).page(Some(after))) });
    }
}

impl hyper::body::Body for Pages {
    type Data = Bytes;
    type Error = std::io::Error;

    /// A page that cannot be read ends the answer before its end, which no client takes for whole.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(page) = &mut self.next else { return Poll::Ready(None) };
        let read = ready!(page.as_mut().poll(context));
        self.next = None;
        Poll::Ready(Some(match read {
            Ok((bytes, after)) => {
                self.after(after);
                Ok(Frame::data(bytes))
            }
            Err(problem) => Err(std::io::Error::other(problem.code().as_str())),
        }))
    }
}

/// The bookings of a date as CSV: a line for each that has seats, or of which money was kept, with whose it is, which
/// seats are left, what was paid less what went back, and when, in the order in which their seats were held. `section`,
/// `row` and `seat` say what the seats are called, where the date has a layout, with `; ` between them; a section and a
/// row that all have stand once. Texts that a spreadsheet would take for a formula begin with `'`. What is paid while it
/// is read may be in it or not.
#[utoipa::path(get, path = "/api/v1/admin/concert-dates/{id}/bookings", tag = "Operator", params(("id" = Uuid, Path), Form),
    security(("operator" = [])),
    responses((status = 200, content((String = "text/csv")), headers(("Content-Disposition" = String, description = "A name for the file."))), (status = 400, description = "invalid_query"), (status = 404, description = "date_not_found"), (status = 503, description = "database_unavailable")))]
pub async fn date_bookings(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    Query(form): Query<Form>,
) -> Result<Response, Problem> {
    let (date, dates) = (DateId(id), BTreeSet::from([DateId(id)]));
    let mut found = app.readers.read(move |reads| reads.performances(&dates)).await?;
    let of = found.remove(&date).filter(|(row, concert)| row.is_live() && !concert.is_deleted());
    let of = of.ok_or_else(|| Problem::of(Code::DateNotFound))?;
    let names = app.names(of.0.layout).await?;
    let export = Arc::new(Export { app, date, of, names });
    let (read, after) = Arc::clone(&export).page(None).await?;
    let bom = if form.bom.unwrap_or(true) { BOM } else { "" };
    let first = [bom.as_bytes(), Booking::HEAD.as_bytes(), &read].concat();
    let mut pages = Pages { export, first: Some(first.into()), next: None };
    pages.after(after);
    let named = format!("attachment; filename=\"bookings-{id}.csv\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, named),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::new(pages)).into_response())
}
