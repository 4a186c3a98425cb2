// Paying for a reservation so that it is paid once, whatever happens in between: the key is made of the
// reservation, so that a reload, a second click and a second tab all send the same one.
import { get, post } from "../api.js";
import { forgetPlace } from "../line.js";
import { current } from "../session.js";
import { dropLent, tabHas, tabKeep, tokenFor } from "./shop.js";

const name = (id) => `boxoffice.paying.${id}`;
const told = "boxoffice.paid";

/** Whether this tab was paying for it when it was left. Where storage is off, the key keeps it one payment. */
export const wasPaying = (id) => tabHas(name(id)) !== null;

const note = (id, on) => tabKeep(name(id), on || null);

/** Calls back when another tab has paid; gives what ends that. */
export function onPaid(listener) {
  const heard = (event) => event.key === told && listener(event.newValue);
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}

/** One's reservation, money, and whether one may charge it oneself. */
export async function bill(id, signal) {
  const [reservation, wallet, me] = await Promise.all([
    get(`/api/v1/me/reservations/${id}`, { signal }), get("/api/v1/me/balance", { signal }), get("/api/v1/me", { signal }),
  ]);
  return { reservation, balance: wallet.balance, selfCharge: me.self_charge };
}

/** How many charges for this reservation were used up without that it could be paid. */
let spent = 0;

/** Adds what is missing to the balance. The key names what it is for: the same charge twice is one. */
async function charge(reservation, balance, queue) {
  const amount = reservation.total_price - balance;
  const key = `charge-${reservation.reservation_id}-${balance}-${amount}-${spent}`;
  await post(`/api/v1/users/${current().user_id}/balance/charges`, { amount }, { queue, key });
}

/**
 * Charges what is missing, and pays. Throws the problem where it is not known to be paid; then the same call
 * may be made again.
 */
export async function pay(reservation, balance) {
  const { reservation_id: id, total_price: total } = reservation;
  note(id, true);
  try {
    const queue = await tokenFor(reservation.concert_id);
    if (balance < total) await charge(reservation, balance, queue);
    const paid = await post(`/api/v1/reservations/${id}/payment`, undefined, { queue, key: `pay-${id}` });
    done(reservation);
    return paid;
  } catch (problem) {
    if (problem.code === "already_paid") {
      done(reservation);
      return null;
    }
    if (problem.code === "insufficient_balance") spent += 1;
    // Unknown: goes on after a reload.
    if (!problem.isOffline && !problem.isBusy) note(id, false);
    throw problem;
  }
}

/** The payment is made: other tabs hear of it, and the admission is used up. */
function done({ reservation_id: id, concert_id: concert }) {
  note(id, false);
  forgetPlace(concert);
  dropLent(concert);
  try {
    localStorage.setItem(told, id);
    localStorage.removeItem(told);
  } catch {
    // Other tabs find out by themselves.
  }
}
