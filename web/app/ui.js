// The shared pieces of all pages: components, the states that every page has, and small hooks.
import { serverNow, until } from "./clock.js";
import { html, useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "./html.js";
import { between, duration, money, number, t } from "./words.js";

// ---- Hooks

/** Renders again at each full second of the server's clock. */
export function useSeconds(isOn = true) {
  const [, turn] = useState(0);
  useEffect(() => {
    if (!isOn) return undefined;
    let timer;
    const next = () => {
      timer = setTimeout(() => {
        turn((n) => n + 1);
        next();
      }, 1000 - (serverNow() % 1000) + 5);
    };
    next();
    return () => clearTimeout(timer);
  }, [isOn]);
}

/** Names the page in the tab and in the history. */
export function useTitle(text) {
  useLayoutEffect(() => {
    document.title = text ? `${text} · boxoffice` : "boxoffice";
  }, [text]);
}

/** Since when the browser says that it has no network; null while it has one. */
export function useAway() {
  const now = () => (navigator.onLine ? null : serverNow());
  const [since, set] = useState(now);
  useEffect(() => {
    const told = () => set(now());
    addEventListener("online", told);
    addEventListener("offline", told);
    return () => {
      removeEventListener("online", told);
      removeEventListener("offline", told);
    };
  }, []);
  return since;
}

/** When a load counts as slow, ms. */
const SLOW = 2500;

/**
 * Loads what a page shows: `load(signal)` once, and again by `reload()` or when `deps` change. Gives
 * `{data, problem, isLoading, isSlow, reload}`; data stays while it is loaded again. `known()` gives what is shown
 * until the first answer.
 */
export function useLoad(load, deps, known) {
  const [state, set] = useState(() => ({ isLoading: true, data: known?.() }));
  const [turn, again] = useState(0);
  const reload = useCallback(() => again((n) => n + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    set((old) => ({ data: old.data, problem: old.problem, isLoading: true }));
    const slow = setTimeout(() => set((old) => ({ ...old, isSlow: true })), SLOW);
    load(stop.signal)
      .then((data) => set({ data, isLoading: false }))
      .catch((problem) => {
        if (!stop.signal.aborted) set((old) => ({ data: old.data, problem, isLoading: false }));
      })
      .finally(() => clearTimeout(slow));
    return () => {
      stop.abort();
      clearTimeout(slow);
    };
  }, [...deps, turn]);
  const failures = useRef(0);
  useEffect(() => {
    if (!state.problem?.isOffline) {
      failures.current = 0;
      return undefined;
    }
    const stop = new AbortController();
    const look = () => document.visibilityState === "visible" && reload();
    const timer = setTimeout(look, Math.min(60, 2.5 * 2 ** failures.current++) * 1000);
    addEventListener("online", look, { signal: stop.signal });
    document.addEventListener("visibilitychange", look, { signal: stop.signal });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [state.problem]);
  return { ...state, reload };
}

/** A task that a button starts: `{run, isBusy, problem, clear}`; while it runs, a second click does nothing. */
export function useTask(work) {
  const [state, set] = useState({ isBusy: false, problem: null });
  const running = useRef(false);
  const last = useRef(work);
  last.current = work;
  const run = useCallback(async (...given) => {
    if (running.current) return;
    running.current = true;
    set({ isBusy: true, problem: null });
    try {
      await last.current(...given);
      set({ isBusy: false, problem: null });
    } catch (problem) {
      set({ isBusy: false, problem });
    } finally {
      running.current = false;
    }
  }, []);
  return { ...state, run, clear: () => set({ isBusy: false, problem: null }) };
}

// ---- What happened, in words

/** A problem's sentence; anything else is a fault of the page. */
export const sentenceOf = (problem) => problem?.sentence ?? t("problem_unknown");

/** A note with a colour and a sign: `kind` is info, good, warn or bad. */
export function Notice({ kind = "info", title, children, role }) {
  return html`<div class=${`notice notice-${kind}`} role=${role}>
    <span class="notice-sign" aria-hidden="true"></span>
    <div>${title && html`<p class="notice-title">${title}</p>`}${children}</div>
  </div>`;
}

/** A problem beside what caused it. */
export const ProblemNotice = ({ problem, children }) =>
  problem ? html`<${Notice} kind="bad" role="alert"><p>${sentenceOf(problem)}</p>${children}<//>` : null;

// ---- Controls

/** A button, or a link that looks like one where `href` is given. `kind`: primary, plain, quiet, danger. */
export function Button({ kind = "primary", href, busy, wide, children, type = "button", ...more }) {
  const name = `button button-${kind}${wide ? " button-wide" : ""}${busy ? " is-busy" : ""}`;
  if (href) return html`<a class=${name} href=${href} ...${more}>${children}</a>`;
  return html`<button class=${name} type=${type} aria-busy=${busy ? "true" : undefined} ...${more}>
    ${busy && html`<span class="spinner" aria-hidden="true"></span>`}<span>${children}</span>
  </button>`;
}

/** A switch with what it is for. */
export const Toggle = ({ isOn, onClick, children }) =>
  html`<button type="button" class="toggle" role="switch" aria-checked=${isOn ? "true" : "false"} onClick=${onClick}>${children}</button>`;

/** A labelled input with its hint and its error beside it. A password can be shown. */
export function Field({ label, hint, error, type = "text", value, onValue, inputRef, ...more }) {
  const id = useId();
  const [isShown, show] = useState(false);
  const hidden = type === "password";
  const told = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return html`<div class=${`field${error ? " has-error" : ""}`}>
    <label for=${id}>${label}</label>
    <div class="field-box">
      <input id=${id} ref=${inputRef} type=${hidden && isShown ? "text" : type} value=${value}
        aria-invalid=${error ? "true" : undefined} aria-describedby=${told || undefined}
        onInput=${(event) => onValue(event.currentTarget.value)} ...${more} />
      ${hidden && html`<button type="button" class="field-show" aria-pressed=${isShown ? "true" : "false"}
        onClick=${() => show(!isShown)}>${isShown ? t("hide") : t("show")}</button>`}
    </div>
    ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

/** A modal dialog; `onClose` also by Escape. */
export function Dialog({ title, children, onClose }) {
  const box = useRef(null);
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    if (!dialog.open) dialog.showModal();
    return () => dialog.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose?.();
  };
  // On a second Escape the browser closes the dialog without a cancel event. It stays open where `onClose` keeps it.
  const closed = () => {
    if (!box.current) return;
    onClose?.();
    if (!box.current.open) box.current.showModal();
  };
  return html`<dialog class="dialog" ref=${box} aria-labelledby=${id} onCancel=${cancel} onClose=${closed}>
    <h2 id=${id}>${title}</h2>${children}
  </dialog>`;
}

// ---- Figures

/** An amount of money. `value` is `{amount, currency, currency_decimals}`. */
export const Price = ({ amount, currency, currency_decimals: decimals }) =>
  html`<span class="price">${money(amount, currency, decimals)}</span>`;

/** From–to of a list of amounts in minor units, said once where they are the same. */
export function priceRange(amounts, currency, decimals) {
  const [least, most] = [Math.min(...amounts), Math.max(...amounts)];
  const said = (amount) => money(amount, currency, decimals);
  return least === most ? said(least) : between(said(least), said(most));
}

/** A label: `kind` is plain, good, warn, bad or live. */
export const Badge = ({ kind = "plain", children }) => html`<span class=${`badge badge-${kind}`}>${children}</span>`;

const two = (value) => String(value).padStart(2, "0");

/** What is left in parts: `[[value, unit], …]`. */
function parts(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(s / 86_400);
  const clock = [[Math.floor(s / 3600) % 24, t("unit_h")], [Math.floor(s / 60) % 60, t("unit_m")], [s % 60, t("unit_s")]];
  if (days > 0) return [[days, t("unit_d")], ...(days < 10 ? clock : clock.slice(0, 2))];
  return s >= 3600 ? clock : clock.slice(1);
}

/** Seconds before the end at which the time is said aloud. */
const SPOKEN = [300, 120, 60, 20];

/** Says to screen readers what is left: when it is shown and at 5, 2 and 1 minutes and 20 seconds, never each second. */
export function Spoken({ left, say }) {
  const s = Math.ceil(left / 1000), end = serverNow() + left;
  const mark = SPOKEN.findLast((n) => s <= n && s > 0) ?? null;
  const told = useRef({});
  // Another end, as when seats are held, is said anew.
  if (told.current.mark !== mark || Math.abs(told.current.end - end) > 2000) told.current = { mark, s, end };
  return html`<span class="unseen" role="status">${mark && say(duration(told.current.s))}</span>`;
}

/** The time until a moment by the server's clock, large. `onEnd` once it has come. */
export function Countdown({ to, onEnd, label }) {
  useSeconds();
  const left = until(to);
  const ended = left <= 0;
  useEffect(() => {
    if (ended) onEnd?.();
  }, [ended, to]);
  return html`<div class="countdown" role="timer" aria-live="off" aria-label=${`${label ?? ""} ${duration(left / 1000)}`}>
    ${parts(left).map(([value, unit], at) => html`<span class="countdown-part" key=${unit}>
      <b>${at === 0 ? number(value) : two(value)}</b><small>${unit}</small></span>`)}
  </div>`;
}

/** 4:59, for rows; whole seconds rounded up. */
export function clockLeft(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** A ring that empties: `left` of `whole` ms, with what stands in it. */
export function Ring({ left, whole, children }) {
  const share = Math.max(0, Math.min(1, left / whole));
  const round = 2 * Math.PI * 52;
  return html`<div class=${`ring${left < 20_000 ? " is-late" : ""}`}>
    <svg viewBox="0 0 120 120" aria-hidden="true">
      <circle class="ring-back" cx="60" cy="60" r="52" />
      <circle class="ring-left" cx="60" cy="60" r="52" stroke-dasharray=${round} stroke-dashoffset=${round * (1 - share)} />
    </svg>
    <div class="ring-text">${children}</div>
  </div>`;
}

/** How far, from 0 to 1. */
export const Bar = ({ share, label }) =>
  html`<progress class="bar" max="1" value=${share} aria-label=${label}></progress>`;

/** A large number with what it counts. */
export const Figure = ({ value, label }) =>
  html`<div class="figure"><b>${typeof value === "number" ? number(value) : value}</b><span>${label}</span></div>`;

// ---- The states that every page has

/** Grey lines where text will be. */
export const Skeleton = ({ lines = 3 }) => html`<div class="skeleton" aria-hidden="true">
  ${Array.from({ length: lines }, (_, at) => html`<span key=${at} class="skeleton-line"></span>`)}
</div>`;

/** Nothing is there: why, and what to do. */
export const Empty = ({ title, children }) =>
  html`<section class="empty"><h2>${title}</h2>${children}</section>`;

/** A page could not be loaded: what happened, and a way on. */
export function Failed({ problem, reload }) {
  const title = problem?.isOffline ? t("offline_title") : problem?.status === 404 ? t("not_found_title") : t("failed_title");
  return html`<section class="empty" role="alert">
    <h1>${title}</h1><p>${sentenceOf(problem)}</p>
    <p class="actions">${problem?.status === 404
      ? html`<${Button} kind="plain" href="/">${t("to_concerts")}<//>`
      : html`<${Button} kind="plain" onClick=${reload}>${t("try_again")}<//>`}</p>
  </section>`;
}

/**
 * The states of a load (see `useLoad`): a skeleton, a word when it is slow, the problem with a way on, or the
 * page by `children(data)`; data that could not be loaded again is shown with a note. `title` is the heading while
 * it is loaded, for pages that have none of their own yet.
 */
export function Loaded({ of, title, skeleton, children }) {
  if (of.data !== undefined) {
    // Below, so that nothing moves under a finger. What this device keeps says so itself.
    return html`${children(of.data)}
      ${of.problem && !of.data?.isKept && html`<${Notice} kind="warn" role="status"><p>${sentenceOf(of.problem)}</p><//>`}`;
  }
  if (of.problem?.needsSignIn) return html`<${SignInFirst} />`;
  if (of.problem) return html`<${Failed} problem=${of.problem} reload=${of.reload} />`;
  return html`<div aria-busy="true">
    ${title && html`<h1 class="unseen">${title}</h1>`}
    <p class="unseen" role="status">${t("loading")}</p>
    ${skeleton ?? html`<${Skeleton} lines=${5} />`}
    ${of.isSlow && html`<p class="slow" role="status">${t("slow")}</p>`}
  </div>`;
}

/** Where to sign in, and come back here; between the two forms, to where one came from. */
export const signInHref = (page = "sign-in") =>
  `/${page}${location.pathname.startsWith("/sign-") ? location.search : `?next=${encodeURIComponent(location.pathname + location.search)}`}`;

/** The page needs somebody who is signed in. It is no step to come back to: the form stands instead of it. */
export function SignInFirst() {
  useTitle(t("sign_in"));
  return html`<section class="empty">
    <h1>${t("sign_in_first_title")}</h1><p>${t("sign_in_first")}</p>
    <p class="actions"><${Button} href=${signInHref()} data-instead>${t("sign_in")}<//>
      <${Button} kind="plain" href=${signInHref("sign-up")} data-instead>${t("sign_up")}<//></p>
  </section>`;
}

/** A page of somebody's own: begun anew for whoever signs in; `Otherwise` is for nobody. */
export const forUser = (Page, Otherwise = SignInFirst) => ({ user, ...params }) =>
  (user ? html`<${Page} key=${user.user_id} user=${user} ...${params} />` : html`<${Otherwise} ...${params} />`);

/** A number of a text, always the same (FNV-1a). */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0), 0x01000193);
  return hash >>> 0;
}

/** The poster, or a drawn one where there is none. Its concert's name stands beside it. */
export function Poster({ concert }) {
  if (concert.poster?.hash) {
    return html`<div class="poster"><img src=${`/api/v1/posters/${concert.poster.hash}`} alt="" decoding="async" /></div>`;
  }
  const hash = hashOf(concert.name);
  const at = (from, to, shift) => from + ((hash >>> shift) % (to - from));
  return html`<div class=${`poster poster-art art-${hash % 6}`} aria-hidden="true">
    <svg viewBox="0 0 100 130" preserveAspectRatio="xMidYMid slice">
      <circle cx=${at(22, 78, 3)} cy=${at(50, 60, 9)} r=${at(9, 14, 15)} class="art-moon" />
      <path class="art-far" d=${`M0 ${at(76, 86, 6)} Q25 ${at(62, 74, 12)} 50 80 T100 ${at(74, 86, 18)} V130 H0Z`} />
      <path class="art-near" d=${`M0 92 Q${at(20, 45, 21)} 78 60 90 T100 ${at(80, 92, 24)} V130 H0Z`} />
    </svg>
  </div>`;
}
