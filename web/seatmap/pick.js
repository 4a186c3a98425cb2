// @ts-check
// Which seats a click takes: a party sits together, and nobody is left to sit alone where that can
// be helped. It proposes; the server decides.

import { FLAGS, KEPT } from './layout.js';
import { FREE } from './status.js';

/** The free seats beside each other that have a seat: first and last index. */
function run(layout, status, seat, usable) {
  let first = seat, last = seat;
  while (layout.joined[first] && usable(first - 1)) first -= 1;
  while (last + 1 < layout.count && layout.joined[last + 1] && usable(last + 1)) last += 1;
  return [first, last];
}

/** Whether seats go together: they cost the same, and both or none are kept. */
const alike = ({ flags }, { price }, a, b) => price[a] === price[b] && !(flags[a] & KEPT) === !(flags[b] & KEPT);

/** How many single seats are left beside a block of a run. */
const alone = ([first, last], from, count) => (from - first === 1 ? 1 : 0) + (last - (from + count - 1) === 1 ? 1 : 0);

/**
 * The block of `count` seats around a seat. Of seats that are kept, one is a wheelchair's and the others are its
 * companions' where there are such; then come blocks that leave no single seat, then those whose middle is near.
 * @param {import('./layout.js').Layout} layout @param {import('./status.js').Status} status
 * @param {number} seat @param {number} count @param {(seat: number) => boolean} [also] More seats that may be taken.
 * @returns {{seats: number[], orphans: number}} Fewer seats where not so many are together there.
 */
export function blockAt(layout, status, seat, count, also = () => false) {
  const usable = (i) => (status.offers(i) || also(i)) && alike(layout, status, i, seat);
  const [first, last] = run(layout, status, seat, usable);
  const size = Math.min(count, last - first + 1);
  let best = { from: first, cost: Infinity, orphans: 0 };
  for (let from = Math.max(first, seat - size + 1); from <= Math.min(seat, last - size + 1); from++) {
    const orphans = alone([first, last], from, size);
    let wheels = 0;
    for (let i = from; i < from + size; i++) wheels += layout.flags[i] & FLAGS.accessible ? 1 : 0;
    const kept = layout.flags[seat] & KEPT ? Math.abs(wheels - 1) : 0;
    const cost = kept * 10_000 + orphans * 1000 + Math.abs(from + (size - 1) / 2 - seat);
    if (cost < best.cost) best = { from, cost, orphans };
  }
  return { seats: Array.from({ length: size }, (_, i) => best.from + i), orphans: best.orphans };
}

/**
 * Whether seats leave a single seat that would not have to be: another block of the same run does not.
 * @param {import('./layout.js').Layout} layout @param {import('./status.js').Status} status
 * @param {number[]} seats
 * @returns {number[]|null} The better block.
 */
export function better(layout, status, seats) {
  if (!seats.length) return null;
  const mine = new Set(seats), sorted = [...seats].sort((a, b) => a - b);
  if (sorted[sorted.length - 1] - sorted[0] !== sorted.length - 1) return null;
  const usable = (i) => status.offers(i) || mine.has(i);
  const [first, last] = run(layout, status, sorted[0], usable);
  if (last < sorted[sorted.length - 1]) return null;
  const now = alone([first, last], sorted[0], sorted.length);
  let best = null, least = Infinity;
  for (let from = first; now && from <= last - sorted.length + 1; from++) {
    const far = Math.abs(from - sorted[0]);
    const same = alike(layout, status, from, sorted[0]) && alike(layout, status, from + sorted.length - 1, sorted[0]);
    if (same && alone([first, last], from, sorted.length) < now && far < least) {
      [best, least] = [from, far];
    }
  }
  return best === null ? null : sorted.map((_, i) => best + i);
}

/** The seats somebody has chosen, for a party. */
export class Choice {
  /** @param {import('./layout.js').Layout} layout @param {import('./status.js').Status} status @param {number} party */
  constructor(layout, status, party) {
    this.layout = layout;
    this.status = status;
    this.party = party;
    /** @type {Set<number>} */
    this.seats = new Set();
  }

  /**
   * A click on a seat: takes the party's seats there, or gives a chosen seat back. Of a party that sits
   * already, all move.
   * @param {number} seat
   * @returns {'taken'|'given'|'few'|'moved'|'refused'|'other'} What has happened; `few`: not so many are together there;
   *   `other`: the filter leaves it out.
   */
  click(seat) {
    if (this.seats.has(seat)) {
      this.seats.delete(seat);
      return 'given';
    }
    if (this.status.state[seat] !== FREE) return 'refused';
    if (!this.status.fits(seat)) return 'other';
    const missing = this.party - this.seats.size;
    const { seats } = blockAt(this.layout, this.status, seat, missing > 0 ? missing : this.party,
      (i) => missing <= 0 && this.seats.has(i) && this.status.state[i] === FREE);
    if (missing <= 0) this.seats.clear();
    const fresh = seats.filter((i) => !this.seats.has(i));
    for (const i of fresh) this.seats.add(i);
    if (this.seats.size < this.party) return 'few';
    return missing <= 0 ? 'moved' : 'taken';
  }

  /** Another size of the party; too many seats are given back, the last ones first. @param {number} party */
  resize(party) {
    this.party = party;
    this.seats = new Set([...this.seats].slice(0, party));
  }

  /** Seats that somebody else has now. @returns {number[]} */
  lose() {
    const lost = [...this.seats].filter((seat) => this.status.state[seat] !== FREE);
    for (const seat of lost) this.seats.delete(seat);
    return lost;
  }

  /** What all of it costs, minor units. */
  get sum() {
    return [...this.seats].reduce((sum, seat) => sum + this.status.price[seat], 0);
  }
}
