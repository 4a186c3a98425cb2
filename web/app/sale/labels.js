// How seats are said: "A구역 3열 12번", "Section A, row 3, seat 12"; several of one row together.
import { t } from "../words.js";

/** Letters and digits as names of sections are, so that "A" is A구역, but "1층 A구역" stays as it is. */
const isSaid = (name) => /구역|석$|section/i.test(name);

/** A section's name in words. */
export const sectionText = (name) => (!name ? t("section_plain") : isSaid(name) ? name : t("section", { name }));

/** A grade's name in words. */
export const gradeText = (name) => (/석$|seat/i.test(name) ? name : t("grade", { name }));

/** A seat in words. `label` is `{section, row, seat}`, or nothing where the date has no layout. */
export function seatText(label, number) {
  if (!label) return t("seat_alone", { seat: String(number) });
  const { section, row, seat } = label;
  if (section && row) return isSaid(section) ? [section, t("row", { label: row }), t("seat", { seat })].join(" ") : t("label_full", { section, row, seat });
  if (row) return t("label_row", { row, seat });
  if (section) return isSaid(section) ? `${section} ${t("seat", { seat })}` : t("label_section", { section, seat });
  return t("seat_alone", { seat });
}

/** 12–14, 17 */
function numbersText(seats) {
  const parts = [];
  for (const seat of seats) {
    const last = parts[parts.length - 1];
    if (last && /^\d+$/.test(seat) && Number(last[1]) + 1 === Number(seat)) last[1] = seat;
    else parts.push([seat, seat]);
  }
  return parts.map(([from, to]) => (from === to ? from : Number(to) - Number(from) === 1 ? `${from}, ${to}` : `${from}–${to}`)).join(", ");
}

const byNumber = (a, b) => a.localeCompare(b, undefined, { numeric: true });

/** Seats in words, those of one row together. `seats` are `{label?, seat_number}`. */
export function seatsText(seats) {
  const rows = new Map(), rest = [];
  for (const { label, seat_number: number } of seats) {
    if (!label?.section || !label.row || isSaid(label.section)) {
      rest.push([label, number]);
      continue;
    }
    const key = JSON.stringify([label.section, label.row]);
    rows.set(key, [...rows.get(key) ?? [], label.seat]);
  }
  const said = [...rows].map(([key, list]) => {
    const [section, row] = JSON.parse(key);
    if (list.length === 1) return t("label_full", { section, row, seat: list[0] });
    return t("seats_of_row", { section, row, seats: numbersText(list.sort(byNumber)) });
  });
  return [...said, ...rest.map(([label, number]) => seatText(label, number))].join(" · ");
}

/** Flags of a seat that a buyer has to know, as the API names them. */
const TOLD = ["accessible", "companion", "restricted_view"];

/** Those of a seat in words. */
export const flagsText = (flags = []) => TOLD.filter((flag) => flags.includes(flag)).map((flag) => t(`flag_${flag}`));
