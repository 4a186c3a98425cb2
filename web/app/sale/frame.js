// Pieces that the pages of the shop share.
import { del } from "../api.js";
import { until } from "../clock.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { forgetPlace } from "../line.js";
import { forget } from "../session.js";
import { nameOf } from "../show.js";
import { Badge, Button, clockLeft, Dialog, Notice, ProblemNotice, signInHref, Spoken, useLoad, useSeconds, useTask } from "../ui.js";
import { dayAndTime, exactTime, money, t } from "../words.js";
import { flagsText, gradeText, seatText } from "./labels.js";
import { holdsNow, tokenFor } from "./shop.js";

/** All that a page says: it cannot go on here, why, and what to do. */
export const Stopped = ({ title, children }) => html`<section class="empty"><h1>${title}</h1>${children}</section>`;

/** Not in the shop: why, and the way on. `why` as `outside` says. */
export function Outside({ why, concert, problem }) {
  const way = {
    line: [`/concerts/${concert}/queue`, "to_line"], wait: [`/concerts/${concert}/queue`, "to_line"],
    over: [`/concerts/${concert}/queue`, "to_line_again"], closed: ["/bookings", "my_bookings"],
  }[why];
  const text = why === "over" && problem?.body?.retry_at ? problem.sentence : t(`out_${why}`);
  return html`<${Stopped} title=${t(`out_${why}_title`)}>
    <p>${text}</p>
    <p class="actions"><${Button} href=${way[0]} onClick=${() => why === "over" && forgetPlace(concert)}>${t(way[1])}<//>
      ${why !== "line" && html`<${Button} kind="plain" href=${`/concerts/${concert}`}>${t("to_concert")}<//>`}</p>
  <//>`;
}

/** Time until a moment: said at five, two and one minutes and 20 seconds, never each second. */
export function TimeLeft({ to, whole, label, say, onEnd }) {
  useSeconds();
  const left = until(to), ended = left <= 0, told = useRef(null);
  useEffect(() => {
    if (!ended || told.current === to) return;
    told.current = to;
    onEnd?.();
  }, [ended, to]);
  const late = left < 60_000;
  return html`<div class=${`time-left${late ? " is-late" : ""}`}>
    <span class="time-label">${label}</span>
    <b class="numbers" role="timer" aria-live="off">${clockLeft(left)}</b>
    ${whole && html`<span class="time-bar" aria-hidden="true"><i ref=${(i) => i && i.style.setProperty("--share", String(Math.max(0, Math.min(1, left / whole))))}></i></span>`}
    <${Spoken} left=${left} say=${(time) => t(say, { time })} />
  </div>`;
}

/** Gives seats back that are held, once somebody is sure. */
export function Release({ of, disabled, onDone }) {
  const [asks, ask] = useState(false);
  const task = useTask(async () => {
    await del(`/api/v1/reservations/${of.reservation_id}`, { queue: await tokenFor(of.concert_id) });
    onDone();
  });
  const no = () => ask(false);
  return html`<${Button} kind="quiet" disabled=${disabled} onClick=${() => ask(true)}>${t("release")}<//>
    ${asks && html`<${Dialog} title=${t("release_sure")} onClose=${no}>
      <p>${t("release_text")}</p><${ProblemNotice} problem=${task.problem} />
      <p class="actions"><${Button} kind="plain" onClick=${no}>${t("release_no")}<//>
        <${Button} kind="danger" busy=${task.isBusy} onClick=${task.run}>${t("release_yes")}<//></p><//>`}`;
}

/** When and where a date is. */
export const When = ({ of, theater = of.theater }) =>
  html`<p class="soft">${of.starts_at && dayAndTime(of.starts_at, of.time_zone)}${theater && html`<br />${theater}`}</p>`;

/** Which concert and when, above everything else. */
export const Heading = ({ concert, date, title }) => html`<header class="sale-head">
  <p class="sale-what">${title}</p>
  <h1>${nameOf(concert)}</h1>
  ${date?.starts_at && html`<${When} of=${date} theater=${concert.theater} />`}
</header>`;

/** What a buyer has to know of a seat. */
export const Flags = ({ flags }) => flagsText(flags).map((text) => html` <${Badge} key=${text} kind="warn">${text}<//>`);

/** What a restricted view means, where one of the seats has it. */
export const ViewNote = ({ seats }) =>
  seats.some(({ flags }) => flags?.includes("restricted_view")) && html`<p class="small flag-note">${t("flag_note")}</p>`;

/** Each seat with its grade and price, and `sums`: names and amounts, of which the first is the one that counts. */
export const Bill = ({ seats, sums, currency, currency_decimals: decimals, isGone = () => false }) => html`<section class="card bill">
  <ul class="bill-seats">${seats.map((seat) => html`<li key=${seat.seat_number}>
    <span>${seatText(seat.label, seat.seat_number)}${seat.grade ? html` <small class="soft">${gradeText(seat.grade)}</small>` : ""}<${Flags} ...${seat} /></span>
    ${seat.price !== undefined && html`<span class=${`price${isGone(seat) ? " is-gone" : ""}`}>${money(seat.price, currency, decimals)}</span>`}</li>`)}</ul>
  <${ViewNote} seats=${seats} />
  <dl class="bill-sum">${sums.filter(Boolean).map(([name, amount, kind = ""], at) => html`<div key=${name} class=${at ? kind : "bill-total"}>
    <dt>${name}</dt><dd class="price">${money(amount, currency, decimals)}</dd></div>`)}</dl>
</section>`;

/** Of when it is what is shown: the same place and height, whether this device or the server says it. */
export const AsOf = ({ at, isKept }) => html`<p class="small soft no-print">${t(isKept ? "as_kept" : "as_of", { when: dayAndTime(at) })}</p>`;

/** Nobody is signed in, but this device keeps what is shown. */
export const SessionOver = () => html`<${Notice} kind="warn" title=${t("kept_title")}><p>${t("kept_text")}</p>
  <p class="actions"><${Button} href=${signInHref()}>${t("sign_in")}<//><${Button} kind="quiet" onClick=${forget}>${t("kept_forget")}<//></p><//>`;

/** Seats that are held, wherever somebody may have strayed to: until when, and the way to pay. */
export function Holds() {
  // What is not known is not told: the page stands without it.
  const load = useLoad((signal) => holdsNow(signal).catch(() => []), []);
  const { data = [], reload } = load;
  useEffect(() => {
    // Another tab or device may have paid, held or given back.
    const seen = () => document.visibilityState === "visible" && reload();
    document.addEventListener("visibilitychange", seen);
    const ends = data.map((hold) => until(hold.expires_at));
    const timer = ends.length && setTimeout(reload, Math.max(1000, Math.min(...ends) + 400));
    return () => {
      document.removeEventListener("visibilitychange", seen);
      clearTimeout(timer);
    };
  }, [load.data]);
  return data.map((hold) => html`<section key=${hold.reservation_id} class="strip" aria-label=${t("have_hold")}>
    <p><b>${t("held_seats", { n: hold.seats.length, name: nameOf(hold) })}</b><br />${t("have_hold_until", { time: exactTime(hold.expires_at) })}</p>
    <${Button} href=${`/reservations/${hold.reservation_id}`}>${t("to_pay")}<//></section>`);
}
