// How a concert is said, on whichever page: its name, its state, its prices; what an older server does not say
// is left out.
import { html } from "./html.js";
import { Badge, priceRange } from "./ui.js";
import { dayAndTime, either, t } from "./words.js";

/** The name in the language of the page. */
export const nameOf = (concert) => either(concert.names) || concert.name;

const KINDS = { upcoming: "plain", open: "live", sold_out: "warn", closed: "plain" };

/** Whether seats are sold, as a label. */
export const SaleBadge = ({ sale }) => html`<${Badge} kind=${KINDS[sale] ?? "plain"}>${t(`sale_${sale}`)}<//>`;

/** When its performances are, or when its sale opens; in one line. */
export function whenOf(concert) {
  if (concert.sale === "upcoming") return t("opens_at", { when: dayAndTime(concert.opens_at) });
  return "";
}

/** What all its seats cost, from–to; empty where it is not told. */
export function pricesOf(dates = []) {
  const prices = dates.flatMap((date) => (date.prices ?? []).map((grade) => grade.price)).filter(Boolean);
  if (prices.length === 0) return "";
  const amounts = prices.map((price) => price.amount ?? price);
  return priceRange(amounts, prices[0].currency, prices[0].currency_decimals);
}

/** Why no more seats are sold, in a sentence. */
export const closedText = (because) => t(`closed_${because ?? "closing_time"}`);
