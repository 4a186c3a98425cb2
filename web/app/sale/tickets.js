// Bookings with their tickets, from the server and, until it answers, from this device: a ticket that was opened
// once can be shown at the door without a network, and after the session has ended by itself.
import { get } from "../api.js";
import { serverNow } from "../clock.js";
import { keeper } from "../session.js";

const LIST = "boxoffice.bookings";
const KEY = "boxoffice.tickets";
/** Bookings whose tickets a device keeps; older ones are dropped. */
const KEPT = 12;

/** What is kept under a name for whoever's it is. */
function kept(name) {
  try {
    const { user_id: user, value } = JSON.parse(localStorage.getItem(name)) ?? {};
    return user === keeper() ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it for `user`, as long as nobody else has come meanwhile. */
function keep(name, user, value) {
  if (!user || user !== keeper()) return;
  try {
    localStorage.setItem(name, JSON.stringify({ user_id: user, value }));
  } catch {
    // Storage is off or full: shown as long as the page is open.
  }
}

/** The newest bookings as they were seen on this device; undefined where they never were. */
export const keptBookings = () => kept(LIST);

/** A page of bookings. */
export async function bookingsPage(before, signal) {
  const user = keeper();
  const page = await get(`/api/v1/bookings${before ? `?before=${before}` : ""}`, { signal });
  if (!before) keep(LIST, user, { ...page, at: serverNow(), isKept: true });
  return { ...page, at: serverNow() };
}

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

/** A booking as it was when it was opened last on this device; undefined where it was not. */
export const keptBook = (id) => kept(KEY)?.find(({ booking }) => booking.reservation_id === id);

/**
 * A booking with its tickets, and the time `at` which that is so.
 * @returns {Promise<{booking: any, tickets: any[]|null, refund: any, at: number} | null>} Null: there is none.
 */
export async function ticketBook(id, signal) {
  const user = keeper();
  const reserved = get(`/api/v1/me/reservations/${id}`, { signal }).catch((problem) => {
    if (problem.isOffline || problem.needsSignIn) throw problem;
    return null;
  });
  const [booking, reservation, tickets] = await Promise.all([bookingOf(id, signal), reserved, ticketsOf(id, signal)]);
  if (!booking) return null;
  const book = { booking, tickets, refund: reservation?.refund, at: serverNow() };
  const others = (kept(KEY) ?? []).filter((one) => one.booking.reservation_id !== id);
  keep(KEY, user, [{ ...book, isKept: true }, ...others].slice(0, KEPT));
  return book;
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
