// The first page: what is on sale.
import { get } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { nameOf, pricesOf, SaleBadge, whenOf } from "../show.js";
import { Button, Empty, Loaded, Notice, Poster, ProblemNotice, useLoad, useTask, useTitle } from "../ui.js";
import { t } from "../words.js";

function Card({ concert }) {
  const name = nameOf(concert);
  return html`<li class="concert-card">
    <${Poster} concert=${concert} />
    <div class="concert-card-text">
      <div><${SaleBadge} sale=${concert.sale} /></div>
      <h2><a href=${`/concerts/${concert.concert_id}`}>${name}</a></h2>
      <p class="soft">${concert.theater}</p>
      ${whenOf(concert) && html`<p class="soft small">${whenOf(concert)}</p>`}
      ${pricesOf(concert) && html`<p class="price">${pricesOf(concert)}</p>`}
    </div>
  </li>`;
}

const Waiting = () => html`<ul class="concerts" aria-hidden="true">${[1, 2, 3, 4].map((n) => html`
  <li class="concert-card is-skeleton" key=${n}><div class="poster"></div><div class="skeleton">
    <span class="skeleton-line"></span><span class="skeleton-line"></span><span class="skeleton-line"></span></div></li>`)}</ul>`;

export default function Concerts() {
  useTitle(t("concerts_title"));
  const [isDeleted] = useState(location.search === "?deleted");
  // It is said once.
  useEffect(() => isDeleted && history.replaceState(history.state, "", "/"), []);
  const [more, setMore] = useState([]);
  const load = useLoad((signal) => get("/api/v1/concerts?limit=30", { signal }), []);
  const last = more.at(-1) ?? load.data;
  const next = useTask(async () => {
    const page = await get(`/api/v1/concerts?limit=30&after=${last.next}`);
    setMore((pages) => [...pages, page]);
  });
  return html`<h1>${t("concerts_title")}</h1>
    ${isDeleted && html`<${Notice} kind="good" role="status"><p>${t("delete_done")}</p><//>`}
    <${Loaded} of=${load} skeleton=${html`<${Waiting} />`}>${(data) => {
      const concerts = [data, ...more].flatMap((page) => page.concerts);
      if (concerts.length === 0) {
        return html`<${Empty} title=${t("no_concerts_title")}><p>${t("no_concerts")}</p><//>`;
      }
      return html`<ul class="concerts">${concerts.map((concert) => html`<${Card} key=${concert.concert_id} concert=${concert} />`)}</ul>
        <${ProblemNotice} problem=${next.problem} />
        ${last.next && html`<p class="actions"><${Button} kind="plain" busy=${next.isBusy} onClick=${next.run}>${t("more")}<//></p>`}`;
    }}<//>`;
}
