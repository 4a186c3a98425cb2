// Shows tickets where the network is away: keeps the shell of the pages and its files. It is installed once a
// ticket was opened on this device, and never answers for the API.
const KEPT = "boxoffice-pages";
/** The address that the shell is kept under: every page's address answers the same. */
const SHELL = "/bookings";
/** Addresses of pages: `PAGES` in `server/src/http/web/mod.rs`. */
const PAGES = /^\/((concerts|reservations)\/.+|bookings(\/.+)?|account|sign-(in|up))?$/;
/** How long the network may take for a page that is kept, ms. */
const PATIENCE = 1500;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** Keeps a shell and nothing else, and drops files of other versions. */
async function keep(cache, answer) {
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/html")) return;
  const version = /\/web\/[0-9a-f]+\//.exec(await answer.clone().text())?.[0];
  if (!version) return;
  await cache.put(SHELL, answer);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/web/") && !pathname.startsWith(version)) await cache.delete(request);
  }
}

/** A page: from the network, or the shell that is kept. */
async function page(event) {
  const cache = await caches.open(KEPT), kept = await cache.match(SHELL);
  const asked = fetch(event.request).then((answer) => {
    event.waitUntil(keep(cache, answer.clone()));
    return answer;
  });
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(() => resolve(kept.clone()), PATIENCE));
  return Promise.race([asked.catch(() => kept), late]);
}

/** A file: what its address answers never changes. */
async function file(request) {
  const cache = await caches.open(KEPT);
  return await cache.match(request) ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/web/")) event.respondWith(file(event.request));
  else if (event.request.mode === "navigate" && PAGES.test(pathname)) event.respondWith(page(event));
});
