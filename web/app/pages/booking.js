// A booking's tickets: the code large on white, the seat as it is said at the door; printable, and shown without
// a network once it was opened.
import { html, useEffect, useState } from "../html.js";
import { AsOf, Bill, Flags, SessionOver, Stopped, When } from "../sale/frame.js";
import { gradeText, seatsText, seatText } from "../sale/labels.js";
import { keepPages, keptBook, ticketBook } from "../sale/tickets.js";
import { nameOf, termsText } from "../show.js";
import { Button, forUser, Loaded, Notice, SignInFirst, useLoad, useTitle } from "../ui.js";
import { dayAndTime, money, t } from "../words.js";
import { BookingBadge } from "./bookings.js";

function Booking({ id }) {
  const load = useLoad((signal) => ticketBook(id, signal), [id], () => keptBook(id));
  return html`<div class="page"><${Loaded} of=${load} title=${t("ticket_title")}>
    ${(data) => (data ? html`<${Book} ...${data} />` : html`<${Stopped} title=${t("not_found_title")}><p>${t("booking_not_found")}</p>
      <p class="actions"><${Button} href="/bookings">${t("my_bookings")}<//></p><//>`)}
  <//></div>`;
}

/** Of whoever's session has ended. */
function Kept({ id }) {
  const kept = keptBook(id);
  return kept ? html`<div class="page"><${Book} ...${kept} isOver /></div>` : html`<${SignInFirst} />`;
}

export default forUser(Booking, Kept);

function Book({ booking, tickets, refund: terms, at, isKept, isOver }) {
  useTitle(`${t("ticket_title")} · ${nameOf(booking)}`);
  const { seats } = booking;
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
      <p class="date-head"><a class="crumb" href="/bookings">${t("my_bookings")}</a><${BookingBadge} booking=${booking} /></p>
      <h1>${nameOf(booking)}</h1>
      <${When} of=${booking} />
    </header>
    ${isNew && booking.status === "confirmed" && html`<${Notice} kind="good" title=${t("paid_title")} role="status"><p>${t("paid_text")}</p><//>`}
    ${booking.cancelled && html`<${Notice} kind="bad" title=${t("cancelled_title")}><p>${t("cancelled_text", { reason: booking.cancelled.reason ?? "" })}</p><//>`}
    ${booking.refunds.map((refund) => html`<${Notice} key=${refund.refund_id} kind="info" title=${t("refunded_title", { sum: said(refund.amount) })}>
      ${refund.seat_numbers.length > 0 && html`<p>${t("refunded_seats", { seats: named(refund.seat_numbers) })}</p>`}
      <p>${t("refunded_text", { when: dayAndTime(refund.refunded_at), reason: refund.reason })}</p><//>`)}
    ${tickets === null && booking.status === "confirmed" && html`<${Notice} kind="info"><p>${t("ticket_none")}</p><//>`}
    <ul class="tickets" aria-label=${t("ticket_title")}>
      ${seats.map((seat, at) => html`<${Ticket} key=${seat.seat_number} booking=${booking} seat=${seat} ticket=${byNumber.get(seat.seat_number)}
        isGone=${gone.has(seat.seat_number) || Boolean(booking.cancelled)} at=${at} all=${seats.length} />`)}
    </ul>
    <${AsOf} at=${at} isKept=${isKept} />
    ${isOver && html`<${SessionOver} />`}
    ${tickets?.some((ticket) => ticket.status === "valid") && html`<p class="small soft no-print">${t("ticket_bright")}</p>`}
    <h2>${t("bill_title")}</h2>
    <dl class="facts small is-long"><dt>${t("booking_number")}</dt><dd><${Number} id=${booking.reservation_id} /></dd><dt>${t("paid_at")}</dt><dd>${dayAndTime(booking.paid_at)}</dd></dl>
    <${Bill} ...${booking} isGone=${(seat) => gone.has(seat.seat_number)}
      sums=${[[t("paid_sum"), booking.amount], booking.refunded_amount > 0 && [t("refunded_sum"), booking.refunded_amount]]} />
    ${booking.status === "confirmed" && !booking.cancelled && termsText(terms) && html`<p class="small soft">${termsText(terms)}</p>`}
    <p class="actions no-print"><${Button} kind="plain" onClick=${() => print()}>${t("ticket_print")}<//></p>
  </div>`;
}

/** A booking's number by its end, which is its own: its beginning is the time, as of others of that minute. */
const Number = ({ id }) => html`<details class="code"><summary>…${id.slice(-8)}</summary>${id}</details>`;

/** An SVG as a picture: no text of an answer becomes markup of this page. */
const pictureOf = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;

function Ticket({ booking, seat, ticket, isGone, at, all }) {
  const name = seatText(seat.label, seat.seat_number);
  const isVoid = isGone || ticket?.status === "void";
  return html`<li class=${`ticket${isVoid ? " is-void" : ""}`}>
    <div class="ticket-text">
      <p class="small soft">${all > 1 && t("ticket_of", { n: at + 1, all })}</p>
      <p class="ticket-seat">${name}</p>
      ${seat.grade && html`<p>${gradeText(seat.grade)} · ${money(seat.price, booking.currency, booking.currency_decimals)}<${Flags} ...${seat} /></p>`}
      <p class="ticket-what">${nameOf(booking)}<br />${booking.starts_at && dayAndTime(booking.starts_at, booking.time_zone)}<br />${booking.theater}</p>
    </div>
    ${isVoid ? html`<p class="ticket-void">${t(booking.cancelled ? "ticket_cancelled" : "ticket_void")}</p>`
      : ticket?.qr_svg && html`<div class="ticket-qr"><img src=${pictureOf(ticket.qr_svg)} alt=${t("ticket_qr", { seat: name })} /></div>`}
  </li>`;
}
