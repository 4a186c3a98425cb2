//! The operator's verbs on the times of a sale.

use super::App;
use super::admin::{invalid, time_of};
use super::concert::{SaleState, sale_state};
use super::extract::{Operator, PathId, Submitted};
use super::problem::{Code, Problem};
use super::setting;
use super::view::{Stamp, given, json};
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::command::Command;
use boxoffice_core::id::{ConcertId, Uuid};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::sale::SetSale;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What to change of a sale; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleBody {
    /// True: a sale that was closed goes on where it was, one that is to come opens now. False: closes now,
    /// and it stays closed until `true`; a sale that was opened ahead of its announced opening waits for
    /// that again, and one that is to come stays so. Repeating either changes nothing.
    #[serde(default, deserialize_with = "given")]
    pub open: Option<bool>,
    /// RFC 3339: the announced opening, to come, while the sale has not opened.
    #[schema(format = DateTime)]
    #[serde(default, deserialize_with = "given")]
    pub opens_at: Option<String>,
    /// RFC 3339: the announced closing, to come; null: none. Opened by hand after it has come, a sale goes on
    /// without it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closes_at: Option<Option<String>>,
}

/// When seats are sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaleView {
    concert_id: Uuid,
    sale: SaleState,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Stamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Stamp>,
    /// As announced, whatever was done by hand.
    #[schema(value_type = String, format = DateTime)]
    announced_opens_at: Stamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    announced_closes_at: Option<Stamp>,
    /// People in the shop: where the sale is closed, what they have not paid for lapses.
    shoppers: u64,
    /// People in line: where the sale is closed, they keep their places.
    waiting: u64,
}

fn command_of(id: Uuid, body: &SaleBody) -> Result<SetSale, Problem> {
    let time =
        |text: &Option<String>, field| text.as_deref().map(|text| time_of(text, field)).transpose();
    if body.open.is_none() && body.opens_at.is_none() && body.closes_at.is_none() {
        return Err(invalid("open").in_words(
            "reason",
            "name open, opens_at or closes_at",
            "open, opens_at, closes_at 중 하나를 보내 주세요",
        ));
    }
    let closes_at = body.closes_at.as_ref().map(|text| time(text, "closes_at"));
    Ok(SetSale {
        concert: ConcertId(id),
        open: body.open,
        opens_at: time(&body.opens_at, "opens_at")?,
        closes_at: closes_at.transpose()?,
    })
}

/// Sets when a sale opens and closes, or opens or closes it now. The announced times are never lost by it.
#[utoipa::path(put, path = "/api/v1/admin/concerts/{id}/sale", tag = "Operator", request_body = SaleBody, params(("id" = Uuid, Path)),
    security(("operator" = [])),
    responses((status = 200, body = SaleView), (status = 400, description = "invalid_body"), (status = 404, description = "concert_not_found"), (status = 409, description = "sale_has_opened"), (status = 422, description = "invalid_setting, date_before_opening, sale_time_in_past")))]
pub async fn set_sale(
    State(app): State<App>,
    PathId(id): PathId,
    _: Operator,
    submitted: Submitted<SaleBody>,
) -> Result<Response, Problem> {
    let shown = app.read_model.concert(ConcertId(id)).map(|shown| shown.row());
    let times = shown.map(|row| (row.start_at, row.end_at));
    let faults = setting::of_sale(&submitted.value, times);
    // When queues open by themselves is known to the rules alone.
    let told = |problem: Problem| match faults.told(problem) {
        problem
            if faults.is_empty()
                && problem.code() == Code::InvalidSetting
                && problem.names("closes_at") =>
        {
            problem.in_words(
                "reason",
                "must be after the opening of each waiting queue that is still to open",
                "아직 열리지 않은 모든 대기열의 시작 시각보다 늦어야 합니다",
            )
        }
        problem => problem,
    };
    let command = Command::SetSale(command_of(id, &submitted.value).map_err(told)?);
    match app.outcome(command, None).await.map_err(told)?.0 {
        Outcome::SaleSet {
            concert_id,
            opens_at,
            closes_at,
            announced_opens_at,
            announced_closes_at,
        } => {
            let now = app.clock.now();
            let concert = app.read_model.concert(concert_id);
            let people = concert.as_ref().map(|shown| {
                (shown.sum(|status| status.active), shown.sum(|status| status.waiting))
            });
            let (shoppers, waiting) = people.unwrap_or_default();
            let sale = concert.map(|shown| sale_state(&shown.row(), shown.stock(), now));
            let view = SaleView {
                concert_id: concert_id.0,
                // What is not on the read model is over.
                sale: sale.unwrap_or(SaleState::Closed),
                opens_at: opens_at.into(),
                closes_at: closes_at.map(Stamp),
                announced_opens_at: announced_opens_at.unwrap_or(opens_at).into(),
                announced_closes_at: announced_closes_at.map(Stamp),
                shoppers,
                waiting,
            };
            Ok(json(StatusCode::OK, &view))
        }
        _ => Err(Problem::of(Code::Internal)),
    }
}
