// One's place in the waiting line of a concert: joins, asks how far it is, remembers it, and shares what one tab
// has heard with all others. No markup here; `pages/queue.js` shows it.
//
// One tab asks for all of them. There is no election: whoever asks tells the others that it does, and gives
// them the answer; all put off their own question by that. The tab that somebody looks at asks first, one that
// is hidden only after it. A tab that dies is missed by nobody for long. Near the front the tab that asks has a stream
// of events in place of its polls; while it is hidden it polls as well.
import { del, get, post } from "./api.js";
import { serverNow, until } from "./clock.js";
import { current } from "./session.js";
import { Stream } from "./stream.js";

const name = (concert) => `boxoffice.place.${concert}`;

function stored(concert) {
  try {
    const record = JSON.parse(localStorage.getItem(name(concert)));
    return record && record.user_id === current()?.user_id ? record : null;
  } catch {
    return null;
  }
}

function store(concert, record) {
  try {
    if (record) localStorage.setItem(name(concert), JSON.stringify(record));
    else localStorage.removeItem(name(concert));
  } catch {
    // Storage is off: joining again gives the same place.
  }
}

/** The queue token of one's place in a concert's line, for `X-Queue-Token`; null where there is none. */
export const tokenOf = (concert) => stored(concert)?.token ?? null;

/** Whether this device knows of a place in a concert's line that is not over. */
export const hasPlace = (concert) => {
  const view = stored(concert)?.view;
  return Boolean(view) && (view.state !== "expired" || view.may_return);
};

/** Forgets the place: it is over, or was left. */
export const forgetPlace = (concert) => store(concert, null);

/** What a place's state is for whoever waits: one word, which the page has a face for. */
export function stageOf(view) {
  if (view.state === "admitted") return until(view.admitted_until) > 0 ? "admitted" : "late";
  if (view.state === "expired") {
    if (view.sale === "closed") return "closed";
    return view.may_return ? "missed" : "over";
  }
  if (view.sale === "closed") return "closed";
  if (view.sale === "sold_out") return "sold_out";
  if (view.paused) return "paused";
  if (view.sale === "upcoming") return "before";
  if (view.position === null) return "drawing";
  return "waiting";
}

/** Pauses between tries while nobody is reached, ms. */
const AWAY = [1000, 2000, 4000, 8000, 15_000];
/** How much later than its turn a tab asks that others may ask for, ms. */
const SECOND = 1500;
const HIDDEN = 5000;
/** How long a tab goes without a word from the one that has the stream, ms: it has one every 15 to 17 s. */
const LIVE = 20_000;

const isSeen = () => document.visibilityState === "visible";

/** What is heard, after what was: a position never rises, whatever is heard in which order. */
function lowest(old, view) {
  const same = old && old.queue_number === view.queue_number && old.state === view.state;
  const isHigher = same && old.position !== null && view.position > old.position;
  return isHigher ? { ...view, position: old.position } : view;
}

export class Line {
  /** The line of a concert; `queue` names one of several. */
  constructor(concert, queue) {
    this.concert = concert;
    this.queue = queue;
    this.id = Math.random();
    this.record = stored(concert);
    this.problem = null;
    this.awaySince = null;
    this.failures = 0;
    this.listeners = new Set();
    this.stop = new AbortController();
    this.stream = new Stream((view) => this.told(view), () => this.ended());
    this.events = 0;
    this.isLive = false;
  }

  /** Calls back whenever something is known anew; gives what ends that. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /** Shows what is remembered and goes on from there. */
  start() {
    const { signal } = this.stop;
    this.channel = new BroadcastChannel(name(this.concert));
    this.channel.onmessage = ({ data }) => this.hear(data);
    const wake = () => {
      if (isSeen()) {
        this.stream.wake();
        this.now();
      } else if (this.stream.isOpen) {
        this.next();
      }
    };
    // Timers of hidden pages run once a minute, or not at all: what was missed is asked for at once.
    document.addEventListener("visibilitychange", wake, { signal });
    addEventListener("pageshow", wake, { signal });
    addEventListener("online", wake, { signal });
    addEventListener("offline", () => this.quit() && this.poll(), { signal });
    addEventListener("pagehide", () => this.quit(), { signal });
    if (this.record) this.poll();
    else this.join();
  }

  end() {
    this.quit();
    this.stop.abort();
    clearTimeout(this.timer);
    this.channel?.close();
  }

  /** Leaves the stream; whether there was one. Other tabs wait for its word no more. */
  quit() {
    const wasOpen = this.stream.isOpen;
    this.stream.end();
    this.isLive = false;
    if (wasOpen) this.say({ kind: "quit" });
    return wasOpen;
  }

  say(message) {
    if (!this.stop.signal.aborted) this.channel?.postMessage({ ...message, from: this.id });
  }

  hear(message) {
    if (message.kind === "asking") {
      this.schedule(SECOND + this.id * 1000);
    } else if (message.kind === "heard" && message.record.user_id === current()?.user_id) {
      if (this.stream.isOpen && message.record.view.state === "waiting") {
        // It need not ask.
        if (!message.live) this.say({ kind: "heard", record: this.record, live: true });
        return;
      }
      this.record = { ...message.record, view: lowest(this.record?.view, message.record.view) };
      this.isFirst = false;
      this.isLive = Boolean(message.live);
      this.reached();
      this.next();
    } else if (message.kind === "quit") {
      this.isLive = false;
      this.schedule(this.id * 1000);
    } else if (message.kind === "left") {
      this.stream.end();
      this.record = null;
      clearTimeout(this.timer);
      this.tell();
    }
  }

  /** Asks now, unless something was heard just now. */
  now() {
    if (this.busy) return;
    if (this.record && serverNow() - this.record.at < 800 && !this.awaySince) this.next();
    else if (this.record) this.poll();
    else if (!this.hasLeft) this.join();
  }

  schedule(ms) {
    clearTimeout(this.timer);
    if (this.stream.isOpen && isSeen()) return;
    this.timer = setTimeout(() => this.now(), Math.min(ms, 600_000));
  }

  /** When to ask again, by what the server said. */
  next() {
    const { view } = this.record;
    let after = view.poll_after_ms;
    // What becomes of a turn is known at its end.
    if (view.state === "admitted") after = Math.max(1000, until(view.admitted_until) + 700);
    // Another tab has the stream.
    else if (after && this.isLive && !this.stream.isOpen) after = Math.max(after, LIVE);
    if (after === null || after === undefined) return;
    const later = this.isFirst && isSeen() ? 0 : (isSeen() ? SECOND : HIDDEN) + this.id * 1500;
    this.schedule(after + later);
  }

  reached() {
    this.problem = null;
    this.awaySince = null;
    this.failures = 0;
    this.tell();
  }

  /** Takes an answer or an event in. */
  take(answer, token) {
    const old = this.record, view = lowest(old?.view, answer);
    const same = old && old.view.queue_number === view.queue_number && old.view.state === view.state;
    const first = same && old.first ? old.first : view.position;
    this.record = {
      user_id: current()?.user_id, token: token ?? old.token, view, at: serverNow(), first,
      entered: view.state === "admitted" ? Boolean(old?.entered) : false,
    };
    store(this.concert, this.record);
    this.isFirst = true;
    this.isLive = this.stream.isOpen;
    this.say({ kind: "heard", record: this.record, live: this.isLive });
    this.reached();
    this.next();
    if (view.stream && isSeen()) this.stream.open("/api/v1/queue-tokens/me/events", { queue: this.record.token, anonymous: true });
  }

  /** An event. One that was under way while a poll told of the turn is older than that. */
  told(view) {
    const known = this.record?.view;
    if (!known || (view.state === "waiting" && known.state !== "waiting" && view.queue_number === known.queue_number)) return;
    this.events += 1;
    this.take(view);
  }

  /** The stream is over: polls go on at once, unless it has told all that there was. */
  ended() {
    this.isLive = false;
    if (this.record?.view.state === "waiting") this.poll();
    else if (this.record) this.next();
  }

  fail(problem) {
    if (this.stop.signal.aborted) return;
    this.problem = problem;
    this.isLive = this.stream.isOpen;
    if (problem.isOffline || problem.isBusy) {
      if (problem.isOffline) this.awaySince ??= this.record?.at ?? serverNow();
      const pause = problem.retryAfter ? problem.retryAfter * 1000 : AWAY[Math.min(this.failures, AWAY.length - 1)];
      this.failures += 1;
      this.schedule(pause + Math.random() * 500);
    }
    this.tell();
  }

  /** Takes a place, or hears of the one that there is: on any device it is the same. */
  async join() {
    if (this.busy) return;
    this.busy = true;
    this.hasLeft = false;
    try {
      const body = this.queue ? { queue_id: this.queue } : {};
      const path = `/api/v1/concerts/${this.concert}/queue-tokens`;
      const view = await post(path, body, { signal: this.stop.signal, tries: 1 });
      this.busy = false;
      this.take(view, view.token);
    } catch (problem) {
      this.busy = false;
      this.fail(problem);
    }
  }

  async poll() {
    if (this.busy) return;
    // The token ends; the place does not.
    if (until(this.record.view.expires_at) < 30_000 && this.record.view.state === "waiting") {
      await this.join();
      return;
    }
    this.busy = true;
    this.say({ kind: "asking" });
    const { events } = this;
    try {
      const options = { queue: this.record.token, anonymous: true, tries: 1, signal: this.stop.signal };
      const view = await get("/api/v1/queue-tokens/me", options);
      this.busy = false;
      // Events that came meanwhile tell of what is newer.
      if (events === this.events || !this.stream.isOpen) this.take(view);
      else this.next();
    } catch (problem) {
      this.busy = false;
      if (["queue_token_unknown", "queue_token_invalid"].includes(problem.code) && !this.hasRejoined) {
        this.hasRejoined = true;
        await this.join();
      } else {
        this.fail(problem);
      }
    }
  }

  /** Notes that the shop was entered, so that coming back does not lead there again by itself. */
  enter() {
    if (!this.record) return;
    this.record = { ...this.record, entered: true };
    store(this.concert, this.record);
    this.say({ kind: "heard", record: this.record });
  }

  /** Gives the place up. */
  async leave() {
    this.quit();
    this.next();
    await del("/api/v1/queue-tokens/me", { queue: this.record.token, anonymous: true });
    this.hasLeft = true;
    clearTimeout(this.timer);
    store(this.concert, null);
    this.record = null;
    this.say({ kind: "left" });
    this.tell();
  }
}
