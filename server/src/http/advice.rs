//! What an app does when it meets a problem: the table's codes, told for those who write apps.

use super::problem::Entry;

/// What an app does with a code that has an advice of its own.
const ADVICE: &[(&str, &str)] = &[
    ("username_taken", "Show the text at the name's field, and let another name be chosen."),
    ("concert_not_found", "Go back to the list of concerts and load it again."),
    ("date_not_found", "Load the dates again: this one is gone or was never there."),
    ("already_exists", "It was made before. Show what is there, and do not repeat the request."),
    ("sale_not_open", "Show `opens_at` and count down to it; ask again then, not in between."),
    ("sale_closed", "Say that the sale is over, and stop asking."),
    ("queue_full", "Keep the user on the page, and join again after `Retry-After`."),
    ("queue_token_unknown", "Forget the queue token and join again."),
    (
        "not_admitted",
        "Go on with the waiting page: poll, and come back when the state is `admitted`.",
    ),
    (
        "queue_token_expired",
        "Forget the queue token. Offer to join again; what was paid is in the bookings.",
    ),
    ("seat_not_found", "Load the seat map again; the app has shown one that is not of this date."),
    (
        "seats_taken",
        "Mark `seat_numbers` as taken, load the map, and let others be chosen. Nothing was held.",
    ),
    ("seats_cooling_off", "Let others be chosen; these can be chosen again at `retry_at`."),
    (
        "too_many_lapses",
        "Say when (`retry_at`) joining is possible again, and stop asking until then.",
    ),
    ("hold_exists", "Show the hold `reservation_id`: it is paid or released first."),
    ("seat_limit", "Say that `limit` seats are allowed and `have` are taken by this user."),
    ("reservation_not_found", "Forget the reservation, and show the user's own list."),
    ("hold_lapsed", "Say that the time is over and the seats are free again. Go back to the map."),
    ("hold_released", "Go back to the map: this hold was cancelled."),
    ("already_paid", "Treat it as success: show the booking of `payment_id`."),
    (
        "insufficient_balance",
        "Offer to charge `missing`, then pay again with a new key. The seats stay held.",
    ),
    ("amount_out_of_range", "Show `min` and `max` at the amount's field."),
    ("balance_limit", "Show `limit`; a smaller amount may fit."),
    ("date_cancelled", "Show `reason`, and let another date be chosen."),
    ("job_not_found", "Look the job up in the list: the id is mistyped, or of another server."),
    ("job_not_held", "Do nothing: only servers are told so, and another one is at it."),
    (
        "events_gone",
        "Some events were missed. Compare with the lists of bookings, and read on without `after`.",
    ),
    ("payment_not_found", "For operators: look the payment up again; the id is mistyped."),
    (
        "seats_not_booked",
        "For operators: load the payment again; `seat_numbers` are not among its seats any more.",
    ),
    ("refund_too_high", "For operators: show `left`, and give back no more than that."),
    ("already_refunded", "For operators: treat it as success, and load the payment again."),
    (
        "account_deleted",
        "For operators: pay the money out outside of the system; with `amount` 0 the seats go back.",
    ),
    (
        "currency_mismatch",
        "Say that the balance is in `wallet_currency` and this costs `other_currency`.",
    ),
    ("balance_too_low", "For operators: show `balance`, and take no more than that."),
    (
        "balance_left",
        "Show `balance`, and ask whether it is given up; then repeat with `give_up_balance`.",
    ),
    ("self_charge_off", "Hide what charges the balance, and say where money is paid in."),
    ("user_not_found", "Look the account up again: it was deleted, or the id is mistyped."),
    ("date_in_past", "Show the text at the time's field: a date starts in the future."),
    (
        "date_before_opening",
        "Show `opens_at` beside the time: open earlier, or let the date start later.",
    ),
    (
        "held_or_sold",
        "Load the figures: `seats` are held or sold, so this can not be changed any more.",
    ),
    ("sale_open", "For operators: close the sale (`open: false`), then delete the concert."),
    (
        "sale_time_in_past",
        "Show the text at `field`: a time to come, or `open` for what is to happen now.",
    ),
    ("sale_has_opened", "Load the sale again: its opening is past, only its closing can be set."),
    (
        "invalid_file",
        "List `faults` by row and column beside the file's name. Nothing was changed.",
    ),
    ("invalid_text", "Show the text at the field of `pointer`, and let it be typed again."),
    ("unsupported_charset", "Let the file be saved as UTF-8, or name one of `supported`."),
    ("password_wrong", "Show the text at the password's field, and keep the rest of the form."),
    ("external_account", "Hide the change of password: this account signs in elsewhere."),
    ("session_ended", "Forget all tokens, and send the user to sign in. Renewing does not help."),
    ("session_not_found", "Load the list of sessions again: this one has ended."),
    (
        "idempotency_key_reused",
        "An error of the app: use a new key for each new intention, the same for a retry.",
    ),
    ("invalid_setting", "Show the text at `field`. Repeating the same request does not help."),
    ("identity_required", "Send the user to sign in, then repeat the request."),
    (
        "identity_invalid",
        "Renew the access token once; where that fails, send the user to sign in.",
    ),
    ("credentials_wrong", "Show the text, and do not say which of both was wrong."),
    ("other_user", "An error of the app, or another account is signed in: load who is signed in."),
    ("queue_token_required", "Join the queue first, and send its token."),
    ("queue_token_invalid", "Forget the queue token and join again."),
    (
        "queue_token_of_another_user",
        "Forget the queue token: another account has signed in. Join again.",
    ),
    ("queue_token_of_another_concert", "Use the token of this concert, or join its queue."),
    ("operator_key_required", "Send the operator's key."),
    (
        "operator_key_invalid",
        "Stop: the key was revoked or is mistyped. Ask who runs the server for another.",
    ),
    ("invalid_body", "An error of the app, or a bad field: show `reason` at `field`."),
    ("body_too_slow", "The line is bad: repeat the request, with the same key."),
    (
        "unsupported_media_type",
        "An error of the app: send `Content-Type: application/json` in UTF-8.",
    ),
    (
        "precondition_failed",
        "An error of the app: what can be changed has no ETag; send no condition with it.",
    ),
    ("content_encoding_unsupported", "An error of the app: send the body uncompressed."),
    (
        "rate_limited",
        "Wait for `Retry-After`, then go on more slowly. Show nothing unless it lasts.",
    ),
    (
        "sign_in_delayed",
        "Say when the user may try again (`Retry-After`), and close the button until then.",
    ),
    ("busy", "Repeat after `Retry-After`, with the same key; let the user wait on the page."),
    ("sign_in_busy", "Repeat after `Retry-After`; say that many are signing in."),
    ("stopping", "Repeat after `Retry-After`: another server or the next start answers."),
    ("database_unavailable", "Nothing has changed. Repeat after `Retry-After`, with the same key."),
    (
        "outcome_unknown",
        "Repeat with the same key until the answer is known; never with a new key.",
    ),
    (
        "request_timeout",
        "Repeat with the same key until the answer is known; never with a new key.",
    ),
    (
        "internal",
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

    #[test]
    fn advice_is_given_for_codes_that_there_are() {
        for (code, _) in ADVICE {
            assert!(TABLE.iter().any(|entry| entry.code == *code), "{code}");
        }
        for entry in TABLE {
            assert!(!advice(entry).is_empty());
        }
    }
}
