// What one has bought, newest first.
import { html, useEffect, useState } from "../html.js";
import { serverNow } from "../clock.js";
import { AsOf, SessionOver, When } from "../sale/frame.js";
import { seatsText } from "../sale/labels.js";
import { bookingsPage, keptBookings } from "../sale/tickets.js";
import { nameOf } from "../show.js";
import { Badge, Button, Empty, forUser, Loaded, ProblemNotice, SignInFirst, useLoad, useTask, useTitle } from "../ui.js";
import { dayAndTime, money, t } from "../words.js";

function Page({ children }) {
  useTitle(t("my_bookings"));
  return html`<div class="page"><h1>${t("my_bookings")}</h1>${children}</div>`;
}

function Bookings() {
  const load = useLoad((signal) => bookingsPage(null, signal), [], keptBookings);
  return html`<${Page}><${Loaded} of=${load}>${(data) => html`<${List} ...${data} />`}<//><//>`;
}

/** Of whoever's session has ended. */
function Kept() {
  const kept = keptBookings();
  return kept ? html`<${Page}><${SessionOver} /><${List} ...${kept} next_before=${null} /><//>` : html`<${SignInFirst} />`;
}

export default forUser(Bookings, Kept);

function List({ bookings, next_before: next, at, isKept }) {
  const [more, setMore] = useState({ bookings: [], next });
  useEffect(() => setMore({ bookings: [], next }), [bookings]);
  const older = useTask(async () => {
    const page = await bookingsPage(more.next);
    setMore({ bookings: [...more.bookings, ...page.bookings], next: page.next_before });
  });
  const all = [...bookings, ...more.bookings];
  if (!all.length) {
    return html`<${Empty} title=${t("bookings_none")}><p>${t("bookings_none_text")}</p>
      <p class="actions"><${Button} href="/">${t("to_concerts")}<//></p><//>`;
  }
  return html`<${AsOf} at=${at} isKept=${isKept} />
    <ul class="bookings">${all.map((booking) => html`<${Line} key=${booking.reservation_id} booking=${booking} />`)}</ul>
    <${ProblemNotice} problem=${older.problem} />
    ${more.next && !isKept && html`<p class="actions"><${Button} kind="plain" busy=${older.isBusy} onClick=${older.run}>${t("bookings_more")}<//></p>`}`;
}

/** A booking's state as a label. */
export function BookingBadge({ booking }) {
  if (booking.status === "refunded") return html`<${Badge} kind="plain">${t(booking.cancelled ? "booking_off" : "booking_refunded")}<//>`;
  if (booking.cancelled) return html`<${Badge} kind="bad">${t("date_cancelled")}<//>`;
  if (booking.refunded_seat_numbers.length || booking.refunded_amount) return html`<${Badge} kind="warn">${t("booking_part")}<//>`;
  if (Date.parse(booking.starts_at) < serverNow() - 86_400_000) return html`<${Badge} kind="plain">${t("booking_past")}<//>`;
  return html`<${Badge} kind="good">${t("booking_paid")}<//>`;
}

function Line({ booking }) {
  const gone = new Set(booking.refunded_seat_numbers);
  const seats = booking.seats.filter((seat) => !gone.has(seat.seat_number) || booking.status === "refunded");
  const said = (amount) => money(amount, booking.currency, booking.currency_decimals), back = booking.refunded_amount;
  return html`<li class=${`booking${booking.status === "refunded" ? " is-over" : ""}`}>
    <div class="booking-head"><h2><a href=${`/bookings/${booking.reservation_id}`}>${nameOf(booking)}</a></h2><${BookingBadge} booking=${booking} /></div>
    <${When} of=${booking} />
    <p class="booking-seats">${seatsText(seats)}</p>
    <p class="soft small">${t("seat_count", { n: seats.length })} · ${back ? t("paid_left", { sum: said(booking.amount), back: said(back) }) : said(booking.amount)} · ${t("paid_on", { when: dayAndTime(booking.paid_at) })}</p>
  </li>`;
}
