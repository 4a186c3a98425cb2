// One's account: its money, where it is signed in, another password, signing out, its end.
import { del, get, put } from "../api.js";
import { html, useRef, useState } from "../html.js";
import { navigate } from "../main.js";
import { forget, signOut } from "../session.js";
import { nameOf } from "../show.js";
import { Badge, Button, Dialog, Field, forUser, Loaded, Notice, ProblemNotice, sentenceOf, Toggle, useLoad, useTask, useTitle } from "../ui.js";
import { dayAndTime, money, t } from "../words.js";

const DEVICES = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS/, "Mac"], [/Linux|X11/, "Linux"]];
const BROWSERS = [[/SamsungBrowser/, "Samsung Internet"], [/KAKAOTALK/i, "KakaoTalk"], [/Whale/, "Whale"], [/Edg/, "Edge"], [/Firefox/, "Firefox"], [/Chrome|CriOS/, "Chrome"], [/Safari/, "Safari"]];

/** What a session was opened with, as far as its user agent tells. */
function deviceOf(agent) {
  if (!agent) return t("device_unknown");
  const named = (list) => list.find(([sign]) => sign.test(agent))?.[1];
  return [named(BROWSERS), named(DEVICES)].filter(Boolean).join(" · ") || agent.slice(0, 40);
}

function Sessions() {
  const load = useLoad((signal) => get("/api/v1/me/sessions", { signal }), []);
  const end = useTask(async (path) => {
    await del(path);
    load.reload();
  });
  return html`<section class="card stack"><h2>${t("sessions_title")}</h2>
    <${ProblemNotice} problem=${end.problem} />
    <${Loaded} of=${load}>${({ sessions }) => html`
      <ul class="sessions">${sessions.map((session) => html`<li key=${session.session_id}>
        <div class="date-head"><b>${deviceOf(session.user_agent)}</b>
          ${session.current ? html`<${Badge} kind="good">${t("this_device")}<//>` : html`
            <${Button} kind="quiet" onClick=${() => end.run(`/api/v1/me/sessions/${session.session_id}`)}
              aria-label=${t("end_session_of", { device: deviceOf(session.user_agent) })}>${t("sign_out")}<//>`}</div>
        <p class="soft small">${t("signed_in_at", { when: dayAndTime(session.created_at) })}</p>
      </li>`)}</ul>
      ${sessions.length > 1 && html`<${Button} kind="plain" busy=${end.isBusy} onClick=${() => end.run("/api/v1/me/sessions")}>${t("end_others")}<//>`}
    `}<//></section>`;
}

/** Moves of money that are listed. */
const MOVES = 5;

/** The bookings among the newest that each move of money is of, by the move's reference. */
async function bookingsByMove(signal) {
  const { bookings } = await get("/api/v1/me/bookings?limit=20", { signal, tries: 1 });
  const moves = ({ payment_id, refunds }) => [payment_id, ...refunds.map(({ refund_id }) => refund_id)];
  return new Map(bookings.flatMap((booking) => moves(booking).map((id) => [id, booking])));
}

function Balance() {
  const load = useLoad(async (signal) => {
    const paths = ["/api/v1/me/balance", `/api/v1/me/balance/entries?limit=${MOVES}`];
    // What each was for is an extra: the sums stand without it.
    const extra = bookingsByMove(signal).catch(() => new Map());
    const [wallet, ledger, bookings] = await Promise.all([...paths.map((path) => get(path, { signal })), extra]);
    return { ...wallet, ...ledger, bookings };
  }, []);
  return html`<section class="card stack"><h2>${t("pay_balance")}</h2>
    <${Loaded} of=${load}>${({ balance, entries, bookings, currency, currency_decimals: decimals }) => html`
      <p class="sum numbers"><b>${money(balance, currency, decimals)}</b></p>
      <ul class="moves">${entries.map((entry) => html`<${Move} key=${entry.entry_number} entry=${entry} booking=${bookings.get(entry.reference)} decimals=${decimals} />`)}</ul>
    `}<//></section>`;
}

function Move({ entry: { kind, amount, reason, created_at, currency }, booking, decimals }) {
  return html`<li><span>${t(`move_${kind}`)}
    ${booking && html`<br /><a href=${`/bookings/${booking.reservation_id}`}>${nameOf(booking)}</a>`}
    <br /><small class="soft">${dayAndTime(created_at)}</small></span>
    <span class="price">${amount > 0 && "+"}${money(amount, currency, decimals)}</span>
    ${reason && html`<p class="small soft">${reason}</p>`}</li>`;
}

function Password({ username, onChanged }) {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [error, setError] = useState(false);
  const [done, setDone] = useState(null);
  const box = useRef(null);
  const task = useTask(async () => {
    const answer = await put("/api/v1/me/password", { current_password: old, new_password: next }, { tries: 1 });
    setDone(answer.sessions_ended);
    onChanged();
    setOld("");
    setNext("");
  });
  const isOld = task.problem?.code === "password_wrong";
  const submit = (event) => {
    event.preventDefault();
    setDone(null);
    const isShort = [...next].length < 8;
    setError(isShort);
    if (isShort) box.current.focus();
    else task.run();
  };
  return html`<section class="card"><h2>${t("password_title")}</h2>
    <form class="form" novalidate onSubmit=${submit}>
      ${done !== null && html`<${Notice} kind="good" role="status"><p>${t("password_changed", { n: done })}</p><//>`}
      ${!isOld && html`<${ProblemNotice} problem=${task.problem} />`}
      <input type="text" name="username" autocomplete="username" value=${username} hidden readonly />
      <${Field} label=${t("password_old")} type="password" value=${old} onValue=${setOld} autocomplete="current-password"
        name="current-password" error=${isOld ? task.problem.sentence : null} required />
      <${Field} label=${t("password_new")} type="password" value=${next} onValue=${setNext} autocomplete="new-password"
        name="new-password" hint=${t("password_hint")} error=${error ? t("password_short") : null} inputRef=${box} required />
      <${Button} type="submit" kind="plain" busy=${task.isBusy}>${t("password_title")}<//>
    </form></section>`;
}

/** What a request is told whose account is gone. */
const GONE = new Set(["session_ended", "identity_required"]);

/** Whether nobody knows if it was done. */
const isLost = (problem) => problem.isOffline || problem.code === "outcome_unknown" || (problem.status >= 500 && !problem.body.code);

/** The end of the account. Money that is left is shown, and given up by a switch of its own. */
function Deletion({ username }) {
  const [asks, ask] = useState(false);
  const [password, setPassword] = useState("");
  const [isMissing, setMissing] = useState(false);
  const [left, setLeft] = useState(null);
  // The sum that was given up: another one has to be given up anew.
  const [given, giveUp] = useState(null);
  const givesUp = left !== null && given === left.balance;
  const box = useRef(null), unanswered = useRef(false);
  const task = useTask(async () => {
    try {
      await del("/api/v1/me", { body: { password, give_up_balance: givesUp ? given : 0 }, tries: 1 });
    } catch (problem) {
      // After an answer that was lost, it is done.
      const isDone = unanswered.current && GONE.has(problem.code);
      unanswered.current = isLost(problem);
      if (problem.code === "balance_left") return setLeft(await get("/api/v1/me/balance"));
      if (!isDone) throw problem;
    }
    forget();
    navigate("/?deleted");
  });
  const close = () => {
    if (task.isBusy) return;
    ask(false);
    setPassword("");
    setMissing(false);
    setLeft(null);
    giveUp(null);
    task.clear();
  };
  const submit = (event) => {
    event.preventDefault();
    setMissing(!password);
    if (password) task.run();
    else box.current.focus();
  };
  const { problem, isBusy } = task, isWrong = problem?.code === "password_wrong";
  const sum = left && money(left.balance, left.currency, left.currency_decimals);
  return html`<${Button} kind="quiet" onClick=${() => ask(true)}>${t("delete_title")}<//>
    ${asks && html`<${Dialog} title=${t("delete_ask")} onClose=${close}>
      <form class="form" novalidate onSubmit=${submit}>
        <p>${t("delete_text")}</p>
        ${left && html`<${Notice} kind="warn" role="alert"><p>${t("delete_money", { sum })}</p><//>
          <${Toggle} isOn=${givesUp} onClick=${() => giveUp(givesUp ? null : left.balance)}>${t("delete_give_up", { sum })}<//>`}
        ${problem && !isWrong && html`<${Notice} kind="bad" role="alert"><p>${unanswered.current ? t("delete_away") : sentenceOf(problem)}</p><//>`}
        <input type="text" name="username" autocomplete="username" value=${username} hidden readonly />
        <${Field} label=${t("password_old")} type="password" value=${password} onValue=${setPassword} autocomplete="current-password" name="password"
          error=${isMissing ? t("password_missing") : isWrong ? problem.sentence : null} inputRef=${box} required />
        <p class="actions"><${Button} type="submit" kind="danger" busy=${isBusy}>${t("delete_title")}<//>
          <${Button} kind="plain" disabled=${isBusy} onClick=${close}>${t("delete_no")}<//></p>
      </form><//>`}`;
}

function Shown({ me }) {
  const [changes, setChanges] = useState(0);
  const leave = useTask(async () => {
    await signOut();
    navigate("/");
  });
  return html`<div class="stack-wide">
    <p class="lead">${t("signed_in_as")} <b>${me.username}</b></p>
    <${Balance} />
    ${me.external ? html`<${Notice}><p>${t("external_text")}</p><//>` : html`<div><${Sessions} key=${changes} /><${Password} username=${me.username} onChanged=${() => setChanges((n) => n + 1)} /></div>`}
    ${leave.problem && html`<${Notice} kind="bad" role="alert" title=${t("still_signed_in")}><p>${leave.problem.isOffline ? t("sign_out_away") : sentenceOf(leave.problem)}</p><//>`}
    <div class="actions"><${Button} kind="danger" busy=${leave.isBusy} onClick=${leave.run}>${t("sign_out")}<//>
      ${!me.external && html`<${Deletion} username=${me.username} />`}</div>
  </div>`;
}

function Account() {
  useTitle(t("account"));
  const load = useLoad((signal) => get("/api/v1/me", { signal }), []);
  return html`<div class="page"><h1>${t("account")}</h1><${Loaded} of=${load}>${(me) => html`<${Shown} me=${me} />`}<//></div>`;
}

export default forUser(Account);
