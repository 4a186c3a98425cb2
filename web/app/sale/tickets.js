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

let isKeeping = false;

/**
 * Keeps the pages themselves on this device, so that they open without a network, too. Where the browser cannot
 * (a private window, plain http on a network), a ticket is shown as long as its page stays open.
 */
export async function keepPages() {
  if (isKeeping || !navigator.serviceWorker || !globalThis.caches) return;
  isKeeping = true;
  try {
    const address = "/sw.js";
    // The one script that this policy lets through.
    const policy = globalThis.trustedTypes?.createPolicy("boxoffice", {
      createScriptURL: (url) => {
        if (url !== address) throw new TypeError(url);
        return url;
      },
    });
    await navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address);
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const files = loaded.filter((url) => url.startsWith(`${location.origin}/web/`));
    const cache = await caches.open("boxoffice-pages");
    await cache.addAll([...new Set(files), "/bookings"]);
  } catch {
    // As far as it goes.
  }
}
