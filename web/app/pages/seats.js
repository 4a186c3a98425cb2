// Choosing seats: date, party, map and list, and holding what was chosen. The map shows; only the hold decides.
import { FLAGS, gridLayout, indexOf, readLayout } from "../../seatmap/layout.js";
import { SeatList } from "../../seatmap/list.js";
import { better, Choice } from "../../seatmap/pick.js";
import { FREE, Status } from "../../seatmap/status.js";
import { calm, MapView } from "../../seatmap/view.js";
import { post } from "../api.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { tokenOf } from "../line.js";
import { navigate } from "../main.js";
import { Flags, Heading, Outside, Release, Stopped, TimeLeft, ViewNote } from "../sale/frame.js";
import { gradeText, seatsText } from "../sale/labels.js";
import { follow, seatsOf } from "../sale/live.js";
import { holdAnswered, holdIn, holdKey, layoutOf, outside, shopOf, standing, tabHas, tabKeep } from "../sale/shop.js";
import { flagsFor, labelFor, wordsFor } from "../sale/wording.js";
import { Button, Empty, Failed, Loaded, Notice, ProblemNotice, sentenceOf, SignInFirst, Skeleton, useLoad, useTask, useTitle } from "../ui.js";
import { clockTime, dayAndTime, duration, exactTime, language, money, number, t } from "../words.js";

const PARTY = "boxoffice.party";
/** Sizes of a party that have a button; larger ones are in a list. */
const BUTTONS = 6;

export default function Seats({ id, user }) {
  useTitle(t("seats_title"));
  const [out, setOut] = useState(null);
  const token = user && tokenOf(id);
  const shop = useLoad((signal) => (token ? shopOf(id, signal) : Promise.resolve(null)), [id, token]);
  if (!user) return html`<${SignInFirst} />`;
  if (!token) return html`<${Outside} why="line" concert=${id} />`;
  const problem = out ?? shop.problem;
  if (outside(problem)) return html`<${Outside} why=${outside(problem)} concert=${id} problem=${problem} />`;
  const skeleton = html`<div class="page"><${Skeleton} lines=${3} /><div class="map-ghost" aria-hidden="true"></div></div>`;
  return html`<${Loaded} of=${shop} title=${t("seats_title")} skeleton=${skeleton}>
    ${(data) => data && html`<${Shop} ...${data} id=${id} onOut=${setOut} reload=${shop.reload} />`}
  <//>`;
}

/** Whether a date can be chosen. */
const isGone = (date) => Boolean(date.cancelled) || date.status === "cancelled";

function Shop({ id, concert, dates, onOut, reload }) {
  const [date, setDate] = useState(() => {
    const asked = new URLSearchParams(location.search).get("date");
    return dates.find((one) => one.concert_date_id === asked) ?? dates.find((one) => !isGone(one) && one.available_seats > 0) ?? dates[0];
  });
  // The free seats of the date that is followed, as they are now.
  const [free, setFree] = useState(null);
  const held = useLoad((signal) => holdIn(id, signal), [id]);
  const place = useLoad((signal) => standing(id, signal), [id, date?.concert_date_id, held.data?.reservation_id]);
  const again = () => [held, place].forEach((one) => one.reload());
  // Another tab may have held, paid or let go.
  useEffect(() => {
    const seen = () => document.visibilityState === "visible" && again();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, []);
  if (!date) return html`<${Stopped} title=${t("no_dates")}><p class="actions"><${Button} href=${`/concerts/${id}`}>${t("to_concert")}<//></p><//>`;
  const choose = (next) => {
    setDate(next);
    setFree(null);
    history.replaceState(null, "", `?date=${next.concert_date_id}`);
  };
  // With a hold, the time in the shop is the hold's.
  const until = held.data?.expires_at ?? place.data?.admitted_until, what = held.data ? "pay_left" : "shop_left";
  return html`<div class="sale">
    <div class="sale-top">
      <${Heading} concert=${concert} date=${dates.length === 1 ? date : null} title=${t("seats_title")} />
      ${until && html`<${TimeLeft} to=${until} label=${t(what)} say=${`${what}_said`} onEnd=${() => {
        again();
        reload();
      }} />`}
    </div>
    ${dates.length > 1 && html`<${Dates} dates=${dates} date=${date} free=${free} choose=${choose} />`}
    ${isGone(date)
      ? html`<${Empty} title=${t("out_cancelled_title")}><p>${t("out_cancelled", { reason: date.cancelled?.reason ?? "" })}</p><//>`
      : html`<${Hall} key=${date.concert_date_id} concert=${concert} id=${id} date=${date} onOut=${onOut}
        held=${held.data} onHeld=${again} onFree=${setFree} />`}
  </div>`;
}

/** Brings the chosen one into sight, where there are more than fit. */
const shown = (label) => {
  if (label) label.parentNode.scrollLeft = label.offsetLeft - label.parentNode.offsetLeft - 16;
};

/** How many seats of a date are free: of the one that is followed, as of now. */
const freeOf = (one, date, free) => (one === date ? free : null) ?? one.available_seats;

const Dates = ({ dates, date, free, choose }) => html`<fieldset class="choices date-choices">
  <legend class="unseen">${t("date_choose")}</legend>
  ${dates.map((one) => html`<label class="choice" ref=${one === date ? shown : null} key=${one.concert_date_id}>
    <input type="radio" name="date" checked=${one === date} onChange=${() => choose(one)} />
    <span><b>${dayAndTime(one.starts_at, one.time_zone)}</b>
      <small>${isGone(one) ? t("date_cancelled") : freeOf(one, date, free) ? t("free_count", { n: freeOf(one, date, free) }) : t("sold_out")}</small></span>
  </label>`)}
</fieldset>`;

/** The date's seats and its drawing, together; a plain grid where it has none. */
async function hallOf(concert, date, signal) {
  const drawing = date.layout ? layoutOf(date.layout).catch((problem) => {
    if (problem.status === 404) return null;
    throw problem;
  }) : null;
  const [answer, document] = await Promise.all([seatsOf(date.concert_date_id, tokenOf(concert), null, { signal }), drawing]);
  const currency = [answer.currency, answer.currency_decimals];
  const on = (layout) => {
    const status = new Status(layout);
    return { layout, status, currency, strangers: status.apply(answer).strangers };
  };
  const hall = document && on(readLayout(document));
  return hall && !hall.strangers ? hall : on(gridLayout(answer.zones));
}

function Hall({ concert, id, date, held, onHeld, onFree, onOut }) {
  const hall = useLoad((signal) => hallOf(id, date, signal), [date.concert_date_id]);
  const [ended, setEnded] = useState(null);
  const problem = ended ?? hall.problem;
  useEffect(() => {
    if (outside(problem)) onOut(problem);
  }, [problem]);
  if (problem?.code === "date_cancelled") {
    return html`<${Empty} title=${t("out_cancelled_title")}><p>${t("out_cancelled", { reason: problem.body.reason ?? "" })}</p>
      <p class="actions"><${Button} kind="plain" href=${`/concerts/${id}`}>${t("to_concert")}<//></p><//>`;
  }
  if (ended) return html`<${Failed} problem=${ended} reload=${() => location.reload()} />`;
  return html`<${Loaded} of=${hall} skeleton=${html`<div class="map-ghost" aria-hidden="true"></div>`}>
    ${(data) => html`<${Picker} ...${data} concert=${concert} id=${id} date=${date} held=${held} onHeld=${onHeld} onFree=${onFree} onOut=${setEnded} />`}
  <//>`;
}

/** Asks again while nobody is reached, for a minute. The key makes that one hold. */
async function insist(ask, onAway) {
  const since = performance.now();
  for (;;) {
    try {
      return await ask();
    } catch (problem) {
      if (!problem.isOffline || performance.now() - since > 60_000) throw problem;
      onAway();
      await new Promise((next) => setTimeout(next, 1500));
    }
  }
}

/** Where the choice of a date is kept. */
const chosenOn = (date) => `boxoffice.chosen.${date.concert_date_id}`;

/** Map and list in the page, and what they tell. They live outside of the markup: nothing of 50,000 seats is rendered twice. */
function useHall({ layout, status, currency, date, id, onSeat, onNews, onReach, onOut }) {
  const mapAt = useRef(null), listAt = useRef(null), hall = useRef(null);
  const latest = useRef({});
  latest.current = { onSeat, onNews, onReach, onOut };
  const words = useMemo(() => wordsFor(layout, status, currency), [layout, language()]);
  // Once a language.
  useEffect(() => {
    const click = (seat) => latest.current.onSeat(seat), like = hall.current?.map.layout === layout ? hall.current : {};
    const options = { layout, status, words, onSeat: click }, parts = { ...like, map: new MapView(mapAt.current, options, like.map) };
    hall.current = parts;
    // The picture first: the list has as much to build.
    const later = setTimeout(() => {
      // Preact clears up after the next picture: this may run when the page is gone already.
      const there = (seat) => {
        click(seat);
        parts.map.showSeats([seat]);
      };
      if (listAt.current) parts.list = new SeatList(listAt.current, { ...options, onSeat: there }, like.list);
    }, 30);
    return () => {
      clearTimeout(later);
      parts.map.destroy();
    };
  }, [words]);
  useEffect(() => {
    const live = follow({
      date: date.concert_date_id, queue: () => tokenOf(id), status,
      onNews: (news) => {
        hall.current.map.changed(news);
        hall.current.list?.changed(news.changed);
        latest.current.onNews(news);
      },
      onReach: (problem, since) => latest.current.onReach(problem, since),
      onOut: (problem) => latest.current.onOut(problem),
    });
    hall.current.live = live;
    return () => live.end();
  }, [layout]);
  return { mapAt, listAt, hall, words };
}

function Picker({ layout, status, currency, concert, id, date, held, onHeld, onFree, onOut }) {
  const most = concert.seats_per_user ?? 4;
  const choice = useRef(null);
  if (!choice.current) {
    choice.current = new Choice(layout, status, Math.min(most, tabHas(PARTY) || 1));
    // What was chosen before a reload, as far as it is free.
    const before = (tabHas(chosenOn(date)) ?? []).map((number) => indexOf(layout, number)).filter((seat) => status.state[seat] === FREE);
    choice.current.seats = new Set(before.slice(0, choice.current.party));
  }
  const [, turn] = useState(0);
  const [note, setNote] = useState(null);
  const [away, setAway] = useState(0);
  const { grade, wheel } = status.only;
  const seats = [...choice.current.seats].sort((a, b) => a - b);
  const named = (list) => list.map((seat) => ({ label: labelFor(layout, seat), seat_number: layout.number[seat] }));

  const show = (lost) => {
    const { map, list } = hall.current ?? {};
    map?.mark({ chosen: choice.current.seats, lost });
    list?.mark(choice.current.seats);
    turn((n) => n + 1);
  };
  const onSeat = (seat) => {
    // One concert, one hold: another choice would be refused.
    if (held && !choice.current.seats.has(seat)) return setNote({ kind: "info", text: t("hold_first", { time: exactTime(held.expires_at) }) });
    const what = choice.current.click(seat), now = [...choice.current.seats];
    const missing = choice.current.party - now.length;
    const move = better(layout, status, now);
    if (what === "refused") setNote({ kind: "info", text: t("told_taken", { seat: words.name(seat) }) });
    else if (what === "other") setNote({ kind: "info", text: t("told_other", { seat: words.name(seat) }), act: t("told_show_all"), onAct: () => filter({ grade: null, wheel: false }) });
    else if (what === "few") setNote({ kind: "info", text: t("told_few", { n: now.length, more: missing }) });
    else if (what === "moved" && now.length > 1 && !move) setNote({ kind: "info", text: t("told_moved", { n: now.length }) });
    else if (move && what !== "given") setNote({ kind: "info", text: t("told_alone"), act: t("told_move"), onAct: () => moveTo(move) });
    else setNote(null);
    show(what === "refused" ? undefined : []);
    if (what !== "given") requestAnimationFrame(() => inSight(seat));
  };
  /** On a phone the bar lies over the page: what was chosen is moved out from under it. */
  const inSight = (seat) => {
    const bar = mapAt.current?.closest(".picker").querySelector(".pickbar").getBoundingClientRect();
    const top = hall.current?.map.topOf(seat);
    if (!bar || bar.left > 0 || !top) return;
    const under = top + 40 - bar.top;
    if (under > 0) scrollBy({ top: under + bar.top / 4, behavior: calm() ? "auto" : "smooth" });
  };
  const lose = (lost) => {
    setNote({ kind: "warn", text: t("told_lost", { seats: seatsText(named(lost)) }) });
    show(lost);
    hall.current?.map.showSeats(lost);
  };
  useEffect(() => onFree(status.available), []);
  const onNews = () => {
    onFree(status.available);
    const lost = choice.current.lose();
    if (lost.length && !holding.current) lose(lost);
    else turn((n) => n + 1);
  };
  const onReach = (problem, since) => setAway(problem?.isOffline ? Math.round(since / 1000) : 0);
  const { mapAt, listAt, hall, words } = useHall({ layout, status, currency, date, id, onSeat, onNews, onReach, onOut });

  // What one holds already is found on the map, too.
  useEffect(() => {
    const own = held?.concert_date_id === date.concert_date_id ? held.seats : [];
    hall.current?.map.mark({ own: own.map((seat) => indexOf(layout, seat.seat_number)).filter((seat) => seat >= 0) });
  }, [held]);
  useEffect(() => {
    if (seats.length) show();
    // The list is made a little after the map: see `useHall`.
    const later = setTimeout(() => hall.current?.list?.mark(choice.current.seats), 60);
    return () => clearTimeout(later);
  }, []);
  useEffect(() => tabKeep(chosenOn(date), seats.length ? seats.map((seat) => layout.number[seat]) : null), [seats.join()]);
  const holding = useRef(false);
  const react = (problem) => {
    if (outside(problem)) return onOut(problem);
    if (problem.code === "seats_taken" || problem.code === "seats_cooling_off") {
      const numbers = new Set(problem.body.seat_numbers ?? []);
      const lost = [...choice.current.seats].filter((seat) => numbers.has(layout.number[seat]));
      for (const seat of lost) choice.current.seats.delete(seat);
      hall.current.live.now();
      if (problem.code === "seats_taken" && lost.length) {
        lose(lost);
        return undefined;
      }
      const at = problem.body.retry_at;
      setNote({ kind: "warn", text: `${sentenceOf(problem)} ${at ? t("told_cool", { time: clockTime(at) }) : ""}` });
      return show(lost);
    }
    // Another tab or device has held: the bar says so.
    if (problem.code === "hold_exists") return onHeld();
    const { limit, have, largest } = problem.body ?? {};
    if (problem.code === "no_fitting_seats") {
      return setNote({ kind: "info", text: largest ? t("best_fewer", { n: largest }) : t("best_none", { n: choice.current.party }) });
    }
    if (problem.code === "seat_limit") {
      const left = Math.max(0, limit - have);
      if (left) setParty(left);
      return setNote({ kind: "warn", text: left ? t("told_limit", { limit, have, left }) : sentenceOf(problem) });
    }
    throw problem;
  };
  const hold = useTask(async (wish) => {
    holding.current = true;
    setNote(null);
    const body = { concert_date_id: date.concert_date_id, ...wish };
    try {
      const held = await insist(() => post("/api/v1/reservations", body, { queue: tokenOf(id), key: holdKey(body) }),
        () => setNote({ kind: "warn", text: t("holding_away") }));
      holdAnswered();
      tabKeep(chosenOn(date), null);
      // Back leads to the concert: the seats are held, and once they are paid the time to choose is over.
      navigate(`/reservations/${held.reservation_id}`, { replace: true });
    } catch (problem) {
      // What has an answer is not asked again; what has none may have been done.
      if (!problem.isOffline && !problem.isBusy) holdAnswered();
      setNote(null);
      react(problem);
    } finally {
      holding.current = false;
    }
  });
  const holdBest = () => hold.run({
    best: {
      count: choice.current.party, ...(grade === null ? {} : { grade: status.grades[grade].name }), ...(wheel ? { accessible: true } : {}),
    },
  });
  const filter = (next) => {
    status.narrow({ ...status.only, ...next });
    hall.current.map.narrowed();
    hall.current.list?.narrowed();
    setNote(status.tallies.some(({ free }) => free) ? null : { kind: "info", text: t("sold_out") });
    turn((n) => n + 1);
  };
  const setParty = (n) => {
    choice.current.resize(n);
    tabKeep(PARTY, n);
    setNote(null);
    show();
  };
  const moveTo = (to) => {
    choice.current.seats = new Set(to);
    setNote(null);
    show([]);
  };
  const isSold = status.available === 0 && seats.length === 0;

  return html`<div class="picker">
    <div class="picker-ask">
      <${Party} party=${choice.current.party} most=${most} onParty=${setParty} />
      <${Grades} grades=${status.grades} only=${status.only} hasWheel=${(layout.kinds & FLAGS.accessible) > 0} onFilter=${filter} words=${words} />
    </div>
    <div class="picker-map">
      ${away > 2 && html`<div class="map-away" role="status"><${Notice} kind="warn"><p>${t("stale", { n: away })}</p><//></div>`}
      ${isSold && html`<${Notice} kind="info" title=${t("all_sold")}><p>${t("all_sold_wait")}</p><//>`}
      <div class="map-frame" ref=${mapAt}></div>
    </div>
    <section class="picker-list" aria-labelledby="list-title">
      <h2 id="list-title">${t("list_title")}</h2>
      <p class="unseen">${t("list_hint")}</p>
      <div class=${layout.sections.length > 14 ? "list-long" : ""} ref=${listAt}></div>
    </section>
    <${Bar} layout=${layout} seats=${seats} choice=${choice.current} note=${note} words=${words} status=${status} currency=${currency} concert=${concert}
      held=${held} onHeld=${onHeld} hold=${hold} onHold=${() => hold.run({ seat_numbers: seats.map((seat) => layout.number[seat]) })} onGive=${onSeat} onBest=${holdBest} />
  </div>`;
}

function Party({ party, most, onParty }) {
  const sizes = Array.from({ length: most }, (_, i) => i + 1);
  return html`<fieldset class="choices party">
    <legend>${t("party")}</legend>
    ${sizes.slice(0, BUTTONS).map((n) => html`<label class="choice" key=${n}>
      <input type="radio" name="party" checked=${n === party} onChange=${() => onParty(n)} /><span>${number(n)}</span></label>`)}
    ${most > BUTTONS && html`<select class="choice-more" aria-label=${t("party")} value=${party > BUTTONS ? party : ""} onChange=${(event) => event.currentTarget.value && onParty(Number(event.currentTarget.value))}>
      <option value="">${BUTTONS + 1}+</option>
      ${sizes.slice(BUTTONS).map((n) => html`<option key=${n} value=${n}>${number(n)}</option>`)}
    </select>`}
  </fieldset>`;
}

/** What narrows the map. The wheelchair's comes first: where both are on, both are in sight. */
const Grades = ({ grades, only: { grade, wheel }, hasWheel, onFilter, words }) => html`<div class="grade-choices" role="group" aria-label=${t("grades")}>
  ${grades.length > 1 && html`<button type="button" class="grade-chip" aria-pressed=${String(grade === null && !wheel)} onClick=${() => onFilter({ grade: null, wheel: false })}>${t("grade_all")}</button>`}
  ${hasWheel && html`<button type="button" class="grade-chip" aria-pressed=${String(wheel)} onClick=${() => onFilter({ wheel: !wheel })}>${t("legend_accessible")}</button>`}
  ${grades.map(({ name, low, high, free }, i) => html`<button type="button" key=${name} class=${`grade-chip${free ? "" : " none"}`}
    aria-pressed=${String(grade === i)} onClick=${() => onFilter({ grade: grade === i ? null : i })}>
    <i class=${`swatch grade-${i % 6 + 1}`}></i><b>${gradeText(name)}</b> <span>${words.range(low, high)}</span>
    <small>${free ? t("free_short", { n: free }) : t("sold_out")}</small></button>`)}
</div>`;

/** What was chosen, with its price, and the way on. */
function Bar({ seats, choice, layout, note, words, status, currency, concert, held, onHeld, hold, onHold, onGive, onBest }) {
  const price = (amount) => money(amount, ...currency);
  const some = seats.length > 0;
  return html`<section class=${`pickbar${some ? " some" : ""}`} aria-label=${t("chosen_title")}>
    <div role="status" class="pickbar-note">
      ${note && html`<${Notice} kind=${note.kind}><p>${note.text} ${note.act && html`<button type="button" class="link" onClick=${note.onAct}>${note.act}</button>`}</p><//>`}
    </div>
    <${ProblemNotice} problem=${hold.problem} />
    ${some && html`<ul class="picked">${seats.map((seat) => html`<li key=${seat}>
      <i class=${`swatch grade-${status.grade[seat] % 6 + 1}`}></i><span>${words.name(seat).replaceAll("-", "\u2011")}<${Flags} flags=${flagsFor(layout, seat)} /></span><b class="price">${price(status.price[seat])}</b>
      <button type="button" class="give" aria-label=${t("unchoose", { seat: words.name(seat) })} onClick=${() => onGive(seat)}>×</button></li>`)}</ul>
      <${ViewNote} seats=${seats.map((seat) => ({ flags: flagsFor(layout, seat) }))} />`}
    ${held ? html`<p class="small">${t("hold_first", { time: exactTime(held.expires_at) })}</p><div class="pickbar-go"><${Release} of=${held} onDone=${onHeld} />
      <${Button} href=${`/reservations/${held.reservation_id}`}>${t("to_pay")}<//></div>` : html`<div class="pickbar-go">
      ${some ? html`<p><small>${t("chosen_of", { n: seats.length, party: choice.party })}</small><b class="sum numbers">${price(choice.sum)}</b></p>`
        : html`<p><span class="soft small">${t("map_tap")}</span></p>`}
      <${Button} key=${some ? "hold" : "best"} kind=${some ? "primary" : "plain"} busy=${hold.isBusy} onClick=${some ? onHold : onBest}>${hold.isBusy ? t("holding") : some ? t("hold", { n: seats.length }) : t("best", { n: choice.party })}<//>
    </div>`}
    ${some && !held && concert.time_to_shop && html`<p class="small soft">${t("hold_time", { time: duration(concert.time_to_shop.hold_seconds) })}</p>`}
  </section>`;
}
