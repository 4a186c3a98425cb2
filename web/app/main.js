// The frame of all pages: header, router, footer.
//
// To add a page: a file under `pages/` whose default export is its component (it gets `params` from the
// address), its line in `pages` below, its address in `server/src/http/web/mod.rs`, its file in `files.rs`
// there, its words in `words/`.
import { get } from "./api.js";
import { html, render, useEffect, useErrorBoundary, useRef, useState } from "./html.js";
import { current, keeper, onSession, stay } from "./session.js";
import { Failed, signInHref, Skeleton, useAway } from "./ui.js";
import { clockTime, language, onLanguage, setLanguage, t } from "./words.js";

const sign = (name) => async () => ({ default: (await import("./pages/sign.js"))[name] });

/** Addresses, with `:name` for what differs, and where their page comes from. */
const pages = [
  ["/", () => import("./pages/concerts.js")],
  ["/concerts/:id", () => import("./pages/concert.js")],
  ["/concerts/:id/queue", () => import("./pages/queue.js")],
  ["/concerts/:id/seats", () => import("./pages/seats.js")],
  ["/concerts/:id/draw", () => import("./pages/draw.js")],
  ["/reservations/:id", () => import("./pages/reservation.js")],
  ["/bookings", () => import("./pages/bookings.js")],
  ["/bookings/:id", () => import("./pages/booking.js")],
  ["/account", () => import("./pages/account.js")],
  ["/sign-in", sign("SignIn")],
  ["/sign-up", sign("SignUp")],
];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function match(path) {
  let is;
  try {
    is = path.split("/").map(decodeURIComponent);
  } catch {
    // Not UTF-8: no address of ours.
    return null;
  }
  for (const [pattern, load] of pages) {
    const want = pattern.split("/");
    // Nothing but an id goes into the addresses that a page asks.
    const fits = (part, at) => (part.startsWith(":") ? UUID.test(is[at]) : part === is[at]);
    if (want.length !== is.length || !want.every(fits)) continue;
    const params = {};
    want.forEach((part, at) => {
      if (part.startsWith(":")) params[part.slice(1)] = is[at];
    });
    return { params, load };
  }
  return null;
}

let show = () => {};

/** Goes to an address of this shop without loading the document again. */
export function navigate(to, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  show();
}

/** Where a page leads back to: the `next` of the address, if it is an address of this shop. */
export function nextPath(otherwise = "/") {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  if (!/^\/(?!\/)[^\\\t\r\n]*$/.test(next)) return otherwise;
  const { pathname, search } = new URL(next, location.origin);
  // What `/.//host/` comes to names another host.
  return pathname.startsWith("//") ? otherwise : pathname + search;
}

/** A click on a link of this shop, as long as it means only that. */
function followed(event) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (!match(link.pathname) || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  if (link.href !== location.href) navigate(link.pathname + link.search, { replace: "instead" in link.dataset });
}

function Header({ user }) {
  const away = useAway();
  const other = language() === "ko" ? ["en", "English"] : ["ko", "한국어"];
  return html`<header class=${`top${away ? " is-away" : ""}`}>
    <a class="skip" href="#main">${t("skip")}</a>
    <a class="brand" href="/" aria-label="boxoffice"><span class="brand-sign" aria-hidden="true"></span>${!away && "boxoffice"}</a>
    <p class="away" role="status">${away && html`<span class="offline"><span>${t("offline")}</span> <span>${t("offline_since", { time: clockTime(away) })}</span></span>`}</p>
    <nav aria-label=${t("nav")}>
      ${keeper() && html`<a href="/bookings">${t("nav_bookings")}</a>`}
      <a href=${user ? "/account" : signInHref()}>${t(user ? "account" : "sign_in")}</a>
      <button type="button" class="language" lang=${other[0]} onClick=${() => setLanguage(other[0])}>${other[1]}</button>
    </nav>
  </header>`;
}

/** A page that broke is told, and the rest goes on. */
function Guarded({ children }) {
  const [error, reset] = useErrorBoundary((broken) => console.error(broken));
  return error ? html`<${Failed} reload=${reset} />` : children;
}

function NotFound() {
  return html`<${Failed} problem=${{ status: 404, sentence: t("page_not_found") }} />`;
}

/** Pages that tell of seats that are held; those of the sale itself do so in their own way. */
const TELLS = /^\/(bookings|account|concerts\/[^/]+)?$/;

/** What is held, above a page that is about something else. Whoever is signed out loads nothing of it. */
function Strip() {
  const [Holds, set] = useState(null);
  useEffect(() => {
    import("./sale/frame.js").then((file) => set(() => file.Holds), () => {});
  }, []);
  return Holds && html`<${Holds} />`;
}

/** How long the last page stays while the next is fetched, ms. */
const STAY = 250;

function Frame() {
  const [view, setView] = useState(null);
  const [, again] = useState(0);
  const user = current();
  const main = useRef(null);
  const turn = useRef(0);

  useEffect(() => {
    const go = async (isFirst) => {
      const mine = (turn.current += 1);
      const found = match(location.pathname.replace(/(.)\/+$/, "$1"));
      const key = location.pathname + location.search;
      if (!found) return setView({ key, Page: NotFound, params: {} });
      const later = setTimeout(() => mine === turn.current && setView({ key }), STAY);
      let next;
      try {
        next = { key, Page: (await found.load()).default, params: found.params };
      } catch {
        // The script could not be fetched: no network, or the shop was updated meanwhile.
        const problem = await get("/livez", { anonymous: true, tries: 1 }).then(() => undefined, (of) => of);
        const retry = () => location.reload();
        next = { key, Page: () => html`<${Failed} problem=${problem?.isOffline && problem} reload=${retry} />`, params: {} };
      }
      clearTimeout(later);
      if (mine !== turn.current) return undefined;
      setView(next);
      if (isFirst !== true) {
        scrollTo(0, 0);
        main.current?.focus({ preventScroll: true });
      }
      return undefined;
    };
    show = go;
    go(true);
    addEventListener("popstate", go);
    document.addEventListener("click", followed);
    // What is not known now is asked for with the next request.
    stay().catch(() => {});
    const told = () => again((n) => n + 1);
    const ends = [onLanguage(told), onSession(told)];
    return () => {
      removeEventListener("popstate", go);
      document.removeEventListener("click", followed);
      for (const end of ends) end();
    };
  }, []);

  const { Page, params, key } = view ?? {};
  return html`<${Header} user=${user} />
    <main id="main" tabindex="-1" ref=${main}>
      ${Page && user && TELLS.test(location.pathname) && html`<${Strip} key=${key + user.user_id} />`}
      ${Page ? html`<${Guarded} key=${key}><${Page} ...${params} user=${user} /><//>`
        : html`<div class="page" aria-busy="true"><h1 class="unseen">${t("loading")}</h1><${Skeleton} lines=${6} /></div>`}
    </main>
    <footer class="bottom"><p>${t("footer")}</p></footer>`;
}

const root = document.getElementById("app");
root.textContent = "";
render(html`<${Frame} />`, root);
