// Who is signed in. The only module that knows how a request shows it: a cookie that no script can read where
// the server gives one, else a bearer token in the storage of this origin.
import { Problem, get, post, request, signBy } from "./api.js";
import { until } from "./clock.js";

const KEY = "boxoffice.session";
const listeners = new Set();

const read = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
};

let session = read();

/** Forgets what these storages keep for a user: tickets, places in line, keys of holds. The language stays. */
function sweep(...names) {
  for (const name of names) {
    try {
      const storage = globalThis[name];
      for (const key of Object.keys(storage)) {
        if (key.startsWith("boxoffice.") && key !== "boxoffice.language") storage.removeItem(key);
      }
    } catch {
      // Storage is off: nothing was kept.
    }
  }
}

/** Somebody signs in or, with `isOver`, is not signed in any more; null: has signed out. */
function keep(next) {
  if (!next || next.user_id !== session?.user_id) sweep("localStorage", "sessionStorage");
  session = next;
  try {
    if (next) localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Storage is off: signed in until the page is left.
  }
  for (const listener of listeners) listener(current());
}

/** The session is over by itself. What this device keeps stays: a ticket is needed at the door. */
const end = () => keep(session && { user_id: session.user_id, username: session.username, isOver: true });

// Another tab has signed in or out, and has swept what tabs share.
addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  const before = session;
  session = read();
  if (session?.user_id !== before?.user_id) sweep("sessionStorage");
  for (const listener of listeners) listener(current());
});

/** `{user_id, username}` of who is signed in, or null. The server decides; this is what it said last. */
export const current = () => (session?.isOver ? null : session);

/** Whose things this device keeps: who is signed in, or was until the session ended by itself. */
export const keeper = () => session?.user_id ?? null;

/** Calls back when somebody signs in or out, in whichever tab; gives what ends that. */
export function onSession(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const byToken = (answer, username) => ({
  user_id: answer.user_id,
  username,
  access_token: answer.access_token,
  access_expires_at: answer.access_expires_at,
  refresh_token: answer.refresh_token,
});

/** How often a cookie's session is asked after, ms: by that the server renews it. */
const ASK_EVERY = 12 * 3_600_000;

/** Who the cookie says we are; null where the browser has kept none. */
async function byCookie() {
  try {
    const { user_id, username } = await get("/api/v1/me", { anonymous: true });
    return { user_id, username, asked_at: Date.now() };
  } catch (problem) {
    if (problem instanceof Problem && problem.needsSignIn) return null;
    throw problem;
  }
}

/** Nobody is signed in, and this device keeps nothing of whoever was. */
export const forget = () => keep(null);

/** Signs in, or throws a Problem. */
export async function signIn(username, password) {
  const ask = (more) =>
    post("/api/v1/sessions", { username, password, ...more }, { anonymous: true, tries: 2 });
  let answer;
  try {
    answer = await ask({ cookie: true });
  } catch (problem) {
    // A server that gives no cookies.
    if (!(problem instanceof Problem) || problem.code !== "invalid_body") throw problem;
  }
  if (answer && !answer.access_token) {
    // From here on requests are this user's, whatever comes of the next ones.
    keep({ user_id: answer.user_id, username, asked_at: 0 });
    const found = await byCookie().catch(() => session);
    if (found) return keep(found);
    // Without TLS, some browsers keep no cookie that is meant for TLS.
  }
  return keep(byToken(await ask({}), username));
}

/** Asks after a session that lives in a cookie, now and then. */
export async function stay() {
  if (!current() || session.access_token || Date.now() - session.asked_at < ASK_EVERY) return;
  const found = await byCookie();
  if (found) keep(found);
  else end();
}

/** Makes an account and signs in. `key` makes a repetition safe. */
export async function signUp(username, password, key) {
  await post("/api/v1/users", { username, password }, { key, anonymous: true });
  await signIn(username, password);
}

/** Signs out. Throws where the server has not done it: only it can end a cookie, so that one is still signed in. */
export async function signOut() {
  try {
    await request("DELETE", "/api/v1/me/sessions/current", { tries: 2 });
  } catch (problem) {
    // Refused: it was over already.
    if (problem.status !== 401) throw problem;
  }
  forget();
}

let renewing = null;

/** Another access token for the refresh token; all who ask meanwhile share the answer. */
function renew() {
  renewing ??= (async () => {
    const held = read() ?? session;
    // Another tab was faster.
    if (held && held.access_token !== session?.access_token) {
      session = held;
      return true;
    }
    if (!session?.refresh_token) return false;
    const { refresh_token, username } = session;
    const answer = await post("/api/v1/sessions/refresh", { refresh_token }, { anonymous: true });
    keep(byToken(answer, username));
    return true;
  })().finally(() => {
    renewing = null;
  });
  return renewing;
}

signBy({
  async headers() {
    if (!session?.access_token) return {};
    if (until(session.access_expires_at) < 60_000) {
      // The request tells where that does not help.
      await renew().catch(() => {});
    }
    return session ? { Authorization: `Bearer ${session.access_token}` } : {};
  },
  async refused(problem) {
    if (!current()) return false;
    if (problem.code === "identity_invalid" && session?.refresh_token) {
      try {
        if (await renew()) return true;
      } catch (other) {
        if (other.isOffline || other.isBusy) return false;
      }
    }
    end();
    return false;
  },
});
