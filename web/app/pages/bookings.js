// What one has bought, newest first.
import { html, useEffect, useState } from "../html.js";
import { serverNow } from "../clock.js";
import { seatsText } from "../sale/labels.js";
import { bookingsPage, keptBookings } from "../sale/tickets.js";
import { Badge, Button, Empty, Loaded, Notice, ProblemNotice, SignInFirst, useLoad, useTask, useTitle } from "../ui.js";
import { dayAndTime, money, t } from "../words.js";

async function first(signal) {
  try {
    return await bookingsPage(null, signal);
  } catch (problem) {
    const bookings = keptBookings();
    if (bookings.length && problem.isOffline) return { bookings, next_before: null, isKept: true };
    throw problem;
  }
}

export default function Bookings({ user }) {
  useTitle(t("bookings_title"));
  const load = useLoad((signal) => (user ? first(signal) : Promise.resolve(null)), [user?.user_id]);
  if (!user) return html`<${SignInFirst} />`;
  return html`<div class="page"><h1>${t("bookings_title")}</h1>
    <${Loaded} of=${load}>${(data) => data && html`<${List} ...${data} />`}<//></div>`;
}

function List({ bookings, next_before: next, isKept }) {
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
  return html`${isKept && html`<${Notice} kind="warn" role="status"><p>${t("bookings_away")}</p><//>`}
    <ul class="bookings">${all.map((booking) => html`<${Line} key=${booking.reservation_id} booking=${booking} />`)}</ul>
    <${ProblemNotice} problem=${older.problem} />
    ${more.next && html`<p class="actions"><${Button} kind="plain" busy=${older.isBusy} onClick=${older.run}>${t("bookings_more")}<//></p>`}`;
}

/** A booking's state as a label. */
export function BookingBadge({ booking }) {
  if (booking.status === "refunded") return html`<${Badge} kind="plain">${t("booking_refunded")}<//>`;
  if (booking.cancelled) return html`<${Badge} kind="bad">${t("date_cancelled")}<//>`;
  if (booking.refunded_seat_numbers.length || booking.refunded_amount) return html`<${Badge} kind="warn">${t("booking_part")}<//>`;
  if (Date.parse(booking.starts_at) < serverNow() - 86_400_000) return html`<${Badge} kind="plain">${t("booking_past")}<//>`;
  return html`<${Badge} kind="good">${t("booking_paid")}<//>`;
}

function Line({ booking }) {
  const gone = new Set(booking.refunded_seat_numbers);
  const labels = new Map((booking.seats ?? []).map((seat) => [seat.seat_number, seat.label]));
  const seats = booking.seat_numbers.filter((n) => !gone.has(n) || booking.status === "refunded");
  const { currency, currency_decimals: decimals } = booking;
  return html`<li class="booking${booking.status === "refunded" ? " is-over" : ""}">
    <div class="booking-head"><h2><a href=${`/bookings/${booking.reservation_id}`}>${booking.concert_name}</a></h2><${BookingBadge} booking=${booking} /></div>
    <p>${booking.starts_at && dayAndTime(booking.starts_at, booking.time_zone)}${booking.theater && html`<br />${booking.theater}`}</p>
    <p class="booking-seats">${seatsText(seats.map((n) => ({ seat_number: n, label: labels.get(n) })))}</p>
    <p class="soft small">${t("seat_count", { n: seats.length })} · ${money(booking.amount, currency, decimals)} · ${t("paid_on", { when: dayAndTime(booking.paid_at) })}</p>
  </li>`;
}
