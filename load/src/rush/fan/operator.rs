//! An operator gives something of what a fan has bought back, so that seats which were sold go on sale again while
//! others want them.

use super::{Fan, Told, uuid_of};
use crate::http::Ask;
use crate::rush::figures::{Stage, Step};
use crate::rush::linear::Act;
use crate::rush::pushed::Became;
use crate::rush::record::Fact;
use serde_json::json;
use uuid::Uuid;

impl Fan {
    /// Now and then, a while after the payment: all of it, or one seat.
    pub(super) async fn given_back(
        &mut self,
        payment: Uuid,
        claim: Uuid,
        (date, seats): (Uuid, &[u32]),
    ) -> Told<()> {
        let Some(key) = self.world.operator_key.clone() else { return Ok(()) };
        if seats.is_empty() || !self.chance(self.world.options.refund) {
            return Ok(());
        }
        self.think();
        let mut body = json!({ "reason": "rush", "release_seats": true });
        let one = [seats[self.random.usize(..seats.len())]];
        let some = if self.random.bool() { &one[..] } else { seats };
        if some.len() < seats.len() {
            body["seat_numbers"] = json!(some);
        }
        // From now on others may be told that they are free.
        let asked = self.world.now_ns();
        for &seat in some {
            let mut record = self.world.record.borrow_mut();
            record.latest.note((date, seat), Became::Unknown, asked);
        }
        let path = format!("/api/v1/admin/payments/{payment}/refunds");
        // Keys of an operator are numbered by nobody else.
        let ask = Ask::new("POST", path).with("x-api-key", key).json(&body);
        let ask = ask.with("idempotency-key", format!("rush-{payment}"));
        let act = Act::Refund { claim, released: true };
        let (answer, span) = match self.ask(Step::Refund, &ask, true).await {
            Ok(answered) => answered,
            Err(why) => {
                // Bought it is, whatever became of it since.
                let _: Stage = self.seats_in_doubt(&why, (date, some), act);
                return Ok(());
            }
        };
        let view = answer.json();
        let refund = uuid_of(&view["refund_id"]).filter(|_| answer.status == 201);
        let Some((refund, amount)) = refund.zip(view["amount"].as_i64()) else {
            return Err(self.unexpected(Step::Refund, &answer));
        };
        let mut record = self.world.record.borrow_mut();
        record.act(date, some, act, span);
        let fact = Fact::Refunded { refund, reservation: claim, seats: some.to_vec(), amount };
        record.tell(self.user, fact);
        drop(record);
        self.figures().refunded(u64::try_from(some.len()).unwrap_or(0));
        Ok(())
    }
}
