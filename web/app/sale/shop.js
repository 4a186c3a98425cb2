// What the pages of the shop ask the server for: one's admission, dates, layouts, holds.
import { get, newKey, post } from "../api.js";
import { current } from "../session.js";
import { tokenOf } from "../line.js";

/** Codes that mean: not in the shop now. */
const OUT = {
  queue_token_required: "line", queue_token_invalid: "line", queue_token_unknown: "line", queue_token_of_another_user: "line",
  queue_token_of_another_concert: "line", not_admitted: "wait", queue_token_expired: "over", sale_not_open: "wait",
  sale_closed: "closed", too_many_lapses: "over",
};

/** Why somebody is not in the shop: line, wait, over, closed; null where the problem is another. */
export const outside = (problem) => OUT[problem?.code] ?? null;

const lent = new Map();

/**
 * The queue token for a concert. Where this device has none, as after signing in on another one, the place that
 * the account has is asked for; only while something is held, so that nobody joins a line by looking.
 */
export async function tokenFor(concert) {
  const mine = `${current()?.user_id} ${concert}`;
  const known = tokenOf(concert) ?? lent.get(mine);
  if (known) return known;
  const { token } = await post(`/api/v1/concerts/${concert}/queue-tokens`, {});
  lent.set(mine, token);
  return token;
}

/** The place in a concert is used up. */
export const dropLent = (concert) => lent.delete(`${current()?.user_id} ${concert}`);

/** A concert, with its dates as the admitted see them. */
export async function shopOf(concert, signal) {
  const queue = tokenOf(concert);
  const [about, { dates }] = await Promise.all([
    get(`/api/v1/concerts/${concert}`, { signal, anonymous: true }),
    get(`/api/v1/concerts/${concert}/dates`, { queue, signal }),
  ]);
  // An older server names layouts and cancelled dates in one of the two places.
  const shown = new Map((about.dates ?? []).map((date) => [date.concert_date_id, date]));
  return { concert: about, dates: dates.map((date) => ({ ...shown.get(date.concert_date_id), ...date })) };
}

/** Where one's place stands: `admitted_until` among others. */
export const standing = (concert, signal) =>
  get("/api/v1/queue-tokens/me", { queue: tokenOf(concert), anonymous: true, signal, tries: 1 });

const drawn = new Map();

/** A layout document, once a page: it never changes. */
export function layoutOf(hash) {
  if (!drawn.has(hash)) {
    const asked = get(`/api/v1/layouts/${hash}`, { anonymous: true });
    asked.catch(() => drawn.delete(hash));
    drawn.set(hash, asked);
  }
  return drawn.get(hash);
}

/** What is held now: at most one hold a concert. */
export const holdsNow = async (signal) => (await get("/api/v1/me/holds", { signal })).holds;

/** What is held in a concert now, if anything. */
export async function holdIn(concert, signal) {
  return (await holdsNow(signal)).find((hold) => hold.concert_id === concert) ?? null;
}

/** What this tab keeps under a name; null where that is nothing, or storage is off. */
export function tabHas(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

/** Keeps something in this tab, over a reload; null: no more. Where storage is off, it is asked for again. */
export function tabKeep(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // See above.
  }
}

const kept = "boxoffice.hold";

/** A key for holding these seats: the same after a reload, so that a lost answer is answered again. */
export function holdKey(wish) {
  const wanted = JSON.stringify([current()?.user_id, wish]), known = tabHas(kept);
  if (known?.wanted === wanted) return known.key;
  const key = newKey();
  tabKeep(kept, { wanted, key });
  return key;
}

/** The wish was answered: the next one is another. */
export const holdAnswered = () => tabKeep(kept, null);
