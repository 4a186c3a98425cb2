// Requests to the API: one place that knows headers, retries, problems, and when the network is away.
//
//   const concert = await get(`/api/v1/concerts/${id}`);
//   const hold = await post("/api/v1/reservations", body, { queue: token, key });
//
// A request that fails throws a Problem. A POST has an Idempotency-Key; make one with `newKey()` and keep it
// where a reload could repeat the change, so that the repetition changes nothing more.
import { heard } from "./clock.js";
import { language, t } from "./words.js";
import { problemWords } from "./words/problems.js";

/** How long an answer may take, ms. */
const ANSWER_WAIT = 20_000;
/** Pauses before the next try where the server names none, ms. */
const PAUSES = [600, 1500, 3000];
/** A longer wait than this is not slept through: the page says so and offers the button, seconds. */
const PATIENCE = 8;

/** What went wrong, with a sentence for people. */
export class Problem extends Error {
  constructor(code, status, body = {}, retryAfter = null) {
    super(code);
    this.code = code;
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
  /** Nobody was reached, or no answer came in time. */
  get isOffline() {
    return this.code === "offline" || this.code === "no_answer";
  }
  /** The server cannot do it now, and says when to come again. */
  get isBusy() {
    return this.status === 429 || this.status === 503;
  }
  /** Whether signing in again is what helps. */
  get needsSignIn() {
    return ["identity_required", "identity_invalid", "session_ended"].includes(this.code);
  }
  /** What happened and what to do, in the language of the page. */
  get sentence() {
    const pair = problemWords[this.code];
    // A code that is newer than this page: the server's own words.
    const text = pair ? pair[language() === "ko" ? 1 : 0] : this.body.title ?? t("problem_unknown");
    return this.retryAfter > 1 ? `${text} ${t("again_in", { n: this.retryAfter })}` : text;
  }
}

/** A fresh Idempotency-Key. `crypto.randomUUID` is only there in a secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const signing = { headers: async () => ({}), refused: async () => false };

/** The session tells here how requests say whose they are, and is told where that was refused. */
export const signBy = (hooks) => Object.assign(signing, hooks);

const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });

/** What a request says of who asks, and in which language. */
export async function headersOf({ queue, anonymous }) {
  const headers = { "Accept-Language": language() };
  if (!anonymous) Object.assign(headers, await signing.headers());
  if (queue) headers["X-Queue-Token"] = queue;
  return headers;
}

async function once(method, path, { body, key, signal, ...who }) {
  const headers = { Accept: "application/json", ...(await headersOf(who)) };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_WAIT);
  const give_up = () => stop.abort();
  signal?.addEventListener("abort", give_up, { once: true });
  const sentAt = performance.now();
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const answer = await fetch(path, { method, headers, body: sent, signal: stop.signal });
    const text = await answer.text();
    let read = {};
    try {
      read = text ? JSON.parse(text) : {};
    } catch {
      // Not ours: something between the page and the server has answered.
      if (answer.ok) throw new Problem("no_answer", 0);
    }
    heard(read.now, answer.headers.get("Date"), sentAt);
    if (answer.ok) return read;
    const after = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
    const code = read.code ?? (answer.status >= 500 ? "busy" : "problem_unknown");
    throw new Problem(code, answer.status, read, Number.isNaN(after) ? null : after);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal?.aborted) throw signal.reason;
    throw new Problem(stop.signal.aborted ? "no_answer" : "offline", 0);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", give_up);
  }
}

/** Sends a request, and again where that is safe and may help. `tries` is how often at most. */
export async function request(method, path, options = {}) {
  const given = { ...options };
  if (method === "POST" && !given.key) given.key = newKey();
  const safe = method !== "POST" || given.key;
  let left = safe ? given.tries ?? 3 : 1;
  let renewed = false;
  for (let at = 0; ; at += 1) {
    try {
      return await once(method, path, given);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.needsSignIn && !given.anonymous && !renewed) {
        renewed = true;
        if (await signing.refused(problem)) continue;
      }
      left -= 1;
      const may = problem.isOffline || problem.isBusy;
      if (!may || left <= 0 || problem.retryAfter > PATIENCE) throw problem;
      const pause = problem.retryAfter ? problem.retryAfter * 1000 : PAUSES[Math.min(at, 2)];
      await sleep(pause + Math.random() * 300, given.signal);
    }
  }
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body });
export const put = (path, body, options) => request("PUT", path, { ...options, body });
export const del = (path, options) => request("DELETE", path, options);
