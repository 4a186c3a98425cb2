// What the pages of the shop ask the server for: one's admission, dates, layouts, holds.
import { get, post } from "../api.js";
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

const chosen = (date) => `boxoffice.chosen.${date}`;

/** Numbers of the seats that were chosen on a date before the page was left. */
export function keptChoice(date) {
  try {
    return JSON.parse(sessionStorage.getItem(chosen(date))) ?? [];
  } catch {
    return [];
  }
}

/** Keeps what is chosen on a date, as long as the tab is there. */
export function keepChoice(date, numbers) {
  try {
    if (numbers.length) sessionStorage.setItem(chosen(date), JSON.stringify(numbers));
    else sessionStorage.removeItem(chosen(date));
  } catch {
    // Chosen again after a reload.
  }
}

const kept = "boxoffice.hold";

/** A key for holding these seats: the same after a reload, so that a lost answer is answered again. */
export function holdKey(wish) {
  const wanted = JSON.stringify([current()?.user_id, wish]);
  try {
    const known = JSON.parse(sessionStorage.getItem(kept));
    if (known?.wanted === wanted) return known.key;
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    sessionStorage.setItem(kept, JSON.stringify({ wanted, key }));
    return key;
  } catch {
    return undefined;
  }
}

/** The wish was answered: the next one is another. */
export function holdAnswered() {
  try {
    sessionStorage.removeItem(kept);
  } catch {
    // Nothing was kept.
  }
}
