//! What an app does when it meets a problem: the table's codes, told for those who write apps.

use super::problem::{Code, Entry};

/// What an app does with a code that has an advice of its own.
const ADVICE: &[(Code, &str)] = &[
    (Code::UsernameTaken, "Show the text at the name's field, and let another name be chosen."),
    (Code::ConcertNotFound, "Go back to the list of concerts and load it again."),
    (Code::DateNotFound, "Load the dates again: this one is gone or was never there."),
    (Code::AlreadyExists, "It was made before. Show what is there, and do not repeat the request."),
    (Code::SaleNotOpen, "Show `opens_at` and count down to it; ask again then, not in between."),
    (Code::SaleClosed, "Say that the sale is over, and stop asking."),
    (Code::QueueFull, "Keep the user on the page, and join again after `Retry-After`."),
    (Code::QueueTokenUnknown, "Forget the queue token and join again."),
    (
        Code::NotAdmitted,
        "Go on with the waiting page: poll, and come back when the state is `admitted`.",
    ),
    (
        Code::QueueTokenExpired,
        "Forget the queue token. Offer to join again; what was paid is in the bookings.",
    ),
    (
        Code::SeatNotFound,
        "Load the seat map again; the app has shown one that is not of this date.",
    ),
    (
        Code::SeatsTaken,
        "Mark `seat_numbers` as taken, load the map, and let others be chosen. Nothing was held. Those in `blocked` are not for sale.",
    ),
    (
        Code::SeatsHeldOrSold,
        "For operators: leave out `held` and `sold`. A sold seat is blocked by a refund, a held one when its hold has ended.",
    ),
    (
        Code::NoFittingSeats,
        "Say that `largest` seats are left together as they were asked for; offer fewer, or to choose otherwise.",
    ),
    (Code::SeatsCoolingOff, "Let others be chosen; these can be chosen again at `retry_at`."),
    (
        Code::TooManyLapses,
        "Say when (`retry_at`) joining is possible again, and stop asking until then.",
    ),
    (Code::HoldExists, "Show the hold `reservation_id`: it is paid or released first."),
    (Code::SeatLimit, "Say that `limit` seats are allowed and `have` are taken by this user."),
    (Code::ReservationNotFound, "Forget the reservation, and show the user's own list."),
    (
        Code::HoldLapsed,
        "Say that the time is over and the seats are free again. Go back to the map.",
    ),
    (Code::HoldReleased, "Go back to the map: this hold was cancelled."),
    (Code::AlreadyPaid, "Treat it as success: show the booking of `payment_id`."),
    (
        Code::InsufficientBalance,
        "Offer to charge `missing`, then pay again with a new key. The seats stay held.",
    ),
    (Code::AmountOutOfRange, "Show `min` and `max` at the amount's field."),
    (Code::BalanceLimit, "Show `limit`; a smaller amount may fit."),
    (Code::DateCancelled, "Show `reason`, and let another date be chosen."),
    (Code::JobNotFound, "Look the job up in the list: the id is mistyped, or of another server."),
    (Code::JobNotHeld, "Do nothing: only servers are told so, and another one is at it."),
    (
        Code::EventsGone,
        "Some events were missed. Compare with the lists of bookings, and read on without `after`.",
    ),
    (Code::PaymentNotFound, "For operators: look the payment up again; the id is mistyped."),
    (
        Code::SeatsNotBooked,
        "For operators: load the payment again; `seat_numbers` are not among its seats any more.",
    ),
    (Code::RefundTooHigh, "For operators: show `left`, and give back no more than that."),
    (Code::AlreadyRefunded, "For operators: treat it as success, and load the payment again."),
    (
        Code::AccountDeleted,
        "For operators: pay the money out outside of the system; with `amount` 0 the seats go back.",
    ),
    (
        Code::CurrencyMismatch,
        "Say that the balance is in `wallet_currency` and this costs `other_currency`.",
    ),
    (Code::BalanceTooLow, "For operators: show `balance`, and take no more than that."),
    (
        Code::BalanceLeft,
        "Show `balance`, and ask whether it is given up; then repeat with that sum as `give_up_balance`.",
    ),
    (Code::SelfChargeOff, "Hide what charges the balance, and say where money is paid in."),
    (Code::UserNotFound, "Look the account up again: it was deleted, or the id is mistyped."),
    (Code::DateInPast, "Show the text at the time's field: a date starts in the future."),
    (
        Code::DateBeforeOpening,
        "Show `opens_at` beside the time: open earlier, or let the date start later.",
    ),
    (
        Code::HeldOrSold,
        "Load the figures: `seats` are held or sold, so this can not be changed any more.",
    ),
    (Code::SaleOpen, "For operators: close the sale (`open: false`), then delete the concert."),
    (
        Code::SaleTimeInPast,
        "Show the text at `field`: a time to come, or `open` for what is to happen now.",
    ),
    (Code::SaleHasOpened, "Load the sale again: its opening is past, only its closing can be set."),
    (
        Code::InvalidFile,
        "List `faults` by row and column beside the file's name. Nothing was changed.",
    ),
    (Code::InvalidPicture, "Show `reason` at the field, and let another picture be chosen."),
    (Code::InvalidText, "Show the text at the field of `pointer`, and let it be typed again."),
    (Code::UnsupportedCharset, "Let the file be saved as UTF-8, or name one of `supported`."),
    (Code::PasswordWrong, "Show the text at the password's field, and keep the rest of the form."),
    (Code::ExternalAccount, "Hide the change of password: this account signs in elsewhere."),
    (
        Code::SessionEnded,
        "Forget all tokens, and send the user to sign in. Renewing does not help.",
    ),
    (Code::SessionNotFound, "Load the list of sessions again: this one has ended."),
    (
        Code::IdempotencyKeyReused,
        "An error of the app: use a new key for each new intention, the same for a retry.",
    ),
    (Code::InvalidSetting, "Show the text at `field`. Repeating the same request does not help."),
    (Code::IdentityRequired, "Send the user to sign in, then repeat the request."),
    (
        Code::IdentityInvalid,
        "Renew the access token once; where that fails, send the user to sign in.",
    ),
    (Code::CredentialsWrong, "Show the text, and do not say which of both was wrong."),
    (
        Code::CrossSite,
        "An error of the app, or of a proxy that changes `Host`: send `Authorization` instead of the cookie.",
    ),
    (
        Code::OtherUser,
        "An error of the app, or another account is signed in: load who is signed in.",
    ),
    (Code::QueueTokenRequired, "Join the queue first, and send its token."),
    (Code::QueueTokenInvalid, "Forget the queue token and join again."),
    (
        Code::QueueTokenOfAnotherUser,
        "Forget the queue token: another account has signed in. Join again.",
    ),
    (Code::QueueTokenOfAnotherConcert, "Use the token of this concert, or join its queue."),
    (Code::OperatorKeyRequired, "Send the operator's key."),
    (
        Code::OperatorKeyInvalid,
        "Stop: the key was revoked or is mistyped. Ask who runs the server for another.",
    ),
    (Code::InvalidBody, "An error of the app, or a bad field: show `reason` at `field`."),
    (Code::BodyTooSlow, "The line is bad: repeat the request, with the same key."),
    (
        Code::UnsupportedMediaType,
        "An error of the app: send `Content-Type: application/json` in UTF-8.",
    ),
    (
        Code::PreconditionFailed,
        "An error of the app: what can be changed has no ETag; send no condition with it.",
    ),
    (Code::ContentEncodingUnsupported, "An error of the app: send the body uncompressed."),
    (
        Code::RateLimited,
        "Wait for `Retry-After`, then go on more slowly. Show nothing unless it lasts.",
    ),
    (
        Code::SignInDelayed,
        "Say when the user may try again (`Retry-After`), and close the button until then.",
    ),
    (Code::Busy, "Repeat after `Retry-After`, with the same key; let the user wait on the page."),
    (Code::SignInBusy, "Repeat after `Retry-After`; say that many are signing in."),
    (Code::Stopping, "Repeat after `Retry-After`: another server or the next start answers."),
    (
        Code::DatabaseUnavailable,
        "Nothing has changed. Repeat after `Retry-After`, with the same key.",
    ),
    (
        Code::OutcomeUnknown,
        "Repeat with the same key until the answer is known; never with a new key.",
    ),
    (
        Code::RequestTimeout,
        "Repeat with the same key until the answer is known; never with a new key.",
    ),
    (
        Code::Internal,
        "Say that something went wrong, and offer to try again once. Report it with the time.",
    ),
];

/// What an app does with this problem.
#[must_use]
pub fn advice(entry: &Entry) -> &'static str {
    let own = ADVICE.iter().find(|(code, _)| *code == entry.code).map(|(_, text)| *text);
    own.unwrap_or(match entry.status {
        401 => "Send the user to sign in, then repeat the request.",
        404 => "Go back, and load what is there again.",
        409 | 410 => {
            "Show the text, and load the present state; the same request will not succeed."
        }
        429 | 503 => "Wait for `Retry-After`, then repeat the request with the same key.",
        402 | 403 => "Show the text; another account or step is needed.",
        422 => "Show the text at the field that is named.",
        500 => "Say that something went wrong, and offer to try again once.",
        _ => "An error of the app: the request has to be written otherwise.",
    })
}

#[cfg(test)]
mod tests {
    use super::super::problem::TABLE;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_code_has_one_advice() {
        let codes: BTreeSet<Code> = ADVICE.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), ADVICE.len());
        for entry in TABLE {
            assert!(!advice(entry).is_empty());
        }
    }
}
