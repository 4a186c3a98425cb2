// The seats of a date, kept up to date: asks for what has changed, about once a second, while the page is seen.
import { get } from "../api.js";

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
  let timer, busy = false, failures = 0, reached = performance.now();
  const schedule = (ms) => {
    clearTimeout(timer);
    if (!stop.signal.aborted) timer = setTimeout(ask, ms);
  };
  const ask = async () => {
    if (busy || document.visibilityState === "hidden") return;
    busy = true;
    try {
      const answer = await seatsOf(date, queue(), status.version, { tries: 1, signal: stop.signal });
      failures = 0;
      reached = performance.now();
      const news = status.apply(answer);
      onReach(null, 0);
      if (news.whole || news.changed.length) onNews(news);
      schedule(EVERY);
    } catch (problem) {
      if (stop.signal.aborted) return;
      const passes = problem.isOffline || problem.isBusy;
      if (!passes) return onOut(problem);
      onReach(problem, performance.now() - reached);
      schedule(problem.retryAfter ? problem.retryAfter * 1000 : AWAY[Math.min(failures++, AWAY.length - 1)]);
    } finally {
      busy = false;
    }
  };
  const wake = () => document.visibilityState === "visible" && schedule(0);
  for (const [target, type] of [[document, "visibilitychange"], [window, "online"], [window, "pageshow"]]) {
    target.addEventListener(type, wake, { signal: stop.signal });
  }
  schedule(EVERY);
  return {
    now: () => schedule(0),
    end: () => {
      stop.abort();
      clearTimeout(timer);
    },
  };
}
