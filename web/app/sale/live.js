// The seats of a date, kept up to date while the page is seen: told by a stream of events, or asked for about once a
// second where there is none.
import { get, Problem } from "../api.js";
import { Stream } from "../stream.js";

/** Between two questions, ms. */
const EVERY = 900;
/** While nobody is reached, ms. */
const AWAY = [1000, 2000, 4000, 8000];

/** The compact map of a date; `since` a version only what has changed. */
export const seatsOf = (date, queue, since, options = {}) =>
  get(`/api/v1/concert-dates/${date}/seats?form=compact${since ? `&since=${encodeURIComponent(since)}` : ""}`, { queue, ...options });

/**
 * Follows a date. `onNews(news)` gets what `Status.apply` says; `onReach(problem, since)` whether the server is
 * reached; `onOut(problem)` that the shop is closed to us, after which nothing more is asked.
 * @returns {{now: () => void, end: () => void}}
 */
export function follow({ date, queue, status, onNews, onReach, onOut }) {
  const stop = new AbortController();
  const isSeen = () => document.visibilityState === "visible";
  let timer, busy = false, failures = 0, reached = performance.now();
  const schedule = (ms) => {
    clearTimeout(timer);
    if (!stop.signal.aborted) timer = setTimeout(ask, ms);
  };
  const take = (answer) => {
    failures = 0;
    reached = performance.now();
    const news = status.apply(answer);
    onReach(null, 0);
    if (news.whole || news.changed.length) onNews(news);
  };
  const now = () => {
    stream.end();
    schedule(0);
  };
  const stream = new Stream((answer) => {
    const [life, count] = answer.version.split("-"), [ours, has] = status.version.split("-");
    // A poll was answered while it was opened: it has told more, or was another server's.
    if (life === ours ? Number(count) >= Number(has) : answer.complete) take(answer);
    else if (life !== ours) now();
  }, (silent) => {
    if (silent) onReach(new Problem("no_answer", 0), silent);
    schedule(0);
  });
  const ask = async () => {
    if (busy || stream.isOpen || !isSeen()) return;
    busy = true;
    try {
      const answer = await seatsOf(date, queue(), status.version, { tries: 1, signal: stop.signal });
      // Two servers' versions do not mix: one of the two tells.
      if (!stream.isOpen) take(answer);
      if (isSeen()) {
        const path = `/api/v1/concert-dates/${date}/seats/events?since=${encodeURIComponent(status.version)}`;
        stream.open(path, { queue: queue() });
      }
      schedule(EVERY);
    } catch (problem) {
      if (stop.signal.aborted) return;
      const passes = problem.isOffline || problem.isBusy;
      if (passes && stream.isOpen) return;
      if (!passes) {
        stream.end();
        return onOut(problem);
      }
      onReach(problem, performance.now() - reached);
      schedule(problem.retryAfter ? problem.retryAfter * 1000 : AWAY[Math.min(failures++, AWAY.length - 1)]);
    } finally {
      busy = false;
    }
  };
  const wake = () => {
    if (!isSeen()) return stream.end();
    stream.wake();
    return now();
  };
  for (const [target, type] of [[document, "visibilitychange"], [window, "online"], [window, "offline"], [window, "pageshow"]]) {
    target.addEventListener(type, wake, { signal: stop.signal });
  }
  schedule(EVERY);
  return {
    now,
    end: () => {
      stop.abort();
      stream.end();
      clearTimeout(timer);
    },
  };
}
