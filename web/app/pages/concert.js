// A concert: what it is, when, for how much, and the way into its line.
import { get } from "../api.js";
import { serverNow } from "../clock.js";
import { html } from "../html.js";
import { hasPlace } from "../line.js";
import { closedText, nameOf, SaleBadge, termsText } from "../show.js";
import { Badge, Button, Countdown, Loaded, Notice, Poster, Price, priceRange, Skeleton, Spoken, useLoad, useTitle } from "../ui.js";
import { dayAndTime, days, duration, either, t } from "../words.js";

const WAYS = { upcoming: "join_now", open: "join_line", sold_out: "wait_returned" };

function Into({ concert, primary = true, ...more }) {
  const known = hasPlace(concert.concert_id);
  return html`<${Button} href=${`/concerts/${concert.concert_id}/queue`} kind=${primary ? "primary" : "plain"} ...${more}>
    ${known ? t("to_my_place") : t(WAYS[concert.sale] ?? "join_line")}<//>`;
}

function Upcoming({ concert, queue, onOpen }) {
  const before = queue?.draw_joined_before;
  const isLate = before && serverNow() > Date.parse(before);
  return html`<div><h2>${t("opens_in")}</h2><p class="soft">${dayAndTime(concert.opens_at, concert.time_zone)}</p></div>
    <${Countdown} to=${concert.opens_at} onEnd=${onOpen} label=${t("opens_in")} />
    <${Spoken} left=${Date.parse(concert.opens_at) - serverNow()} say=${(time) => t("opens_said", { time })} />
    <${Into} concert=${concert} aria-describedby="drawn" />
    <p id="drawn">${before ? t(isLate ? "drawn_late" : "drawn_before", { when: dayAndTime(before, concert.time_zone) }) : t("drawn_all")}</p>`;
}

function Open({ concert, queue }) {
  const waiting = queue?.waiting ?? 0, known = hasPlace(concert.concert_id);
  return html`<div><h2>${t("on_sale_now")}</h2>
    <p class="soft">${known ? t("have_place") : waiting > 0 ? t("people_wait", { n: waiting }) : t("nobody_waits")}</p></div>
    ${queue?.paused && html`<${Notice} kind="warn" title=${t("paused_title")}><p>${either(queue.pause_reason) || t("paused_no_reason")}</p><//>`}
    <${Into} concert=${concert} />`;
}

function SoldOut({ concert, queue }) {
  const held = queue?.seats_held ?? 0;
  return html`<div><h2>${t("sold_out_title")}</h2>
    <p class="soft">${held > 0 ? t("sold_out_held", { n: held }) : t("sold_out_none")}</p></div>
    ${held > 0 && html`<${Into} concert=${concert} primary=${false} />`}`;
}

const Closed = ({ concert }) => html`<div><h2>${t("closed_title")}</h2><p class="soft">${closedText(concert.closed_because)}</p></div>`;

const FACES = { upcoming: Upcoming, open: Open, sold_out: SoldOut, closed: Closed };

function Dates({ concert }) {
  if (!concert.dates?.length) return null;
  return html`<section class="stack"><h2>${t("dates_title")}</h2><ul class="dates">${concert.dates.map((date) => html`
    <li key=${date.concert_date_id}>
      <div class="date-head"><h3>${dayAndTime(date.starts_at, concert.time_zone)}</h3>
        ${date.status && date.status !== "on_sale" && html`<${Badge} kind=${date.status === "cancelled" ? "bad" : "plain"}>${t(`date_${date.status}`)}<//>`}</div>
      ${date.prices?.length > 0 && html`<p class="grades">${date.prices.map(({ grade, price }) => html`
        <span key=${grade}>${grade} <b><${Price} ...${price} /></b></span>`)}</p>`}
    </li>`)}</ul></section>`;
}

function Facts({ concert }) {
  const time = concert.time_to_shop;
  const rows = [
    [t("fact_theater"), concert.theater],
    [t("fact_length"), duration(concert.run_time_minutes * 60)],
    [t("fact_seats"), t("seats_each", { n: concert.seats_per_user })],
    [t("fact_times"), t("times_text", { shop: duration(time.shop_seconds), hold: duration(time.hold_seconds) })],
    concert.closes_at && concert.sale !== "closed" && [t("fact_closes"), dayAndTime(concert.closes_at, concert.time_zone)],
    termsText(concert.refund) && [t("fact_refund"), termsText(concert.refund)],
  ];
  return html`<dl class="facts">${rows.filter(Boolean).map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** When it is and what it costs, in a line each. */
function Short({ dates, zone }) {
  const on = (dates ?? []).filter((date) => date.status !== "cancelled");
  const times = on.map((date) => date.starts_at).sort((a, b) => Date.parse(a) - Date.parse(b));
  const prices = on.flatMap((date) => (date.prices ?? []).map(({ price }) => price));
  const amounts = prices.map((price) => price.amount);
  return times.length > 0 && html`<p class="lead">${days(times[0], times.at(-1), zone)}
    ${prices.length > 0 && html`<br /><span class="price">${priceRange([Math.min(...amounts), Math.max(...amounts)], prices[0].currency, prices[0].currency_decimals)}</span>`}</p>`;
}

function Shown({ concert, queue, reload }) {
  const name = nameOf(concert);
  const Face = FACES[concert.sale] ?? Closed;
  // Everybody's countdown ends at once: not everybody asks at once.
  const opened = () => setTimeout(reload, 400 + Math.random() * 1600);
  return html`<div class="concert-page">
    <div class="concert-side"><${Poster} concert=${concert} /></div>
    <div class="stack-wide">
      <header class="stack"><p><${SaleBadge} sale=${concert.sale} /></p><h1>${name}</h1><${Short} dates=${concert.dates} zone=${concert.time_zone} /></header>
      <section class="opening"><${Face} concert=${concert} queue=${queue} onOpen=${opened} /></section>
      <${Facts} concert=${concert} />
      ${either(concert.about) && html`<section class="stack"><h2>${t("about_title")}</h2><p class="about">${either(concert.about)}</p></section>`}
      <${Dates} concert=${concert} />
      <p class="small"><a href=${`/concerts/${concert.concert_id}/draw`}>${t("how_drawn")}</a></p>
    </div>
  </div>`;
}

export default function Concert({ id }) {
  const load = useLoad(async (signal) => {
    const [concert, queue] = await Promise.all([
      get(`/api/v1/concerts/${id}`, { signal }),
      // What is known of the line is an extra: the page stands without it.
      get(`/api/v1/concerts/${id}/queue`, { signal, tries: 1 }).catch(() => null),
    ]);
    return { concert, queue };
  }, [id]);
  useTitle(load.data && nameOf(load.data.concert));
  return html`<a class="crumb" href="/">${t("to_concerts")}</a>
    <${Loaded} of=${load} title=${t("loading")} skeleton=${html`<div class="concert-page"><div class="poster"></div><${Skeleton} lines=${7} /></div>`}>
      ${({ concert, queue }) => html`<${Shown} concert=${concert} queue=${queue} reload=${load.reload} />`}
    <//>`;
}
