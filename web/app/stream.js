// Server-Sent Events that spare polls. Whoever has a `Stream` polls as if there were none, calls `open` after each
// answer, and leaves out its polls while `isOpen`. Read by fetch: an EventSource sends neither bearer nor queue token.
import { headersOf } from "./api.js";

/** The server sends something at least every 17 s: who is silent for longer than this, ms, is not there any more. */
const SILENT = 20_000;
/** Until the next try, ms: at first, doubled by each failure, and at most. */
const PAUSE = 1000, PAUSE_MOST = 60_000;
/** One that was open for so long, ms, has not failed. */
const PROVEN = 30_000;
/** A user has one stream of a kind: who loses it to another tab or device leaves it there for so long, ms. */
const REPLACED = 600_000;

/** The fields of an event. */
const fieldsOf = (text) => Object.fromEntries(text.split("\n").map((line) => {
  const at = line.indexOf(":");
  return [line.slice(0, at), line.slice(at + 1).trimStart()];
}));

export class Stream {
  /** `onEvent(data)` gets what events say. `onEnd(silent)`: one that was open is over, after so much silence, ms. */
  constructor(onEvent, onEnd) {
    Object.assign(this, { onEvent, onEnd, isOpen: false, failures: 0, after: 0 });
  }

  /** Somebody looks at this tab again: it may take the stream back. */
  wake() {
    if (this.isReplaced) this.after = 0;
  }

  /** Leaves it; `onEnd` is not called. */
  end() {
    this.stop?.abort();
    this.stop = null;
    this.isOpen = false;
  }

  /** Opens it, unless it is open, or was not to be had just now. */
  async open(path, who) {
    if (this.stop || performance.now() < this.after) return;
    const stop = (this.stop = new AbortController()), began = performance.now();
    let timer, silent = 0, pause, code;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silent = SILENT;
        stop.abort();
      }, SILENT);
    };
    try {
      heard();
      const headers = { Accept: "text/event-stream", ...(await headersOf(who)) };
      const answer = await fetch(path, { headers, signal: stop.signal }).catch(() => null);
      const isStream = answer?.headers.get("Content-Type")?.startsWith("text/event-stream");
      if (!isStream) pause = Number(answer?.headers.get("Retry-After")) * 1000;
      const reader = isStream ? answer.body.getReader() : null, decoder = new TextDecoder();
      for (let text = ""; reader && !code; ) {
        const { done, value } = await reader.read().catch(() => ({ done: true }));
        if (done) break;
        heard();
        const events = (text + decoder.decode(value, { stream: true })).split("\n\n");
        text = events.pop();
        for (const { event, data, retry } of events.map(fieldsOf)) {
          if (this.stop !== stop) return;
          if (retry) pause = Number(retry);
          if (event === "end") ({ code } = JSON.parse(data));
          else if (event) {
            this.isOpen = true;
            this.onEvent(JSON.parse(data));
          }
        }
      }
    } finally {
      clearTimeout(timer);
      if (this.stop === stop) this.#over(performance.now() - began, code, pause, silent);
    }
  }

  #over(lived, code, pause, silent) {
    const { isOpen } = this;
    this.end();
    this.failures = isOpen && lived > PROVEN ? 0 : this.failures + 1;
    this.isReplaced = code === "stream_replaced";
    const wait = pause || Math.min(PAUSE * 2 ** this.failures, PAUSE_MOST);
    this.after = performance.now() + (this.isReplaced ? REPLACED : wait * (1 + Math.random()));
    if (isOpen) this.onEnd(silent);
  }
}
