// @ts-check
// How the seats of a date are, seat by seat of a layout, from the compact map and its changes.

import { indexOf, KEPT, rangeOf } from './layout.js';

/** States of a seat; the first four are those of the compact map. */
export const FREE = 0, HELD = 1, SOLD = 2, BLOCKED = 3, ABSENT = 4;

/** The states of four seats, by the byte of the compact map that has them. */
const FOUR = new Uint32Array(Uint8Array.from({ length: 1024 }, (_, i) => i >> 2 >> 6 - 2 * (i & 3) & 3).buffer);

const NAMES = ['available', 'held', 'sold', 'blocked'];

/**
 * Prices are in minor units; of a tally, which says what can be had of a section, those of what is free.
 * @typedef {{name: string, low: number, high: number, free: number}} Grade
 * @typedef {{free: number, low: number, high: number, has: boolean, mix: Uint32Array, rises: boolean}} Tally Of what passes the filter: `has` such a seat, free or
 *   not; `mix`: how many are free, by grade; `rises`: its last seats cost more than its first.
 */

/** Seat states of a layout, as last answered. */
export class Status {
  /** @param {import('./layout.js').Layout} layout */
  constructor(layout) {
    this.layout = layout;
    this.state = new Uint8Array(layout.count).fill(ABSENT);
    this.price = new Float64Array(layout.count);
    /** Index of each seat's grade in `grades`. */
    this.grade = new Uint8Array(layout.count);
    /** @type {Grade[]} Dearest first. */
    this.grades = [];
    /** @type {Tally[]} */
    this.tallies = [];
    /** The filter. @type {{grade: number|null, wheel: boolean}} */
    this.only = { grade: null, wheel: false };
    /** Free seats of each section, by grade. @type {Uint32Array[]} */
    this.frees = [];
    /** @type {string|null} */
    this.version = null;
    this.available = 0;
  }

  /**
   * Takes an answer of the compact map.
   * @param {any} answer
   * @returns {{whole: boolean, changed: number[], strangers: number}} Seats that have changed;
   *   `strangers` counts seats of the date that the layout does not have.
   */
  apply(answer) {
    this.version = answer.version;
    this.available = answer.available_seats;
    return answer.complete ? this.#whole(answer) : this.#changes(answer.changed);
  }

  #whole({ zones, states }) {
    const { layout, state, price: prices, grade: grades } = this, bytes = atob(states), words = new Uint32Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) words[i] = FOUR[bytes.charCodeAt(i)];
    const codes = new Uint8Array(words.buffer);
    // At first all of it is new, and nothing shows what was before.
    const before = this.grades.length ? state.slice() : [], changed = [];
    this.#gradesOf(zones);
    const ranges = zones.flatMap((zone) => zone.seats.map(([first, last]) => ({ first, last, zone })));
    ranges.sort((a, b) => a.first - b.first);
    state.fill(ABSENT);
    let at = 0, strangers = 0;
    for (const { first, last, zone } of ranges) {
      const kind = this.grades.findIndex(({ name }) => name === zone.zone);
      for (let number = first; number <= last;) {
        const range = rangeOf(layout, number);
        if (!range) [number, at, strangers] = [number + 1, at + 1, strangers + 1];
        else {
          // As far as seats follow each other as their numbers do.
          const from = range.seat + number - range.first, count = Math.min(last, range.last) + 1 - number;
          state.set(codes.subarray(at, at + count), from);
          prices.fill(zone.price, from, from + count);
          grades.fill(kind, from, from + count);
          [number, at] = [number + count, at + count];
        }
      }
    }
    before.forEach((was, seat) => state[seat] !== was && changed.push(seat));
    layout.sections.forEach((_, section) => this.#count(section));
    this.#countGrades();
    return { whole: true, changed, strangers };
  }

  #gradesOf(zones) {
    const grades = new Map();
    for (const { zone: name, price } of zones) {
      const grade = grades.get(name) || { name, low: price, high: price, free: 0 };
      grades.set(name, { ...grade, low: Math.min(grade.low, price), high: Math.max(grade.high, price) });
    }
    this.grades = [...grades.values()].sort((a, b) => b.high - a.high);
  }

  #changes(by) {
    const changed = [], sections = new Set();
    NAMES.forEach((name, state) => {
      for (const number of by[name] || []) {
        const seat = indexOf(this.layout, number);
        if (seat < 0 || this.state[seat] === state) continue;
        this.state[seat] = state;
        changed.push(seat);
        sections.add(this.layout.rows[this.layout.row[seat]].section);
      }
    });
    for (const section of sections) this.#count(section);
    if (changed.length) this.#countGrades();
    return { whole: false, changed, strangers: 0 };
  }

  /** Whether a seat passes the filter. */
  fits(seat) {
    const { grade, wheel } = this.only;
    return (grade === null || this.grade[seat] === grade) && (!wheel || (this.layout.flags[seat] & KEPT) > 0);
  }

  /** Whether it is free, too. */
  offers(seat) {
    return this.state[seat] === FREE && this.fits(seat);
  }

  /** Another filter. */
  narrow(only) {
    this.only = only;
    this.layout.sections.forEach((_, section) => this.#count(section));
  }

  get narrowed() {
    return this.only.grade !== null || this.only.wheel;
  }

  /** Counts a section again. */
  #count(index) {
    const { first, end } = this.layout.sections[index], { state, price, grade } = this;
    const mix = new Uint32Array(this.grades.length), frees = mix.slice();
    let free = 0, low = Infinity, high = 0, has = false;
    for (let seat = first; seat < end; seat++) {
      const fits = state[seat] !== ABSENT && this.fits(seat);
      has ||= fits;
      if (state[seat] !== FREE) continue;
      frees[grade[seat]] += 1;
      if (!fits) continue;
      free += 1;
      mix[grade[seat]] += 1;
      if (price[seat] < low) low = price[seat];
      if (price[seat] > high) high = price[seat];
    }
    this.tallies[index] = { free, low: free ? low : 0, high, has, mix, rises: price[end - 1] > price[first] };
    this.frees[index] = frees;
  }

  #countGrades() {
    this.grades.forEach((one, i) => (one.free = this.frees.reduce((sum, frees) => sum + frees[i], 0)));
  }
}
