// The server's clock, as far as this page has heard it. The clock of the phone decides nothing: it may be
// wrong by an hour. It only counts what passes between two answers.

let base = null;

const passed = (from) => {
  const running = performance.now() - from.running;
  const wall = Date.now() - from.wall;
  // While a device sleeps, the running clock may stand still.
  return wall - running > 2000 && wall < 86_400_000 ? wall : running;
};

/**
 * Notes what an answer says of the time, of a request that was sent when `performance.now()` was `sentAt`: its
 * `now`, or else its header `Date`, which knows seconds only.
 */
export function heard(now, date, sentAt) {
  const server = now ? Date.parse(now) : Date.parse(date) + 500;
  if (Number.isNaN(server)) return;
  const trip = performance.now() - sentAt + (now ? 0 : 1000);
  // A quick answer is more exact than a slow one; after half a minute the newest counts anyway.
  if (base && trip > base.trip * 2 + 50 && passed(base) < 30_000) return;
  base = { server: server + (now ? trip / 2 : 0), trip, running: performance.now(), wall: Date.now() };
}

/** Milliseconds since 1970 by the server's clock; by this device's until an answer has come. */
export const serverNow = () => (base ? base.server + passed(base) : Date.now());

/** Whether an answer has told the server's time. */
export const isKnown = () => base !== null;

/** Milliseconds until a time of the API (negative: since). */
export const until = (stamp) => Date.parse(stamp) - serverNow();
