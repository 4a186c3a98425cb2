// Bookings with their tickets, from the server, or from this device where the network is away: a ticket that was
// opened once can be shown at the door without a network.
import { get } from "../api.js";
import { serverNow } from "../clock.js";
import { current } from "../session.js";

const KEY = "boxoffice.tickets";
/** Bookings that a device keeps; older ones are dropped. */
const KEPT = 12;

function all() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY)) ?? [];
    return kept.filter((one) => one.user_id === current()?.user_id);
  } catch {
    return [];
  }
}

function keep(entry) {
  try {
    const others = all().filter((one) => one.booking.reservation_id !== entry.booking.reservation_id);
    localStorage.setItem(KEY, JSON.stringify([entry, ...others].slice(0, KEPT)));
  } catch {
    // Storage is off or full: shown as long as the page is open.
  }
}

/** Bookings that were opened on this device, newest first. */
export const keptBookings = () => all().map(({ booking }) => booking);

/** A page of bookings. */
export const bookingsPage = (before, signal) =>
  get(`/api/v1/bookings${before ? `?before=${before}` : ""}`, { signal });

/** A booking among one's own; a page after another, since there is no address for a single one. */
async function bookingOf(id, signal) {
  let before = null;
  do {
    const { bookings, next_before: next } = await bookingsPage(before, signal);
    const found = bookings.find((one) => one.reservation_id === id);
    if (found) return found;
    before = next;
  } while (before);
  return null;
}

/** Tickets of a booking; null where the server has none (yet). */
async function ticketsOf(id, signal) {
  try {
    return (await get(`/api/v1/bookings/${id}/tickets`, { signal })).tickets;
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

/** Seats of a booking with their labels, as whichever place of the answers tells them. */
function seatsOf(booking, reservation, tickets) {
  const labels = new Map();
  for (const list of [booking.seats, reservation?.seats, tickets]) {
    for (const seat of list ?? []) {
      labels.set(seat.seat_number, { ...seat, label: seat.label ?? labels.get(seat.seat_number)?.label });
    }
  }
  return booking.seat_numbers.map((number) => labels.get(number) ?? { seat_number: number });
}

/**
 * A booking with its tickets. Where nobody is reached, as it was when it was opened last, with `as_of`.
 * @returns {Promise<{booking: any, seats: any[], tickets: any[]|null, as_of: number|null} | null>} Null: there is none.
 */
export async function ticketBook(id, signal) {
  try {
    const reserved = get(`/api/v1/me/reservations/${id}`, { signal }).catch((problem) => {
      if (problem.isOffline || problem.needsSignIn) throw problem;
      return null;
    });
    const [booking, reservation, tickets] = await Promise.all([bookingOf(id, signal), reserved, ticketsOf(id, signal)]);
    if (!booking) return null;
    const entry = { user_id: current()?.user_id, booking, seats: seatsOf(booking, reservation, tickets), tickets, at: serverNow() };
    keep(entry);
    return { ...entry, as_of: null };
  } catch (problem) {
    const kept = all().find((one) => one.booking.reservation_id === id);
    if (kept && (problem.isOffline || problem.isBusy)) return { ...kept, as_of: kept.at };
    throw problem;
  }
}
