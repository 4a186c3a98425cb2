// How a concert is said, on whichever page: its name, its state, its prices; what an older server does not say
// is left out.
import { html } from "./html.js";
import { Badge, priceRange } from "./ui.js";
import { dayAndTime, days, either, t } from "./words.js";

/** The name in the language of the page, of a concert or of what is booked of it. */
export const nameOf = (of) => either(of.names ?? of.concert_names) || (of.name ?? of.concert_name);

const KINDS = { upcoming: "plain", open: "live", sold_out: "warn", closed: "plain" };

/** Whether seats are sold, as a label. */
export const SaleBadge = ({ sale }) => html`<${Badge} kind=${KINDS[sale] ?? "plain"}>${t(`sale_${sale}`)}<//>`;

/** When its performances are, or when its sale opens; empty where it is not told. */
export function whenOf({ sale, opens_at: opens, first_date: first, last_date: last, time_zone: zone }) {
  if (sale === "upcoming") return t("opens_at", { when: dayAndTime(opens, zone) });
  if (!first) return "";
  return days(first, last ?? first, zone);
}

/** What its seats cost, from–to; empty where it is not told. */
export function pricesOf({ price_from: from, price_to: to }) {
  if (!from) return "";
  return priceRange([from.amount, (to ?? from).amount], from.currency, from.currency_decimals);
}

/** Why no more seats are sold, in a sentence. */
export const closedText = (because) => t(`closed_${because ?? "closing_time"}`);

/** What of the money comes back, and when; nothing where the server says it in a way that this page does not know. */
export const termsText = (refund) => (refund?.decided_by === "organiser" ? t("refund_terms") : "");
