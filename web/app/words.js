// The words of all pages, in English and Korean, and how numbers, money and times are said.
//
// A word is a pair, so that neither language can lack it: `key: ["English", "한국어"],`, a line each (a test
// reads them). `{n}` is a value; `{n|seat|seats}` is the first for one, else the second.
import { serverNow } from "./clock.js";
import { common } from "./words/common.js";
import { sale } from "./words/sale.js";

const words = { ...common, ...sale };
const KEY = "boxoffice.language";
const listeners = new Set();

function chosen() {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "en" || kept === "ko") return kept;
  } catch {
    // Storage is off: the browser's language.
  }
  const known = navigator.languages.find((tag) => /^(en|ko)\b/i.test(tag)) ?? "en";
  return known.slice(0, 2).toLowerCase();
}

let now = chosen();

const show = () => {
  document.documentElement.lang = now;
};
show();

/** `en` or `ko`. */
export const language = () => now;

/** Switches the language of everything, and keeps the choice. */
export function setLanguage(next) {
  now = next;
  show();
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Only until the page is left.
  }
  for (const listener of listeners) listener(next);
}

/** Calls back when the language is switched; gives what ends that. */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The text of a key in the language of the page. */
export function t(key, values = {}) {
  const pair = words[key];
  // Seen at once, and by the test that opens every page.
  if (!pair) return `⟦${key}⟧`;
  return pair[now === "ko" ? 1 : 0].replace(
    /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g,
    (whole, name, one, many) => {
      const value = values[name];
      if (one !== undefined) return value === 1 ? one : many;
      return typeof value === "number" ? number(value) : value ?? whole;
    },
  );
}

/** Whichever of `{en, ko}` fits; what is there where one is missing. */
export const either = (pair) => pair?.[now] || pair?.en || pair?.ko || "";

/** 12,345 */
export const number = (value) => new Intl.NumberFormat(now).format(value);

/** An amount in minor units, as people write it: 198,000원, ₩198,000, $12.50. */
export function money(amount, currency = "KRW", decimals = 0) {
  const value = amount / 10 ** decimals;
  if (now === "ko" && currency === "KRW") return `${number(value)}원`;
  return new Intl.NumberFormat(now, {
    style: "currency", currency, currencyDisplay: "narrowSymbol",
    minimumFractionDigits: decimals, maximumFractionDigits: decimals,
  }).format(value);
}

const DAY = { weekday: "short", day: "numeric", month: "short" };
const CLOCK = { hour: "numeric", minute: "2-digit" };

/** 2027년 1월 11일(월) 오후 7:00: browsers do not agree in Korean about brackets, and some say PM. */
function korean(at, options) {
  const told = new Intl.DateTimeFormat("ko", { ...options, ...(options.hour && { hourCycle: "h23" }) });
  const part = Object.fromEntries(told.formatToParts(at).map(({ type, value }) => [type, value]));
  const { year, month, day: date, weekday, hour, minute, second, timeZoneName: zone } = part;
  return [
    year && `${year}년`, month && `${month.replace(/\D/g, "")}월\u00a0${date}일(${weekday})`,
    // A time stays on one line.
    hour && [hour < 12 ? "오전" : "오후", `${hour % 12 || 12}:${minute}${second ? `:${second}` : ""}`].join("\u00a0"), zone,
  ].filter(Boolean).join(" ");
}

/** Whether clocks differ there and here at that time. */
function isElsewhere(at, zone) {
  const told = (timeZone) => new Intl.DateTimeFormat("en", { ...CLOCK, day: "numeric", timeZone }).format(at);
  return Boolean(zone) && told(zone) !== told(undefined);
}

function format(stamp, zone, options) {
  const at = new Date(stamp);
  const timeZone = zone ?? undefined;
  const yearOf = (time) => new Intl.DateTimeFormat("en", { year: "numeric", timeZone }).format(time);
  const year = !options.day || yearOf(at) === yearOf(serverNow()) ? undefined : "numeric";
  // By the name of the place: some short names are only numbers.
  const named = options.hour && isElsewhere(at, zone) ? { timeZoneName: "shortGeneric" } : {};
  const said = { ...options, ...named, year, timeZone };
  if (now === "ko") return korean(at, said);
  // A time stays on one line.
  return new Intl.DateTimeFormat("en", said).format(at).replace(/(?<=\d)\s(?=[AP]M)/, "\u00a0");
}

/** A day by the clocks of a place: Sun, Dec 27 · 12월 27일(일). */
export const day = (stamp, zone) => format(stamp, zone, DAY);
/** From one to another, as a list of two says it. */
export const between = (from, to) => from + (now === "ko" ? " ~ " : " – ") + to;
/** Days by the clocks of a place, from–to; a year that is the same is said once. */
export function days(first, last, zone) {
  const [from, to] = [day(first, zone), day(last, zone)];
  if (from === to) return from;
  const year = /^\d+년 |, \d+$/.exec(from)?.[0] ?? "";
  if (now === "ko") return between(from, to.startsWith(year) ? to.slice(year.length) : to);
  return between(to.endsWith(year) ? from.slice(0, from.length - year.length) : from, to);
}
/** A day and its time there; where the reader's clocks differ, the zone is said. */
export const dayAndTime = (stamp, zone) => format(stamp, zone, { ...DAY, ...CLOCK });
/** The same with its seconds. */
export const exactTime = (stamp) => format(stamp, null, { ...CLOCK, second: "2-digit" });
/** A time of day, by the reader's clocks. */
export const clockTime = (stamp) => format(stamp, null, CLOCK);

/** Seconds in words, the two largest units: 1 h 20 min. */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("seconds", { n: s });
  const minutes = Math.floor(s / 60);
  if (minutes < 60) {
    const rest = s % 60;
    return rest && minutes < 5
      ? `${t("minutes", { n: minutes })} ${t("seconds", { n: rest })}`
      : t("minutes", { n: minutes });
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    return rest ? `${t("hours", { n: hours })} ${t("minutes", { n: rest })}` : t("hours", { n: hours });
  }
  const rest = hours % 24;
  const days = t("days", { n: Math.floor(hours / 24) });
  return rest ? `${days} ${t("hours", { n: rest })}` : days;
}
