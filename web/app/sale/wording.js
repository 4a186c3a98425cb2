// What the seat map and the list of seats say, in the language of the page.
import { FLAGS, labelOf } from "../../seatmap/layout.js";
import { FREE } from "../../seatmap/status.js";
import { money, t } from "../words.js";
import { flagsText, gradeText, seatText, sectionText } from "./labels.js";

/** A seat's label as the API writes it; without a layout there is only its number. */
export function labelFor(layout, seat) {
  const label = labelOf(layout, seat);
  return layout.plain ? null : label;
}

/** A seat's flags, as the API names them. */
export const flagsFor = ({ flags }, seat) => (flags[seat] ? Object.keys(FLAGS).filter((flag) => flags[seat] & FLAGS[flag]) : []);

/** The words for a date's map. `currency` is `[code, decimals]`. */
export function wordsFor(layout, status, currency) {
  const said = new Map();
  // Many sections cost the same, and writing an amount takes long.
  const price = (amount) => {
    if (!said.has(amount)) said.set(amount, money(amount, ...currency));
    return said.get(amount);
  };
  const range = (low, high) => (low === high ? price(low) : t("range_from", { price: price(low) }));
  const name = (seat) => seatText(labelFor(layout, seat), layout.number[seat]);
  const flags = (seat) => flagsText(flagsFor(layout, seat));
  const say = (seat, state, more = []) => [
    name(seat), gradeText(status.grades[status.grade[seat]]?.name ?? ""), price(status.price[seat]), ...more, t(`state_${state}`),
  ].filter(Boolean).join(", ");
  return {
    map: t("map_name"), hint: t("map_hint"), zoomIn: t("zoom_in"), zoomOut: t("zoom_out"), whole: t("zoom_all"),
    wheel: t("wheel_hint"), stage: t("stage"), soldOut: t("sold_out"),
    legend: ["free", "held", "sold", "chosen", "blocked", "accessible", "companion", "restricted_view"].map((kind) => [kind, t(`legend_${kind}`)]),
    sectionShort: (section, numbers) => (numbers ? `${section} ${numbers}` : section),
    section: ({ name: section, numbers }) => (layout.plain ? `${gradeText(section)} ${numbers ?? ""}` : sectionText(section)),
    row: (label) => t("row", { label }),
    seatsFrom: (seat) => t("seats_from", { seat }),
    range, name, price, say, flags,
    cost: (low, high) => (low === high ? price(low) : t("range_short", { price: price(low) })),
    free: (n) => t("free_short", { n }),
    offer: ({ free, low, high }) => `${range(low, high)} · ${t("free_count", { n: free })}`,
    tip: (seat) => say(seat, status.state[seat] === FREE ? "free" : "taken", flags(seat)),
  };
}
