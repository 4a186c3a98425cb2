// Checking the draw: what is published, whether the seed is the one that was promised, and one's own number
// computed here in the browser.
import { get } from "../api.js";
import { claimsOf, fromHex, mixed, numberOf, sha256, toHex } from "../draw.js";
import { html, useMemo, useState } from "../html.js";
import { tokenOf } from "../line.js";
import { nameOf } from "../show.js";
import { Button, Field, Figure, Loaded, Notice, useLoad, useTitle } from "../ui.js";
import { dayAndTime, number, t } from "../words.js";

/** What the published values say of a joiner: the number, or why there is none. */
function computed(queue, text) {
  const sequence = Number(text);
  if (!/^\d{1,12}$/.test(text) || sequence < 1) return { why: "draw_sequence_wrong" };
  if (sequence > queue.drawn) return { number: sequence, why: "draw_after" };
  return { number: numberOf(mixed(fromHex(queue.draw_seed), queue.draw_value), queue.drawn, sequence) };
}

function Check({ concert, queue }) {
  const claims = useMemo(() => claimsOf(tokenOf(concert.concert_id) ?? ""), [concert.concert_id]);
  const mine = claims && !claims.queue ? String(claims.sequence) : "";
  const [text, setText] = useState(mine);
  const isKept = toHex(sha256(fromHex(queue.draw_seed))) === queue.draw_commitment;
  const found = text === "" ? null : computed(queue, text.trim());
  return html`<section class="card stack"><h2>${t("draw_seed_title")}</h2>
      ${isKept ? html`<${Notice} kind="good" title=${t("draw_kept_title")}><p>${t("draw_kept")}</p><//>`
        : html`<${Notice} kind="bad" title=${t("draw_broken_title")}><p>${t("draw_broken")}</p><//>`}</section>
    <section class="card stack"><h2>${t("draw_mine_title")}</h2>
      ${mine ? html`<p class="soft">${t("draw_mine", { n: Number(mine) })}</p>` : html`<p class="soft">${t("draw_any")}</p>`}
      <${Field} label=${t("draw_sequence")} value=${text} onValue=${setText} inputmode="numeric" autocomplete="off"
        hint=${queue.drawn > 0 ? t("draw_sequence_hint", { n: queue.drawn }) : t("draw_none")} error=${found?.why === "draw_sequence_wrong" ? t("draw_sequence_wrong") : null} />
      <div aria-live="polite" class="stack">${found?.number && html`<${Figure} value=${found.number} label=${found.why ? t("draw_after") : t("draw_number", { n: queue.drawn })} />`}</div>
    </section>`;
}

function Values({ queue, zone }) {
  const rows = [
    [t("draw_commitment"), queue.draw_commitment], [t("draw_seed"), queue.draw_seed],
    [t("draw_drawn"), queue.drawn === null ? null : number(queue.drawn)],
    [t("draw_beacon"), queue.draw_beacon], [t("draw_value"), queue.draw_value],
    [t("draw_before"), queue.draw_joined_before && dayAndTime(queue.draw_joined_before, zone)],
  ];
  return html`<section class="card stack"><h2>${t("draw_values")}</h2><dl class="stack">
    ${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt class="soft small">${name}</dt><dd class="code">${value}</dd></div>`)}</dl></section>`;
}

export default function Draw({ id }) {
  useTitle(t("check_draw"));
  const load = useLoad(async (signal) => {
    const [concert, queue] = await Promise.all([
      get(`/api/v1/concerts/${id}`, { signal }), get(`/api/v1/concerts/${id}/queue`, { signal }),
    ]);
    return { concert, queue };
  }, [id]);
  return html`<div class="page stack-wide"><${Loaded} of=${load} title=${t("check_draw")}>${({ concert, queue }) => html`
    <header class="stack"><a class="crumb" href=${`/concerts/${id}`}>${nameOf(concert)}</a><h1>${t("check_draw")}</h1><p>${t("draw_how")}</p></header>
    ${queue.draw_seed ? html`<${Check} concert=${concert} queue=${queue} />`
      : html`<${Notice} title=${t("draw_not_yet_title")}><p>${t("draw_not_yet")}</p><//>`}
    <${Values} queue=${queue} zone=${concert.time_zone} />
    <p class="small soft">${t("draw_limits")}</p>
    <p><${Button} kind="plain" href=${`/concerts/${id}`}>${t("back_to_concert")}<//></p>`}<//></div>`;
}
