// Pieces that the pages of the shop share.
import { until } from "../clock.js";
import { html, useEffect, useRef } from "../html.js";
import { nameOf } from "../show.js";
import { Button, clockLeft, Spoken, useSeconds } from "../ui.js";
import { dayAndTime, t } from "../words.js";

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
    <p class="actions"><${Button} href=${way[0]}>${t(way[1])}<//>
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

/** Which concert and when, above everything else. */
export const Heading = ({ concert, date, title }) => html`<header class="sale-head">
  <p class="sale-what">${title}</p>
  <h1>${concert.concert_name ?? nameOf(concert)}</h1>
  ${date?.starts_at && html`<p class="soft">${dayAndTime(date.starts_at, date.time_zone)}${concert.theater && html`<br />${concert.theater}`}</p>`}
</header>`;
