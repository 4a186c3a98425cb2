// A booking's tickets: the code large on white, the seat as it is said at the door; printable, and shown without
// a network once it was opened.
import { html, useEffect, useState } from "../html.js";
import { Stopped } from "../sale/frame.js";
import { seatsText, seatText } from "../sale/labels.js";
import { keepPages, ticketBook } from "../sale/tickets.js";
import { Button, Loaded, Notice, SignInFirst, useLoad, useTitle } from "../ui.js";
import { dayAndTime, money, t } from "../words.js";
import { BookingBadge } from "./bookings.js";

export default function Booking({ id, user }) {
  useTitle(t("ticket_title"));
  const load = useLoad((signal) => (user ? ticketBook(id, signal) : Promise.resolve(undefined)), [id, user?.user_id]);
  if (!user) return html`<${SignInFirst} />`;
  return html`<div class="page"><${Loaded} of=${load} title=${t("ticket_title")}>
    ${(data) => (data ? html`<${Book} ...${data} />` : data === null && html`<${Stopped} title=${t("not_found_title")}><p>${t("booking_not_found")}</p>
      <p class="actions"><${Button} href="/bookings">${t("my_bookings")}<//></p><//>`)}
  <//></div>`;
}

function Book({ booking, seats, tickets, as_of: asOf }) {
  const said = (amount) => money(amount, booking.currency, booking.currency_decimals);
  const gone = new Set(booking.refunded_seat_numbers);
  const named = (numbers) => seatsText(seats.filter((seat) => numbers.includes(seat.seat_number)));
  const [isNew] = useState(() => new URLSearchParams(location.search).has("paid"));
  // It is said once, and not again after a reload at the door.
  useEffect(() => history.replaceState(null, "", location.pathname), []);
  useEffect(() => {
    keepPages();
  }, []);
  // Of several for one seat, as after a replacement, the one that counts.
  const byNumber = new Map([...tickets ?? []].sort((a, b) => (a.status === "valid") - (b.status === "valid")).map((ticket) => [ticket.seat_number, ticket]));
  return html`<div class="stack">
    <header class="sale-head">
      <p><a class="crumb" href="/bookings">‹ ${t("bookings_title")}</a></p>
      <h1>${booking.concert_name}</h1>
      <p>${booking.starts_at && dayAndTime(booking.starts_at, booking.time_zone)}${booking.theater && html`<br />${booking.theater}`}</p>
      <p><${BookingBadge} booking=${booking} /></p>
    </header>
    ${isNew && booking.status === "confirmed" && html`<${Notice} kind="good" title=${t("paid_title")} role="status"><p>${t("paid_text")}</p><//>`}
    ${asOf && html`<p class="small soft" role="status">${t("ticket_away", { when: dayAndTime(asOf) })}</p>`}
    ${booking.cancelled && html`<${Notice} kind="bad" title=${t("cancelled_title")}><p>${t("cancelled_text", { reason: booking.cancelled.reason ?? "" })}</p><//>`}
    ${booking.refunds.map((refund) => html`<${Notice} key=${refund.refund_id} kind="info" title=${t("refunded_title", { sum: said(refund.amount) })}>
      ${refund.seat_numbers.length > 0 && html`<p>${t("refunded_seats", { seats: named(refund.seat_numbers) })}</p>`}
      <p>${t("refunded_text", { when: dayAndTime(refund.refunded_at), reason: refund.reason })}</p><//>`)}
    ${tickets === null && booking.status === "confirmed" && html`<${Notice} kind="info"><p>${t("ticket_none")}</p><//>`}
    <ul class="tickets" aria-label=${t("ticket_title")}>
      ${seats.map((seat, at) => html`<${Ticket} key=${seat.seat_number} booking=${booking} seat=${seat} ticket=${byNumber.get(seat.seat_number)}
        isGone=${gone.has(seat.seat_number) || Boolean(booking.cancelled)} at=${at} all=${seats.length} />`)}
    </ul>
    ${tickets?.some((ticket) => ticket.status === "valid") && html`<p class="small soft no-print">${t("ticket_bright")}</p>`}
    <dl class="facts small"><dt>${t("paid_sum")}</dt><dd>${said(booking.amount)}</dd><dt>${t("paid_at")}</dt><dd>${dayAndTime(booking.paid_at)}</dd></dl>
    <p class="actions no-print"><${Button} kind="plain" onClick=${() => print()}>${t("ticket_print")}<//></p>
  </div>`;
}

/** An SVG as a picture: no text of an answer becomes markup of this page. */
const pictureOf = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;

function Ticket({ booking, seat, ticket, isGone, at, all }) {
  const name = seatText(seat.label ?? ticket?.label, seat.seat_number);
  const isVoid = isGone || ticket?.status === "void";
  return html`<li class=${`ticket${isVoid ? " is-void" : ""}`}>
    <div class="ticket-text">
      <p class="small soft">${all > 1 && t("ticket_of", { n: at + 1, all })}</p>
      <p class="ticket-seat">${name}</p>
      <p class="ticket-what">${booking.concert_name}<br />${booking.starts_at && dayAndTime(booking.starts_at, booking.time_zone)}<br />${booking.theater}</p>
    </div>
    ${isVoid ? html`<p class="ticket-void">${t(booking.cancelled ? "ticket_cancelled" : "ticket_void")}</p>`
      : ticket?.qr_svg && html`<div class="ticket-qr"><img src=${pictureOf(ticket.qr_svg)} alt=${t("ticket_qr", { seat: name })} /></div>`}
  </li>`;
}
