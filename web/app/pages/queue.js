// The waiting room: where one stands, what happens next, and the turn. What is known of the place comes from
// `line.js`; here is how it looks and how it calls.
import { get } from "../api.js";
import { serverNow, until } from "../clock.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { forgetPlace, Line, stageOf } from "../line.js";
import { navigate } from "../main.js";
import { holdIn } from "../sale/shop.js";
import { closedText, nameOf } from "../show.js";
import { askToNotify, badge, canNotify, canSound, chime, notify, short, soundOn } from "../signal.js";
import {
  Bar, Button, clockLeft, Countdown, Dialog, Failed, Figure, Notice, ProblemNotice, Ring, sentenceOf, SignInFirst, Skeleton,
  Spoken, Toggle, useLoad, useSeconds, useTask,
} from "../ui.js";
import { clockTime, dayAndTime, duration, either, number, t } from "../words.js";

/** Seconds from "your turn" until a page that is looked at goes in by itself. */
const BY_ITSELF = 5;
/** The position is said aloud at most this often, ms. */
const SAID = 30_000;
/** An answer that is older than it should be by this is called old, ms. */
const OLD = 20_000;

// ---- What is said

/** The wait as a range, since it is one. */
function waitOf(seconds) {
  if (seconds === null || seconds === undefined) return t("wait_unknown");
  const high = seconds * 1.4 + 30;
  if (high < 100) return t("wait_short");
  const low = Math.max(1, Math.floor((seconds * 0.75) / 60));
  const most = Math.max(low + 1, Math.ceil(high / 60));
  if (most < 90) return t("wait_minutes", { low, most });
  return t("wait_hours", { low: Math.max(1, Math.floor(low / 60)), most: Math.ceil(most / 60) });
}

const ahead = (view) => Math.max(0, view.position - 1);

/** The tab's title: what one must know without looking at the page. */
function titleOf(stage, view, name) {
  if (stage === "admitted") return `● ${t("your_turn")} · ${name}`;
  if (stage === "missed") return `! ${t("missed_title")} · ${name}`;
  if (["waiting", "paused"].includes(stage) && view.position) return `‹${number(ahead(view))}› ${name}`;
  return `${t(`stage_${stage}`)} · ${name}`;
}

function sayOf(stage, view) {
  if (stage === "waiting") return ahead(view) === 0 ? t("you_are_next") : t("ahead_said", { n: ahead(view), wait: waitOf(view.estimated_wait_seconds) });
  return t(`stage_${stage}`);
}

/** A text for screen readers: at once when the state changes, else seldom. */
function useSaid(stage, text) {
  const [said, say] = useState("");
  const last = useRef({ stage: null, at: 0 });
  useEffect(() => {
    if (stage === last.current.stage && serverNow() - last.current.at < SAID) return;
    last.current = { stage, at: serverNow() };
    say(text);
  }, [stage, text]);
  return said;
}

// ---- Pieces

function Updated({ line }) {
  useSeconds();
  const { record, problem } = line;
  const age = Math.max(0, Math.round((serverNow() - record.at) / 1000));
  const isOld = age * 1000 > (record.view.poll_after_ms ?? 0) + OLD;
  return html`<p class="updated">${line.isLive ? t("updated_live") : age < 2 ? t("updated_now") : t("updated_ago", { time: duration(age) })}
    ${problem?.isBusy || isOld ? html` · ${t("updated_busy")}` : ""}</p>`;
}

const Keep = ({ stage }) => html`<${Notice} kind="good" title=${t(stage === "sold_out" ? "keep_sold" : "keep_title")}><p>${t("keep_text")}</p><//>`;

function Next({ concert, view }) {
  const time = view.time_to_shop ?? concert.time_to_shop;
  const steps = [
    t("next_turn", { time: duration(time.arrival_grace_seconds) }),
    t("next_shop", { time: duration(time.shop_seconds), n: concert.seats_per_user }),
    t("next_pay", { time: duration(time.hold_seconds) }),
  ];
  return html`<section class="card stack"><h2>${t("next_title")}</h2>
    <ol class="room-next">${steps.map((text) => html`<li key=${text}><span>${text}</span></li>`)}</ol></section>`;
}

function Calls({ calls, setCalls }) {
  const sound = async () => {
    if (!calls.sound) await soundOn();
    setCalls((old) => ({ ...old, sound: !old.sound }));
  };
  const note = async () => {
    const may = !calls.note && (await askToNotify());
    setCalls((old) => ({ ...old, note: may }));
  };
  return html`<div class="toggles">
    ${canSound() && html`<${Toggle} isOn=${calls.sound} onClick=${sound}>${t("call_sound")}<//>`}
    ${canNotify() && html`<${Toggle} isOn=${calls.note} onClick=${note}>${t("call_note")}<//>`}
  </div>`;
}

function Leave({ line }) {
  const [asks, ask] = useState(false);
  const task = useTask(async () => {
    await line.leave();
    navigate(`/concerts/${line.concert}`, { replace: true });
  });
  return html`<${Button} kind="quiet" onClick=${() => ask(true)}>${t("leave_line")}<//>
    ${asks && html`<${Dialog} title=${t("leave_title")} onClose=${() => ask(false)}>
      <p>${t("leave_text")}</p><${ProblemNotice} problem=${task.problem} />
      <p class="actions"><${Button} kind="danger" busy=${task.isBusy} onClick=${task.run}>${t("leave_yes")}<//>
        <${Button} kind="plain" onClick=${() => ask(false)}>${t("leave_no")}<//></p>
    <//>`}`;
}

// ---- A face for each state

function Before({ concert, view, line }) {
  const opens = view.opens_at ?? concert.opens_at;
  return html`<section class="room-card is-centred">
    <div class="stack"><h1>${t("before_title")}</h1><p class="soft">${t("before_text", { when: dayAndTime(opens, concert.time_zone) })}</p></div>
    <${Countdown} to=${opens} onEnd=${() => line.schedule(300 + Math.random() * 1500)} label=${t("opens_in")} />
    <${Spoken} left=${until(opens)} say=${(time) => t("opens_said", { time })} />
    <p>${t("before_draw")}</p>
  </section>`;
}

function Waiting({ view, line, stage }) {
  const n = ahead(view);
  const share = line.record.first > 1 ? 1 - n / line.record.first : 1;
  return html`<section class="room-card">
    ${stage === "paused" && html`<${Notice} kind="warn" title=${t("paused_title")}><p>${either(view.pause_reason) || t("paused_no_reason")}</p><p>${t("paused_kept")}</p><//>`}
    <h1 class="unseen">${t("stage_waiting")}</h1>
    ${n === 0 ? html`<${Figure} value=${t("next_up")} label=${t("you_are_next")} />`
      : html`<${Figure} value=${t("ahead_value", { n })} label=${t("people_ahead", { n })} />`}
    <${Bar} share=${Math.max(0.02, share)} label=${t("progress")} />
    <dl class="pair">
      <div><dt>${t("wait_label")}</dt><dd>${stage === "paused" ? t("wait_paused") : n === 0 ? t("wait_short") : waitOf(view.estimated_wait_seconds)}</dd></div>
      <div><dt>${t("your_number")}</dt><dd>${view.queue_number === null ? "–" : number(view.queue_number)}</dd></div>
    </dl>
    <${Updated} line=${line} />
  </section>`;
}

function Drawing({ view }) {
  return html`<section class="room-card is-centred"><h1>${t("drawing_title")}</h1>
    <p class="soft">${view.awaiting_draw_value ? t("drawing_value") : t("drawing_text")}</p></section>`;
}

function Admitted({ view, line, enter }) {
  useSeconds();
  const since = useRef(null);
  const isSeen = document.visibilityState === "visible";
  // Counted from when somebody looks.
  since.current = isSeen ? since.current ?? serverNow() : null;
  const left = until(view.admitted_until);
  const whole = Math.max(left, (view.time_to_shop?.arrival_grace_seconds ?? 60) * 1000);
  const isBack = line.record.entered;
  const itself = Math.ceil(BY_ITSELF - (serverNow() - (since.current ?? serverNow())) / 1000);
  const goes = isSeen && !isBack && itself <= 0;
  useEffect(() => {
    if (goes) enter();
  }, [goes]);
  useEffect(() => {
    // What is held is paid for elsewhere: there is nothing to enter.
    const pay = (held) => held && navigate(`/reservations/${held.reservation_id}`, { replace: true });
    if (isBack) holdIn(line.concert).then(pay, () => {});
  }, [isBack]);
  return html`<section class="room-card is-centred">
    <div class="stack"><h1>${isBack ? t("inside_title") : t("your_turn")}</h1><p class="soft">${isBack ? t("inside_text") : t("turn_text")}</p></div>
    <${Ring} left=${left} whole=${whole}><b>${clockLeft(left)}</b><span class="soft">${t(isBack ? "shop_left" : "ring_left")}</span><//>
    <${Spoken} left=${left} say=${(time) => t(isBack ? "shop_left_said" : "enter_said", { time })} />
    <${Button} wide class="button button-primary button-wide button-large" onClick=${enter}>${isBack ? t("go_on") : t("enter_now")}<//>
    ${!isBack && html`<p class="updated">${isSeen && itself > 0 ? t("by_itself", { n: itself }) : t("turn_kept")}</p>`}
  </section>`;
}

const Late = () => html`<section class="room-card" aria-busy="true"><h1>${t("stage_late")}</h1><${Skeleton} lines=${3} /></section>`;

function Missed({ line }) {
  const task = useTask(async () => {
    await line.join();
    if (line.problem) throw line.problem;
  });
  return html`<section class="room-card is-centred"><h1>${t("missed_title")}</h1><p>${t("missed_text")}</p>
    <${ProblemNotice} problem=${task.problem} />
    <${Button} wide busy=${task.isBusy} onClick=${task.run}>${t("missed_button")}<//></section>`;
}

function SoldOut({ view, line }) {
  const held = view.seats_held ?? 0;
  return html`<section class="room-card"><h1>${t("sold_out_title")}</h1>
    <p>${held > 0 ? t("sold_out_wait", { n: held }) : t("sold_out_none")}</p>
    ${view.position && html`<p class="soft">${ahead(view) === 0 ? t("you_are_next") : t("sold_out_ahead", { n: ahead(view) })}</p>`}
    <${Updated} line=${line} /></section>`;
}

function Over({ concert, view, stage, line }) {
  const again = () => {
    forgetPlace(line.concert);
    line.record = null;
    line.tell();
    line.join();
  };
  return html`<section class="room-card"><h1>${t(stage === "closed" ? "closed_title" : "over_title")}</h1>
    <p>${stage === "closed" ? closedText(view.closed_because ?? concert.closed_because) : t("over_text")}</p>
    <p class="actions">${stage === "over" && concert.sale !== "closed" && html`<${Button} onClick=${again}>${t("join_again")}<//>`}
      <${Button} kind="plain" href="/bookings">${t("my_bookings")}<//><${Button} kind="plain" href="/">${t("to_concerts")}<//></p></section>`;
}

const FACES = {
  before: Before, waiting: Waiting, paused: Waiting, drawing: Drawing, admitted: Admitted, late: Late, missed: Missed,
  sold_out: SoldOut, closed: Over, over: Over,
};
/** States in which somebody waits for something. */
const WAITS = ["before", "waiting", "paused", "drawing", "sold_out"];

// ---- The page

/** The tab, its icon, the sound and the notification, as the state changes. */
function useCalls(stage, view, name, calls) {
  const last = useRef(null);
  useEffect(() => {
    if (!stage) return;
    document.title = titleOf(stage, view, name);
    badge(stage === "admitted" || stage === "missed" ? "!" : stage === "waiting" ? short(ahead(view)) : null);
    if (stage === "admitted" && last.current && last.current !== stage) {
      if (calls.sound) chime();
      if (calls.note && document.visibilityState === "hidden") notify(t("your_turn"), t("turn_note", { name }));
    }
    last.current = stage;
  });
  useEffect(() => () => badge(null), []);
}

function Joining({ line, concert }) {
  const { problem } = line;
  if (problem?.code === "sale_closed") return html`<${Over} concert=${concert} view=${{}} stage="closed" line=${line} />`;
  if (problem?.isBusy) {
    return html`<section class="room-card is-centred" aria-busy="true"><h1>${t("joining_title")}</h1>
      <${Notice} kind="warn" role="status"><p>${sentenceOf(problem)}</p><//><p class="soft">${t("joining_again")}</p></section>`;
  }
  if (problem) {
    const at = problem.body?.retry_at;
    return html`<${Failed} problem=${problem} reload=${() => line.join()} />${at && html`<p class="soft">${t("join_after", { when: clockTime(at) })}</p>`}`;
  }
  return html`<section class="room-card" aria-busy="true"><h1>${t("joining_title")}</h1><${Skeleton} lines=${4} /></section>`;
}

function Room({ concert, line }) {
  const [, turn] = useState(0);
  const [calls, setCalls] = useState({ sound: false, note: false });
  useEffect(() => {
    const end = line.subscribe(() => turn((n) => n + 1));
    line.start();
    const seen = () => turn((n) => n + 1);
    document.addEventListener("visibilitychange", seen);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      end();
      line.end();
    };
  }, [line]);
  const view = line.record?.view;
  const stage = view ? stageOf(view) : null;
  const name = nameOf(concert);
  const said = useSaid(stage, view ? sayOf(stage, view) : "");
  useCalls(stage, view, name, calls);
  useEffect(() => {
    // What comes next is here when it is needed.
    if (stage) import("./seats.js").catch(() => {});
  }, [stage === "waiting"]);
  const enter = () => {
    line.enter();
    // Back from the seats leads to the concert, not into the line again.
    navigate(`/concerts/${concert.concert_id}/seats`, { replace: true });
  };
  const Face = stage ? FACES[stage] : Joining;
  const message = either(view?.message);
  return html`<div class="room">
    <header class="room-head"><a href=${`/concerts/${concert.concert_id}`}>${name}</a><span>${concert.theater}</span></header>
    <p class="unseen" role="status">${said}</p>
    ${line.awaySince && html`<${Notice} kind="warn" role="status" title=${t("away_title")}><p>${t("away_text", { when: clockTime(line.awaySince) })}</p><//>`}
    ${message && html`<${Notice} title=${t("organiser_says")}><p>${message}</p><//>`}
    <${Face} key=${stage === "paused" ? "waiting" : stage} concert=${concert} view=${view} line=${line} stage=${stage} enter=${enter} />
    ${WAITS.includes(stage) && html`<${Keep} stage=${stage} />
      <section class="card stack"><h2>${t("call_title")}</h2><p class="soft">${t("call_text")}</p><${Calls} calls=${calls} setCalls=${setCalls} /></section>
      <${Next} concert=${concert} view=${view} />
      <p class="actions"><${Button} kind="quiet" href=${`/concerts/${concert.concert_id}/draw`}>${t("check_draw")}<//><${Leave} line=${line} /></p>`}
  </div>`;
}

export default function Queue({ id, user }) {
  const load = useLoad((signal) => get(`/api/v1/concerts/${id}`, { signal, tries: 6 }), [id]);
  const queue = new URLSearchParams(location.search).get("queue") ?? undefined;
  const line = useMemo(() => (user ? new Line(id, queue) : null), [id, queue, user?.user_id]);
  if (!line) return html`<${SignInFirst} />`;
  if (load.data === undefined && load.problem) return html`<${Failed} problem=${load.problem} reload=${load.reload} />`;
  if (load.data === undefined) return html`<div class="room"><section class="room-card" aria-busy="true"><h1 class="unseen">${t("loading")}</h1><${Skeleton} lines=${5} />${load.isSlow && html`<p class="slow" role="status">${t("slow")}</p>`}</section></div>`;
  return html`<${Room} key=${`${id}${queue}${user.user_id}`} concert=${load.data} line=${line} />`;
}
